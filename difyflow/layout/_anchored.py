"""A part some of whose boxes must not move: the others are placed beside them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from difyflow.layout._boxes import Box, Point, Rect, Spacing
from difyflow.layout._clear import CLEARANCE, Shaft
from difyflow.layout._part import Part


def beside_fixed(
    part: Part, boxes: Sequence[Box], spacing: Spacing, fixed: Sequence[Rect]
) -> dict[int, Point]:
    """The corners of the free boxes of a part.

    A column goes where its fixed boxes stand; a free box stands to its nearest fixed one as it would if
    both were free; then all move down as far as needed to overlap nothing.

    Args:
        part: at least one of its boxes is fixed.
        boxes: all boxes.
        spacing: gaps.
        fixed: what is taken already, the fixed boxes of the part among them.
    """
    moves = _moves(part, boxes)
    corners: dict[int, Point] = {}
    for column, left in zip(part.columns, _lefts(part, boxes, spacing), strict=True):
        free = [number for number in column if boxes[number].at is None]
        if not free:
            continue
        shaft = Shaft(left, left + max(boxes[number].width for number in free), fixed)
        wanted = {number: part.corners[number][1] + moves[number] for number in free}
        for number in sorted(free, key=wanted.__getitem__):
            least = wanted[number] if spacing.frame is None else max(wanted[number], spacing.frame[1])
            corners[number] = (left, shaft.put(boxes[number].height, least, spacing.rows))
    return corners


def _lefts(part: Part, boxes: Sequence[Box], spacing: Spacing) -> list[int]:
    """The x of each column; free boxes of different columns never stand above one another."""
    anchors = [_anchor(column, boxes) for column in part.columns]
    widths = [max(boxes[number].width for number in column) for column in part.columns]
    begin = next(index for index, anchor in enumerate(anchors) if anchor is not None)
    left = anchors[begin] or 0
    for index in range(begin - 1, -1, -1):
        left -= spacing.columns + widths[index]
    if spacing.frame is not None:
        left = max(left, spacing.frame[0])
    lefts: list[int] = []
    for column, anchor, width in zip(part.columns, anchors, widths, strict=True):
        if anchor is not None:
            left = max(anchor, left - spacing.columns + CLEARANCE) if lefts else max(anchor, left)
        lefts.append(left)
        ends = [box.at[0] + box.width for number in column if (box := boxes[number]).at is not None]
        left = max([left + width, *ends]) + spacing.columns
    return lefts


def _anchor(column: Sequence[int], boxes: Sequence[Box]) -> int | None:
    """The x that the fixed boxes of a column agree on."""
    found = sorted(at[0] for number in column if (at := boxes[number].at) is not None)
    return found[len(found) // 2] if found else None


def _moves(part: Part, boxes: Sequence[Box]) -> dict[int, int]:
    """By box, how far down its nearest fixed box stands from where the part alone would have it."""
    beside: dict[int, list[int]] = {number: [] for number in part.corners}
    for link in part.links:
        beside[link.source].append(link.target)
        beside[link.target].append(link.source)
    found = {
        number: at[1] - part.corners[number][1]
        for number in part.corners
        if (at := boxes[number].at) is not None
    }
    queue = deque(found)
    while queue:
        number = queue.popleft()
        for other in beside[number]:
            if other not in found:
                found[other] = found[number]
                queue.append(other)
    return found
