"""Places the boxes of one canvas or container: part by part, round what must not move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isqrt

from difyflow.layout._anchored import beside_fixed
from difyflow.layout._boxes import Box, Link, Point, Rect, Spacing, around, rect
from difyflow.layout._clear import free_shift
from difyflow.layout._part import Part, laid_out, parts

ROW = 4 * 244
"""Pixels; rows of single boxes are at least this wide before they are broken."""


def arrange(boxes: Sequence[Box], links: Sequence[Link], spacing: Spacing) -> list[Point]:
    """The upper left corner of every box; free ones overlap nothing.

    Parts that hold a fixed box are laid out beside it. The others follow one below the other, those with an
    entry first; boxes that nothing joins come in rows below, and what stands aside below these.
    """
    groups, single = parts(boxes, links)
    home = {number: index for index, group in enumerate(groups) for number in group}
    own: list[list[Link]] = [[] for _ in groups]
    for link in links:
        if link.source in home:
            own[home[link.source]].append(link)
    canvas = _Canvas(boxes, spacing)
    laid = [laid_out(group, boxes, own[index], spacing) for index, group in enumerate(groups)]
    for part in laid:
        if any(boxes[number].at is not None for number in part.corners):
            canvas.add_beside(part)
    for part in laid:
        if all(boxes[number].at is None for number in part.corners):
            canvas.add_below(part.corners)
    free = [number for number in single if boxes[number].at is None]
    for aside in (False, True):
        canvas.add_rows([number for number in free if boxes[number].aside is aside])
    return [canvas.corners[number] for number in range(len(boxes))]


class _Canvas:
    """What has been placed so far."""

    def __init__(self, boxes: Sequence[Box], spacing: Spacing) -> None:
        self.corners: dict[int, Point] = {n: box.at for n, box in enumerate(boxes) if box.at is not None}
        self._boxes = boxes
        self._spacing = spacing
        self._fixed: list[Rect] = [rect(boxes[number], at) for number, at in self.corners.items()]
        self._bottom: int | None = None
        """Below this there are only fixed boxes that belong to no part."""

    def add_beside(self, part: Part) -> None:
        """A part with fixed boxes."""
        found = beside_fixed(part, self._boxes, self._spacing, self._fixed)
        self._fixed += [rect(self._boxes[number], at) for number, at in found.items()]
        self.corners |= found
        self._sink(tuple(part.corners))

    def add_below(self, wanted: Mapping[int, Point]) -> None:
        """Free boxes that keep their places to one another; the first go to the origin."""
        boxes, spacing = self._boxes, self._spacing
        areas = [rect(boxes[number], at) for number, at in wanted.items()]
        whole = around(areas)
        zero = (whole.left, whole.top)
        begin = spacing.origin
        if self._bottom is not None:
            begin = (begin[0], self._bottom + spacing.parts)
        elif spacing.frame is None:
            zero = next((at for number, at in wanted.items() if boxes[number].entry), zero)
        x, y = begin[0] - zero[0], begin[1] - zero[1]
        y += free_shift([area.moved(x, y) for area in areas], self._fixed)
        self.corners |= {number: (at[0] + x, at[1] + y) for number, at in wanted.items()}
        self._sink(tuple(wanted))

    def add_rows(self, numbers: Sequence[int]) -> None:
        """Free boxes that nothing joins, side by side; a row is about as wide as what stands above it."""
        if not numbers:
            return
        gap, below = self._spacing.columns, self._spacing.rows
        own = [self._boxes[number] for number in numbers]
        square = isqrt(sum((box.width + gap) * (box.height + below) for box in own))
        flow = {n: at for n, at in self.corners.items() if not self._boxes[n].aside}
        above = [at[0] + self._boxes[n].width - self._spacing.origin[0] for n, at in flow.items()]
        width = max(ROW, square, *above, 0)
        x = y = deep = 0
        found: dict[int, Point] = {}
        for number in numbers:
            box = self._boxes[number]
            if x and x + box.width > width:
                x, y, deep = 0, y + deep + below, 0
            found[number] = (x, y)
            x += box.width + gap
            deep = max(deep, box.height)
        self.add_below(found)

    def _sink(self, numbers: Sequence[int]) -> None:
        bottoms = [self.corners[number][1] + self._boxes[number].height for number in numbers]
        self._bottom = max(bottoms if self._bottom is None else [self._bottom, *bottoms])
