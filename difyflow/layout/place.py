"""Positions as Dify's editor gives them: columns from left to right in the order of the edges."""

from __future__ import annotations

from difyflow.dsl.graph import Graph, Node, Position
from difyflow.nodes._record import Number

START: tuple[Number, Number] = (80, 282)
GAP_X = 60
GAP_Y = 39


def place(graph: Graph, *, keep: frozenset[str] = frozenset()) -> Graph:
    """A copy in which every node whose id is not in `keep` has a position.

    Start at (80, 282), 60 pixels between columns, 39 between nodes of a column (dsl.md 4.6).
    """
    free = [node for node in graph.nodes if node.id not in keep]
    if not free:
        return graph
    depths = _depths(graph)
    columns: dict[int, list[Node]] = {}
    for node in free:
        columns.setdefault(depths[node.id], []).append(node)
    placed: dict[str, Position] = {}
    for depth, column in columns.items():
        y: Number = START[1]
        for node in column:
            placed[node.id] = Position(x=START[0] + depth * ((node.width or 244) + GAP_X), y=y)
            y += (node.height or 100) + GAP_Y
    return graph.model_copy(
        update={
            "nodes": tuple(
                node.model_copy(update={"position": placed[node.id], "positionAbsolute": placed[node.id]})
                if node.id in placed
                else node
                for node in graph.nodes
            )
        }
    )


def _depths(graph: Graph) -> dict[str, int]:
    """Longest way from an entry, counted in edges; edges that close a cycle do not count."""
    depths = {node.id: 0 for node in graph.nodes}
    for _ in graph.nodes:
        moved = False
        for edge in graph.edges:
            if edge.source in depths and edge.target in depths:
                depth = depths[edge.source] + 1
                if depths[edge.target] < depth < len(graph.nodes):
                    depths[edge.target] = depth
                    moved = True
        if not moved:
            break
    return depths
