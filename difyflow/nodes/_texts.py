"""The texts of a node: prompts, templates, code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from difyflow.nodes._base import text_kind
from difyflow.nodes._record import Record


@dataclass(frozen=True, slots=True)
class Text:
    """A text that a node holds.

    Attributes:
        path: keys and indexes inside the record that was asked.
        text: the text.
        kind: `template` resolves `{{#...#}}`, `jinja` is Jinja2, `code` source.
        role: of the message that it is, where it is one; a message of a completion model has an empty role.
    """

    path: tuple[str | int, ...]
    text: str
    kind: Literal["template", "jinja", "code"]
    role: str | None = None


def texts(record: Record, path: tuple[str | int, ...] = ()) -> Iterator[Text]:
    """Every text in a record, at any depth; `path` is where the record lies."""
    for name, key, kind in _fields(type(record)):
        value = getattr(record, name)
        if kind is not None and isinstance(value, str):
            role = str(getattr(record, "role", None) or "") if "role" in type(record).model_fields else None
            yield Text((*path, key), value, kind, role)
        else:
            yield from _texts_in(value, (*path, key))


@cache
def _fields(cls: type[Record]) -> tuple[tuple[str, str, Literal["template", "jinja", "code"] | None], ...]:
    """(attribute, key, kind of text) of the fields of a record."""
    found = []
    for name, field in cls.model_fields.items():
        mark = text_kind((*field.metadata, field.annotation))
        found.append((name, field.alias or name, mark.kind if mark else None))
    return tuple(found)


def _texts_in(value: object, path: tuple[str | int, ...]) -> Iterator[Text]:
    if isinstance(value, Record):
        yield from texts(value, path)
    elif isinstance(value, tuple | dict):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts_in(item, (*path, key))
