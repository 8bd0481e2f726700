"""Rules about environment and conversation variables: names, types, values."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from difyflow.lint._constants import is_number
from difyflow.lint._listed import LISTS, variables
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View

_MAX_BYTES = 200 * 1024
_MAX_DESCRIPTION = 255
_PLAIN = {"string": str, "secret": str, "object": dict, "boolean": bool, "integer": int, "float": float}
_ARRAYS = ("array[string]", "array[number]", "array[object]", "array[boolean]")
_ENVIRONMENT = ("string", "number", "integer", "float", "secret")


@rule("var-list", severity="error")
def var_list(view: View) -> Iterator[Found]:
    """The list of variables is no list, or holds something that is no variable.

    What it does:
        Finds `environment_variables` and `conversation_variables` of another shape.

    Why is it bad:
        Dify refuses the import: "'str' object has no attribute 'get'".

    Example:
        ```yaml
        environment_variables: {API_URL: https://example.com}
        ```

    Use instead:
        ```yaml
        environment_variables: [{name: API_URL, value_type: string, value: https://example.com}]
        ```

    Dify:
        Every release (`variable_factory.build_environment_variable_from_mapping`).
    """
    if not view.has_graph or view.kind != "app":
        return
    for key, word in LISTS:
        found = view.workflow.get(key, [])
        if not isinstance(found, list):
            yield Found(("workflow", key), f"the {word} variables are no list, and Dify refuses the import")
            continue
        for index, item in enumerate(found):
            if not isinstance(item, dict):
                place = ("workflow", key, index)
                yield Found(place, f"this {word} variable is no mapping, and Dify refuses the import")


@rule("var-name", severity="error")
def var_name(view: View) -> Iterator[Found]:
    """A variable has no name.

    What it does:
        Finds environment and conversation variables without `name`.

    Why is it bad:
        Dify refuses the import: "missing name".

    Example:
        ```yaml
        environment_variables: [{value_type: string, value: x}]
        ```

    Use instead:
        ```yaml
        environment_variables: [{name: API_URL, value_type: string, value: x}]
        ```

    Dify:
        Every release (`variable_factory`).
    """
    for _, word, place, item in variables(view):
        if not item.get("name"):
            yield Found((*place, "name"), f"this {word} variable has no name, and Dify refuses the import")


@rule("var-type", severity="error")
def var_type(view: View) -> Iterator[Found]:
    """A variable is of a type that Dify does not import.

    What it does:
        Finds a `value_type` that is missing or that the target does not know: `integer` and `float` came with
        1.7, `boolean` and `array[boolean]` with 1.8.

    Why is it bad:
        Dify refuses the import: "not supported value type file".

    Example:
        ```yaml
        conversation_variables: [{name: upload, value_type: file, value: ''}]
        ```

    Use instead:
        ```yaml
        conversation_variables: [{name: upload_url, value_type: string, value: ''}]
        ```

    Dify:
        Every release (`variable_factory`; recorded at 0.15.3 and 1.12.1).
    """
    for _, word, place, item in variables(view):
        kind = item.get("value_type")
        if kind is None:
            yield Found((*place, "value_type"), f"this {word} variable has no value_type: the import fails")
        elif not _is_known(view, kind):
            text = (
                f"{kind!r} is no type of variable that Dify imports; it has: string, secret, number, object, "
            )
            yield Found((*place, "value_type"), f"{text}{', '.join(_ARRAYS[:3])}, and later ones boolean")


def _is_known(view: View, kind: object) -> bool:
    if kind in ("integer", "float"):
        return not view.holds(until="1.6")
    if kind in ("boolean", "array[boolean]"):
        return not view.holds(until="1.7")
    return isinstance(kind, str) and (kind in _PLAIN or kind in _ARRAYS or kind == "number")


@rule("var-value", severity="error")
def var_value(view: View) -> Iterator[Found]:
    """The value of a variable is missing or does not fit its type.

    What it does:
        Compares `value` with `value_type`: text for `string` and `secret`, a number for `number`, a mapping
        for `object`, a list of such items for arrays. An empty text is a value, null is none.

    Why is it bad:
        Dify refuses the import: "missing value", "invalid number value 5".

    Example:
        ```yaml
        environment_variables: [{name: LIMIT, value_type: number, value: '5'}]
        ```

    Use instead:
        ```yaml
        environment_variables: [{name: LIMIT, value_type: number, value: 5}]
        ```

    Dify:
        Every release (`variable_factory`).
    """
    for _, word, place, item in variables(view):
        kind, value = item.get("value_type"), item.get("value")
        if value is None:
            yield Found((*place, "value"), f"this {word} variable has no value, and Dify refuses the import")
        elif isinstance(kind, str) and _is_known(view, kind) and not _fits(kind, value):
            what = "a list with other items" if isinstance(value, list) and kind in _ARRAYS else _named(value)
            said = f"the value is {what}, and the type is {kind}"
            yield Found((*place, "value"), f"{said}: Dify refuses the import")


def _named(value: object) -> str:
    names = {str: "a text", dict: "a mapping", list: "a list", bool: "true or false"}
    return names.get(type(value), f"the number {value}")


def _fits(kind: str, value: object) -> bool:
    if kind == "number":
        return isinstance(value, int | float)
    if kind in _ARRAYS:
        return isinstance(value, list) and all(_fits_as_item(kind[6:-1], item) for item in value)
    return isinstance(value, _PLAIN[kind])


def _fits_as_item(kind: str, value: object) -> bool:
    """As lax as pydantic: of text it makes numbers and booleans, but of nothing text or a mapping."""
    match kind:
        case "string":
            return isinstance(value, str)
        case "object":
            return isinstance(value, dict)
        case "number" if isinstance(value, str):
            return is_number(value)
    return isinstance(value, bool | int | float | str)


@rule("var-size", severity="error")
def var_size(view: View) -> Iterator[Found]:
    """The value of a variable is too large.

    What it does:
        Measures values as Dify does; the limit is 200 KiB.

    Why is it bad:
        Dify refuses the import: "variable size 300049 exceeds limit 204800".

    Example:
        A whole book as the value of a conversation variable.

    Use instead:
        A knowledge base, or a file input.

    Dify:
        Every release (`MAX_VARIABLE_SIZE`; a server may have another limit).
    """
    for _, word, place, item in variables(view):
        size = sys.getsizeof(item.get("value"))
        if size > _MAX_BYTES:
            text = f"the value of this {word} variable takes {size:,} bytes; more than 204,800 are refused"
            yield Found((*place, "value"), text)


@rule("env-type-unusable", severity="error")
def env_type_unusable(view: View) -> Iterator[Found]:
    """An environment variable is of a type that only conversation variables may have.

    What it does:
        Finds environment variables of the types `object`, `boolean` and arrays.

    Why is it bad:
        The import passes; then the draft cannot be read any more, neither by the editor nor by a run.

    Example:
        ```yaml
        environment_variables: [{name: OPTIONS, value_type: object, value: {a: 1}}]
        ```

    Use instead:
        ```yaml
        environment_variables: [{name: OPTIONS, value_type: string, value: '{"a": 1}'}]
        ```

    Dify:
        Every release (`Workflow.environment_variables` asserts the types).
    """
    for _, _, place, item in variables(view, "environment_variables"):
        kind = item.get("value_type")
        if isinstance(kind, str) and kind not in _ENVIRONMENT and _is_known(view, kind):
            text = f"no environment variable can be of type {kind}: the app imports and cannot be opened"
            yield Found((*place, "value_type"), f"{text}; it has: {', '.join(_ENVIRONMENT)}")


@rule("conv-description", severity="error", since="1.13")
def conv_description(view: View) -> Iterator[Found]:
    """The description of a conversation variable is too long, or null.

    What it does:
        Finds descriptions of more than 255 characters, and null.

    Why is it bad:
        Dify refuses the import.

    Example:
        ```yaml
        conversation_variables: [{name: mood, value_type: string, value: '', description: null}]
        ```

    Use instead:
        ```yaml
        conversation_variables: [{name: mood, value_type: string, value: '', description: ''}]
        ```

    Dify:
        1.15 and later (`variable_factory`); null is told as a warning, for it was read in the code only.
    """
    for _, _, place, item in variables(view, "conversation_variables"):
        found = item.get("description", "")
        if isinstance(found, str) and len(found) > _MAX_DESCRIPTION:
            text = f"the description has {len(found)} characters; more than 255 are refused"
            yield Found((*place, "description"), text, severity=None if view.holds("1.15") else "warning")
        elif found is None:
            text = "the description is null, and Dify 1.15 refuses the import; write ''"
            yield Found((*place, "description"), text, severity="warning")
