"""Rules about iterations and loops: what lies in them, where a round begins, what they take and give."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint._scopes import Stand
from difyflow.lint.finding import Fix, Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View
from difyflow.terms.selector import Selector

_FLAGS = {"iteration": ("isInIteration", "iteration_id"), "loop": ("isInLoop", "loop_id")}
_FORBIDDEN = ("end", "iteration", "loop", "human-input", "datasource", "knowledge-index", "start")


def _mild(view: View, node: NodeView) -> Severity | None:
    return None if view.is_reached(node) else "warning"


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
            yield Found(node.at(key), text, severity=_mild(view, node))
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
                place, f"{named!r} is no start node in {node.title!r}{hint}", severity=_mild(view, node)
            )
        elif not view.holds(until="0.15"):
            mild = _mild(view, node) if view.holds("1.9") else "warning"
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
                severity=_mild(view, node),
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


@rule("loop-end-outside", severity="error")
def loop_end_outside(view: View) -> Iterator[Found]:
    """A loop-end lies in no loop.

    What it does:
        Finds nodes of type `loop-end` whose container is no loop.

    Why is it bad:
        There is no loop to end; the way stops there.

    Example:
        ```yaml
        {id: stop, data: {type: loop-end}}
        ```

    Use instead:
        ```yaml
        {id: stop, parentId: loop1, data: {type: loop-end, isInLoop: true, loop_id: loop1}}
        ```

    Dify:
        1.2 and later (`useAvailableBlocks`).
    """
    for node in view.of("loop-end"):
        home = view.parent(node)
        if home is None or home.kind != "loop":
            yield Found(
                node.at("type"),
                "a loop-end ends the loop that it lies in, and it lies in none",
                severity=_mild(view, node),
            )


@rule("iteration-input", severity="error")
def iteration_input(view: View) -> Iterator[Found]:
    """An iteration has no list to go through.

    What it does:
        Finds an empty `iterator_selector`.

    Why is it bad:
        The run fails at the node: "iterator value is None" or "not found".

    Example:
        ```yaml
        data: {type: iteration, iterator_selector: []}
        ```

    Use instead:
        ```yaml
        data: {type: iteration, iterator_selector: [split, sections]}
        ```

    Dify:
        Every release (`IterationNode._run`).
    """
    for node in view.of("iteration"):
        if "iterator_selector" in node.raw and not node.raw["iterator_selector"]:
            yield Found(
                node.at("iterator_selector"), "no list is chosen to go through", severity=_mild(view, node)
            )


@rule("iteration-output", severity="error")
def iteration_output(view: View) -> Iterator[Found]:
    """An iteration does not say what it collects, or collects something that lies outside of it.

    What it does:
        Finds an `output_selector` that is empty, or that names a node which is not in the iteration.

    Why is it bad:
        What is collected is the same in every round, or null.

    Example:
        ```yaml
        data: {type: iteration, output_selector: [start, text]}
        ```

    Use instead:
        ```yaml
        data: {type: iteration, output_selector: [summary, text]}   # summary lies in the iteration
        ```

    Dify:
        Every release (`IterationNode._run`; `df:iteration`).
    """
    for node in view.of("iteration"):
        found = node.raw.get("output_selector")
        place = node.at("output_selector")
        if not found:
            used = any(item.selector[:2] == (node.id, "output") for _, item in view.references)
            yield Found(
                place, "nothing is chosen to be collected", severity=_mild(view, node) if used else "warning"
            )
            continue
        if not isinstance(found, list) or not all(isinstance(part, str) for part in found):
            continue
        resolved = view.resolve(Selector(found), node)
        owner = resolved.owner
        if (
            resolved.fault is None
            and owner is not node
            and (owner is None or view.stand(owner, node) is not Stand.WITHIN)
        ):
            named = f"{owner.title!r} lies" if owner is not None else f"{found[0]!r} is"
            text = f"{named} not in {node.title!r}: every round collects the same value"
            yield Found(place, text, severity="warning")


@rule("iteration-parallel", severity="warning")
def iteration_parallel(view: View) -> Iterator[Found]:
    """An iteration runs more rounds at the same time than it can.

    What it does:
        Finds a `parallel_nums` that is no whole number from 1 to 10, where `is_parallel` is set.

    Why is it bad:
        The editor allows 1 to 10; zero fails.

    Example:
        ```yaml
        data: {type: iteration, is_parallel: true, parallel_nums: 50}
        ```

    Use instead:
        ```yaml
        data: {type: iteration, is_parallel: true, parallel_nums: 10}
        ```

    Dify:
        0.11 and later (`MAX_PARALLEL_LIMIT`; a server may have another limit).
    """
    for node in view.of("iteration"):
        found = node.raw.get("parallel_nums", 10)
        if node.raw.get("is_parallel") and not (isinstance(found, int) and 1 <= found <= 10):
            yield Found(
                node.at("parallel_nums"), f"{found!r} rounds at the same time; the editor allows 1 to 10"
            )


@rule("loop-count", severity="warning")
def loop_count(view: View) -> Iterator[Found]:
    """A loop has a number of rounds that the editor does not allow.

    What it does:
        Finds a `loop_count` that is no whole number from 1 to 100. A missing one is found by `node-schema`.

    Why is it bad:
        The editor marks it red and does not publish; 0 is refused by newer engines.

    Example:
        ```yaml
        data: {type: loop, loop_count: 1000}
        ```

    Use instead:
        ```yaml
        data: {type: loop, loop_count: 100}
        ```

    Dify:
        1.1 and later (`LOOP_NODE_MAX_COUNT`; a server may have another limit).
    """
    for node in view.of("loop"):
        found = node.raw.get("loop_count")
        if isinstance(found, int) and not 1 <= found <= 100:
            yield Found(node.at("loop_count"), f"{found} rounds; the editor allows 1 to 100")


@rule("loop-variable", severity="error")
def loop_variable(view: View) -> Iterator[Found]:
    """A variable of a loop has no name, or that of another one.

    What it does:
        Looks at `label` of `loop_variables`.

    Why is it bad:
        References go by the label: one of two takes the place of the other, one without cannot be named.

    Example:
        ```yaml
        loop_variables: [{label: n, ...}, {label: n, ...}]
        ```

    Use instead:
        ```yaml
        loop_variables: [{label: n, ...}, {label: total, ...}]
        ```

    Dify:
        1.2 and later (`df:loop`).
    """
    for node in view.of("loop"):
        seen: set[str] = set()
        found = node.raw.get("loop_variables")
        for index, item in enumerate(found if isinstance(found, list) else ()):
            label = item.get("label") if isinstance(item, dict) else None
            place = node.at("loop_variables", index, "label")
            if isinstance(item, dict) and not label:
                yield Found(place, "the loop variable has no name", severity=_mild(view, node))
            elif isinstance(label, str):
                if label in seen:
                    yield Found(place, f"there are two loop variables {label!r}", severity=_mild(view, node))
                seen.add(label)


@rule("loop-no-break", severity="info")
def loop_no_break(view: View) -> Iterator[Found]:
    """A loop always runs all its rounds.

    What it does:
        Finds loops without a break condition and without a `loop-end` inside.

    Why is it bad:
        It need not be: then the loop runs `loop_count` times.

    Example:
        ```yaml
        data: {type: loop, loop_count: 10, break_conditions: []}
        ```

    Use instead:
        A break condition, or a `loop-end` after an if-else in the loop.

    Dify:
        1.1 and later.
    """
    for node in view.of("loop"):
        if not node.raw.get("break_conditions") and all(
            item.kind != "loop-end" for item in view.children(node)
        ):
            yield Found(
                node.at("break_conditions"), f"{node.title!r} has no way to end before its last round"
            )
