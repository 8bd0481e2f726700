"""The texts of a node's data in which Dify resolves references."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.nodes._base import TextKind, _plan
from difyflow.nodes._plugin import Input
from difyflow.nodes._record import Record
from difyflow.terms.selector import Selector

_Path = tuple[str | int, ...]


def template_texts(record: Record, path: _Path = ()) -> Iterator[tuple[_Path, str]]:
    """Place and text of every field with references in text, at any depth.

    A message that is written in Jinja2 has its own text aside, in which nothing is shown to anyone.
    """
    if isinstance(record, Input) and isinstance(record.value, str):
        if record.type == "mixed" or (record.type == "constant" and record.CONSTANT_TEXT_REFERS):
            yield (*path, "value"), record.value
        return
    aside = getattr(record, "edition_type", None) == "jinja2"
    for name, key, mark in _plan(type(record)):
        if not (aside and key == "text"):
            yield from _in_value(getattr(record, name), (*path, key), mark)


def _in_value(value: object, path: _Path, mark: TextKind | None) -> Iterator[tuple[_Path, str]]:
    match value:
        case str():
            if mark is not None and mark.kind == "template":
                yield path, value
        case Record():
            yield from template_texts(value, path)
        case tuple() if not isinstance(value, Selector):
            for index, item in enumerate(value):
                yield from _in_value(item, (*path, index), mark)
        case dict():
            for key, item in value.items():
                yield from _in_value(item, (*path, key), mark)
        case _:
            return
