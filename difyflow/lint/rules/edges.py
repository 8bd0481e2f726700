"""Rules about edges: what they join."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.dsl.edit import DELETE
from difyflow.lint._edges import ends
from difyflow.lint.finding import Fix, Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import View


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
    for edge, source, _ in ends(view):
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
    for edge, source, target in ends(view):
        inner, outer = view.parent(source), view.parent(target)
        if inner is outer:
            continue
        into = target if inner is None else source
        home = view.parent(into)
        text = f"the edge leads {'into' if inner is None else 'out of'} {home.title if home else ''!r}"
        mild: Severity | None = "warning" if not view.is_reached(source) else None
        place = (*edge.path, "target" if inner is None else "source")
        yield Found(place, f"{text}, and nothing passes a container's wall", node=source.id, severity=mild)


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
    for edge, _, target in ends(view):
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
    for edge, source, _ in ends(view):
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
