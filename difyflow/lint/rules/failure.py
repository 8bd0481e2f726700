"""Rules about what happens when a node fails."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from difyflow.lint._consequence import when_built
from difyflow.lint._shape import INT, shown
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View

_STRATEGIES = ("fail-branch", "default-value")
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "object": dict,
    "array[string]": list,
    "array[number]": list,
    "array[object]": list,
}
_ITEMS: Mapping[str, type | tuple[type, ...]] = {
    "array[string]": str,
    "array[number]": (int, float),
    "array[object]": dict,
}


@rule("error-strategy", severity="error", since="0.14.0")
def error_strategy(view: View) -> Iterator[Found]:
    """The error strategy of a node is none that Dify knows.

    What it does:
        Finds values of `error_strategy` other than `fail-branch`, `default-value` and nothing.

    Why is it bad:
        Dify cannot build the node, and no run begins.

    Example:
        ```yaml
        error_strategy: none
        ```

    Use instead:
        ```yaml
        error_strategy: default-value
        ```

    Dify:
        0.14 and later (`ErrorStrategy`).
    """
    for node in view.nodes:
        value = node.raw.get("error_strategy")
        if value is not None and value not in _STRATEGIES:
            message = f"{shown(value)} is no error strategy; it is fail-branch, default-value, or left out"
            yield Found(node.at("error_strategy"), message, severity=when_built(view, node))


@rule("error-default-value", severity="error", since="0.14.0")
def error_default_value(view: View) -> Iterator[Found]:
    """A default value for a failed node is not of its declared type.

    What it does:
        Looks at `default_value`: the type is known, the value fits it (also as JSON text), and the key is an
        output of the node, which is a warning.

    Why is it bad:
        Dify cannot build the node: "Invalid JSON format for value". A key that is no output puts a value
        where nobody looks for it.

    Example:
        ```yaml
        default_value: [{key: result, type: object, value: '{"error"}'}]
        ```

    Use instead:
        ```yaml
        default_value: [{key: result, type: object, value: '{"error": true}'}]
        ```

    Dify:
        0.14 and later (`DefaultValue.validate_value_type`).
    """
    for node in view.nodes:
        listed = node.raw.get("default_value")
        if not isinstance(listed, list):
            continue
        names = [item.name for item in node.data.output_variables()]
        uses = node.raw.get("error_strategy") == "default-value" and not node.data.open_outputs()
        for index, item in enumerate(listed):
            if not isinstance(item, dict):
                continue
            said = _default_fault(item.get("type"), item.get("value"))
            if said:
                place = node.at("default_value", index, said[0])
                yield Found(place, said[1], severity=when_built(view, node))
            key = item.get("key")
            if uses and names and isinstance(key, str) and key not in names:
                message = f"{key!r} is no output of the node; it has: {', '.join(names)}"
                yield Found(node.at("default_value", index, "key"), message, severity="warning")


def _default_fault(kind: object, value: object) -> tuple[str, str] | None:
    if kind == "array[file]":
        return None
    if not isinstance(kind, str) or kind not in _TYPES:
        return (
            "type",
            f"{shown(kind)} is no type of a default value; it is one of: {', '.join(_TYPES)}, array[file]",
        )
    if isinstance(value, str) and kind != "string":
        try:
            value = float(value) if kind == "number" else json.loads(value)
        except (ValueError, RecursionError):
            return "value", f"{shown(value)} is no {kind}: Dify cannot build the node; write a number or JSON"
    fits = isinstance(value, _TYPES[kind])
    if fits and isinstance(value, list):
        fits = all(isinstance(item, _ITEMS[kind]) for item in value)
    return None if fits else ("value", f"{shown(value)} is no {kind}: Dify cannot build the node")


@rule("error-unsupported", severity="info", since="0.14.0")
def error_unsupported(view: View) -> Iterator[Found]:
    """A node has an error strategy that the editor does not offer for its type.

    What it does:
        Finds `error_strategy` on types other than llm, tool, http-request, code and agent.

    Why is it bad:
        The engine may go by it; the editor does not show it, so nobody can see or change it there.

    Example:
        ```yaml
        data: {type: template-transform, title: Text, error_strategy: default-value}
        ```

    Use instead:
        ```yaml
        data: {type: template-transform, title: Text}
        ```

    Dify:
        0.14 and later (`hasErrorHandleNode`).
    """
    for node in view.nodes:
        if node.raw.get("error_strategy") in _STRATEGIES and not node.data.CAN_FAIL:
            message = f"the editor offers no error strategy for {node.kind}, so nobody can see this one"
            yield Found(node.at("error_strategy"), message)


@rule("retry-range", severity="error", since="0.14.2")
def retry_range(view: View) -> Iterator[Found]:
    """A node shall be tried again more often, or after another pause, than the editor allows.

    What it does:
        Finds `max_retries` and `retry_interval` that are no whole numbers, and, where retries are enabled,
        `max_retries` outside of 1 to 10 or `retry_interval` outside of 100 to 5000 milliseconds.

    Why is it bad:
        Dify cannot build a node with something else than numbers. Outside of the range is a warning, as the
        engine does it all the same: a pause of 0 hammers the server that has just refused, and one that is
        meant in seconds is a thousand times too short.

    Example:
        ```yaml
        retry_config: {retry_enabled: true, max_retries: 3, retry_interval: 1}
        ```

    Use instead:
        ```yaml
        retry_config: {retry_enabled: true, max_retries: 3, retry_interval: 1000}
        ```

    Dify:
        0.14.2 and later (`retry-on-panel.tsx`).
    """
    for node in view.nodes:
        found = node.raw.get("retry_config")
        if not isinstance(found, dict):
            continue
        for key, low, high in (("max_retries", 1, 10), ("retry_interval", 100, 5000)):
            value, place = found.get(key, low), node.at("retry_config", key)
            if any(INT.faults(value, ())):
                text = f"{key} is {shown(value)} and no whole number: Dify cannot build the node"
                yield Found(place, text, severity=when_built(view, node))
            elif found.get("retry_enabled") is True and not low <= int(value) <= high:
                unit = " milliseconds" if key == "retry_interval" else ""
                text = f"{key} is {value}{unit}, and the editor takes {low} to {high}"
                yield Found(place, text, severity="warning")
