"""Second step: what stands above what in a column, so that few edges cross."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from difyflow.layout._boxes import Link
from difyflow.layout._columns import Columns

SWEEPS = 24
WORK = 1_000_000
"""About how many links are looked at in all; large graphs get fewer sweeps."""

_Near = dict[int, list[tuple[int, float]]]
"""By member: neighbours in the column before or after, and how far down at them the edge ends (0 to 1)."""


def ordered(given: Columns) -> tuple[tuple[int, ...], ...]:
    """The columns with their members from top to bottom.

    Begins with the order of a walk that takes the first handle first, so that the targets of a branch stand
    in the order of its handles where nothing speaks against it; then sweeps to and fro, each member going
    to the mean of its neighbours, and keeps the order with the fewest crossings.
    """
    before, after = _neighbours(given)
    best = [list(column) for column in given.columns]
    fewest = crossings(best, given.links)
    trial = [list(column) for column in best]
    idle = 0
    for sweep in range(min(SWEEPS, 2 + WORK // (len(given.links) + 1))):
        if fewest == 0 or idle == 4:
            break
        _sweep(trial, before if sweep % 2 == 0 else after, forward=sweep % 2 == 0)
        count = crossings(trial, given.links)
        idle += 1
        if count < fewest:
            best, fewest, idle = [list(column) for column in trial], count, 0
    return tuple(map(tuple, best))


def crossings(columns: Sequence[Sequence[int]], links: Sequence[Link]) -> int:
    """How many pairs of links cross; two that leave one box at different handles can cross too."""
    column_of, place = _places(columns)
    between: list[list[tuple[int, int, int]]] = [[] for _ in columns]
    for link in links:
        between[column_of[link.source]].append((place[link.source], link.rank, place[link.target]))
    return sum(
        _inversions(sorted(ends), len(following))
        for ends, following in zip(between, [*columns[1:], ()], strict=True)
    )


def _inversions(ends: Sequence[tuple[int, int, int]], size: int) -> int:
    """Pairs of which the one further down at its source is further up at its target (Fenwick tree)."""
    tree = [0] * (size + 1)
    found = 0
    for seen, (_, _, target) in enumerate(ends):
        above = 0
        at = target + 1
        while at:
            above += tree[at]
            at &= at - 1
        found += seen - above
        at = target + 1
        while at <= size:
            tree[at] += 1
            at += at & -at
    return found


def _places(columns: Sequence[Sequence[int]]) -> tuple[dict[int, int], dict[int, int]]:
    column_of = {member: number for number, column in enumerate(columns) for member in column}
    place = {member: number for column in columns for number, member in enumerate(column)}
    return column_of, place


def _neighbours(given: Columns) -> tuple[_Near, _Near]:
    ranks: dict[int, set[int]] = {}
    for link in given.links:
        ranks.setdefault(link.source, set()).add(link.rank)
    share = {
        source: {rank: (number + 1) / (len(known) + 1) for number, rank in enumerate(sorted(known))}
        for source, known in ranks.items()
    }
    before: _Near = {}
    after: _Near = {}
    for link in given.links:
        before.setdefault(link.target, []).append((link.source, share[link.source][link.rank]))
        after.setdefault(link.source, []).append((link.target, 0.5))
    return before, after


def _sweep(columns: list[list[int]], near: _Near, *, forward: bool) -> None:
    """Sorts each column by the means of its neighbours; what has none stays where it is."""
    for fixed, free in pairwise(columns if forward else columns[::-1]):
        place = {member: number for number, member in enumerate(fixed)}
        mean: dict[int, float] = {}
        for member in free:
            known = [place[other] + share for other, share in near.get(member, ())]
            if known:
                mean[member] = sum(known) / len(known)
        queue = iter(sorted(mean, key=mean.__getitem__))
        free[:] = [next(queue) if member in mean else member for member in free]
