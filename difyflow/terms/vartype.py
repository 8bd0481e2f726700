"""Variable types and the variables that a node puts out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class VarType(StrEnum):
    """The editor's variable types (`VarType`, Dify 1.16); `any` where nobody can say."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    SECRET = "secret"
    BOOLEAN = "boolean"
    OBJECT = "object"
    FILE = "file"
    ARRAY = "array"
    ARRAY_STRING = "array[string]"
    ARRAY_NUMBER = "array[number]"
    ARRAY_OBJECT = "array[object]"
    ARRAY_BOOLEAN = "array[boolean]"
    ARRAY_FILE = "array[file]"
    ARRAY_ANY = "array[any]"
    ANY = "any"

    @classmethod
    def of(cls, value: object) -> VarType:
        """The type with this name, else `any`; `Array[...]` is lower-cased as Dify does."""
        if isinstance(value, str):
            try:
                return cls(value.lower())
            except ValueError:
                return cls.ANY
        return cls.ANY

    @property
    def is_array(self) -> bool:
        """True for every kind of list."""
        return self.value.startswith("array")

    @property
    def item(self) -> VarType:
        """Type of the items of a list; `any` when unknown or not a list."""
        inner = self.value[6:-1] if self.value.startswith("array[") else "any"
        return VarType(inner)

    @property
    def array(self) -> VarType:
        """The type of a list of these; `array[any]` when Dify has no name for it."""
        try:
            return VarType(f"array[{self.value}]")
        except ValueError:
            return VarType.ARRAY_ANY


# Attributes of a file that a selector may name (dsl.md 7.2).
FILE_ATTRIBUTES = ("name", "size", "type", "extension", "mime_type", "transfer_method", "url", "related_id")


@dataclass(frozen=True, slots=True)
class OutputVar:
    """One variable that a node puts out.

    Attributes:
        children: the known keys of an object; None if any key may exist.
        run_time_only: exists when run, but the editor does not offer it.
    """

    name: str
    type: VarType
    children: tuple[OutputVar, ...] | None = None
    run_time_only: bool = False

    def child(self, name: str) -> OutputVar | None:
        """The variable inside with this name; None if there is none, type `any` where nobody can say."""
        if self.type is VarType.FILE:
            known = VarType.NUMBER if name == "size" else VarType.STRING
            return OutputVar(name, known) if name in FILE_ATTRIBUTES else None
        if self.type not in (VarType.OBJECT, VarType.ANY):
            return None
        if self.children is None:
            return OutputVar(name, VarType.ANY)
        return next((child for child in self.children if child.name == name), None)
