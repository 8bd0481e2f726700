"""Rules about the ways through the graph: circles, chains, nodes that no way leads to or from."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View

_GRAPH = ("workflow", "graph")
_PLACEHOLDERS = ("start-placeholder", "datasource-empty")
_FARTHEST = 50


@rule("graph-cycle", severity="error")
def graph_cycle(view: View) -> Iterator[Found]:
    """Edges lead round in a circle.

    What it does:
        Finds edges that lead back to a node from which they come.

    Why is it bad:
        Dify 0.15 refuses to run it ("is connected to the previous node"); later engines wait for ever, or end
        after the first node. The editor deletes the edges of the circle when it opens the app, and saves.

    Example:
        ```yaml
        edges: [{source: a, target: b}, {source: b, target: a}]
        ```

    Use instead:
        A `loop` node with the nodes in it.

    Dify:
        Every release (recorded at 0.15.3 and 1.12.1; `getCycleEdges` in the editor; graphon `CYCLE`).
    """
    ends = {(source.id, target.id) for source, target in view.scopes.cycles()}
    for edge in view.edges:
        if (edge.source, edge.target) in ends and edge.source != edge.target:
            back = _title(view, edge.target)
            text = f"this edge leads back to {back}: a run fails or stops, and the editor deletes the edge"
            yield Found((*edge.path, "target"), text, node=edge.source)


@rule("graph-depth", severity="warning")
def graph_depth(view: View) -> Iterator[Found]:
    """A chain of nodes is longer than the editor publishes.

    What it does:
        Measures the longest way from an entry; the editor's limit is 50 nodes.

    Why is it bad:
        The editor refuses to publish. The API does not.

    Example:
        Sixty nodes one after the other.

    Use instead:
        Several workflows, one as the tool of the other, or code nodes that do more.

    Dify:
        Every release (`MAX_TREE_DEPTH`; a server may have another limit).
    """
    deepest = view.scopes.deepest()
    if deepest is not None and deepest[1] > _FARTHEST:
        node, depth = deepest
        yield Found(node.path, f"{depth} nodes one after the other; the editor publishes {_FARTHEST} at most")


@rule("node-unreachable", severity="warning")
def node_unreachable(view: View) -> Iterator[Found]:
    """No edge leads to a node.

    What it does:
        Finds nodes to which no way of edges leads from the start, in the container that they lie in. If
        nothing leads to a container, only the container is named.

    Why is it bad:
        The node never runs. The editor marks it red and does not publish.

    Example:
        ```yaml
        nodes: [{id: start, ...}, {id: spare, data: {type: code}}]
        edges: []
        ```

    Use instead:
        Connect it, or remove it.

    Dify:
        Every release. What uses its outputs is found by `ref-not-upstream`; `graph-no-result` finds the end.
    """
    if not any(node.data.ENTRY for node in view.nodes) and view.kind != "snippet":
        return
    for node in view.nodes:
        home = view.parent(node)
        if not view.is_reached(node) and (home is None or view.is_reached(home)) and node.kind:
            yield Found(node.path, f"no way of edges leads to {node.title!r}: it never runs")


@rule("node-dead-end", severity="info")
def node_dead_end(view: View) -> Iterator[Found]:
    """Nothing follows a node, and it is no end.

    What it does:
        Finds reached nodes at top level that no edge leaves and that are no `end` or `answer`.

    Why is it bad:
        The way ends there: what the node puts out may be lost.

    Example:
        ```yaml
        edges: [{source: start, target: ask}]   # nothing after ask
        ```

    Use instead:
        An edge to the next node or to an end.

    Dify:
        Every release.
    """
    if view.kind == "snippet":
        return
    for node in view.nodes:
        quiet = node.data.TERMINAL or node.kind in ("answer", "assigner") or view.parent(node) is not None
        if not quiet and node.id and view.is_reached(node) and not view.edges_from(node):
            yield Found(node.path, f"nothing follows {node.title!r}")


def _title(view: View, node_id: str) -> str:
    node = view.by_id.get(node_id)
    return repr(node.title if node else node_id)
