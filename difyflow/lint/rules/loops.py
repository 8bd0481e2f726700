"""Rules about loops: how often they run, how they end, their variables."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.dsl.edit import Path
from difyflow.lint._consequence import when_built, when_reached, when_run
from difyflow.lint._constants import can_be, constant_fault
from difyflow.lint._shape import shown
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, Plain, View
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import VarType


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
                severity=when_reached(view, node),
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
                yield Found(place, "the loop variable has no name", severity=when_reached(view, node))
            elif isinstance(label, str):
                if label in seen:
                    yield Found(
                        place, f"there are two loop variables {label!r}", severity=when_reached(view, node)
                    )
                seen.add(label)


@rule("loop-variable-value", severity="error")
def loop_variable_value(view: View) -> Iterator[Found]:
    """A variable of a loop begins with a value that is not of its type.

    What it does:
        Compares the constant in `value` with `var_type`: text for `string`; a number, or text of one, for
        `number`; true or false for `boolean`; JSON text of an object or a list for the others. Of a variable
        that begins with another one it compares the types, as far as they are certain.

    Why is it bad:
        The loop fails before its first round. A list that is written as a list of YAML and not as JSON text
        is lost without a word: the loop begins with an empty one. A variable of another type does not fail
        at once, and is a warning. Without the key `value` Dify 1.16 cannot build the node.

    Example:
        ```yaml
        loop_variables: [{label: tries, var_type: number, value_type: constant, value: three}]
        loop_variables: [{label: seen, var_type: 'array[string]', value_type: constant, value: [a, b]}]
        ```

    Use instead:
        ```yaml
        loop_variables: [{label: tries, var_type: number, value_type: constant, value: '3'}]
        loop_variables: [{label: seen, var_type: 'array[string]', value_type: constant, value: '["a", "b"]'}]
        ```

    Dify:
        1.2 and later (`LoopNode._get_segment_for_constant`; the list of YAML: run with graphon 0.8).
    """
    for node in view.of("loop"):
        found = node.raw.get("loop_variables")
        for index, item in enumerate(found if isinstance(found, list) else ()):
            if not isinstance(item, dict):
                continue
            kind, place = VarType.of(item.get("var_type")), node.at("loop_variables", index, "value")
            if "value" not in item and view.holds("1.16"):
                text = "the value is missing, and Dify cannot build the loop; write null or a value"
                yield Found(place, text, severity=when_built(view, node))
            elif item.get("value_type") == "constant":
                said = constant_fault(kind, item.get("value"), strict=view.holds("1.9"))
                if said:
                    yield Found(place, said, severity=when_run(view, node))
            elif item.get("value_type") == "variable":
                yield from _given_fault(view, node, item, place)


def _given_fault(view: View, node: NodeView, item: Plain, place: Path) -> Iterator[Found]:
    """What is wrong with the variable that a loop variable begins with."""
    kind, value = VarType.of(item.get("var_type")), item.get("value")
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        yield Found(place, f"{shown(value)} names no variable to begin with", severity=when_run(view, node))
        return
    given = view.resolve(Selector(value), node).type
    if given is not None and not can_be(kind, given):
        text = f"{'.'.join(value)} is {given}, and the loop variable says {kind}"
        yield Found(place, text, severity="warning")


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
