"""The edges of a document with the nodes that they join."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint.view import EdgeView, NodeView, View


def ends(view: View) -> Iterator[tuple[EdgeView, NodeView, NodeView]]:
    """The edges that lead from a node to a node."""
    for edge in view.edges:
        source, target = view.by_id.get(edge.source), view.by_id.get(edge.target)
        if source is not None and target is not None:
            yield edge, source, target
