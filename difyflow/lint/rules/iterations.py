"""Rules about iterations: the list, what they collect, rounds at the same time, and what an error does."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint._consequence import when_built, when_reached
from difyflow.lint._scopes import Stand
from difyflow.lint._shape import shown
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View
from difyflow.terms.selector import Selector


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
                node.at("iterator_selector"),
                "no list is chosen to go through",
                severity=when_reached(view, node),
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
                place,
                "nothing is chosen to be collected",
                severity=when_reached(view, node) if used else "warning",
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


@rule("iteration-parallel", severity="error")
def iteration_parallel(view: View) -> Iterator[Found]:
    """An iteration runs more rounds at the same time than it can, or none.

    What it does:
        Finds a `parallel_nums` below 1, or above 10 where `is_parallel` is set. What is no whole number is
        found by `node-schema`.

    Why is it bad:
        With 0 the run fails; Dify 1.16 then cannot even build the node. More than 10 is a warning: the editor
        does not allow it.

    Example:
        ```yaml
        data: {type: iteration, is_parallel: true, parallel_nums: 0}
        ```

    Use instead:
        ```yaml
        data: {type: iteration, is_parallel: true, parallel_nums: 10}
        ```

    Dify:
        0.11 and later (`IterationNodeData`, `MAX_PARALLEL_LIMIT`; a server may have another limit).
    """
    for node in view.of("iteration"):
        found = node.raw.get("parallel_nums", 10)
        if not isinstance(found, int) or isinstance(found, bool):
            continue
        place, together = node.at("parallel_nums"), node.raw.get("is_parallel")
        if found < 1 and (together or view.holds("1.16")):
            text = f"{found} rounds at the same time are none, and the run fails; the editor allows 1 to 10"
            yield Found(place, text, severity=when_built(view, node))
        elif found > 10 and together:
            text = f"{found} rounds at the same time; the editor allows 1 to 10"
            yield Found(place, text, severity="warning")


@rule("iteration-error-mode", severity="error")
def iteration_error_mode(view: View) -> Iterator[Found]:
    """What an iteration does after an error is none of three ways.

    What it does:
        Finds values of `error_handle_mode` other than `terminated`, `continue-on-error` and
        `remove-abnormal-output`.

    Why is it bad:
        Dify cannot build the node, and no run begins.

    Example:
        ```yaml
        error_handle_mode: continue
        ```

    Use instead:
        ```yaml
        error_handle_mode: continue-on-error
        ```

    Dify:
        0.11 and later (`ErrorHandleMode`).
    """
    known = ("terminated", "continue-on-error", "remove-abnormal-output")
    for node in view.of("iteration"):
        mode = node.raw.get("error_handle_mode")
        if mode is not None and mode not in known:
            message = f"{shown(mode)} is no way to go on after an error; the ways are: {', '.join(known)}"
            yield Found(node.at("error_handle_mode"), message, severity=when_built(view, node))
