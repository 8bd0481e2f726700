"""Keeping clear of what must not move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from difyflow.layout._boxes import Rect, around

CLEARANCE = 20
"""Least pixels between a free box and one that must not move."""
PAIRS = 2_000_000
"""Above this many pairs a part does not look for a gap between fixed boxes and goes below them all."""


def free_shift(areas: Sequence[Rect], fixed: Iterable[Rect]) -> int:
    """How far down these areas must move together to be clear of all fixed ones; 0 if they are."""
    whole = around(areas)
    near = [item.grown(CLEARANCE) for item in fixed]
    near = [item for item in near if item.left < whole.right and whole.left < item.right]
    near = [item for item in near if item.bottom > whole.top]
    if len(near) * len(areas) > PAIRS:
        return max(item.bottom for item in near) - whole.top
    blocked = sorted(
        (item.top - area.bottom, item.bottom - area.top)
        for item in near
        for area in areas
        if item.left < area.right and area.left < item.right
    )
    shift = 0
    for begin, end in blocked:
        if begin >= shift:
            break
        shift = max(shift, end)
    return shift


class Shaft:
    """A column of the canvas that is filled from top to bottom, round what is fixed."""

    def __init__(self, left: int, right: int, fixed: Iterable[Rect]) -> None:
        near = sorted(
            (item.top - CLEARANCE, item.bottom + CLEARANCE)
            for item in fixed
            if item.left - CLEARANCE < right and left < item.right + CLEARANCE
        )
        self._taken: list[tuple[int, int]] = []
        for top, bottom in near:
            if self._taken and top <= self._taken[-1][1]:
                self._taken[-1] = (self._taken[-1][0], max(bottom, self._taken[-1][1]))
            else:
                self._taken.append((top, bottom))
        self._next = 0
        self._floor: int | None = None

    def put(self, height: int, wanted: int, gap: int) -> int:
        """The y of the next box: as wanted, or as far down as what is above it and what is fixed demand."""
        y = wanted if self._floor is None else max(wanted, self._floor)
        while self._next < len(self._taken):
            top, bottom = self._taken[self._next]
            if y + height <= top:
                break
            y = max(y, bottom)
            self._next += 1
        self._floor = y + height + gap
        return y
