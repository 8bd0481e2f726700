"""Two texts beside each other, by line and inside a line by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

_WORD: Final = re.compile(r"[^\W\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]+|\s+|.", re.S)
"""A word, a stretch of blanks, or one sign; scripts without blanks between words go by sign."""

_MOST_WORDS: Final = 2000
"""Words of two lines, together, above which a line is replaced as a whole."""

_MOST_PAIRED: Final = 40
"""Lines in a block that are looked through for those that became one another; of more, by place."""

_ALIKE: Final = 0.5
"""Share of equal words from which two lines are one that was changed."""

_LONG_TEXT: Final = 2000
"""Lines above which difflib may pass over lines that occur often, which keeps it fast."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a line: in both texts, in the old one or in the new one alone."""

    kind: Literal["same", "old", "new"]
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line: in both texts, in one of them, changed inside, or in place of `count` equal ones (`gap`)."""

    kind: Literal["same", "old", "new", "both", "gap"]
    pieces: tuple[Piece, ...] = ()
    count: int = 0

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(piece.text for piece in self.pieces)


def lines(old: str, new: str, *, context: int = 2) -> tuple[Line, ...]:
    """The lines that differ, each with as many equal ones around it as `context` says.

    Where only one of the texts ends with a line end, that is an empty last line.
    """
    ones, others = old.split("\n"), new.split("\n")
    if not ones[-1] and not others[-1] and len(ones) > 1 and len(others) > 1:
        del ones[-1], others[-1]
    found: list[Line] = []
    for tag, start, end, other_start, other_end in _opcodes(ones, others):
        if tag == "equal":
            found += (Line("same", (Piece("same", text),)) for text in ones[start:end])
        else:
            found += _replaced(ones[start:end], others[other_start:other_end])
    return tuple(_with_gaps(found, context))


def words(old: str, new: str) -> tuple[Piece, ...]:
    """A text that became another one, word by word."""
    ones, others = _WORD.findall(old), _WORD.findall(new)
    if len(ones) + len(others) > _MOST_WORDS:
        return tuple(piece for piece in (Piece("old", old), Piece("new", new)) if piece.text)
    found: list[Piece] = []
    for tag, start, end, other_start, other_end in _opcodes(ones, others):
        if tag == "equal":
            found.append(Piece("same", "".join(ones[start:end])))
            continue
        if end > start:
            found.append(Piece("old", "".join(ones[start:end])))
        if other_end > other_start:
            found.append(Piece("new", "".join(others[other_start:other_end])))
    return tuple(_joined(found))


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Blanks alone between two changes belong to them, or every second word would be marked."""
    old = new = ""
    for index, piece in enumerate(pieces):
        inner = 0 < index < len(pieces) - 1
        if piece.kind == "same" and not (inner and (old or new) and piece.text.isspace()):
            yield from (Piece("old", old),) if old else ()
            yield from (Piece("new", new),) if new else ()
            old = new = ""
            yield piece
        else:
            old += piece.text if piece.kind != "new" else ""
            new += piece.text if piece.kind != "old" else ""
    yield from (Piece("old", old),) if old else ()
    yield from (Piece("new", new),) if new else ()


def _opcodes(ones: Sequence[str], others: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """As difflib's, after what is equal at both ends is set aside."""
    most = min(len(ones), len(others))
    head = next((place for place in range(most) if ones[place] != others[place]), most)
    tail = 0
    while tail < most - head and ones[-1 - tail] == others[-1 - tail]:
        tail += 1
    if head:
        yield "equal", 0, head, 0, head
    middle, other_middle = ones[head : len(ones) - tail], others[head : len(others) - tail]
    fast = len(middle) + len(other_middle) > _LONG_TEXT
    for tag, *places in SequenceMatcher(None, middle, other_middle, autojunk=fast).get_opcodes():
        start, end, other_start, other_end = (place + head for place in places)
        yield tag, start, end, other_start, other_end
    if tail:
        yield "equal", len(ones) - tail, len(ones), len(others) - tail, len(others)


def _replaced(ones: list[str], others: list[str]) -> Iterator[Line]:
    """Lines that became others: those that are alike as one line with both in it, the rest old before new."""
    done = other_done = 0
    for place, at in [*_partners(ones, others).items(), (len(others), len(ones))]:
        yield from (Line("old", (Piece("old", text),)) for text in ones[done:at])
        yield from (Line("new", (Piece("new", text),)) for text in others[other_done:place])
        if at < len(ones):
            yield Line("both", words(ones[at], others[place]))
        done, other_done = at + 1, place + 1


def _partners(ones: list[str], others: list[str]) -> dict[int, int]:
    """By place of a new line that of the old line that it was; both rise together."""
    found: dict[int, int] = {}
    first = 0
    for place, text in enumerate(others):
        last = min(len(ones), first + (_MOST_PAIRED if len(others) <= _MOST_PAIRED else 1))
        best = max(range(first, last), key=lambda at: (_likeness(ones[at], text), -at), default=None)
        if best is not None and _likeness(ones[best], text) >= _ALIKE:
            found[place] = best
            first = best + 1
    return found


def _likeness(one: str, other: str) -> float:
    if not one.strip() or not other.strip():
        return 0.0
    mine, its = _WORD.findall(one[:400]), _WORD.findall(other[:400])
    return SequenceMatcher(None, mine, its).quick_ratio()


def _with_gaps(found: Sequence[Line], context: int) -> Iterator[Line]:
    near = [False] * len(found)
    for place, line in enumerate(found):
        if line.kind != "same":
            for other in range(max(0, place - context), min(len(found), place + context + 1)):
                near[other] = True
    skipped = 0
    for line, kept in zip(found, near, strict=True):
        if kept:
            if skipped:
                yield Line("gap", count=skipped)
            skipped = 0
            yield line
        else:
            skipped += 1
    if skipped:
        yield Line("gap", count=skipped)
