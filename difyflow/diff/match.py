"""Which node of one document is which of another: by id, then by content, then by place in the graph."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from difyflow.diff._rename import nodes_of
from difyflow.diff._values import text_of

_REFERENCE: Final = re.compile(r"\{\{#[A-Za-z0-9_]{1,50}\.")
_IGNORED: Final = frozenset(
    (
        "id",
        "case_id",
        "iteration_id",
        "loop_id",
        "start_node_id",
        "selected",
        "width",
        "height",
        "title",
        "desc",
    )
)
"""Keys that say nothing about what a node does, or change with its id."""

_ALIKE: Final = 0.3
"""Least share of what two nodes at the same place, or of the same title, must have in common."""

_MOST_NEIGHBOURS: Final = 24
"""Nodes beside one node that are compared with each other; of more, the first."""


def renames(old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, str]:
    """The ids of nodes that have another id in the new document, with that id.

    A node keeps its id as long as nothing says otherwise. What then has no partner of the same type and title
    is looked for by content without ids, by title, and beside nodes that are found already.
    """
    ones, others = _Side.of(old), _Side.of(new)
    if ones.nodes.keys() == others.nodes.keys() and all(
        node.kind == others.nodes[name].kind for name, node in ones.nodes.items()
    ):
        return {}
    pairs = _Pairs(ones, others)
    pairs.by_id(lambda one, other: one.face == other.face)
    pairs.by_mark(lambda node: (node.face, node.content))
    pairs.by_mark(lambda node: (node.kind, node.content) if node.leaves else None)
    pairs.by_id(lambda one, other: one.kind == other.kind)
    pairs.by_mark(lambda node: node.face, least=_ALIKE)
    pairs.by_place()
    pairs.by_id(lambda *_: True)
    return _without_clashes({one: other for one, other in pairs.found.items() if one != other}, old)


@dataclass(slots=True)
class _Node:
    """What is compared of a node; `content` and `leaves` are found when asked for."""

    node: Mapping[str, Any]
    roots: frozenset[str]
    beside: list[tuple[str, str]] = field(default_factory=list)
    """Direction (with the handle) and id of its neighbours."""
    _leaves: Counter[str] | None = None

    @property
    def kind(self) -> tuple[str, str]:
        """Type of node and envelope."""
        data = self.node.get("data")
        return str(data.get("type") if isinstance(data, dict) else None), str(self.node.get("type"))

    @property
    def face(self) -> tuple[str, str, str]:
        """Kind and title."""
        data = self.node.get("data")
        return (*self.kind, str(data.get("title") if isinstance(data, dict) else None))

    @property
    def leaves(self) -> Counter[str]:
        """The values in its data, long texts by line, without ids of nodes."""
        if self._leaves is None:
            self._leaves = Counter(_leaves(self.node.get("data"), "", self.roots))
        return self._leaves

    @property
    def content(self) -> str:
        """All of that as one text."""
        return text_of(sorted(self.leaves.items()))

    def likeness(self, other: _Node) -> float:
        """Share of what they have in common, from 0 to 1."""
        total = self.leaves.total() + other.leaves.total()
        return 2 * (self.leaves & other.leaves).total() / total if total else 1.0


def _leaves(value: object, key: str, roots: frozenset[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in _IGNORED:
                yield from _leaves(item, str(name), roots)
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            own = place == 0 and len(value) > 1 and isinstance(item, str) and item in roots
            yield from (f"{key}=*",) if own else _leaves(item, key, roots)
    elif isinstance(value, str):
        for line in _REFERENCE.sub("{{#*.", value).splitlines():
            yield f"{key}={line}"
    elif value is not None:
        yield f"{key}={value!r}"


@dataclass(frozen=True, slots=True)
class _Side:
    nodes: dict[str, _Node]
    """By id, without those whose id several nodes have."""

    @classmethod
    def of(cls, document: Mapping[str, object]) -> _Side:
        graph = _graph(document)
        found = list(nodes_of(_items(graph, "nodes")))
        times = Counter(node["id"] for node in found)
        roots = frozenset(times)
        nodes = {node["id"]: _Node(node, roots) for node in found if times[node["id"]] == 1}
        for edge in _items(graph, "edges"):
            if isinstance(edge, dict):
                source, target = edge.get("source"), edge.get("target")
                if isinstance(source, str) and isinstance(target, str) and {source, target} <= nodes.keys():
                    nodes[source].beside.append((f"out {edge.get('sourceHandle')}", target))
                    nodes[target].beside.append(("in", source))
        return cls(nodes)


def _graph(document: Mapping[str, object]) -> Mapping[str, object]:
    workflow = document.get("workflow")
    graph = workflow.get("graph") if isinstance(workflow, Mapping) else None
    return graph if isinstance(graph, Mapping) else {}


def _items(graph: Mapping[str, object], name: str) -> list[object]:
    items = graph.get(name)
    return list(items) if isinstance(items, list | tuple) else []


class _Pairs:
    """Pairs that are found so far, and ways to find more."""

    def __init__(self, ones: _Side, others: _Side) -> None:
        self._ones, self._others = ones.nodes, others.nodes
        self.found: dict[str, str] = {}
        self._taken: set[str] = set()

    def _pair(self, one: str, other: str) -> None:
        self.found[one] = other
        self._taken.add(other)

    def _free(self) -> tuple[list[str], list[str]]:
        return (
            [name for name in self._ones if name not in self.found],
            [name for name in self._others if name not in self._taken],
        )

    def by_id(self, fits: Any) -> None:  # noqa: ANN401  (one node, other node) -> bool
        """Nodes of one id."""
        for name in self._free()[0]:
            free = name in self._others and name not in self._taken
            if free and fits(self._ones[name], self._others[name]):
                self._pair(name, name)

    def by_mark(self, mark: Any, *, least: float = 0.0) -> None:  # noqa: ANN401  node -> hashable or None
        """Nodes that alone on their side have this mark."""
        ones, others = self._free()
        theirs = _single((mark(self._others[name]), name) for name in others)
        for value, one in _single((mark(self._ones[name]), name) for name in ones).items():
            other = theirs.get(value)
            if other is not None and (not least or self._likeness(one, other) >= least):
                self._pair(one, other)

    def _likeness(self, one: str, other: str) -> float:
        return self._ones[one].likeness(self._others[other])

    def by_place(self) -> None:
        """Nodes of one kind beside a pair, in the same direction, the most alike first."""
        waiting = deque(self.found.items())
        while waiting:
            one, other = waiting.popleft()
            for pair in self._beside(one, other):
                if pair[0] not in self.found and pair[1] not in self._taken:
                    self._pair(*pair)
                    waiting.append(pair)

    def _beside(self, one: str, other: str) -> Iterable[tuple[str, str]]:
        mine = [item for item in self._ones[one].beside if item[1] not in self.found][:_MOST_NEIGHBOURS]
        if not mine:
            return []
        its = [item for item in self._others[other].beside if item[1] not in self._taken][:_MOST_NEIGHBOURS]
        ranked = []
        for way, name in mine:
            for other_way, other_name in its:
                if way[:2] == other_way[:2] and self._ones[name].kind == self._others[other_name].kind:
                    likeness = self._likeness(name, other_name)
                    same_face = self._ones[name].face == self._others[other_name].face
                    is_entry = not any(item[0] == "in" for item in self._ones[name].beside)
                    if likeness >= _ALIKE or same_face or is_entry:
                        ranked.append((-likeness, way != other_way, name, other_name))
        return [(name, other_name) for _, _, name, other_name in sorted(ranked)]


def _single(marked: Iterable[tuple[Any, str]]) -> dict[Any, str]:
    """By mark the one node that has it."""
    groups: dict[Any, list[str]] = {}
    for value, name in marked:
        if value is not None:
            groups.setdefault(value, []).append(name)
    return {value: names[0] for value, names in groups.items() if len(names) == 1}


def _without_clashes(names: dict[str, str], old: Mapping[str, object]) -> dict[str, str]:
    """Without renames to an id that another node of the old document keeps."""
    taken = {node["id"] for node in nodes_of(_items(_graph(old), "nodes"))}
    while True:
        kept = {one: other for one, other in names.items() if other not in taken or other in names}
        if len(kept) == len(names):
            return kept
        names = kept
