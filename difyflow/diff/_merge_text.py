"""Two edits of one text joined line by line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from difyflow.diff.conflicts import Choice, Own

Settle = Callable[[int, str, str, str], Choice]
"""Asked where lines clash, with the line in the result and the lines of base, ours and theirs."""


_ORDER = ("base", "ours", "theirs")


def _lines(own: Own) -> list[str]:
    """Lines that somebody wrote; no text is none."""
    return str(own.value).split("\n") if own.value else []


@dataclass(frozen=True, slots=True)
class _Hunk:
    """Lines `start` to `end` of the base became `lines`."""

    start: int
    end: int
    lines: list[str]


def merged_text(base: str, ours: str, theirs: str, settle: Settle) -> str:
    """The text with the edits of both sides; edits of different lines never clash.

    Args:
        base: what both began with; lines end with a line feed.
        ours: one side.
        theirs: the other side.
        settle: says whose lines are taken where both sides changed the same ones, or added some at one place.
    """
    lines = base.split("\n")
    mine, its = _hunks(lines, ours.split("\n")), _hunks(lines, theirs.split("\n"))
    made: list[str] = []
    done = 0
    while mine or its:
        start, end, ours_here, theirs_here = _next(mine, its)
        made += lines[done:start]
        versions = [
            lines[start:end],
            _applied(lines, start, end, ours_here),
            _applied(lines, start, end, theirs_here),
        ]
        if not theirs_here or versions[1] == versions[2]:
            made += versions[1]
        elif not ours_here:
            made += versions[2]
        else:
            texts = ["\n".join(version) for version in versions]
            choice = settle(len(made) + 1, *texts)
            made += _lines(choice) if isinstance(choice, Own) else versions[_ORDER.index(choice)]
        done = end
    return "\n".join([*made, *lines[done:]])


def _hunks(base: Sequence[str], other: Sequence[str]) -> list[_Hunk]:
    """What changed, the last first."""
    most = min(len(base), len(other))
    head = next((place for place in range(most) if base[place] != other[place]), most)
    tail = 0
    while tail < most - head and base[-1 - tail] == other[-1 - tail]:
        tail += 1
    middle, other_middle = base[head : len(base) - tail], other[head : len(other) - tail]
    matcher = SequenceMatcher(None, middle, other_middle, autojunk=len(middle) > 2000)
    return [
        _Hunk(head + start, head + end, list(other_middle[other_start:other_end]))
        for tag, start, end, other_start, other_end in reversed(matcher.get_opcodes())
        if tag != "equal"
    ]


def _next(mine: list[_Hunk], its: list[_Hunk]) -> tuple[int, int, list[_Hunk], list[_Hunk]]:
    """Takes the next hunk, with all that it and its likes overlap: the lines of the base, and whose hunks."""
    taken: tuple[list[_Hunk], list[_Hunk]] = ([], [])
    first = min((side for side in (mine, its) if side), key=lambda side: (side[-1].start, side[-1].end))
    start, end = first[-1].start, first[-1].end
    taken[0 if first is mine else 1].append(first.pop())
    grown = True
    while grown:
        grown = False
        for number, side in enumerate((mine, its)):
            if side and _overlaps(side[-1], start, end, alone=not taken[1 - number]):
                end = max(end, side[-1].end)
                taken[number].append(side.pop())
                grown = True
    return start, end, *taken


def _overlaps(hunk: _Hunk, start: int, end: int, *, alone: bool) -> bool:
    """Whether a hunk that comes later touches the lines from `start` to `end`."""
    if alone and hunk.start >= end and (hunk.start, hunk.end) != (start, end):
        return False
    if hunk.start == hunk.end == start == end:
        return True
    return hunk.start < end


def _applied(base: Sequence[str], start: int, end: int, hunks: Sequence[_Hunk]) -> list[str]:
    made: list[str] = []
    done = start
    for hunk in hunks:
        made += [*base[done : hunk.start], *hunk.lines]
        done = hunk.end
    return [*made, *base[done:end]]
