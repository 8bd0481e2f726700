"""The containers of a graph, and how two of its nodes stand to each other when it runs.

Every container is a graph of its own, with its start node as the entry. A node in a container sees what its
container sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from difyflow.lint._order import Order

if TYPE_CHECKING:
    from difyflow.lint.view import EdgeView, NodeView


class Stand(Enum):
    """How the owner of a variable stands to the node that uses it."""

    BEFORE = "it has always run before"
    SKIPPED = "it runs before, but a branch may pass it by"
    BESIDE = "both may run, in no fixed order"
    EXCLUSIVE = "never do both run: they lie on different branches"
    AFTER = "it runs after"
    UNREACHED = "it never runs"
    INSIDE = "it lies in a container, and the user outside of it"
    WITHIN = "the user is the container that it lies in"
    ITSELF = "both are the same node"
    AROUND = "it is the container around"


class _Part:
    """One scope with its order; vertices of nodes and of their ways out."""

    def __init__(self, members: Sequence[NodeView], entries: Sequence[NodeView], edges: Edges) -> None:
        self.vertex: dict[int, int] = {node.index: place + 1 for place, node in enumerate(members)}
        after: list[list[int]] = [[] for _ in range(len(members) + 1)]
        after[0] = [self.vertex[node.index] for node in entries]
        self.ways: dict[int, tuple[int, str]] = {}
        ways: dict[tuple[int, str], int] = {}
        self.source_of: dict[int, int] = {}
        for node in members:
            branching = len(node.handles) > 1
            for edge, target in edges.get(node.index, ()):
                place = self.vertex.get(target)
                if place is None:
                    continue
                handle = edge.handle
                if handle == "success-branch" and "fail-branch" in node.handles:
                    handle = "source"  # as engines before Dify 1.9 have it
                if not branching:
                    after[self.vertex[node.index]].append(place)
                elif handle in node.handles:
                    key = (node.index, handle)
                    if key not in ways:
                        ways[key] = len(after)
                        self.ways[len(after)] = key
                        after[self.vertex[node.index]].append(len(after))
                        after.append([])
                    after[ways[key]].append(place)
        self.nodes = {place: index for index, place in self.vertex.items()}
        self.order = Order(after)
        self._way_above: dict[int, int] = {}

    def way_above(self, vertex: int) -> int:
        """The nearest way out of a branching node that every path to this vertex takes; else 0."""
        found = self._way_above.get(vertex)
        if found is None:
            trail = []
            place = vertex
            while place and place not in self.ways and place not in self._way_above:
                trail.append(place)
                place = self.order.dominator(place)
            found = self._way_above.get(place, place)
            for step in trail:
                self._way_above[step] = found
        return found

    def stand(self, one: int, other: int) -> Stand:
        """How `one`, which is used, stands to `other`, which uses it."""
        order = self.order
        if not order.reached[one]:
            return Stand.UNREACHED
        if not order.reached[other]:
            return Stand.BEFORE  # nobody asks what a node that never runs uses
        if order.dominates(one, other):
            return Stand.BEFORE
        if order.reaches(one, other):
            way = self.way_above(one)
            return Stand.BEFORE if not way or order.dominates(way, other) else Stand.SKIPPED
        if order.reaches(other, one):
            return Stand.AFTER
        top = order.nearest(one, other)
        if top in self.nodes:
            first, second = order.below(top, one), order.below(top, other)
            if first in self.ways and second in self.ways:
                return Stand.EXCLUSIVE
        return Stand.BESIDE


Edges = Mapping[int, Sequence[tuple["EdgeView", int]]]
"""By index of the source, the edges and the indexes of their targets."""


class Scopes:
    """The parts of a graph."""

    def __init__(
        self, nodes: Sequence[NodeView], by_id: Mapping[str, NodeView], edges: Sequence[EdgeView]
    ) -> None:
        """Takes all nodes without notes, those by id, and all edges."""
        self._nodes = {node.index: node for node in nodes}
        self._parents = _parents(nodes, by_id)
        self._reached: dict[int, bool] = {}
        self._children: dict[int | None, list[NodeView]] = {}
        for node in nodes:
            self._children.setdefault(self._parents[node.index], []).append(node)
        targets: dict[int, list[tuple[EdgeView, int]]] = {}
        self._led_to: set[int] = set()
        for edge in edges:
            source, target = by_id.get(edge.source), by_id.get(edge.target)
            if source is not None and target is not None:
                targets.setdefault(source.index, []).append((edge, target.index))
                self._led_to.add(target.index)
        self._parts = {
            home: _Part(members, self._entries(home, members), targets)
            for home, members in self._children.items()
        }

    def _entries(self, home: int | None, members: Sequence[NodeView]) -> Sequence[NodeView]:
        """Where a run begins in a scope."""
        if home is None:
            found = [node for node in members if node.data.ENTRY]
        else:
            container = self._nodes[home]
            found = [node for node in members if node.kind == f"{container.kind}-start"] or [
                node
                for node in members
                if node.id == container.raw.get("start_node_id") or node.raw.get("isIterationStart")
            ]
        return found or [node for node in members if node.index not in self._led_to]

    def parent(self, node: NodeView) -> NodeView | None:
        """The container that a node lies in."""
        home = self._parents[node.index]
        return None if home is None else self._nodes[home]

    def children(self, container: NodeView | None) -> Sequence[NodeView]:
        """What lies in a container, or in none."""
        return self._children.get(None if container is None else container.index, ())

    def around(self, node: NodeView) -> Iterable[NodeView]:
        """The containers around a node, from inside."""
        home = self._parents[node.index]
        while home is not None:
            yield self._nodes[home]
            home = self._parents[home]

    def is_reached(self, node: NodeView) -> bool:
        """True if a path of edges from the entry leads to it, in its container and in those around it."""
        trail: list[int] = []
        place: int | None = node.index
        while place is not None and place not in self._reached:
            trail.append(place)
            place = self._parents[place]
        found = True if place is None else self._reached[place]
        for step in reversed(trail):
            found = found and self._reached_in_its_part(self._nodes[step])
            self._reached[step] = found
        return self._reached[node.index]

    def _reached_in_its_part(self, node: NodeView) -> bool:
        part = self._parts[self._parents[node.index]]
        return part.order.reached[part.vertex[node.index]]

    def cycles(self) -> Iterable[tuple[NodeView, NodeView]]:
        """The edges that close a cycle, as their ends."""
        for part in self._parts.values():
            for source, target in part.order.back:
                index = part.nodes.get(source)
                if index is None:
                    index = part.ways[source][0]
                yield self._nodes[index], self._nodes[part.nodes[target]]

    def deepest(self) -> tuple[NodeView, int] | None:
        """The last node of the longest way on the canvas, and how many nodes are on that way."""
        part = self._parts.get(None)
        if part is None:
            return None
        lengths = part.order.lengths(counted=part.nodes)
        place = max(part.nodes, key=lambda item: lengths[item])
        return self._nodes[part.nodes[place]], lengths[place]

    def stand(self, owner: NodeView, user: NodeView) -> Stand:
        """How the owner of a variable stands to the node that uses it."""
        pair = self._side_by_side(owner, user)
        if isinstance(pair, Stand):
            return pair
        part, one, other = pair
        return part.stand(one, other)

    def prepare(self, pairs: Iterable[tuple[NodeView, NodeView]]) -> None:
        """Finds out for many pairs of owner and user at once what `stand` will need."""
        asked: dict[int, tuple[_Part, list[tuple[int, int]]]] = {}
        for owner, user in pairs:
            pair = self._side_by_side(owner, user)
            if not isinstance(pair, Stand):
                part, one, other = pair
                order = part.order
                if order.reached[one] and order.reached[other] and not order.dominates(one, other):
                    asked.setdefault(id(part), (part, []))[1].extend([(one, other), (other, one)])
        for part, found in asked.values():
            part.order.prepare(found)

    def _side_by_side(self, owner: NodeView, user: NodeView) -> Stand | tuple[_Part, int, int]:
        """The owner's scope, and in it the owner and what holds the user."""
        if owner is user:
            return Stand.ITSELF
        home = self._parents[owner.index]
        place: int | None = user.index
        while place is not None and self._parents[place] != home:
            place = self._parents[place]
            if place == owner.index:
                return Stand.AROUND
        if place is None:
            return Stand.WITHIN if any(item is user for item in self.around(owner)) else Stand.INSIDE
        if place == owner.index:
            return Stand.AROUND
        part = self._parts[home]
        return part, part.vertex[owner.index], part.vertex[place]


def _parents(nodes: Sequence[NodeView], by_id: Mapping[str, NodeView]) -> dict[int, int | None]:
    """By index, the container that a node lies in; free of cycles."""
    parents: dict[int, int | None] = {}
    for node in nodes:
        home = by_id.get(node.home_id)
        fits = home is not None and home is not node and home.data.CONTAINER is not None
        parents[node.index] = home.index if fits and home is not None else None
    seen_from: dict[int, int] = {}
    for node in nodes:  # a ring of containers is no nesting
        place: int | None = node.index
        while place is not None and place not in seen_from:
            seen_from[place] = node.index
            place = parents[place]
        if place is not None and seen_from[place] == node.index:
            parents[place] = None
    return parents


def scopes(nodes: Sequence[NodeView], by_id: Mapping[str, NodeView], edges: Sequence[EdgeView]) -> Scopes:
    """The parts of a graph."""
    return Scopes(nodes, by_id, edges)
