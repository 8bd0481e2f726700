"""The type that a variable gets by its first value."""

from __future__ import annotations


def type_of_value(value: object) -> str:
    """The type that a variable with this first value gets."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list | tuple):
        kinds = {type_of_value(item) for item in value}
        kind = kinds.pop() if len(kinds) == 1 else "string"
        return "array[string]" if kind.startswith("array") else f"array[{kind}]"
    return "string"
