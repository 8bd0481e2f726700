"""Last step down the columns: what hangs away from its neighbours is moved nearer, where there is room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from difyflow.layout._boxes import Link

BEND_GAP = 30
"""Pixels between an edge that passes a column and what stands above and below it."""
PASSES = 3


@dataclass(frozen=True, slots=True)
class Room:
    """How much room the members of columns need; a bend of a long edge has no height."""

    height: Mapping[int, int]
    bends: frozenset[int]
    gap: int

    def step(self, upper: int, lower: int) -> int:
        """Least pixels from the top of a member to that of the next one below."""
        near = upper in self.bends or lower in self.bends
        return self.height[upper] + (min(self.gap, BEND_GAP) if near else self.gap)


def settled(
    y: Mapping[int, int], order: Sequence[Sequence[int]], links: Sequence[Link], room: Room
) -> dict[int, int]:
    """The heights after the move; order, gaps and straight edges stay."""
    found = dict(y)
    above = {lower: upper for column in order for upper, lower in pairwise(column)}
    under = {upper: lower for lower, upper in above.items()}
    straight, pulls = _straight(y, order, links)
    for _ in range(PASSES):
        for first, members in straight.items():
            wanted = sorted(found[far] - found[near] + offset for near, far, offset in pulls.get(first, ()))
            if not wanted:
                continue
            shift = wanted[(len(wanted) - 1) // 2]
            if shift < 0:
                free = [found[m] - found[above[m]] - room.step(above[m], m) for m in members if m in above]
            else:
                free = [found[under[m]] - found[m] - room.step(m, under[m]) for m in members if m in under]
            way = min([abs(shift), *free])
            for member in members:
                found[member] += way if shift > 0 else -way
    return found


def _straight(
    y: Mapping[int, int], order: Sequence[Sequence[int]], links: Sequence[Link]
) -> tuple[dict[int, list[int]], dict[int, list[tuple[int, int, int]]]]:
    """What straight edges join, by one of its members; by the same, the edges that lead elsewhere.

    Such an edge is (end in here, other end, how much lower its other handle lies in its box).
    """
    head = {member: member for column in order for member in column}

    def find(member: int) -> int:
        while head[member] != member:
            head[member] = head[head[member]]
            member = head[member]
        return member

    for link in links:
        if y[link.source] + link.leave == y[link.target] + link.arrive:
            head[find(link.target)] = find(link.source)
    joined: dict[int, list[int]] = {}
    for member in head:
        joined.setdefault(find(member), []).append(member)
    pulls: dict[int, list[tuple[int, int, int]]] = {}
    for link in links:
        one, other = find(link.source), find(link.target)
        if one != other:
            pulls.setdefault(one, []).append((link.source, link.target, link.arrive - link.leave))
            pulls.setdefault(other, []).append((link.target, link.source, link.leave - link.arrive))
    return joined, pulls
