"""Rules about assigners: what they write to, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from difyflow.dsl.edit import Path
from difyflow.lint._consequence import when_built, when_run
from difyflow.lint._constants import can_be, object_fault
from difyflow.lint._shape import shown
from difyflow.lint.finding import Fix, Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import VarType


@rule("assigner-version", severity="error", fix="safe")
def assigner_version(view: View) -> Iterator[Found]:
    """An assigner has the items of version 2 and does not say so.

    What it does:
        Finds assigners with `items` whose `version` is not the text `2`.

    Why is it bad:
        Dify goes by `version`, takes the node for one of version 1, misses `assigned_variable_selector` and
        cannot build it.

    Example:
        ```yaml
        data: {type: assigner, title: Count, items: [{variable_selector: [conversation, n],
               input_type: constant, operation: +=, value: 1}]}
        ```

    Use instead:
        ```yaml
        data: {type: assigner, title: Count, version: '2', items: [{variable_selector: [conversation, n],
               input_type: constant, operation: +=, value: 1}]}
        ```

    Fix safety:
        Safe: `items` exist in version 2 only.

    Dify:
        0.13 and later (`NODE_TYPE_CLASSES_MAPPING`).
    """
    for node in view.of("assigner"):
        version = node.raw.get("version")
        if "items" in node.raw and version != "2":
            place = node.at("version")
            message = (
                f"the version is {shown(version)}, and `items` need version '2': Dify cannot build the node"
            )
            yield Found(
                place,
                message,
                fix=Fix("Write version: '2'", ((place, "2"),)),
                severity=when_built(view, node),
            )


_NO_VALUE = ("clear", "remove-first", "remove-last")
_CONSTANT_ONLY = ("set", "+=", "-=", "*=", "/=")
_ARRAYS_ONLY = ("append", "extend", "remove-first", "remove-last")
_NUMBERS_ONLY = ("+=", "-=", "*=", "/=")
_VARIABLE = ("over-write", "append", "extend")
_NUMBERS = (VarType.NUMBER, VarType.INTEGER)


@rule("assigner-items", severity="error")
def assigner_items(view: View) -> Iterator[Found]:
    """An assignment is not filled in.

    What it does:
        Finds assigners without items, and items without a target, or without a value where the operation
        takes one.

    Why is it bad:
        The run fails ("Variable [] not found"). An assigner without items does nothing, which is a warning.

    Example:
        ```yaml
        items: [{variable_selector: [conversation, n], input_type: variable, operation: over-write,
                 value: []}]
        ```

    Use instead:
        ```yaml
        items: [{variable_selector: [conversation, n], input_type: variable, operation: over-write,
                 value: [count, result]}]
        ```

    Dify:
        0.13 and later (`VariableAssignerNode` version 2; the editor marks such a node red).
    """
    for node in view.of("assigner"):
        if node.raw.get("items") == []:
            yield Found(node.at("items"), "this assigner assigns nothing; add an item", severity="warning")
        for path, item in _items(node):
            severity = when_run(view, node)
            target = item.get("variable_selector")
            if isinstance(target, list) and len(target) < 2:
                message = "no variable is chosen to be written, and the run fails; choose one"
                yield Found((*path, "variable_selector"), message, severity=severity)
            if item.get("operation") in _NO_VALUE or item.get("input_type") != "variable":
                continue
            value = item.get("value")
            if not isinstance(value, list) or len(value) < 2:
                message = "no variable is chosen to be read, and the run fails; choose one"
                yield Found((*path, "value"), message, severity=severity)


def _items(node: NodeView) -> Iterator[tuple[Path, Mapping[str, object]]]:
    found = node.raw.get("items")
    for index, item in enumerate(found if isinstance(found, list) else []):
        if isinstance(item, dict):
            yield node.at("items", index), item


@rule("assigner-target", severity="warning")
def assigner_target(view: View) -> Iterator[Found]:
    """An assigner writes to something that does not keep it.

    What it does:
        Finds targets that are neither a conversation variable nor a variable of a loop around the node.

    Why is it bad:
        Dify does it without a word, since its pool holds the outputs of nodes as variables, too: for the rest
        of this run the output has another value. Nothing of it is there in the next turn, which is what an
        assigner is for. The editor offers no such target.

    Example:
        ```yaml
        items: [{variable_selector: [llm, text], input_type: constant, operation: set, value: ''}]
        ```

    Use instead:
        ```yaml
        items: [{variable_selector: [conversation, last], input_type: constant, operation: set, value: ''}]
        ```

    Dify:
        0.13 and later (`VariableAssignerNode._run`; `VariablePool.add` makes a variable of everything).
    """
    for node in view.of("assigner"):
        for path, item in _items(node):
            target = item.get("variable_selector")
            if not isinstance(target, list) or len(target) < 2 or not all(isinstance(x, str) for x in target):
                continue
            owner = view.by_id.get(target[0])
            if target[0] == "conversation" or (owner is None and target[0] not in ("sys", "env")):
                continue
            if owner is not None and (owner.kind == "loop" or view.scopes.is_reached(node) is False):
                continue
            known = ", ".join(f"conversation.{name}" for name in view.conversation) or "none is declared"
            message = (
                f"{'.'.join(target)} does not keep what is written to it; what does: conversation variables "
                f"({known}) and those of a loop around the node"
            )
            yield Found((*path, "variable_selector"), message)


@rule("assigner-operation", severity="error")
def assigner_operation(view: View) -> Iterator[Found]:
    """An operation does not fit its target, or what is assigned.

    What it does:
        Compares operation, `input_type`, a constant value and the type of a variable with the type of the
        target: `+=` needs a number, `append` a list and something of the type of its items, `set` and
        arithmetic a constant, `clear` a `variable`, and so on.

    Why is it bad:
        The run fails: "Operation append is not supported for type string", "Input type constant is not
        supported for operation clear", "Invalid input value". A list with other items fails if it has any,
        which is a warning.

    Example:
        ```yaml
        # conversation.names is array[string]
        items: [{variable_selector: [conversation, names], input_type: constant, operation: append,
                 value: Ann}]
        ```

    Use instead:
        ```yaml
        items: [{variable_selector: [conversation, names], input_type: variable, operation: append,
                 value: [start, name]}]
        ```

    Dify:
        0.13 and later (`variable_assigner/v2/helpers.py`).
    """
    for node in view.of("assigner"):
        for path, item in _items(node):
            target = item.get("variable_selector")
            if not isinstance(target, list) or len(target) < 2 or not all(isinstance(x, str) for x in target):
                continue
            kind = view.resolve(Selector(target), node).type
            key, said = _operation_fault(item, kind)
            if not said:
                key, said = "value", _given_fault(view, node, item, kind)
            if said:
                mild: Severity | None = "warning" if said.endswith(_NOT_EMPTY) else when_run(view, node)
                yield Found((*path, key), said, severity=mild)


_NOT_EMPTY = "the run fails if it is not empty"


def _given_fault(view: View, node: NodeView, item: Mapping[str, object], kind: VarType | None) -> str:
    """Why the target cannot take the variable that is assigned; empty if it can, or nobody can say."""
    operation, value = str(item.get("operation")), item.get("value")
    if item.get("input_type") != "variable" or operation not in _VARIABLE or kind is None:
        return ""
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(x, str) for x in value):
        return ""
    given = view.resolve(Selector(value), node).type
    wanted = kind.item if operation == "append" else kind
    if given is None:
        return ""
    said = f"{operation!r} on {kind} takes {wanted}, and {'.'.join(value)} is {given}"
    if not can_be(wanted, given):
        return said
    return f"{said}: {_NOT_EMPTY}" if given.is_array and not can_be(wanted.item, given.item) else ""


def _operation_fault(item: Mapping[str, object], kind: VarType | None) -> tuple[str, str]:
    """The key that is wrong, and why; empty if nothing is."""
    operation, source = str(item.get("operation")), item.get("input_type")
    if operation in _CONSTANT_ONLY and source == "variable":
        return (
            "input_type",
            f"{operation!r} takes a constant; for a variable use over-write, append or extend",
        )
    if kind is None:
        return "", ""
    if operation in _NUMBERS_ONLY and kind not in _NUMBERS:
        return "operation", f"{operation!r} counts with numbers, and the target is {kind}"
    if operation in _ARRAYS_ONLY and not kind.is_array:
        return "operation", f"{operation!r} is for lists, and the target is {kind}"
    if operation == "set" and kind.is_array:
        return "operation", f"'set' does not take a list such as {kind}; use over-write with a variable"
    if source != "constant":
        return "", ""
    if kind.is_array or operation in _NO_VALUE:
        return "input_type", f"{operation!r} on {kind} takes `variable` only, and this is `constant`"
    return _constant_fault(operation, kind, item.get("value"))


def _constant_fault(operation: str, kind: VarType, value: object) -> tuple[str, str]:
    is_number = isinstance(value, int | float)
    if kind in _NUMBERS:
        if not is_number:
            return "value", f"the target is a number, and the constant is {shown(value)}; write a number"
        return ("value", "division by 0") if operation == "/=" and value == 0 else ("", "")
    wanted = {VarType.STRING: str, VarType.BOOLEAN: bool, VarType.OBJECT: dict}.get(kind)
    if kind is VarType.OBJECT and operation == "set" and isinstance(value, str):
        said = object_fault(value)
        return ("value", said) if said else ("", "")
    if wanted is not None and not isinstance(value, wanted):
        return "value", f"the target is {kind}, and the constant is {shown(value)}"
    return "", ""
