"""Rules about what only the editor reads of an edge."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint._edges import ends
from difyflow.lint.finding import Fix, Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View


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
    for edge, source, target in ends(view):
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
    for edge, source, target in ends(view):
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


@rule("edge-id-form", severity="info", fix="safe", opt_in=True)
def edge_id_form(view: View) -> Iterator[Found]:
    """The id of an edge is not the one that the editor would give it.

    What it does:
        Compares `id` with `<source>-<sourceHandle>-<target>-<targetHandle>`. Since every eighth edge of apps
        that run has another id, it is asked only where it is selected:
        `difyflow lint --select edge-id-form`.

    Why is it bad:
        It is not, for Dify. Two people who draw the same edge get two ids, and a merge has two edges.

    Example:
        ```yaml
        {id: e1, source: start, sourceHandle: source, target: ask, targetHandle: target}
        ```

    Use instead:
        ```yaml
        {id: start-source-ask-target, source: start, sourceHandle: source, target: ask, targetHandle: target}
        ```

    Fix safety:
        Safe: nothing else names an edge by its id. An id that another edge has is not given again.

    Dify:
        Every release (`useNodesInteractions`).
    """
    taken = {edge.raw.get("id") for edge in view.edges if isinstance(edge.raw.get("id"), str)}
    for edge, _, _ in ends(view):
        found = edge.raw.get("id")
        target = edge.raw.get("targetHandle")
        wanted = "-".join(
            (edge.source, edge.handle, edge.target, target if isinstance(target, str) else "target")
        )
        if isinstance(found, str) and found != wanted:
            place = (*edge.path, "id")
            fix = None if wanted in taken else Fix(f"Set it to {wanted}", ((place, wanted),))
            yield Found(place, f"the editor would call this edge {wanted!r}", node=edge.source, fix=fix)
