"""Rules about what lies in an iteration or a loop, and where a round begins."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint._consequence import when_reached
from difyflow.lint.finding import Fix, Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View

_FLAGS = {"iteration": ("isInIteration", "iteration_id"), "loop": ("isInLoop", "loop_id")}
_FORBIDDEN = ("end", "iteration", "loop", "human-input", "datasource", "knowledge-index", "start")


@rule("container-parent", severity="error")
def container_parent(view: View) -> Iterator[Found]:
    """A node says that it lies in a container that does not exist.

    What it does:
        Finds a `parentId`, `iteration_id` or `loop_id` that names no iteration or loop, and containers that
        lie in themselves.

    Why is it bad:
        The editor draws the node nowhere; newer engines refuse the graph, older ones run the node outside of
        the container or never.

    Example:
        ```yaml
        {id: ask, parentId: iteration9, data: {type: llm, isInIteration: true, iteration_id: iteration9}}
        ```

    Use instead:
        ```yaml
        {id: ask, parentId: iteration1, data: {type: llm, isInIteration: true, iteration_id: iteration1}}
        ```

    Dify:
        Every release with containers (graphon `gs`; React Flow throws on an unknown parent).
    """
    for node in view.nodes:
        found = node.envelope.get("parentId")
        place = (*node.path, "parentId")
        if not found:
            kind = next((key for key in ("iteration_id", "loop_id") if node.raw.get(key)), None)
            if kind is None:
                continue
            found, place = node.raw[kind], node.at(kind)
        home = view.by_id.get(str(found))
        if home is None:
            yield Found(place, f"there is no node {found!r} that {node.title!r} could lie in")
        elif home.data.CONTAINER is None:
            yield Found(
                place, f"{home.title!r} ({home.kind}) is no container that {node.title!r} could lie in"
            )
        elif view.parent(node) is None:
            yield Found(place, f"{node.title!r} lies in itself: the containers form a ring")


@rule("container-membership", severity="error", fix="safe")
def container_membership(view: View) -> Iterator[Found]:
    """The marks by which a node lies in a container do not agree.

    What it does:
        Compares `parentId` of the envelope with `iteration_id` or `loop_id` of the data.

    Why is it bad:
        Newer engines go by `parentId`, older ones by the flags, the editor by both: a child with one of them
        only is skipped when the container runs (Dify issue 38246), or is drawn outside. Two that name
        different containers are an error, one that is missing is a warning.

    Example:
        ```yaml
        {id: ask, data: {type: llm, isInLoop: true, loop_id: loop1}}
        ```

    Use instead:
        ```yaml
        {id: ask, parentId: loop1, data: {type: llm, isInLoop: true, loop_id: loop1}}
        ```

    Fix safety:
        Safe: the missing mark is added.

    Dify:
        Every release with containers; `parentId` decides since 1.14.
    """
    for node in view.nodes:
        home = view.parent(node)
        if home is None or home.data.CONTAINER is None:
            continue
        flag, key = _FLAGS[home.data.CONTAINER]
        parent, named = node.envelope.get("parentId"), node.raw.get(key)
        if parent and named and parent != named:
            text = f"parentId says {parent!r} and {key} says {named!r}: releases differ about where it runs"
            yield Found(node.at(key), text, severity=when_reached(view, node))
        elif not parent:
            place = (*node.path, "parentId")
            fix = Fix("Add the parentId", ((place, home.id),))
            yield Found(
                place,
                f"no parentId, and newer engines go by it; it lies in {home.id!r}",
                fix=fix,
                severity="warning",
            )
        elif not named and not node.kind.endswith("-start"):
            edits = ((node.at(key), home.id), (node.at(flag), True))
            fix = Fix(f"Add {key}", edits)
            yield Found(
                node.at(key),
                f"no {key}, and older engines go by it; it lies in {home.id!r}",
                fix=fix,
                severity="warning",
            )


@rule("container-start", severity="error")
def container_start(view: View) -> Iterator[Found]:
    """A container does not say where a round begins.

    What it does:
        Finds iterations and loops whose `start_node_id` names no start node inside. Before Dify 0.8 it named
        the first child itself; newer ones refuse that.

    Why is it bad:
        A run fails: "[INVALID_ROOT] Root node must declare execution type 'root'".

    Example:
        ```yaml
        {id: each, data: {type: iteration, start_node_id: ask}}   # ask is an llm
        ```

    Use instead:
        ```yaml
        {id: each, data: {type: iteration, start_node_id: eachstart}}
        {id: eachstart, type: custom-iteration-start, parentId: each, data: {type: iteration-start}}
        ```

    Dify:
        Recorded at 1.12.1; Dify 0.15 runs the old form. `difyflow migrate` adds the start node.
    """
    for node in view.of("iteration", "loop"):
        named = node.raw.get("start_node_id")
        start = view.by_id.get(named) if isinstance(named, str) else None
        if start is not None and start.kind == f"{node.kind}-start" and view.parent(start) is node:
            continue
        place = node.at("start_node_id")
        if start is None or view.parent(start) is not node:
            inside = [item.id for item in view.children(node) if item.kind == f"{node.kind}-start"]
            hint = f"; it is {inside[0]!r}" if inside else "; it has none"
            yield Found(
                place,
                f"{named!r} is no start node in {node.title!r}{hint}",
                severity=when_reached(view, node),
            )
        elif not view.holds(until="0.15"):
            mild = when_reached(view, node) if view.holds("1.9") else "warning"
            text = f"{named!r} is no {node.kind}-start: Dify 1.9 and later fail (INVALID_ROOT)"
            text += "; see `difyflow migrate`"
            yield Found(place, text, severity=mild)


@rule("container-empty", severity="error")
def container_empty(view: View) -> Iterator[Found]:
    """A container has nothing to run.

    What it does:
        Finds iterations and loops in which there is nothing but the start node.

    Why is it bad:
        Every round does nothing: what an iteration collects has no value.

    Example:
        ```yaml
        {id: each, data: {type: iteration}}   # and no node with parentId each
        ```

    Use instead:
        At least one node in it, with an edge from the start node.

    Dify:
        Every release with containers.
    """
    for node in view.of("iteration", "loop"):
        if all(item.kind.endswith("-start") for item in view.children(node)):
            yield Found(
                node.path,
                f"nothing lies in {node.title!r}: its rounds do nothing",
                severity=when_reached(view, node),
            )


@rule("container-forbidden-child", severity="warning")
def container_forbidden_child(view: View) -> Iterator[Found]:
    """A node lies in a container and cannot.

    What it does:
        Finds `end`, containers, `human-input`, `datasource`, `knowledge-index` and start nodes in containers.

    Why is it bad:
        The editor does not offer them there, and what they do inside is not said anywhere: an end does not
        end the run.

    Example:
        ```yaml
        {id: end, parentId: each, data: {type: end}}
        ```

    Use instead:
        The end after the container, `loop-end` to leave a loop.

    Dify:
        Every release with containers (`useAvailableBlocks`).
    """
    for node in view.of(*_FORBIDDEN):
        home = view.parent(node)
        if home is not None:
            yield Found(node.at("type"), f"the editor has no {node.kind} in a {home.kind}")
