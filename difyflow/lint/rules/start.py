"""Rules about the inputs of a start node."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difyflow.lint._constants import is_number
from difyflow.lint._shape import shown
from difyflow.lint.finding import Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, Plain, View

_NAME = re.compile(r"[^\W\d]\w{0,29}")
_TYPES = ("text-input", "paragraph", "select", "number", "external_data_tool", "file", "file-list")
_NEWER = {"checkbox": "1.8", "json_object": "1.11"}
_FILE_TYPES = ("image", "document", "audio", "video", "custom")


def _inputs(view: View) -> Iterator[tuple[NodeView, int, Plain]]:
    for node in view.of("start"):
        found = node.raw.get("variables")
        for index, item in enumerate(found if isinstance(found, list) else ()):
            if isinstance(item, dict):
                yield node, index, item


@rule("start-variable-name", severity="warning")
def start_variable_name(view: View) -> Iterator[Found]:
    """The name of an input is none that the editor takes.

    What it does:
        Finds inputs whose `variable` is no word of at most 30 letters, digits and `_`, or begins with a
        digit.

    Why is it bad:
        The editor does not save the input again; a text cannot refer to a name with other signs than
        `A-Z a-z 0-9 _`.

    Example:
        ```yaml
        variables: [{variable: user-name, label: Name, type: text-input}]
        ```

    Use instead:
        ```yaml
        variables: [{variable: user_name, label: Name, type: text-input}]
        ```

    Dify:
        Every release (`checkKey`).
    """
    for node, index, item in _inputs(view):
        name = item.get("variable")
        if isinstance(name, str) and name and not _NAME.fullmatch(name):
            place = node.at("variables", index, "variable")
            yield Found(
                place, f"{name!r}: the editor takes letters, digits and _, not a digit first, at most 30"
            )


@rule("start-variable-missing", severity="error")
def start_variable_missing(view: View) -> Iterator[Found]:
    """An input has no name.

    What it does:
        Finds inputs with an empty or missing `variable`.

    Why is it bad:
        The start node cannot be built, or the value that is given goes nowhere.

    Example:
        ```yaml
        variables: [{variable: '', label: Name, type: text-input}]
        ```

    Use instead:
        ```yaml
        variables: [{variable: name, label: Name, type: text-input}]
        ```

    Dify:
        Every release (`VariableEntity`).
    """
    for node, index, item in _inputs(view):
        if not item.get("variable"):
            yield Found(node.at("variables", index, "variable"), "the input has no name")


@rule("start-variable-duplicate", severity="error")
def start_variable_duplicate(view: View) -> Iterator[Found]:
    """Two inputs have the same name.

    What it does:
        Finds inputs whose `variable` an earlier one has too.

    Why is it bad:
        They share one value: that of one of them is lost, and the rules of both must hold for it.

    Example:
        ```yaml
        variables: [{variable: text, type: text-input}, {variable: text, type: number}]
        ```

    Use instead:
        A name of its own for each.

    Dify:
        Every release (`_prepare_user_inputs` makes a mapping by name).
    """
    for node in view.of("start"):
        seen: set[str] = set()
        for owner, index, item in _inputs(view):
            name = item.get("variable")
            if owner is not node or not isinstance(name, str) or not name:
                continue
            if name in seen:
                place = node.at("variables", index, "variable")
                yield Found(place, f"another input has the name {name!r} too: one value serves both")
            seen.add(name)


@rule("start-variable-type", severity="error")
def start_variable_type(view: View) -> Iterator[Found]:
    """The type of an input is none that the target knows.

    What it does:
        Finds inputs whose `type` no release knows, or only a later one: `checkbox` came with 1.8,
        `json_object` with 1.11.

    Why is it bad:
        The start node cannot be built, and no run begins.

    Example:
        ```yaml
        variables: [{variable: age, label: Age, type: integer}]
        ```

    Use instead:
        ```yaml
        variables: [{variable: age, label: Age, type: number}]
        ```

    Dify:
        Every release (`VariableEntityType`; recorded at 0.15.3 and 1.12.1).
    """
    for node, index, item in _inputs(view):
        kind = item.get("type")
        place = node.at("variables", index, "type")
        if isinstance(kind, str) and kind in _NEWER:
            since = _NEWER[kind]
            before = {"1.8": "1.7", "1.11": "1.10"}[since]
            if view.holds(until=before):
                yield Found(
                    place, f"inputs of type {kind} came with Dify {since}; the target cannot build the node"
                )
        elif kind not in _TYPES:
            known = ", ".join((*_TYPES[:4], "checkbox", *_TYPES[5:], "json_object"))
            said = f"{kind!r} is no type of input" if kind else "the input has no type"
            yield Found(place, f"{said}; it has: {known}")


@rule("start-label", severity="info")
def start_label(view: View) -> Iterator[Found]:
    """An input has no label.

    What it does:
        Finds inputs with an empty `label`.

    Why is it bad:
        The form shows a field without a name, and the editor does not save the input again.

    Example:
        ```yaml
        variables: [{variable: name, label: '', type: text-input}]
        ```

    Use instead:
        ```yaml
        variables: [{variable: name, label: Your name, type: text-input}]
        ```

    Dify:
        Every release (`validateConfigModalPayload`).
    """
    for node, index, item in _inputs(view):
        if item.get("label") == "":
            yield Found(
                node.at("variables", index, "label"), f"the input {item.get('variable')!r} has no label"
            )


@rule("start-select-options", severity="error")
def start_select_options(view: View) -> Iterator[Found]:
    """A choice has no options, or a default that is none of them.

    What it does:
        Looks at inputs of type `select`. Two equal options are a warning.

    Why is it bad:
        A value must be one of the options: without any, no value is taken and, if one is required, no run
        begins.

    Example:
        ```yaml
        variables: [{variable: size, type: select, required: true, options: []}]
        ```

    Use instead:
        ```yaml
        variables: [{variable: size, type: select, required: true, options: [S, M, L]}]
        ```

    Dify:
        Every release (`BaseAppGenerator._validate_inputs`).
    """
    for node, index, item in _inputs(view):
        if item.get("type") != "select":
            continue
        options = item.get("options")
        place = node.at("variables", index, "options")
        if not options:
            mild: Severity | None = None if item.get("required") else "warning"
            yield Found(place, "the choice has no options, and takes no value", severity=mild)
            continue
        if not isinstance(options, list):
            continue
        if len({str(option) for option in options}) < len(options):
            yield Found(place, "two options are the same", severity="warning")
        default = item.get("default")
        if default and default not in options:
            place = node.at("variables", index, "default")
            yield Found(place, f"the default {default!r} is none of the options", severity="warning")


@rule("start-default", severity="error")
def start_default(view: View) -> Iterator[Found]:
    """The default of an input is no value that the input takes.

    What it does:
        Compares `default` with the type of the input: text for `text-input` and `paragraph`, no longer than
        `max_length`; a number, or text of one, for `number`. `start-select-options` looks at a `select`.

    Why is it bad:
        When the caller sends nothing for an optional input, Dify takes the default, finds it wrong and
        refuses the run: "n in input form must be a valid number". Older releases hand it on as it is, and for
        a required input only the form shows it, which is a warning.

    Example:
        ```yaml
        variables: [{variable: count, label: Count, type: number, required: false, default: many}]
        ```

    Use instead:
        ```yaml
        variables: [{variable: count, label: Count, type: number, required: false, default: '3'}]
        ```

    Dify:
        1.16 (`BaseAppGenerator._validate_inputs`).
    """
    for node, index, item in _inputs(view):
        said = _default_fault(item)
        if said:
            used = not item.get("required") and view.holds("1.16") and view.is_reached(node)
            place = node.at("variables", index, "default")
            yield Found(place, said, severity=None if used else "warning")


def _default_fault(item: Plain) -> str:
    default, kind = item.get("default"), item.get("type")
    if default is None:
        return ""
    if kind in ("text-input", "paragraph"):
        most = item.get("max_length")
        if not isinstance(default, str):
            return f"the default {shown(default)} is no text; put it in quotes"
        if isinstance(most, int) and 0 < most < len(default):
            return f"the default has {len(default)} characters, and the input takes {most}"
    if kind == "number" and not isinstance(default, int | float) and not _is_blank_or_number(default):
        return f"the default {shown(default)} is no number"
    return ""


def _is_blank_or_number(value: object) -> bool:
    return isinstance(value, str) and (not value.strip() or is_number(value))


@rule("start-file-types", severity="warning")
def start_file_types(view: View) -> Iterator[Found]:
    """A file input allows no files.

    What it does:
        Finds inputs of type `file` and `file-list` whose `allowed_file_types` are empty, or are `custom` only
        without `allowed_file_extensions`.

    Why is it bad:
        The form takes no file; the editor does not save the input again.

    Example:
        ```yaml
        variables: [{variable: doc, type: file, allowed_file_types: []}]
        ```

    Use instead:
        ```yaml
        variables: [{variable: doc, type: file, allowed_file_types: [document]}]
        ```

    Dify:
        0.11 and later (`validateConfigModalPayload`).
    """
    for node, index, item in _inputs(view):
        if item.get("type") not in ("file", "file-list"):
            continue
        found = item.get("allowed_file_types")
        place = node.at("variables", index, "allowed_file_types")
        if not found:
            yield Found(place, "no type of file is allowed")
        elif found == ["custom"] and not item.get("allowed_file_extensions"):
            place = node.at("variables", index, "allowed_file_extensions")
            yield Found(place, "custom files are allowed, and no extension of them")
        elif isinstance(found, list):
            for place_in, kind in enumerate(found):
                if kind not in _FILE_TYPES:
                    text = f"{kind!r} is no type of file; it has: {', '.join(_FILE_TYPES)}"
                    yield Found((*place, place_in), text)


@rule("start-json-schema", severity="error", since="1.11")
def start_json_schema(view: View) -> Iterator[Found]:
    """The schema of a JSON input is none of an object.

    What it does:
        Looks at `json_schema` of inputs of type `json_object`: a mapping (or its JSON text) of type `object`.

    Why is it bad:
        The start node cannot be built: "JSON schema of variable ... must have type object".

    Example:
        ```yaml
        variables: [{variable: order, type: json_object, json_schema: {type: array}}]
        ```

    Use instead:
        ```yaml
        variables: [{variable: order, type: json_object, json_schema: {type: object, properties: {}}}]
        ```

    Dify:
        1.11 and later (`VariableEntity.validate_json_schema`).
    """
    for node, index, item in _inputs(view):
        schema = item.get("json_schema")
        place = node.at("variables", index, "json_schema")
        if item.get("type") != "json_object" or not schema:
            continue
        if isinstance(schema, dict):
            if schema.get("type") != "object":
                yield Found(place, f"the schema is of type {schema.get('type')!r}; it must be object")
        elif not isinstance(schema, str) or view.holds(until="1.12"):
            yield Found(place, "the schema is no mapping, and the start node cannot be built")


@rule("start-variable-unused", severity="info")
def start_variable_unused(view: View) -> Iterator[Found]:
    """An input is never used.

    What it does:
        Finds inputs of the start node that no node refers to.

    Why is it bad:
        Who runs the app is asked for something that has no effect.

    Example:
        ```yaml
        variables: [{variable: mood, type: text-input}]   # and no {{#start.mood#}}
        ```

    Use instead:
        Remove it, or refer to it.

    Dify:
        Every release.
    """
    used = {(item.selector.node_id, item.selector.variable) for _, item in view.references}
    for node, index, item in _inputs(view):
        name = item.get("variable")
        if isinstance(name, str) and name and (node.id, name) not in used:
            yield Found(node.at("variables", index, "variable"), f"no node uses the input {name!r}")
