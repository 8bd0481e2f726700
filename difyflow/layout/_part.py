"""A part: boxes that edges join, laid out for themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from difyflow.layout._boxes import Box, Link, Point, Rect, Spacing, rect
from difyflow.layout._columns import columns
from difyflow.layout._heights import heights
from difyflow.layout._order import ordered


@dataclass(frozen=True, slots=True)
class Part:
    """Boxes in columns.

    Attributes:
        columns: by column, the numbers of its boxes from top to bottom.
        corners: where each box would stand if nothing else were there.
        links: between these boxes.
    """

    columns: tuple[tuple[int, ...], ...]
    corners: Mapping[int, Point]
    links: tuple[Link, ...]

    def areas(self, boxes: Sequence[Box]) -> list[Rect]:
        """What the boxes take."""
        return [rect(boxes[number], at) for number, at in self.corners.items()]


def parts(boxes: Sequence[Box], links: Sequence[Link]) -> tuple[list[tuple[int, ...]], list[int]]:
    """Groups of boxes that links join, those with an entry first, and the boxes that nothing joins."""
    group = list(range(len(boxes)))

    def head(number: int) -> int:
        while group[number] != number:
            group[number] = group[group[number]]
            number = group[number]
        return number

    for link in links:
        first, second = sorted((head(link.source), head(link.target)))
        group[second] = first
    members: dict[int, list[int]] = {}
    for number in range(len(boxes)):
        members.setdefault(head(number), []).append(number)
    joined = [tuple(found) for found in members.values() if len(found) > 1]
    joined.sort(key=lambda found: (not any(boxes[number].entry for number in found), found[0]))
    single = [found[0] for found in members.values() if len(found) == 1]
    return joined, single


def laid_out(members: Sequence[int], boxes: Sequence[Box], links: Sequence[Link], spacing: Spacing) -> Part:
    """Lays out one group; `links` are those between its members."""
    number = {member: index for index, member in enumerate(members)}
    own = [boxes[member] for member in members]
    local = [
        Link(number[link.source], number[link.target], link.leave, link.arrive, link.rank) for link in links
    ]
    found = columns(own, local)
    order = ordered(found)
    y = heights(found, order, own, spacing.rows)
    x = 0
    corners: dict[int, Point] = {}
    shown: list[tuple[int, ...]] = []
    for column in order:
        real = tuple(item for item in column if item < found.boxes)
        corners |= {members[item]: (x, y[item]) for item in real}
        shown.append(tuple(members[item] for item in real))
        x += max(own[item].width for item in real) + spacing.columns
    return Part(tuple(shown), corners, tuple(links))
