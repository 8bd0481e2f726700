"""Rules about what a condition compares, also one that ends a loop."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from difyflow.lint._conditions import NUMERIC, OF_FILE_LISTS, UNARY, Condition, conditions
from difyflow.lint._consequence import when_built, when_run
from difyflow.lint._constants import is_number
from difyflow.lint._shape import shown
from difyflow.lint._shapes import OPERATORS
from difyflow.lint.finding import Fix, Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import Plain, View
from difyflow.terms.vartype import VarType


@rule("condition-number", severity="error")
def condition_number(view: View) -> Iterator[Found]:
    """A number is compared with something that is none.

    What it does:
        Finds `=`, `≠`, `>`, `<`, `≥`, `≤` with an empty value or a text that is no number. A text with a
        reference in it is left alone.

    Why is it bad:
        Dify makes a number of the text and fails: "invalid literal for int()". That happens when the
        condition's turn comes and the variable has a value. `=` and `≠` with `1.5` fail for whole numbers
        only, which is a warning.

    Example:
        ```yaml
        conditions: [{variable_selector: [start, age], comparison_operator: '>', value: adult}]
        ```

    Use instead:
        ```yaml
        conditions: [{variable_selector: [start, age], comparison_operator: '>', value: '17'}]
        ```

    Dify:
        Every release (`_assert_greater_than` and its like).
    """
    for item in conditions(view):
        value = item.raw.get("value")
        if item.operator not in NUMERIC or isinstance(value, bool | int | float | list):
            continue
        text = value if isinstance(value, str) else ""
        if "{{#" in text:
            continue
        if is_number(text):
            if item.operator in ("=", "≠") and not _is_whole(text):
                message = f"{item.operator!r} with {shown(text)} fails the run if the variable is whole"
                yield Found((*item.path, "value"), message, severity="warning")
            continue
        said = "nothing" if not text else shown(text)
        message = f"{item.operator!r} compares numbers, and this is {said}: the run fails; write a number"
        yield Found((*item.path, "value"), message, severity=when_run(view, item.node))


def _is_whole(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True


_TEXT_OPERATORS = frozenset(
    (
        "contains",
        "not contains",
        "start with",
        "end with",
        "is",
        "is not",
        "in",
        "not in",
        "empty",
        "not empty",
    )
)
_ALWAYS = frozenset(("empty", "not empty", "null", "not null"))
_FITTING: Mapping[VarType, frozenset[str]] = {
    VarType.STRING: _TEXT_OPERATORS | _ALWAYS,
    VarType.SECRET: _TEXT_OPERATORS | _ALWAYS,
    VarType.NUMBER: NUMERIC | _ALWAYS | {"in", "not in"},
    VarType.INTEGER: NUMERIC | _ALWAYS | {"in", "not in"},
    VarType.BOOLEAN: frozenset(("is", "is not", "=", "≠")) | _ALWAYS,
    VarType.FILE: frozenset(("exists", "not exists")) | _ALWAYS,
    VarType.ARRAY_STRING: frozenset(("contains", "not contains", "all of", "in", "not in")) | _ALWAYS,
    VarType.ARRAY_NUMBER: frozenset(("contains", "not contains", "in", "not in")) | _ALWAYS,
    VarType.ARRAY_BOOLEAN: frozenset(("contains", "not contains", "all of", "in", "not in")) | _ALWAYS,
    VarType.ARRAY_FILE: OF_FILE_LISTS | _ALWAYS | {"exists", "not exists"},
    VarType.ARRAY_OBJECT: _ALWAYS | {"contains", "not contains", "exists", "not exists"},
}
_FAILS: Mapping[VarType, frozenset[str]] = {
    VarType.STRING: NUMERIC,
    VarType.SECRET: NUMERIC,
    VarType.NUMBER: frozenset(("contains", "not contains", "start with", "end with", "is", "is not")),
    VarType.INTEGER: frozenset(("contains", "not contains", "start with", "end with", "is", "is not")),
    VarType.ARRAY_STRING: NUMERIC | {"start with", "end with", "is", "is not"},
    VarType.ARRAY_NUMBER: NUMERIC | {"start with", "end with", "is", "is not"},
    VarType.ARRAY_OBJECT: NUMERIC | {"start with", "end with", "is", "is not"},
    VarType.ARRAY_FILE: NUMERIC | {"start with", "end with", "is", "is not"},
    VarType.FILE: NUMERIC | {"contains", "not contains", "start with", "end with", "is", "is not"},
    VarType.OBJECT: NUMERIC | {"contains", "not contains", "start with", "end with", "is", "is not"},
}
"""What raises in the backend as soon as the variable has a value."""


@rule("condition-operator", severity="error")
def condition_operator(view: View) -> Iterator[Found]:
    """An operator does not fit the type of its variable.

    What it does:
        Finds out the type of the variable from the node that puts it out, and compares it with the operator.
        Where the type is not certain, nothing is said.

    Why is it bad:
        The backend fails on such pairs ("Invalid actual value type: number"), as soon as the condition's
        turn comes and the variable has a value. A pair that does not fail but that the editor does not offer
        is a warning.

    Example:
        ```yaml
        # start.age is a number
        conditions: [{variable_selector: [start, age], comparison_operator: contains, value: '1'}]
        ```

    Use instead:
        ```yaml
        conditions: [{variable_selector: [start, age], comparison_operator: '=', value: '1'}]
        ```

    Dify:
        Every release (`_evaluate_condition`; what the editor offers: `getOperators`).
    """
    for item in conditions(view):
        if item.selector is None or len(item.selector) < 2 or item.operator not in OPERATORS:
            continue
        kind = view.resolve(item.selector, item.node).type
        fails = kind is not None and item.operator in _FAILS.get(kind, ())
        if kind is None or not (fails or (kind in _FITTING and item.operator not in _FITTING[kind])):
            continue
        fitting = ", ".join(sorted(_FITTING.get(kind, _ALWAYS)))
        message = (
            f"{item.operator!r} does not go with {kind} ({'.'.join(item.selector)}); these do: {fitting}"
        )
        severity: Severity | None = when_run(view, item.node) if fails else "warning"
        yield Found((*item.path, "comparison_operator"), message, severity=severity)


@rule("condition-operator-unknown", severity="error", fix="safe")
def condition_operator_unknown(view: View) -> Iterator[Found]:
    """An operator is one that no backend knows.

    What it does:
        Finds operators outside of Dify's own: `is null` and `is not null`, which the editor's list has and
        the backend has not, and spellings of other programs such as `==`, `>=`, `is empty`.

    Why is it bad:
        Dify cannot build the node, and no run begins.

    Example:
        ```yaml
        comparison_operator: '>='
        ```

    Use instead:
        ```yaml
        comparison_operator: ≥
        ```

    Fix safety:
        Safe: without it the node cannot even be built. Only what has one meaning is changed.

    Dify:
        Every release (`SupportedComparisonOperator`).
    """
    for item in conditions(view):
        if not item.operator or item.operator in OPERATORS:
            continue
        place = (*item.path, "comparison_operator")
        better = _better(view, item)
        said = f"write {better!r}" if better else f"it knows: {', '.join(OPERATORS)}"
        message = f"no Dify knows the operator {item.operator!r}; {said}"
        fix = Fix(f"Write {better}", ((place, better),)) if better else None
        yield Found(place, message, fix=fix, severity=when_built(view, item.node))


_SPELLINGS = {
    "is null": "empty",
    "is not null": "not empty",
    "is empty": "empty",
    "is not empty": "not empty",
    "!=": "≠",
    ">=": "≥",
    "<=": "≤",
    "starts with": "start with",
    "ends with": "end with",
    "start_with": "start with",
    "end_with": "end with",
    "not_contains": "not contains",
    "not_empty": "not empty",
    "is_not": "is not",
}


def _better(view: View, item: Condition) -> str:
    better = _SPELLINGS.get(item.operator, "")
    if better == "≠" or item.operator in ("==", "equals", "equal"):
        kind = view.resolve(item.selector, item.node).type if item.selector else None
        is_number = kind in (VarType.NUMBER, VarType.INTEGER)
        if kind is None:
            return ""
        return ("≠" if is_number else "is not") if better else ("=" if is_number else "is")
    return better


@rule("condition-value-type", severity="error", fix="safe")
def condition_value_type(view: View) -> Iterator[Found]:
    """A condition compares with a bare number, or with something else that is no text.

    What it does:
        Finds conditions whose `value` is a number of YAML, a mapping, or a list of other things than text.

    Why is it bad:
        Dify takes text, a list of texts, true or false, and refuses the node otherwise: no run begins.

    Example:
        ```yaml
        value: 5
        ```

    Use instead:
        ```yaml
        value: '5'
        ```

    Fix safety:
        Safe: the number is put in quotes, as the editor writes it.

    Dify:
        Every release (`Condition.value`).
    """
    for item in conditions(view):
        value = item.raw.get("value")
        place = (*item.path, "value")
        if isinstance(value, int | float) and not isinstance(value, bool):
            message = f"{value} is a bare number, and Dify refuses it here; put it in quotes: '{value}'"
            fix = Fix("Put the number in quotes", ((place, str(value)),))
            yield Found(place, message, fix=fix, severity=when_built(view, item.node))
        elif isinstance(value, dict) or (
            isinstance(value, list) and not all(isinstance(part, str) for part in value)
        ):
            message = f"{shown(value)} is no value of a condition; it is text, a list of texts, true or false"
            yield Found(place, message, severity=when_built(view, item.node))


@rule("condition-boolean", severity="error", since="1.8")
def condition_boolean(view: View) -> Iterator[Found]:
    """A boolean is compared with something that is none, or true or false with a variable that is no boolean.

    What it does:
        Looks at the value of conditions on boolean variables and on lists of booleans, and at values that
        are true or false in conditions on other variables. Where the type is not certain, nothing is said.

    Why is it bad:
        Dify reads the text of a value as JSON and fails with everything but `true`, `false` and whole
        numbers: `yes`, `True`, an empty text. True and false are no text: a text is never equal to them,
        which is a warning, and `start with` and `end with` fail.

    Example:
        ```yaml
        # start.urgent is a checkbox
        conditions: [{variable_selector: [start, urgent], comparison_operator: is, value: 'yes'}]
        ```

    Use instead:
        ```yaml
        conditions: [{variable_selector: [start, urgent], comparison_operator: is, value: true}]
        ```

    Dify:
        1.8 and later (`_convert_to_bool`).
    """
    for item in conditions(view):
        value = item.raw.get("value")
        if item.selector is None or value is None or item.operator in ("exists", "not exists"):
            continue
        kind = view.resolve(item.selector, item.node).type
        place = (*item.path, "value")
        if kind in (VarType.BOOLEAN, VarType.ARRAY_BOOLEAN):
            if not all(map(_is_boolean, value if isinstance(value, list) else [value])):
                message = (
                    f"{shown(value)} is neither true nor false, and the run fails here; write true or false"
                )
                yield Found(place, message, severity=when_run(view, item.node))
        elif isinstance(value, bool) and kind in _NO_BOOLEANS and item.operator not in UNARY:
            fails = item.operator in ("start with", "end with")
            said = "the run fails here" if fails else f"{kind} is never equal to {shown(value)}"
            message = f"{'.'.join(item.selector)} is {kind}: {said}; put the value in quotes if it is text"
            yield Found(place, message, severity=when_run(view, item.node) if fails else "warning")


_NO_BOOLEANS = (VarType.STRING, VarType.SECRET, VarType.ARRAY_STRING)


def _is_boolean(value: object) -> bool:
    """True for what Dify can make a boolean of, and for text with a reference, whose value nobody knows."""
    if not isinstance(value, str):
        return isinstance(value, bool | int)
    if "{{#" in value:
        return True
    try:
        return isinstance(json.loads(value), bool | int)
    except (ValueError, RecursionError):
        return False


@rule("condition-files", severity="error")
def condition_files(view: View) -> Iterator[Found]:
    """A condition on a list of files has no conditions on the files.

    What it does:
        Finds `contains`, `not contains` and `all of` on a list of files without `sub_variable_condition`, and
        in such conditions attributes that files do not have, and sizes that are no numbers.

    Why is it bad:
        The run fails: "Sub variable is required", or "Invalid key".

    Example:
        ```yaml
        conditions: [{variable_selector: [start, files], comparison_operator: contains, value: pdf}]
        ```

    Use instead:
        ```yaml
        conditions: [{variable_selector: [start, files], comparison_operator: contains, value: '',
          sub_variable_condition: {logical_operator: and,
            conditions: [{key: extension, comparison_operator: is, value: .pdf}]}}]
        ```

    Dify:
        0.11 and later (`ConditionProcessor`).
    """
    for item in conditions(view):
        sub = item.raw.get("sub_variable_condition")
        chosen = item.selector is not None and len(item.selector) > 1
        bare = chosen and item.operator in OF_FILE_LISTS and not sub
        if bare and item.selector and view.resolve(item.selector, item.node).type is VarType.ARRAY_FILE:
            message = (
                f"{item.operator!r} on a list of files needs conditions on the files "
                "(`sub_variable_condition`), and the run fails without them"
            )
            place = (*item.path, "comparison_operator")
            yield Found(place, message, severity=when_run(view, item.node))
        for index, inner in _sub_conditions(sub):
            for key, message in _sub_faults(inner):
                place = (*item.path, "sub_variable_condition", "conditions", index, key)
                yield Found(place, message, severity=when_run(view, item.node))


def _sub_conditions(found: object) -> Iterator[tuple[int, Plain]]:
    listed = found.get("conditions") if isinstance(found, dict) else None
    for index, inner in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(inner, dict):
            yield index, inner


def _sub_faults(inner: Plain) -> Iterator[tuple[str, str]]:
    key, value = inner.get("key"), inner.get("value")
    if isinstance(key, str) and key not in FILE_KEYS:
        yield "key", f"files have no attribute {key!r}; they have: {', '.join(FILE_KEYS)}"
    text = value if isinstance(value, str) and "{{#" not in value else "0"
    if inner.get("comparison_operator") in NUMERIC and not is_number(text):
        yield "value", f"{shown(text)} is no number, and the run fails here; write the bytes as a number"


FILE_KEYS = ("name", "size", "type", "extension", "mime_type", "transfer_method", "url", "related_id")
