"""What an exception out of a `flow.py` says to its author: what is wrong, and how to mend it."""

from __future__ import annotations

import inspect
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Set
from difflib import get_close_matches
from types import FunctionType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from difyflow import nodes
from difyflow._catalog import names
from difyflow.build.refs import NodeRef
from difyflow.nodes._docs import describe
from difyflow.nodes._record import Record
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import VarType

SHOWN = 60
"""Characters of a wrong value that are shown."""


def told(err: BaseException) -> tuple[str, str | None]:
    """The message, in one line, and the hint."""
    if isinstance(err, ValidationError):
        return _told_of_values(err)
    lines = traceback.TracebackException.from_exception(err).format_exception_only()
    last = " ".join(list(lines)[-1].split())  # with Python's own "Did you mean"
    name = type(err).__name__
    said = last.partition(f"{name}: ")[2] if f"{name}: " in last else " ".join(str(err).split())
    return f"{name}: {said[:300]}", _hint_of_names(err)


def _hint_of_names(err: BaseException) -> str | None:
    """What there is in place of an attribute of ours, or of a node type, that there is not."""
    if isinstance(err, ModuleNotFoundError) and (err.name or "").startswith("difyflow.nodes."):
        known = [name.replace("-", "_") for name in names(nodes)]
        near = get_close_matches((err.name or "").rpartition(".")[2], known, 1) or known
        return f"there is: {', '.join(near)}"
    if isinstance(err, ImportError) and (err.name or "").startswith("difyflow.") and err.name in sys.modules:
        return f"it has: {', '.join(_public(err.name))}"
    if isinstance(err, AttributeError) and type(err.obj).__module__.startswith("difyflow."):
        public = [name for name in dir(type(err.obj)) if not name.startswith(("_", "model_"))]
        return f"it has: {', '.join(public)}" if public else None
    return None


def _told_of_values(err: ValidationError) -> tuple[str, str | None]:
    """Of values that do not fit their fields the first, by all that its field would take."""
    faults = err.errors(include_url=False)
    key = faults[0]["loc"][:1]
    same = [fault for fault in faults if fault["loc"][:1] == key]
    first = same[0]
    if not first["loc"]:
        return _text(first), None
    if _is_field_of_a_record(first):
        kind = first["ctx"]["class_name"]
        message = f"{err.title}: {key[0]} takes a tuple, and is one {kind} alone"
        return message, "put a comma behind it: (x,)"
    message = f"{err.title}: {_place(first)} {_wanted(first)}, and is {_shown(first['input'])}"
    return message, _hint(err.title, same)


def _place(fault: ErrorDetails) -> str:
    """`cases[0].conditions`; the parts that name an alternative of a union are passed over."""
    found = ""
    for part in fault["loc"]:
        if isinstance(part, int):
            found += f"[{part}]"
        elif part.isidentifier():
            found += f".{part}" if found else part
    return found


def _wanted(fault: ErrorDetails) -> str:
    kind = fault["type"]
    if kind in ("model_type", "model_attributes_type", "dataclass_type"):
        return f"takes a {fault['ctx']['class_name']}"
    text = _text(fault)
    if "variable reference" in text:
        return "takes a reference, such as llm.text"
    plain = re.fullmatch(r"Input should be (?:a valid |an? )?(.*)", text)
    return (
        f"takes {plain[1].replace('tuple', 'a tuple, (x, y) or (x,)')}" if plain else f"does not fit: {text}"
    )


def _text(fault: ErrorDetails) -> str:
    return fault["msg"].removeprefix("Value error, ")


def _shown(value: object) -> str:
    if isinstance(value, NodeRef):
        return f"the node {value.id!r}"
    if isinstance(value, Record):
        return f"a {type(value).__name__}"
    if isinstance(value, Selector):
        return f"the reference {'.'.join(value)}"
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _hint(title: str, faults: list[ErrorDetails]) -> str | None:
    value = faults[0]["input"]
    if isinstance(value, VarType):
        return 'a reference has a type of its own; the key of that name is .key("type")'
    if isinstance(value, NodeRef):
        names = [var.name for var in value.data.all_outputs()]
        return f"name one of its outputs: {', '.join(names)}" if names else "it has no outputs"
    if isinstance(value, Selector) and faults[0]["type"] == "string_type":
        return f'put it into a text: f"{{{".".join(value)}}}"'
    if isinstance(value, str) and len(faults[0]["loc"]) > 1 and "variable reference" in faults[0]["msg"]:
        return "several references are a tuple, and so is one: (start.query,)"
    contexts: list[Mapping[str, Any]] = [fault.get("ctx") or {} for fault in faults]
    classes = dict.fromkeys(str(item["class_name"]) for item in contexts if "class_name" in item)
    made = [f"{name}(...)" for cls in classes for name in dict.fromkeys(_makers(cls))]
    return f"made by: {', '.join(made[:8])}" if made else _description(title, str(faults[0]["loc"][0]))


def _public(module: str) -> list[str]:
    """Classes and functions that an author takes from a module: its own, and those that it hands on."""
    found = sys.modules[module]
    handed_on = re.findall(r"import (\w+) as \1$", inspect.getsource(found), re.MULTILINE)
    own = [name for name, item in vars(found).items() if getattr(item, "__module__", "") == module]
    return sorted({*handed_on, *(name for name in own if not name.startswith("_"))} - {"EXAMPLE"})


def _description(cls: str, field: str) -> str | None:
    """What the docstring of a field says."""
    for module in [item for name, item in sys.modules.items() if name.startswith("difyflow.nodes.")]:
        found = vars(module).get(cls)
        if isinstance(found, type) and issubclass(found, Record) and field in found.model_fields:
            said: dict[str, str] = {}
            describe(found, {"properties": {found.model_fields[field].alias or field: said}})
            return f"{field}: {' '.join(said['description'].split())}" if said else None
    return None


def _is_field_of_a_record(fault: ErrorDetails) -> bool:
    """True for a pair of name and value, into which a record falls that stands for a tuple of records."""
    value = fault["input"]
    pair = isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str)
    return pair and fault["type"] == "model_type" and len(fault["loc"]) > 1


def _makers(cls: str) -> Iterator[str]:
    """Functions of the node types in use that give this class, or that begin what gives it; else itself."""
    modules = [item for name, item in sys.modules.items() if name.startswith("difyflow.nodes.")]
    things = [(name, item) for module in modules for name, item in vars(module).items()]
    steps = {name for name, item in things if isinstance(item, type) and _gives(vars(item).values(), {cls})}
    found = [
        name
        for name, item in things
        if not name.startswith(("_", "with_"))
        and isinstance(item, FunctionType)
        and _gives([item], {cls, *steps})
    ]
    yield from found or [cls]


def _gives(functions: Iterable[object], classes: Set[str]) -> bool:
    """True if the annotation of one of these functions says that it gives one of these classes."""
    notes = (item.__annotations__.get("return") for item in functions if isinstance(item, FunctionType))
    return any(not classes.isdisjoint(re.findall(r"\w+", note)) for note in notes if isinstance(note, str))
