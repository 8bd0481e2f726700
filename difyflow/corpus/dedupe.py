"""Removes duplicates: the same line, the same text but for signs, or nearly the same text.

The first of its kind in the file is kept, with its bytes as they are; lines that are no sample are kept too,
unless the very same line was there: what is wrong with them is for `check` to say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from difyflow.corpus._digests import DEFAULT_MEMORY, Digests
from difyflow.corpus._near import Near
from difyflow.corpus._normal import normal
from difyflow.corpus.samples import Sample, read_samples, whole_lines
from difyflow.errors import UsageError

Kind: TypeAlias = Literal["exact", "normalised", "near"]
"""How alike two lines must be: byte by byte; but for case, spaces and signs; in most of their text."""

KINDS: tuple[Kind, ...] = get_args(Kind)

NEAR = 0.8
"""Least share of common shingles by which two samples are near duplicates, unless another is named."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A line that stays."""

    line: int
    raw: bytes
    """With its line break, if it had one."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A line that goes, and why."""

    line: int
    raw: bytes
    kind: Kind
    of: int
    """The line that is kept in its place."""
    similarity: float = 1.0
    """Share of common shingles of five characters, for `near`."""


def dedupe(
    lines: Iterable[bytes],
    *,
    kind: Kind = "exact",
    threshold: float = NEAR,
    memory: int = DEFAULT_MEMORY,
) -> Iterator[Kept | Dropped]:
    """Tells for each line whether it stays.

    `normalised` finds exact duplicates too, `near` finds all of them.

    Args:
        lines: physical lines.
        kind: how alike.
        threshold: for `near`: least share of common shingles, above 0.
        memory: bytes for digests; above that they go to disk. Of `near` it bounds the digests only: the
            signatures take some 350 bytes a line that is kept.

    Raises:
        UsageError: a threshold that makes no sense; or, on the way, a line that was too long to be read.
        MissingExtra: `near` without `rensa`.
    """
    if not 0.1 <= threshold <= 1:
        raise UsageError(f"the threshold is {threshold:g}; it must be from 0.1 to 1", code="bad-threshold")
    if kind == "exact":
        return _exact(whole_lines(lines), memory)
    return _by_text(whole_lines(lines), kind, threshold, memory)


def _exact(lines: Iterable[bytes], memory: int) -> Iterator[Kept | Dropped]:
    with Digests(memory) as seen:
        digest, add = hashlib.blake2b, seen.add
        for number, line in enumerate(lines, start=1):
            first = add(digest(line.rstrip(b"\r\n"), digest_size=16).digest(), number)
            yield Kept(number, line) if first is None else Dropped(number, line, "exact", first)


def _by_text(lines: Iterable[bytes], kind: Kind, threshold: float, memory: int) -> Iterator[Kept | Dropped]:
    with ExitStack() as stack:
        exact, same = stack.enter_context(Digests(memory // 2)), stack.enter_context(Digests(memory // 2))
        near = stack.enter_context(Near(threshold)) if kind == "near" else None
        held = _Held()
        for sample in read_samples(held.each(lines)):
            line, raw = sample.line, held.line
            first = exact.add(digest_of(raw.rstrip(b"\r\n")), line)
            if first is not None:
                yield Dropped(line, raw, "exact", first)
                continue
            if isinstance(sample, Sample):
                dropped = _alike(sample, raw, same, near)
                if dropped is not None:
                    yield dropped
                    continue
            yield Kept(line, raw)


def _alike(sample: Sample, raw: bytes, same: Digests, near: Near | None) -> Dropped | None:
    """The sample dropped, if one before it says the same."""
    first = same.add(digest_of(compared(sample).encode("utf-8", "surrogatepass")), sample.line)
    if first is not None:
        return Dropped(sample.line, raw, "normalised", first)
    match = near.nearest(normal(sample.said), add=sample.line) if near is not None else None
    return None if match is None else Dropped(sample.line, raw, "near", match.key, match.similarity)


class _Held:
    """Passes lines on and holds the last one."""

    line = b""

    def each(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            self.line = line
            yield line


def compared(sample: Sample) -> str:
    """What two samples are compared by: who says what, the system message included, signs left out."""
    turns = (*sample.turns, *sample.rejected)
    return "\n".join(f"{turn.role}:{normal(turn.content or '')}{sorted(turn.extra)}" for turn in turns)


def digest_of(data: bytes) -> bytes:
    """The 16-byte digest that `Digests` holds."""
    return hashlib.blake2b(data, digest_size=16).digest()
