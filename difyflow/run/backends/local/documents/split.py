"""Cutting a long text into pieces of a limited length, where a reader would cut it.

A piece ends before a heading if there is one in its second half, else after a paragraph, a page, a line, a
sentence, a clause, a word; only where none of these ends there is a piece cut in the middle. Looking at the
second half only keeps pieces from being tiny: a title right at the beginning is no place to cut.
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from difyflow.errors import UsageError
from difyflow.run.backends.local.documents.headings import by_headings
from difyflow.run.backends.local.documents.values import Extracted, Part

_NEW_LINE = r"(?:\r\n|\n|\r(?!\n))"
_PARAGRAPH = re.compile(rf"{_NEW_LINE}[ \t\u3000]*{_NEW_LINE}\s*")
_LINE = re.compile(_NEW_LINE)
# The end of a sentence with its closing quotes and brackets. A Western full stop ends one only before white
# space, so that `3.5` and `e.g.x` stay whole.
_SENTENCE = re.compile(r"(?:[。！？；…]+|[.!?;]+(?=[\s”’\"')\]]))[”’」』）)\]\"'》】]*[ \t\u3000]*")
_CLAUSE = re.compile(r"(?:[，、：]|[,:](?=\s))[ \t\u3000]*")
_WORD = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One piece of a text: `extracted.text[start:end]`."""

    text: str
    start: int
    """First character in the whole text, counted from 0 with Python's `len`."""
    end: int
    """One past the last character."""
    overlap: int
    """Characters at the beginning that stand at the end of the piece before too."""
    pages: tuple[int, int] | None
    """First and last page or slide that its new text comes from; None where the document has no pages."""
    headings: tuple[str, ...]
    """The heading that its new text stands under, and those in it, in order."""


def split_text(extracted: Extracted, *, limit: int, overlap: int = 0) -> tuple[Piece, ...]:
    """Cuts a text into pieces.

    Leaving out the first `overlap` characters of each piece, the pieces joined are the text again.

    Args:
        extracted: what `extract` gave.
        limit: most characters of a piece, as Python's `len` and so Dify's code node counts them.
        overlap: most characters that a piece repeats from the one before; it begins at a sentence if one
            begins in that range.

    Raises:
        UsageError: `limit` is below 1, or `overlap` is not below half of it.
    """
    if limit < 1:
        raise UsageError(f"a piece needs at least 1 character, not {limit}", code="split-limit")
    if not 0 <= overlap <= (limit - 1) // 2:
        raise UsageError(
            f"an overlap of {overlap} does not fit a piece of {limit}",
            code="split-overlap",
            hint="it must be 0 or more and less than half of the piece",
        )
    text = extracted.text
    places = _Places(extracted)
    pieces: list[Piece] = []
    at = 0
    while at < len(text):
        start = places.overlap_start(at, overlap) if pieces else 0
        end = len(text) if len(text) - start <= limit else places.cut(at, start + limit)
        pages, headings = _provenance(extracted.parts, at, end)
        pieces.append(
            Piece(
                text=text[start:end], start=start, end=end, overlap=at - start, pages=pages, headings=headings
            )
        )
        at = end
    return tuple(pieces)


def piece_name(name: str, number: int, total: int) -> str:
    """File name of a piece: `piece_name("a/规范.pdf", 3, 7)` is `规范.part-03-of-07.md`."""
    width = max(2, len(str(total)))
    stem = PurePosixPath(name.replace("\\", "/")).stem
    return f"{stem}.part-{number:0{width}}-of-{total:0{width}}.md"


class _Places:
    """Where a text may be cut: sorted positions by rank, the best rank first."""

    def __init__(self, extracted: Extracted) -> None:
        self._text = extracted.text
        parts = extracted.parts
        inner = {after.start for before, after in pairwise(parts) if after.heading != before.heading}
        self._headings = sorted(inner | set(_heading_starts(extracted.text)))
        self._pages = [part.start for part in parts if part.page is not None and part.start]

    def cut(self, at: int, latest: int) -> int:
        """The best end of a piece whose new text begins at `at`, no later than `latest`."""
        earliest = at + max(1, (latest - at) // 2)
        found = _last(self._headings, earliest, latest)
        if found is None:
            found = _last_end(_PARAGRAPH, self._text, earliest, latest)
        if found is None:
            found = _last(self._pages, earliest, latest)
        for pattern in (_LINE, _SENTENCE, _CLAUSE, _WORD):
            if found is None:
                found = _last_end(pattern, self._text, earliest, latest)
        return self._inside(at, latest) if found is None else found

    def overlap_start(self, at: int, overlap: int) -> int:
        """Where a piece begins whose new text begins at `at`: a sentence if possible."""
        first = max(0, at - overlap)
        if first == at:
            return at
        for pattern in (_PARAGRAPH, _LINE, _SENTENCE):
            for match in pattern.finditer(self._text, max(0, first - 1), at):
                if first <= match.end() < at:
                    return match.end()
        while first < at and _joins(self._text, first):
            first += 1
        return first

    def _inside(self, at: int, latest: int) -> int:
        end = latest
        while end > at + 1 and _joins(self._text, end):
            end -= 1
        return latest if _joins(self._text, end) else end


def _heading_starts(text: str) -> Iterator[int]:
    at = 0
    for stretch in by_headings(text):
        if stretch.heading is not None and at:
            yield at
        at += len(stretch.text)


def _last(positions: list[int], earliest: int, latest: int) -> int | None:
    index = bisect.bisect_right(positions, latest) - 1
    return positions[index] if index >= 0 and positions[index] >= earliest else None


def _last_end(pattern: re.Pattern[str], text: str, earliest: int, latest: int) -> int | None:
    """The last end of a match between two positions; a match that goes on beyond `latest` does not count."""
    found = None
    for match in pattern.finditer(text, earliest - 1, min(len(text), latest + 1)):
        if earliest <= match.end() <= latest:
            found = match.end()
    return found


def _joins(text: str, position: int) -> bool:
    """True if the characters around a position belong together: CR LF, accents, emoji sequences."""
    if not 0 < position < len(text):
        return False
    before, after = text[position - 1], text[position]
    return (
        (before == "\r" and after == "\n")
        or bool(unicodedata.combining(after))
        or after in "\u200d\ufe0e\ufe0f"
        or before == "\u200d"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
    )


def _provenance(
    parts: tuple[Part, ...], start: int, end: int
) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    touched = [part for part in parts if part.start < end and part.end > start]
    pages = [part.page for part in touched if part.page is not None]
    headings = tuple(dict.fromkeys(part.heading for part in touched if part.heading is not None))
    return ((pages[0], pages[-1]) if pages else None), headings
