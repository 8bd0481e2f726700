"""Three documents in which one node has one id, whoever renamed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from difyflow.diff._rename import nodes_of, renamed
from difyflow.diff.compare import graph_list
from difyflow.diff.match import renames

Data = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Clash:
    """A node that both sides renamed, each to another id."""

    base: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Ids:
    """Which node of the base has which id on each side."""

    ours: Mapping[str, str]
    theirs: Mapping[str, str]

    @property
    def clashes(self) -> tuple[Clash, ...]:
        """Nodes with two new ids."""
        return tuple(
            Clash(name, self.ours[name], self.theirs[name])
            for name in self.ours
            if name in self.theirs and self.ours[name] != self.theirs[name]
        )


def find(base: Data, ours: Data, theirs: Data) -> Ids:
    """The nodes that a side renamed, without those whose new id is another node's on the other side."""
    mine, its = renames(base, ours), renames(base, theirs)
    taken = [{node["id"] for node in nodes_of(graph_list(side, "nodes"))} for side in (base, ours, theirs)]
    while True:
        wrong = [name for name in {**mine, **its} if _in_the_way(name, mine, its, taken)]
        if not wrong:
            return Ids(mine, its)
        mine = {name: new for name, new in mine.items() if name not in wrong}
        its = {name: new for name, new in its.items() if name not in wrong}


def _in_the_way(name: str, mine: Mapping[str, str], its: Mapping[str, str], taken: list[set[str]]) -> bool:
    """Whether an id that this node may get is that of another node somewhere."""
    for new in (mine.get(name), its.get(name)):
        if new is None:
            continue
        sides: tuple[tuple[Mapping[str, str], set[str]], ...] = (
            ({}, taken[0]),
            (mine, taken[1]),
            (its, taken[2]),
        )
        for side, ids in sides:
            holder = next((old for old, other in side.items() if other == new), new)
            if new in ids and holder != name and holder not in {**mine, **its}:
                return True
    return False


def unified(document: Data, own: Mapping[str, str], final: Mapping[str, str]) -> Data:
    """A document with its nodes called as in the result.

    Args:
        document: one side.
        own: the ids that this side gave to nodes of the base.
        final: the ids that the result gives to them.
    """
    names = {own.get(name, name): new for name, new in final.items()}
    names = {name: new for name, new in names.items() if name != new}
    return renamed(document, names) if names else document
