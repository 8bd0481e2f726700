"""Third step: how far down in its column each box stands, so that edges run straight.

The method of Brandes and Köpf (2001): boxes that a straight edge can join are tied to a block, blocks are
moved as close as their gaps allow; this is done four times, leaning to each corner, and the middle of the
four is taken. Edges count from handle to handle and not from middle to middle. At last, what the middle has
left hanging between two corners is moved to its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from difyflow.layout._boxes import Box
from difyflow.layout._columns import Columns
from difyflow.layout._settle import Room, settled

_Ways = Mapping[int, Sequence[tuple[int, int, int]]]
"""By member: neighbours in the column before, where the edge ends at the neighbour and at the member."""


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Members tied by straight edges.

    Attributes:
        first: by member, the first of its block.
        below: by member, pixels from the top of the first to its own top.
    """

    first: dict[int, int]
    below: dict[int, int]


def heights(given: Columns, order: Sequence[Sequence[int]], boxes: Sequence[Box], gap: int) -> dict[int, int]:
    """The y of every member; columns keep their order and boxes `gap` pixels between them.

    Args:
        given: members and links.
        order: by column, its members from top to bottom.
        boxes: the boxes that are no bends.
        gap: pixels.
    """
    height = {member: boxes[member].height if member < given.boxes else 0 for row in order for member in row}
    bends = frozenset(member for member in height if member >= given.boxes)
    room = Room(height, bends, gap)
    before: dict[int, list[tuple[int, int, int]]] = {}
    after: dict[int, list[tuple[int, int, int]]] = {}
    for link in given.links:
        before.setdefault(link.target, []).append((link.source, link.leave, link.arrive))
        after.setdefault(link.source, []).append((link.target, link.arrive, link.leave))
    crossed = _crossed_bends(order, before, bends)
    tries = []
    for columns, ways in ((order, before), (order[::-1], after)):
        tries.append(_leaning(columns, ways, room, crossed))
        mirrored = {
            member: [(other, height[other] - far, height[member] - near) for other, far, near in known]
            for member, known in ways.items()
        }
        upside_down = _leaning([row[::-1] for row in columns], mirrored, room, crossed)
        tries.append({member: -y - height[member] for member, y in upside_down.items()})
    return settled(_middle(tries, height), order, given.links, room)


def _leaning(
    columns: Sequence[Sequence[int]], ways: _Ways, room: Room, crossed: frozenset[tuple[int, int]]
) -> dict[int, int]:
    """One of the four tries: ties upwards, packs upwards."""
    blocks = _tied(columns, ways, crossed)
    top = _packed(columns, blocks, room)
    return {member: top[first] + blocks.below[member] for member, first in blocks.first.items()}


def _crossed_bends(
    order: Sequence[Sequence[int]], before: _Ways, bends: frozenset[int]
) -> frozenset[tuple[int, int]]:
    """Links that cross a piece of a long edge: the long edge is to be straight, and they are not."""
    found: set[tuple[int, int]] = set()
    for upper, lower in pairwise(order):
        place = {member: number for number, member in enumerate(upper)}
        from_place, scanned = 0, 0
        for number, member in enumerate(lower):
            piece = next((other for other, _, _ in before.get(member, ()) if other in bends), None)
            inner = piece is not None and member in bends
            if not inner and number < len(lower) - 1:
                continue
            to_place = place[piece] if inner and piece is not None else len(upper) - 1
            for other_member in lower[scanned : number + 1]:
                for other, _, _ in before.get(other_member, ()):
                    if not from_place <= place[other] <= to_place and not (
                        other in bends and other_member in bends
                    ):
                        found |= {(other, other_member), (other_member, other)}
            from_place, scanned = to_place, number + 1
    return frozenset(found)


def _tied(columns: Sequence[Sequence[int]], ways: _Ways, crossed: frozenset[tuple[int, int]]) -> _Blocks:
    """Ties each member to its middle neighbour before it, if no tie of the column crosses that."""
    first = {member: member for column in columns for member in column}
    below = dict.fromkeys(first, 0)
    for upper, lower in pairwise(columns):
        place = {member: number for number, member in enumerate(upper)}
        last = -1
        for member in lower:
            known = sorted(ways.get(member, ()), key=lambda way: (place[way[0]], way[1]))
            middle = known[(len(known) - 1) // 2 : len(known) // 2 + 1]
            for other, far, near in middle:
                if place[other] > last and (other, member) not in crossed:
                    first[member] = first[other]
                    below[member] = below[other] + far - near
                    last = place[other]
                    break
    return _Blocks(first, below)


def _packed(columns: Sequence[Sequence[int]], blocks: _Blocks, room: Room) -> dict[int, int]:
    """The top of each block: as far up as the gaps allow, then back down to what stands below it."""
    lower: dict[int, dict[int, int]] = {first: {} for first in blocks.first.values()}
    for column in columns:
        for member, following in pairwise(column):
            mine, its = blocks.first[member], blocks.first[following]
            step = room.step(member, following) + blocks.below[member] - blocks.below[following]
            lower[mine][its] = max(step, lower[mine].get(its, step))
    blocked = dict.fromkeys(lower, 0)
    for steps in lower.values():
        for its in steps:
            blocked[its] += 1
    order = [block for block, count in blocked.items() if not count]
    top = dict.fromkeys(lower, 0)
    for block in order:  # grows while it is read
        for its, step in lower[block].items():
            top[its] = max(top[its], top[block] + step)
            blocked[its] -= 1
            if not blocked[its]:
                order.append(its)
    for block in reversed(order):
        if lower[block]:
            top[block] = max(top[block], min(top[its] - step for its, step in lower[block].items()))
    return top


def _middle(tries: Sequence[Mapping[int, int]], height: Mapping[int, int]) -> dict[int, int]:
    """The mean of the two middle ones of four, which keeps order, gaps and straight edges of all four."""
    spans = [(min(found.values()), max(y + height[member] for member, y in found.items())) for found in tries]
    low, high = min(spans, key=lambda span: span[1] - span[0])
    moves = [low - span[0] if number % 2 == 0 else high - span[1] for number, span in enumerate(spans)]
    found = {}
    for member in height:
        ys = sorted(one[member] + move for one, move in zip(tries, moves, strict=True))
        found[member] = (ys[1] + ys[2]) // 2
    return found
