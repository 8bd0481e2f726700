"""First step: which column a box comes into, by its longest way from the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from difyflow.layout._boxes import Box, Link

BENDS_PER_BOX = 3
"""A long edge gets a bend in every column that it passes; edges beyond this many bends are not seen."""
FEW_BENDS = 4000


@dataclass(frozen=True, slots=True)
class Columns:
    """Boxes and bends of long edges in columns, so that each link joins neighbouring columns.

    Attributes:
        columns: by column, its members; boxes are numbered as given, bends above them.
        boxes: how many boxes there are; a member from there on is a bend.
        links: between members of neighbouring columns, from left to right.
    """

    columns: tuple[tuple[int, ...], ...]
    boxes: int
    links: tuple[Link, ...]


def columns(boxes: Sequence[Box], links: Sequence[Link]) -> Columns:
    """Puts boxes that links join into columns. Links that close a cycle are turned round."""
    found, forward = _forward(boxes, links)
    order, depth = _depths(len(boxes), forward)
    depth = _pulled(boxes, forward, order, depth)
    members: list[list[int]] = [[] for _ in range(max(depth, default=-1) + 1)]
    for box in found:
        members[depth[box]].append(box)
    return _with_bends(members, len(boxes), forward, depth)


def _forward(boxes: Sequence[Box], links: Sequence[Link]) -> tuple[list[int], list[Link]]:
    """The boxes in the order of a walk from the entries, first handle first, and the links without cycles."""
    leaving: list[list[Link]] = [[] for _ in boxes]
    entered = [False] * len(boxes)
    for link in links:
        if link.source != link.target:
            leaving[link.source].append(link)
            entered[link.target] = True
    for group in leaving:
        group.sort(key=lambda link: link.rank)
    found: dict[int, None] = {}
    open_boxes: set[int] = set()
    forward: list[Link] = []
    starts = sorted(range(len(boxes)), key=lambda box: (not boxes[box].entry, entered[box], box))
    for start in starts:
        stack = [(start, iter(leaving[start]))] if start not in found else []
        if stack:
            found[start] = None
            open_boxes.add(start)
        while stack:
            box, ways = stack[-1]
            way = next(ways, None)
            if way is None:
                open_boxes.discard(box)
                stack.pop()
            elif way.target in open_boxes:
                forward.append(Link(way.target, way.source, way.arrive, way.leave, way.rank))
            else:
                forward.append(way)
                if way.target not in found:
                    found[way.target] = None
                    open_boxes.add(way.target)
                    stack.append((way.target, iter(leaving[way.target])))
    return list(found), forward


def _depths(count: int, links: Sequence[Link]) -> tuple[list[int], list[int]]:
    """The boxes from left to right, and the longest way to each, counted in links."""
    blocked = [0] * count
    leaving: list[list[int]] = [[] for _ in range(count)]
    for link in links:
        blocked[link.target] += 1
        leaving[link.source].append(link.target)
    depth = [0] * count
    order = [box for box in range(count) if not blocked[box]]
    for box in order:  # grows while it is read
        for target in leaving[box]:
            depth[target] = max(depth[target], depth[box] + 1)
            blocked[target] -= 1
            if not blocked[target]:
                order.append(target)
    return order, depth


def _pulled(boxes: Sequence[Box], links: Sequence[Link], order: list[int], depth: list[int]) -> list[int]:
    """Moves boxes with more ways out than in next to what they lead to, which makes the edges shorter."""
    leaving: list[list[int]] = [[] for _ in boxes]
    entering = [0] * len(boxes)
    for link in links:
        leaving[link.source].append(link.target)
        entering[link.target] += 1
    depth = list(depth)
    for box in reversed(order):
        if not boxes[box].entry and len(leaving[box]) > entering[box]:
            depth[box] = min(depth[target] for target in leaving[box]) - 1
    return depth


def _with_bends(members: list[list[int]], count: int, links: Sequence[Link], depth: list[int]) -> Columns:
    """Adds the bends of long links, of the shortest first."""
    room = max(FEW_BENDS, BENDS_PER_BOX * count)
    span = [depth[link.target] - depth[link.source] for link in links]
    seen: set[int] = set()
    for index in sorted(range(len(links)), key=lambda index: (span[index], index)):
        room -= span[index] - 1
        if room < 0:
            break
        seen.add(index)
    bend = count
    short: list[Link] = []
    for index, link in enumerate(links):
        if index not in seen:
            continue
        last = link
        for column in range(depth[link.source] + 1, depth[link.target]):
            members[column].append(bend)
            short.append(replace(last, target=bend, arrive=0))
            last = replace(link, source=bend, leave=0, rank=0)
            bend += 1
        short.append(last)
    return Columns(tuple(map(tuple, members)), count, tuple(short))
