"""The graphs of two sides joined: nodes that one side deleted and the other needs, edges and their ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from difyflow.diff import _merge_values as join
from difyflow.diff._merge_values import Ledger, Named, Three, Versions
from difyflow.diff._sides import Side
from difyflow.diff._values import MISSING, same
from difyflow.diff.changes import Key, Path
from difyflow.diff.conflicts import Conflict, Kind

NODES: Final[Path] = ("workflow", "graph", "nodes")
EDGES: Final[Path] = ("workflow", "graph", "edges")

Sides = tuple[Side, Side, Side]
"""Base, ours, theirs."""


class Graphs:
    """The graphs of three documents, while they are joined."""

    def __init__(self, sides: Sides, ledger: Ledger) -> None:
        self._sides = sides
        self._ledger = ledger
        self._inside: dict[int, dict[str, list[str]]] = {}
        self._needed: dict[int, dict[str, list[str]]] = {}
        self._kept: dict[str, int] = {}
        """Nodes that one side deleted and that stay nevertheless, with the side that they are taken from."""

    def nodes(self, lists: Three) -> list[object]:
        """The nodes of the result, from the three lists of them."""
        versions = join.named(NODES, lists)
        made: Named = {}
        for name in {**versions[1], **versions[2]}:
            found = versions.at(name)
            path = (*NODES, name)
            if found.base is not MISSING and MISSING in found[1:] and isinstance(name, Key):
                value = self._deleted(str(name.value), found, path)
            else:
                value = join.item(found, path, self._ledger)
            if value is not MISSING:
                made[name] = value
        self._restore(versions, made)
        return join.in_order(versions, made, NODES, self._ledger)

    def _deleted(self, name: str, found: Three, path: Path) -> object:
        """A node that one side deleted: it goes, unless the other one edited it or newly needs it."""
        user = 2 if found[1] is MISSING else 1
        edited = not same(join.without_layout(found[0], path), join.without_layout(found[user], path))
        needs = self._needs(name, user)
        if not edited and not needs:
            return MISSING
        kind: Kind = "deleted" if edited else "deleted-node"
        message = self._deleted_words(name, user, edited, needs)
        side = self._ledger.settle(Conflict(kind, message, path, *found))
        value: object = found.of(side)
        if value is not MISSING:
            self._kept[name] = 0 if side == "base" else user
        return value

    def _deleted_words(self, name: str, user: int, edited: bool, needs: list[str]) -> str:
        who = ("", "ours", "theirs")
        title = f'"{self._sides[0].title(name)}" ({name})'
        did = ["edited it"] if edited else []
        return f"{who[3 - user]} deleted node {title}, {who[user]} {' and '.join([*did, *needs[:3]])}"

    def _needs(self, name: str, user: int) -> list[str]:
        """What a side did since the base that needs a node, in words."""
        if user not in self._needed:
            found: dict[str, list[str]] = {}
            for needed, words in self._all_needs(self._sides[0], self._sides[user]):
                found.setdefault(needed, []).append(words)
            self._needed[user] = found
        return self._needed[user].get(name, [])

    def _all_needs(self, base: Side, side: Side) -> Iterable[tuple[str, str]]:
        """Each node that something new on a side needs, with what that is."""
        for source, handle, target in side.edge_ends - base.edge_ends:
            way = side.way(source, handle)
            edge = f'"{side.title(source)}"{f" [{way}]" if way else ""} -> "{side.title(target)}"'
            for end in dict.fromkeys((source, target)):
                yield end, f"added the edge {edge}"
        for name, node in side.nodes.items():
            before = base.nodes.get(name)
            if before is not None and same(node, before):
                continue
            parent = node.get("parentId")
            if isinstance(parent, str) and (before or {}).get("parentId") != parent:
                yield parent, f'put "{side.title(name)}" into it'
            for root in sorted(side.roots_of(name) - base.roots_of(name) - {name}):
                yield root, f'refers to it in "{side.title(name)}"'

    def _restore(self, versions: Versions, made: Named) -> None:
        """Brings back what a node that stays lies in, and what lies in it."""
        waiting = list(self._kept)
        while waiting:
            name = waiting.pop()
            side = self._kept[name]
            nodes = self._sides[side].nodes
            parent = nodes.get(name, {}).get("parentId")
            inside = self._children(side).get(name, [])
            for other in [*inside, *([parent] if isinstance(parent, str) else [])]:
                key = Key("id", other)
                if key not in made and key in versions[side]:
                    made[key] = versions[side][key]
                    self._kept[other] = side
                    waiting.append(other)

    def _children(self, number: int) -> dict[str, list[str]]:
        """By node of a side what lies in it."""
        if number not in self._inside:
            found: dict[str, list[str]] = {}
            for name, node in self._sides[number].nodes.items():
                if isinstance(node.get("parentId"), str):
                    found.setdefault(node["parentId"], []).append(name)
            self._inside[number] = found
        return self._inside[number]

    def edges(self, lists: Three, nodes: list[object]) -> list[object]:
        """The edges of the result.

        Args:
            lists: the three lists of them.
            nodes: those of the result.
        """
        versions = self._with_edges_of_kept(join.named(EDGES, lists))
        versions = self._without_rival_edges(versions)
        made = join.items(versions, EDGES, self._ledger)
        there = {
            node.get("id") for node in nodes if isinstance(node, dict) and isinstance(node.get("id"), str)
        }
        for name in list(made):
            if self._lost_an_end(name, versions, there):
                del made[name]
        return join.in_order(versions, made, EDGES, self._ledger)

    def _with_edges_of_kept(self, versions: Versions) -> Versions:
        """The edges of a node that stays are not deleted with it."""
        if not self._kept:
            return versions
        made = [dict(side) for side in versions]
        for name, edge in versions[0].items():
            for end in _ends(name):
                user = self._kept.get(end)
                if user is None:
                    continue
                for side in (1, 2):
                    if user == 0 or (user != side and name in versions[user]):
                        made[side].setdefault(name, edge)
        return Versions(*made)

    def _without_rival_edges(self, versions: Versions) -> Versions:
        """Where both sides put something else behind one way out of a node, only one of them may stay."""
        base, ours, theirs = (_ways(side) for side in versions)
        made = [dict(side) for side in versions]
        for way, before in base.items():
            mine, its = ours.get(way, {}), theirs.get(way, {})
            gone = (before.keys() - mine.keys()) & (before.keys() - its.keys())
            new = [side.keys() - before.keys() for side in (mine, its)]
            if not gone or not all(new) or new[0] == new[1]:
                continue
            path = (*EDGES, next(iter(before.values())))
            said = Three._make(sorted(map(self._title, targets)) for targets in (before.keys(), *new))
            words = self._rival_words(way, new)
            side = self._ledger.settle(Conflict("next-node", words, path, *said))
            kept = {"base": before, "ours": mine, "theirs": its}[side]
            for number, targets in enumerate((before, mine, its)):
                for target, name in targets.items():
                    if target not in kept:
                        made[number].pop(name, None)
            for name in kept.values():
                edge = versions[("base", "ours", "theirs").index(side)][name]
                for number in (1, 2):
                    made[number].setdefault(name, edge)
        return Versions(*made)

    def _title(self, name: str) -> str:
        return next((side.title(name) for side in self._sides if name in side.nodes), name)

    def _rival_words(self, way: tuple[str, str], new: list[Any]) -> str:
        source, handle = way
        label = self._sides[0].way(source, handle)
        mine, its = (", ".join(sorted(f'"{self._title(name)}"' for name in side)) for side in new)
        start = f'"{self._title(source)}"{f" [{label}]" if label else ""}'
        return f"behind {start} ours goes on to {mine}, theirs to {its}"

    def _lost_an_end(self, name: object, versions: Versions, there: set[Any]) -> bool:
        """Whether an edge ends at a node that the result lacks, and that each side with the edge has."""
        for end in _ends(name):
            if end not in there:
                having = [number for number in (1, 2) if name in versions[number]]
                if having and all(end in self._sides[number].nodes for number in having):
                    return True
        return False


def _ends(name: object) -> tuple[str, ...]:
    value = name.value if isinstance(name, Key) else None
    return (value[0], value[2]) if isinstance(value, tuple) else ()


def _ways(edges: Mapping[Any, object]) -> dict[tuple[str, str], dict[str, Key]]:
    """By node and way out: where edges lead, with their names."""
    found: dict[tuple[str, str], dict[str, Key]] = {}
    for name in edges:
        if isinstance(name, Key) and isinstance(name.value, tuple):
            source, handle, target, _ = name.value
            found.setdefault((source, handle), {}).setdefault(target, name)
    return found
