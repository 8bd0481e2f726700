"""Constants where a type is declared, and types where another one is wanted."""

from __future__ import annotations

import json

from difyflow.lint._shape import shown
from difyflow.terms.vartype import VarType

_NUMBERS = (VarType.NUMBER, VarType.INTEGER)
_TEXTS = (VarType.STRING, VarType.SECRET)
_AS_TEXT = (VarType.ARRAY_STRING, VarType.ARRAY_NUMBER, VarType.ARRAY_OBJECT)
"""Lists that a loop takes as JSON text only."""
_NOTHING = object()


def can_be(wanted: VarType, given: VarType) -> bool:
    """Whether a value can be of the wanted type; lists may be empty, and an empty one is of every type."""
    if VarType.ANY in (wanted, given):
        return True
    if wanted.is_array or given.is_array:
        return wanted.is_array and given.is_array
    if wanted in _NUMBERS:
        return given in (*_NUMBERS, VarType.BOOLEAN)
    return given is wanted or (wanted in _TEXTS and given in _TEXTS)


def is_number(text: str) -> bool:
    """Whether a text is one that Python makes a number of."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def object_fault(text: str) -> str:
    """Why a text is no JSON object; empty if it is one."""
    if isinstance(_parsed(text), dict):
        return ""
    return f"the target is an object, and the constant {shown(text)} is no JSON object"


def constant_fault(kind: VarType, value: object, *, strict: bool) -> str:
    """Why a variable of a loop cannot begin with a constant; empty if it can, or nobody can say.

    As `LoopNode._get_segment_for_constant` (Dify 1.2 to 1.16): what is no text must be of the type, text may
    also be JSON of it. Lists are taken as text only.

    Args:
        kind: the declared type.
        value: the constant.
        strict: a boolean is no number, which holds for Dify 1.9 and later.
    """
    if kind in _AS_TEXT and not isinstance(value, str):
        if not value:
            return ""
        return f"{shown(value)} is lost, and the loop begins with an empty list; write it as JSON text"
    if kind is VarType.STRING or kind is VarType.ANY:
        fits = isinstance(value, str) or kind is VarType.ANY
        return "" if fits else f"the type is string, and the loop fails with {shown(value)}; put it in quotes"
    if kind in _AS_TEXT and value == "":
        return ""
    fits = _fits(kind, value, strict) or (isinstance(value, str) and _fits(kind, _parsed(value), strict))
    return "" if fits else f"the loop fails: the type is {kind}, and {shown(value)} is none"


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NOTHING


def _fits(kind: VarType, value: object, strict: bool) -> bool:
    match kind:
        case VarType.NUMBER:
            return isinstance(value, int | float) and not (strict and isinstance(value, bool))
        case VarType.BOOLEAN:
            return isinstance(value, bool)
        case VarType.OBJECT:
            return isinstance(value, dict)
        case _ if kind.is_array and kind.item is not VarType.ANY:
            return isinstance(value, list) and all(_is_item(kind.item, item, strict) for item in value)
    return True  # no type that a loop variable may have; `node-schema` says so


def _is_item(kind: VarType, value: object, strict: bool) -> bool:
    return isinstance(value, str) if kind is VarType.STRING else _fits(kind, value, strict)
