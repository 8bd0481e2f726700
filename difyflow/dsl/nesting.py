"""Which node lies in which container, and in what order a run comes to the nodes.

Files of unknown origin are taken as they are: an id may occur twice, a container may be missing or lie in
itself, an edge may lead nowhere. Nodes are therefore told by their index in `graph.nodes`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from difyflow.dsl.graph import Edge, Graph, Node
from difyflow.nodes._base import NOTE_ENVELOPE

FARTHEST = 1e9
"""Canvas pixels; a coordinate or size beyond is no place on a canvas and counts as not given."""


@dataclass(frozen=True, slots=True)
class Nesting:
    """The containers of a graph.

    Attributes:
        parents: by node, the index of the container that it lies in, or None. Free of cycles.
        children: by node, the indexes of what lies in it.
        roots: the nodes in no container.
    """

    parents: tuple[int | None, ...]
    children: tuple[tuple[int, ...], ...]
    roots: tuple[int, ...]

    def inside(self, container: int | None) -> tuple[int, ...]:
        """What lies in a container, or with None what lies in none."""
        return self.roots if container is None else self.children[container]

    def inner_first(self) -> tuple[int, ...]:
        """All nodes, each after everything that lies in it."""
        outer_first = list(self.roots)
        for node in outer_first:  # grows while it is read
            outer_first.extend(self.children[node])
        return tuple(reversed(outer_first))

    def ancestors(self, node: int) -> tuple[int, ...]:
        """The node itself and the containers around it, from inside."""
        found = [node]
        while (parent := self.parents[found[-1]]) is not None:
            found.append(parent)
        return tuple(found)

    def siblings(self, one: int, other: int) -> tuple[int, int] | None:
        """The two nodes, or what holds them, that lie side by side; None if one lies in the other."""
        first, second = self.ancestors(one), self.ancestors(other)
        for mine, its in zip(reversed(first), reversed(second), strict=False):
            if mine != its:
                return mine, its
        return None


def by_id(graph: Graph) -> dict[str, int]:
    """Index of the node with an id; the last one if there are several, as in `Graph.node`."""
    return {node.id: index for index, node in enumerate(graph.nodes)}


def nesting(graph: Graph, *, by_flags: bool = False) -> Nesting:
    """Finds the containers.

    Args:
        graph: any.
        by_flags: False for what the editor draws in a container, which is told by the envelope (`parentId`);
            True for what runs in it, which flags in the data tell too (dsl.md 4.1).
    """
    index = by_id(graph)
    parents: list[int | None] = []
    for node in graph.nodes:
        container = node.container_id if by_flags else node.parentId
        parents.append(index.get(container) if container else None)
    for node_in_itself in _in_themselves(parents):
        parents[node_in_itself] = None
    children: list[list[int]] = [[] for _ in parents]
    for child, parent in enumerate(parents):
        if parent is not None:
            children[parent].append(child)
    roots = tuple(child for child, parent in enumerate(parents) if parent is None)
    return Nesting(tuple(parents), tuple(map(tuple, children)), roots)


def _in_themselves(parents: Sequence[int | None]) -> list[int]:
    """The first node of every ring of containers."""
    found: list[int] = []
    seen_from: dict[int, int] = {}
    for start in range(len(parents)):
        node: int | None = start
        while node is not None and node not in seen_from:
            seen_from[node] = start
            node = parents[node]
        if node is not None and seen_from[node] == start:
            found.append(node)
    return found


def number(value: object) -> float | None:
    """A coordinate or size of a file, or None if it is none on a canvas (missing, infinite, absurd)."""
    if isinstance(value, int | float) and abs(value) <= FARTHEST:  # false for NaN too
        return float(value)
    return None


def corner(node: Node) -> tuple[float, float] | None:
    """Where the node's own position puts it, in its container or on the canvas; None if it has none."""
    if node.position is None or not node.position.model_fields_set & {"x", "y"}:
        return None
    x, y = number(node.position.x), number(node.position.y)
    return None if x is None or y is None else (x, y)


def run_order(graph: Graph) -> tuple[int, ...]:
    """Indexes of all nodes in the order in which a run may come to them.

    From the entries along the edges, each node after all that lead to it as far as cycles allow, what lies in
    a container right after it; then what no entry leads to; notes last.
    """
    nest = nesting(graph, by_flags=True)
    index = by_id(graph)
    after: dict[int, list[int]] = {node: [] for node in range(len(graph.nodes))}
    for edge in _by_handle(graph, index):
        source, target = index.get(edge.source), index.get(edge.target)
        pair = None if source is None or target is None else nest.siblings(source, target)
        if pair is not None:
            after[pair[0]].append(pair[1])
    ordered: list[int] = []
    waiting = [iter(_in_order(graph, nest.roots, after))]
    while waiting:
        node = next(waiting[-1], None)
        if node is None:
            waiting.pop()
        else:
            ordered.append(node)
            waiting.append(iter(_in_order(graph, nest.children[node], after)))
    return tuple(ordered)


def _by_handle(graph: Graph, index: dict[str, int]) -> list[Edge]:
    """The edges in the order of the handles that they leave at."""
    ranks = {
        (name, way.id): rank
        for name, number_of in index.items()
        for rank, way in enumerate(graph.nodes[number_of].data.source_handles())
    }
    return sorted(graph.edges, key=lambda edge: ranks.get((edge.source, edge.sourceHandle), len(ranks)))


def _in_order(graph: Graph, nodes: Iterable[int], after: dict[int, list[int]]) -> list[int]:
    """The nodes of one container, a branch to its end before the next one (Kahn's way with a stack).

    Where only cycles are left, the run goes on with the node that was reached first.
    """
    ranked = sorted(nodes, key=lambda node: (_rank(graph.nodes[node]), node))
    blocked = dict.fromkeys(ranked, 0)
    for node in ranked:
        for target in after[node]:
            blocked[target] += 1
    # What is connected to nothing is left to the end.
    ready = [n for n in reversed(ranked) if not blocked[n] and (after[n] or graph.nodes[n].data.ENTRY)]
    reached = deque[int]()
    rest = iter(ranked)
    ordered: dict[int, None] = {}
    while len(ordered) < len(ranked):
        node = ready.pop() if ready else reached.popleft() if reached else next(rest)
        if node in ordered:
            continue
        ordered[node] = None
        for target in reversed(after[node]):
            blocked[target] -= 1
            if blocked[target] == 0:
                ready.append(target)
            else:
                reached.append(target)
    return list(ordered)


def _rank(node: Node) -> int:
    """Entries first, notes last."""
    if node.data.ENTRY:
        return 0
    return 2 if node.type == NOTE_ENVELOPE else 1
