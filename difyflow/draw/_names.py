"""What the formats share that leave the layout to others: names of nodes, titles, labels of ways out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from difyflow.draw.text import one_line
from difyflow.dsl.graph import Edge, Graph, Node
from difyflow.dsl.nesting import Nesting, by_id, nesting
from difyflow.nodes._base import NOTE_ENVELOPE
from difyflow.nodes.note import Note

_SAFE = re.compile(r"[A-Za-z0-9_]{1,50}")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A graph with names that any format takes.

    Attributes:
        names: by node, letters, digits and `_` only, each once.
        edges: edge, source, target; without those that lead nowhere, or from a container into itself.
    """

    nodes: tuple[Node, ...]
    names: tuple[str, ...]
    nest: Nesting
    edges: tuple[tuple[Edge, int, int], ...]

    def is_note(self, index: int) -> bool:
        """True for a note."""
        return self.nodes[index].type == NOTE_ENVELOPE

    def title(self, index: int) -> str:
        """What a node is called; a note is called by its text."""
        data = self.nodes[index].data
        if isinstance(data, Note):
            return data.plain_text() or "note"
        return one_line(data.title) or data.type or "node"


def drawn(graph: Graph) -> Drawn:
    """Names the nodes and finds the ends of the edges."""
    place, nest = by_id(graph), nesting(graph)
    edges = tuple(
        (edge, source, target)
        for edge in graph.edges
        if (source := place.get(edge.source)) is not None and (target := place.get(edge.target)) is not None
        if not _into_itself(nest, source, target)
    )
    return Drawn(graph.nodes, _names(node.id for node in graph.nodes), nest, edges)


def _into_itself(nest: Nesting, source: int, target: int) -> bool:
    """True if a container holds the other end; nothing can draw that as a graph."""
    if not nest.children[source] and not nest.children[target]:
        return False
    return nest.siblings(source, target) is None


def _names(ids: Iterable[str]) -> tuple[str, ...]:
    """`n_<id>` where that is possible: no word of a format's own, and stable when nodes come and go."""
    found: dict[str, None] = {}
    for number, node_id in enumerate(ids):
        name = f"n_{node_id}"
        if not _SAFE.fullmatch(node_id) or name in found:
            name = f"x{number}"
        found[name] = None
    return tuple(found)


def way_label(node: Node, handle: str) -> str:
    """What stands at an edge: the label of its way out, nothing for the plain one."""
    if handle == "source":
        return ""
    return next((way.label or way.id for way in node.data.source_handles() if way.id == handle), handle)
