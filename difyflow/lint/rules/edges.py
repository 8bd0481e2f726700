"""Rules about the edges of a graph."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.dsl.edit import DELETE
from difyflow.lint.finding import Fix, Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import EdgeView, NodeView, View


def _ends(view: View) -> Iterator[tuple[EdgeView, NodeView, NodeView]]:
    """The edges that lead from a node to a node."""
    for edge in view.edges:
        source, target = view.by_id.get(edge.source), view.by_id.get(edge.target)
        if source is not None and target is not None:
            yield edge, source, target


@rule("edge-endpoint", severity="error", fix="unsafe")
def edge_endpoint(view: View) -> Iterator[Found]:
    """An edge begins or ends nowhere.

    What it does:
        Finds edges whose `source` or `target` is no node.

    Why is it bad:
        Dify 0.15 fails to build the graph, or drops the way. Since 1.9 a node waits for all edges that come
        to it: an edge from nowhere keeps it, and all that follows, from running.

    Example:
        ```yaml
        edges: [{source: start, target: aks}]   # the node is called ask
        ```

    Use instead:
        ```yaml
        edges: [{source: start, target: ask}]
        ```

    Fix safety:
        Unsafe: the edge is removed; it may have been meant for another node.

    Dify:
        Every release (`Graph.init`, `NodeStateManager.is_node_ready`; graphon `MISSING_NODE`).
    """
    notes = {node.id for node in view.all_nodes if node.is_note}
    for edge in view.edges:
        for key, found in (("source", edge.source), ("target", edge.target)):
            if found in view.by_id or found in notes:
                continue
            other = view.by_id.get(edge.target if key == "source" else edge.source)
            mild: Severity | None = (
                None if other is not None and (key == "source" or view.is_reached(other)) else "warning"
            )
            raw = edge.raw.get(key)
            said = f"there is no node {raw!r}" if raw is not None else f"the edge has no {key}"
            fix = Fix("Remove the edge", ((edge.path, DELETE),), safe=False)
            yield Found(
                (*edge.path, key), said, node=edge.source or edge.target or None, fix=fix, severity=mild
            )
            break


@rule("edge-note", severity="warning", fix="safe")
def edge_note(view: View) -> Iterator[Found]:
    """An edge begins or ends at a note.

    What it does:
        Finds edges at nodes of the envelope `custom-note`.

    Why is it bad:
        Notes are paper: engines do not see them, and the edge leads nowhere.

    Example:
        ```yaml
        edges: [{source: start, target: note1}]
        ```

    Use instead:
        No edge.

    Fix safety:
        Safe: the edge is removed; it does nothing.

    Dify:
        Every release with notes.
    """
    notes = {node.id for node in view.all_nodes if node.is_note and node.id}
    for edge in view.edges:
        for key, found in (("source", edge.source), ("target", edge.target)):
            if found in notes and found not in view.by_id:
                fix = Fix("Remove the edge", ((edge.path, DELETE),))
                yield Found(
                    (*edge.path, key), "this is a note, and no edge leads to or from it", node=found, fix=fix
                )


@rule("edge-self", severity="error")
def edge_self(view: View) -> Iterator[Found]:
    """An edge leads from a node to itself.

    What it does:
        Finds edges whose `source` is their `target`.

    Why is it bad:
        It is a circle of one: the node waits for itself, or the engine refuses the graph.

    Example:
        ```yaml
        edges: [{source: ask, target: ask}]
        ```

    Use instead:
        A `loop` node with the node in it, or a retry setting.

    Dify:
        Every release (see `graph-cycle`).
    """
    for edge, source, _ in _ends(view):
        if edge.source == edge.target:
            mild: Severity | None = None if view.is_reached(source) else "warning"
            text = f"{source.title!r} leads to itself, and waits for itself"
            yield Found((*edge.path, "target"), text, node=edge.source, severity=mild)


@rule("edge-scope", severity="error")
def edge_scope(view: View) -> Iterator[Found]:
    """An edge leads into a container, or out of one.

    What it does:
        Finds edges between nodes that do not lie in the same iteration or loop.

    Why is it bad:
        A container runs its own nodes only: the way is lost, or nodes of the inside run outside of it.

    Example:
        ```yaml
        edges: [{source: summary, target: end}]   # summary lies in an iteration
        ```

    Use instead:
        An edge from the iteration itself to `end`.

    Dify:
        Every release (graphon `gs`; `Graph.init` of an iteration follows edges from its start node).
    """
    for edge, source, target in _ends(view):
        inner, outer = view.parent(source), view.parent(target)
        if inner is outer:
            continue
        into = target if inner is None else source
        home = view.parent(into)
        text = f"the edge leads {'into' if inner is None else 'out of'} {home.title if home else ''!r}"
        mild: Severity | None = "warning" if not view.is_reached(source) else None
        place = (*edge.path, "target" if inner is None else "source")
        yield Found(place, f"{text}, and nothing passes a container's wall", node=source.id, severity=mild)


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
    for edge, source, target in _ends(view):
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


@rule("edge-into-start", severity="error")
def edge_into_start(view: View) -> Iterator[Found]:
    """An edge leads into a node where a run begins.

    What it does:
        Finds edges to start nodes and triggers.

    Why is it bad:
        Dify takes for the beginning a node that no edge leads to: the run has none, and fails.

    Example:
        ```yaml
        edges: [{source: ask, target: start}]
        ```

    Use instead:
        A `loop` node with what is to be repeated in it.

    Dify:
        Every release (`Graph._find_root_node_id`).
    """
    for edge, _, target in _ends(view):
        if target.data.ENTRY and view.parent(target) is None:
            yield Found(
                (*edge.path, "target"),
                f"a run begins at {target.title!r}: no edge may lead to it",
                node=target.id,
            )


@rule("edge-from-terminal", severity="warning")
def edge_from_terminal(view: View) -> Iterator[Found]:
    """An edge leaves a node after which nothing comes.

    What it does:
        Finds edges from `end`, `loop-end` and `knowledge-index`.

    Why is it bad:
        The editor offers no such edge. What follows runs, and a reader does not expect it.

    Example:
        ```yaml
        edges: [{source: end, target: ask}]
        ```

    Use instead:
        An edge from the node before the end.

    Dify:
        Every release (`useAvailableBlocks`).
    """
    for edge, source, _ in _ends(view):
        if source.data.TERMINAL:
            yield Found(
                (*edge.path, "source"), f"{source.title!r} is an end: nothing comes after it", node=source.id
            )


@rule("edge-id-duplicate", severity="warning")
def edge_id_duplicate(view: View) -> Iterator[Found]:
    """Two edges have the same id.

    What it does:
        Finds edges whose id an earlier edge has too.

    Why is it bad:
        The editor keeps one of them; graphon refuses the graph.

    Example:
        ```yaml
        edges: [{id: e1, source: a, target: b}, {id: e1, source: a, target: c}]
        ```

    Use instead:
        `<source>-<sourceHandle>-<target>-<targetHandle>`, as the editor has it.

    Dify:
        Every release (graphon `DUPLICATE_EDGE_ID`).
    """
    seen: set[str] = set()
    for edge in view.edges:
        found = edge.raw.get("id")
        if isinstance(found, str) and found:
            if found in seen:
                yield Found((*edge.path, "id"), f"another edge has the id {found!r} too", node=edge.source)
            seen.add(found)


@rule("edge-duplicate", severity="warning", fix="safe")
def edge_duplicate(view: View) -> Iterator[Found]:
    """Two edges do the same.

    What it does:
        Finds edges with the same source, handle and target.

    Why is it bad:
        One of them does nothing; older engines may run the target twice.

    Example:
        ```yaml
        edges: [{id: e1, source: a, target: b}, {id: e2, source: a, target: b}]
        ```

    Use instead:
        One edge.

    Fix safety:
        Safe: the second one is removed.

    Dify:
        Every release.
    """
    seen: set[tuple[str, str, str]] = set()
    for edge in view.edges:
        key = (edge.source, edge.handle, edge.target)
        if key in seen and all(key):
            fix = Fix("Remove the second edge", ((edge.path, DELETE),))
            text = f"an edge from {edge.source!r} to {edge.target!r} is there already"
            yield Found(edge.path, text, node=edge.source, fix=fix)
        seen.add(key)


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


@rule("edge-data-type", severity="info", fix="safe")
def edge_data_type(view: View) -> Iterator[Found]:
    """An edge's note of a node type is wrong.

    What it does:
        Compares `data.sourceType` and `data.targetType` with the types of the nodes.

    Why is it bad:
        The editor offers the wrong nodes between the two.

    Example:
        ```yaml
        {source: ask, data: {sourceType: code}}   # ask is an llm
        ```

    Use instead:
        ```yaml
        {source: ask, data: {sourceType: llm}}
        ```

    Fix safety:
        Safe: only the editor reads it.

    Dify:
        Every release.
    """
    for edge, source, target in _ends(view):
        data = edge.raw.get("data")
        if not isinstance(data, dict):
            continue
        for key, node in (("sourceType", source), ("targetType", target)):
            found = data.get(key)
            if found is not None and found != node.kind and node.kind:
                place = (*edge.path, "data", key)
                fix = Fix(f"Set it to {node.kind}", ((place, node.kind),))
                yield Found(
                    place, f"{node.title!r} is of type {node.kind}, not {found}", node=edge.source, fix=fix
                )


@rule("edge-container-data", severity="info")
def edge_container_data(view: View) -> Iterator[Found]:
    """An edge's note of its container is wrong.

    What it does:
        Compares `data.iteration_id` and `data.loop_id` with the container that the edge lies in.

    Why is it bad:
        The editor draws the edge below or above the container.

    Example:
        ```yaml
        {source: a, target: b, data: {isInIteration: true, iteration_id: other}}
        ```

    Use instead:
        The id of the container that both nodes lie in.

    Dify:
        Every release.
    """
    for edge, source, target in _ends(view):
        data, home = edge.raw.get("data"), view.parent(source)
        if not isinstance(data, dict) or view.parent(target) is not home:
            continue
        for key in ("iteration_id", "loop_id"):
            found = data.get(key)
            if found and (home is None or found != home.id):
                where = f"in {home.title!r}" if home else "in no container"
                yield Found(
                    (*edge.path, "data", key), f"the edge lies {where}, not in {found!r}", node=edge.source
                )
