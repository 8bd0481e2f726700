"""What goes into the extractor and what comes out: small frozen values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Part:
    """Where a stretch of the text comes from.

    The parts of one `Extracted` stand in order, touch each other and cover its whole text.
    """

    start: int
    """First character, counted from 0 with Python's `len`."""
    end: int
    """One past the last character."""
    page: int | None = None
    """Page of a PDF or slide of a presentation, counted from 1."""
    heading: str | None = None
    """Heading, sheet name or slide title that this stretch stands under."""


@dataclass(frozen=True, kw_only=True)
class Extracted:
    """The text of a document."""

    text: str
    notes: tuple[str, ...] = ()
    """Warnings in words, such as `decoded as gb18030`; one line each."""
    parts: tuple[Part, ...] = ()
    """Provenance, see `Part`; empty only if `text` is empty."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One document on its way to a format's reader."""

    data: bytes
    name: str
    """File name; used in messages, and its ending names the type."""
    encoding: str | None = None
    """The encoding of a text file as the caller states it; None = find out."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """One document type: a module of `formats/` holds one as `FORMAT`."""

    extensions: tuple[str, ...]
    """Lower case, with the dot."""
    mime_types: tuple[str, ...]
    holds: str
    """Which signature the bytes must show: a name of `kinds.signature`, or `text`."""
    read: Callable[[Source], Extracted]
    """Bytes to text. Whatever it raises besides `DifyflowError` counts as a damaged file."""


@dataclass(frozen=True)
class Stretch:
    """A piece of text with its provenance, before it has a place in the whole."""

    text: str
    page: int | None = None
    heading: str | None = None


def assemble(stretches: Iterable[Stretch], *, notes: Iterable[str] = ()) -> Extracted:
    """Joins stretches without a separator; those with the same provenance become one part."""
    pieces: list[str] = []
    parts: list[Part] = []
    at = 0
    for stretch in stretches:
        if not stretch.text:
            continue
        end = at + len(stretch.text)
        last = parts[-1] if parts else None
        if last is not None and (last.page, last.heading) == (stretch.page, stretch.heading):
            parts[-1] = Part(start=last.start, end=end, page=last.page, heading=last.heading)
        else:
            parts.append(Part(start=at, end=end, page=stretch.page, heading=stretch.heading))
        pieces.append(stretch.text)
        at = end
    return Extracted(text="".join(pieces), notes=tuple(notes), parts=tuple(parts))
