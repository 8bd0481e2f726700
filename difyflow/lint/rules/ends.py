"""Rules about the nodes that say what an app puts out: end and answer."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint._scopes import Stand
from difyflow.lint.finding import Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, Plain, View


def _outputs(node: NodeView) -> Iterator[tuple[int, Plain]]:
    found = node.raw.get("outputs")
    for index, item in enumerate(found if isinstance(found, list) else ()):
        if isinstance(item, dict):
            yield index, item


@rule("end-outputs-empty", severity="warning")
def end_outputs_empty(view: View) -> Iterator[Found]:
    """An end puts nothing out.

    What it does:
        Finds end nodes without outputs.

    Why is it bad:
        A run that comes to it succeeds with empty outputs; the editor marks it red.

    Example:
        ```yaml
        data: {type: end, outputs: []}
        ```

    Use instead:
        ```yaml
        data: {type: end, outputs: [{variable: text, value_selector: [ask, text]}]}
        ```

    Dify:
        Every release (`df:end`).
    """
    for node in view.of("end"):
        if node.raw.get("outputs") == []:
            yield Found(node.at("outputs"), f"{node.title!r} puts nothing out")


@rule("end-output", severity="error")
def end_output(view: View) -> Iterator[Found]:
    """An output has no name, or names no variable.

    What it does:
        Finds outputs of end nodes with an empty `value_selector`. One without a name is a
        warning.

    Why is it bad:
        The output is null, or has an empty name.

    Example:
        ```yaml
        outputs: [{variable: text, value_selector: []}]
        ```

    Use instead:
        ```yaml
        outputs: [{variable: text, value_selector: [ask, text]}]
        ```

    Dify:
        Every release (`EndNode._run`, `df:end`).
    """
    for node in view.of("end"):
        mild: Severity | None = None if view.is_reached(node) else "warning"
        for index, item in _outputs(node):
            name = item.get("variable")
            if "variable" in item and not name:
                place = node.at("outputs", index, "variable")
                yield Found(place, "the output has no name", severity="warning")
            elif "value_selector" in item and item["value_selector"] in ([], "", None):
                place = node.at("outputs", index, "value_selector")
                yield Found(
                    place, f"no variable is chosen for the output {name!r}: it is null", severity=mild
                )


@rule("end-output-conflict", severity="warning")
def end_output_conflict(view: View) -> Iterator[Found]:
    """Two outputs have the same name.

    What it does:
        Finds a name that occurs twice in one end node, or in two that can run in the same run.

    Why is it bad:
        The outputs of all ends are merged by name: the last one wins, the others are lost.

    Example:
        ```yaml
        outputs: [{variable: text, value_selector: [a, text]}, {variable: text, value_selector: [b, text]}]
        ```

    Use instead:
        A name of its own for each.

    Dify:
        Every release; the editor marks it since mid-2026 (`end-output-conflicts.ts`).
    """
    seen: dict[str, NodeView] = {}
    for node in view.of("end"):
        if not view.is_reached(node):
            continue
        own: set[str] = set()
        for index, item in _outputs(node):
            name = item.get("variable")
            if not isinstance(name, str) or not name:
                continue
            place = node.at("outputs", index, "variable")
            other = seen.get(name)
            if name in own:
                yield Found(place, f"{node.title!r} has two outputs {name!r}: the last one wins")
            elif other is not None and view.stand(other, node) is not Stand.EXCLUSIVE:
                yield Found(
                    place, f"{other.title!r} puts out {name!r} too, and both may run: one value is lost"
                )
            own.add(name)
        for name in own:
            seen.setdefault(name, node)


@rule("answer-empty", severity="warning")
def answer_empty(view: View) -> Iterator[Found]:
    """An answer says nothing.

    What it does:
        Finds answer nodes with an empty `answer`.

    Why is it bad:
        The chat shows nothing there; the editor marks it red.

    Example:
        ```yaml
        data: {type: answer, answer: ''}
        ```

    Use instead:
        ```yaml
        data: {type: answer, answer: '{{#ask.text#}}'}
        ```

    Dify:
        Every release (`df:answer`).
    """
    for node in view.of("answer"):
        if node.raw.get("answer") == "":
            yield Found(node.at("answer"), f"{node.title!r} says nothing")
