"""What breaks between two documents, told by the classes of their nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from difyflow.diff._promises import (
    changed_answers,
    inputs_may_differ,
    may_ask,
    may_dangle,
    may_put_out,
    outputs_may_differ,
)
from difyflow.diff._sides import NAMESPACES, Side
from difyflow.diff.contract import Break
from difyflow.terms.form import FormField
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType

_TEXTS: Final = frozenset(("text-input", "paragraph"))
"""Types of inputs that take the same."""

_WIDER: Final = frozenset((("select", "text-input"), ("select", "paragraph")))
"""Types of inputs that became ones which take all that they took."""


def by_class(old: Side, new: Side) -> Iterator[Break]:
    """Inputs, outputs and references that break; see `difyflow.diff.contract.breaks`.

    Asks only nodes that may say something else than before, and those that refer to them: each type takes its
    time to load.
    """
    changed = changed_answers(old, new)
    if inputs_may_differ(old, new, changed):
        yield from _inputs(old, new)
    if outputs_may_differ(old, new, changed):
        yield from _outputs(old, new)
    for node in new.nodes:
        if may_dangle(node, old, new, changed):
            yield from _dangling(node, old, new)


def _form(side: Side) -> dict[str, tuple[str, FormField]]:
    """The inputs by name, each with its node."""
    return {
        field.variable: (name, field)
        for name in side.nodes
        if may_ask(side.nodes[name])
        for field in side.data(name).form()
        if field.variable
    }


def _inputs(old: Side, new: Side) -> Iterator[Break]:
    before, after = _form(old), _form(new)
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    renamed = _renamed_inputs(old, new, gone, come)
    for name in gone:
        node, _ = before[name]
        if name in renamed:
            yield Break("input-renamed", f'input "{name}" is called "{renamed[name]}" now', node)
        else:
            yield Break("input-removed", f'input "{name}" is gone', node)
    for name in come:
        node, field = after[name]
        if name not in renamed.values() and field.required and field.default in (None, ""):
            yield Break("input-required", f'input "{name}" is new and required', node)
    for name, (node, field) in after.items():
        if name in before:
            yield from _narrowed(before[name][1], field, node)


def _renamed_inputs(old: Side, new: Side, gone: list[str], come: list[str]) -> dict[str, str]:
    """Inputs that differ in nothing but the name, or that have kept their label and type."""
    before, after = _form(old), _form(new)
    found: dict[str, str] = {}
    for name in gone:
        field = before[name][1]
        for other in come:
            its = after[other][1]
            if other not in found.values() and (field.label, field.type) == (its.label, its.type):
                found[name] = other
                break
    return found


def _narrowed(was: FormField, now: FormField, node: str) -> Iterator[Break]:
    name = f'input "{now.variable}"'
    if was.type != now.type and not {was.type, now.type} <= _TEXTS and (was.type, now.type) not in _WIDER:
        yield Break("input-type", f"{name} has another type: {was.type} -> {now.type}", node)
        return
    if now.required and not was.required:
        yield Break("input-required", f"{name} is required now", node)
    if _less(now.max_length, was.max_length):
        yield Break(
            "input-limits", f"{name} takes at most {now.max_length} now, not {was.max_length or 'any'}", node
        )
    for what, before, after in (
        ("options", was.options, now.options),
        ("file types", was.allowed_file_types, now.allowed_file_types),
        ("file extensions", was.allowed_file_extensions, now.allowed_file_extensions),
        ("ways to send files", was.allowed_file_upload_methods, now.allowed_file_upload_methods),
    ):
        gone = [str(item) for item in before if item not in after]
        if gone:
            yield Break("input-limits", f"{name} takes fewer {what}: without {', '.join(gone)}", node)


def _less(now: int | None, was: int | None) -> bool:
    return bool(now) and isinstance(now, int) and (not was or now < was)


def _app_outputs(side: Side) -> dict[str, tuple[str, VarType]]:
    """What the app puts out by name: its node and its type."""
    found: dict[str, tuple[str, VarType]] = {}
    for node in side.nodes:
        if not may_put_out(side.nodes[node]):
            continue
        for name, made_of in side.data(node).app_outputs():
            kind = _type(side, made_of) if isinstance(made_of, Selector) else VarType.STRING
            found.setdefault(name, (node, kind))
    return found


def _type(side: Side, selector: Selector) -> VarType:
    found = _variable(side, selector)
    return found.type if isinstance(found, OutputVar) else VarType.ANY


def _outputs(old: Side, new: Side) -> Iterator[Break]:
    after = _app_outputs(new)
    for name, (node, kind) in _app_outputs(old).items():
        if name not in after:
            yield Break("output-removed", f'output "{name}" is gone', node)
        elif after[name][1] != kind and VarType.ANY not in (kind, after[name][1]):
            yield Break(
                "output-type", f'output "{name}" has another type: {kind} -> {after[name][1]}', after[name][0]
            )


def _dangling(node: str, old: Side, new: Side) -> Iterator[Break]:
    """References of a node that lead nowhere now and did not before."""
    before = None
    for selector in dict.fromkeys(item.selector for item in new.data(node).references()):
        if len(selector) < 2 or _variable(new, selector) is not None:
            continue
        if before is None:
            before = {item.selector for item in old.data(node).references()}
        if selector in before and _variable(old, selector) is None:
            continue
        yield Break("reference", f'"{new.title(node)}" refers to {_why(old, new, selector)}', node)


def _why(old: Side, new: Side, selector: Selector) -> str:
    name = ".".join(selector)
    if selector.node_id in new.nodes:
        return f'{name}, and "{new.title(selector.node_id)}" has no such output'
    if selector.node_id in NAMESPACES:
        return f"{name}, and there is no such variable"
    if selector.node_id in old.nodes:
        return f'{name}, and "{old.title(selector.node_id)}" is gone'
    return f"{name}, and there is no such node"


def _variable(side: Side, selector: Selector) -> OutputVar | bool | None:
    """What a selector names: the variable, True if nobody can say, None if there is none."""
    root = selector.node_id
    if root == "sys":
        return True
    if root in NAMESPACES:
        return True if selector.variable in side.variables(root) else None
    if root not in side.nodes:
        return None
    data = side.data(root)
    if data.open_outputs() or selector.variable.startswith("sys."):
        return True
    known = (*data.all_outputs(), *data.inner_variables())
    found = next((item for item in known if item.name == selector.variable), None)
    for part in selector[2:]:
        found = found.child(part) if found is not None else None
    return found
