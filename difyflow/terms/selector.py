"""References to a variable: `{{#node.name#}}` in text, `[node, name]` in a selector field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # plain data has references too, and whoever reads it does not wait for pydantic
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

# What Dify's backend takes for a reference in text (graphon VARIABLE_PATTERN; Dify 0.15 to 1.16).
PLACEHOLDER = re.compile(r"\{\{#([a-zA-Z0-9_]{1,50}(?:\.[a-zA-Z_][a-zA-Z0-9_]{0,29}){1,10})#\}\}")
NODE_ID = re.compile(r"[a-zA-Z0-9_]{1,50}")
NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,29}")


class Selector(tuple[str, ...]):
    """The path to a variable: node id (or `sys`, `env`, `conversation`), name, and keys further inside.

    In an f-string it becomes Dify's placeholder: `f"{Selector(['llm', 'text'])}" == "{{#llm.text#}}"`.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return "{{#" + ".".join(self) + "#}}"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __repr__(self) -> str:
        return f"Selector({list(self)!r})"

    @property
    def node_id(self) -> str:
        """First part; empty for an empty selector, which is what the editor writes for "not chosen"."""
        return self[0] if self else ""

    @property
    def variable(self) -> str:
        """Second part, or empty."""
        return self[1] if len(self) > 1 else ""

    @property
    def writable_in_text(self) -> bool:
        """False if Dify's backend would leave this reference in a text as it stands."""
        return PLACEHOLDER.fullmatch(str(self)) is not None

    @classmethod
    def parse(cls, value: object) -> Selector:
        """A selector from a list of strings.

        Raises:
            ValueError: not a list of strings.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
            return cls(value)
        raise ValueError("a variable reference is a list of strings, such as [node id, name]")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(_plain)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, *_: object) -> dict[str, object]:
        return {"type": "array", "items": {"type": "string"}}


def _plain(value: object) -> object:
    """The list of the parts; in a field that also takes other values, those as they are."""
    return list(value) if isinstance(value, tuple) else value


def placeholders(text: str) -> Iterator[tuple[int, int, Selector]]:
    """The references in a text that Dify resolves: start, end (character offsets) and selector of each."""
    for match in PLACEHOLDER.finditer(text):
        yield match.start(), match.end(), Selector(match.group(1).split("."))
