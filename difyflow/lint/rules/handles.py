"""Rules about where an edge leaves a node: cases, classes, actions, failures."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint._edges import ends
from difyflow.lint.finding import Fix, Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View


@rule("edge-handle-type", severity="error", fix="safe")
def edge_handle_type(view: View) -> Iterator[Found]:
    """The handle of an edge is no text.

    What it does:
        Finds a `sourceHandle` that YAML reads as a boolean or a number: `true`, `1`.

    Why is it bad:
        Handles are compared as texts, so that the way is never taken.

    Example:
        ```yaml
        sourceHandle: true
        ```

    Use instead:
        ```yaml
        sourceHandle: 'true'
        ```

    Fix safety:
        Safe: the same in quotes.

    Dify:
        Every release (graphon `INVALID_EDGE`).
    """
    for edge in view.edges:
        found = edge.raw.get("sourceHandle")
        if found is not None and not isinstance(found, str):
            text = str(found).lower() if isinstance(found, bool) else str(found)
            place = (*edge.path, "sourceHandle")
            fix = Fix("Put the handle in quotes", ((place, text),)) if isinstance(found, bool | int) else None
            yield Found(place, f"the handle {found!r} is no text; quote it", node=edge.source, fix=fix)


@rule("edge-handle-unknown", severity="error")
def edge_handle_unknown(view: View) -> Iterator[Found]:
    """An edge leaves a node where the node has no way out.

    What it does:
        Compares `sourceHandle` with the ways out that the node has: `source`; the cases and `false` of an
        if-else; the classes of a classifier; the actions of a form; `fail-branch`.

    Why is it bad:
        A way out that the node does not have is never taken. An error if the node has several ways out, and
        nothing else leads to the target or nothing leaves one of the ways out. `success-branch` of a node
        with a fail branch was a way out up to Dify 1.8.

    Example:
        ```yaml
        {source: check, sourceHandle: source, target: end}   # check is an if-else
        ```

    Use instead:
        ```yaml
        {source: check, sourceHandle: 'true', target: end}
        ```

    Dify:
        Every release (`EdgeProcessor._process_branch_node_edges`, `BranchIdentifyRunConditionHandler`).
    """
    for edge, source, target in ends(view):
        if not edge.handle or edge.handle in source.handles or source.data.TERMINAL or not source.handles:
            continue
        known = ", ".join(sorted(filter(None, source.handles)))
        branching = len(source.handles) > 1
        lost = branching and view.is_reached(source)
        lost = lost and (not view.is_reached(target) or _has_loose_end(view, source))
        if edge.handle == "success-branch" and "fail-branch" in source.handles:
            lost = lost and view.holds("1.9")
        text = f"{source.title!r} ({source.kind}) has no way out {edge.handle!r}; it has: {known}"
        yield Found((*edge.path, "sourceHandle"), text, node=source.id, severity=None if lost else "warning")


def _has_loose_end(view: View, node: NodeView) -> bool:
    """True if no edge leaves one of the ways out, so that a stray edge may be meant for it."""
    used = {edge.handle for edge in view.edges_from(node)}
    return bool(node.handles - used - {"fail-branch"})


@rule("branch-unconnected", severity="info")
def branch_unconnected(view: View) -> Iterator[Found]:
    """Nothing follows a way out of a branching node.

    What it does:
        Finds cases, classes and actions that no edge leaves. A `source` beside a `fail-branch` counts too.

    Why is it bad:
        The path ends there without a word; what the end node puts out is null.

    Example:
        ```yaml
        {source: check, sourceHandle: 'true', target: end}   # and none for 'false'
        ```

    Use instead:
        An edge for each way out, to an end node at least.

    Dify:
        Every release.
    """
    for node in view.nodes:
        if len(node.handles) < 2 or not node.id or not view.is_reached(node):
            continue
        used = {edge.handle for edge in view.edges_from(node)}
        for way in node.data.source_handles():
            if way.id not in used and way.id != "fail-branch":
                label = f" ({way.label})" if way.label else ""
                yield Found(node.path, f"nothing follows the way out {way.id!r}{label} of {node.title!r}")


@rule("error-fail-edge", severity="warning")
def error_fail_edge(view: View) -> Iterator[Found]:
    """The way out for failures is missing, or leads from a node that has none.

    What it does:
        Finds nodes with `error_strategy: fail-branch` without an edge at `fail-branch`.

    Why is it bad:
        The path ends at a failure without a word.

    Example:
        ```yaml
        data: {type: code, error_strategy: fail-branch}   # and no edge with sourceHandle fail-branch
        ```

    Use instead:
        ```yaml
        {source: code1, sourceHandle: fail-branch, target: sorry}
        ```

    Dify:
        0.14 and later.
    """
    for node in view.nodes:
        if node.data.error_strategy != "fail-branch" or "fail-branch" not in node.handles:
            continue
        if not any(edge.handle == "fail-branch" for edge in view.edges_from(node)):
            text = f"if {node.title!r} fails, nothing follows: no edge leaves its fail-branch"
            yield Found(node.at("error_strategy"), text)
