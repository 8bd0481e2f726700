"""What a node says of itself, told from its plain data: for who cannot wait until its class is loaded.

`_plain.json` is made of the node classes: per class where its references lie and which keys of its data its
answers depend on (`pytest tests/nodes/test_plain.py --update-golden`). What it cannot tell for sure, a type
that it does not know among it, is `None` here; the class knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from difyflow.nodes._variants import VARIANTS
from difyflow.terms.selector import Selector, placeholders

_MENTION = re.compile(r"\{\{#[^#]")
"""What may be a reference in a text, whatever its type makes of it."""

_ANYTHING: Mapping[str, Any] = {"any": True}
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Plain:
    """What is known of one class of nodes.

    Attributes:
        name: the type, with the variant where it has several; the same for two nodes of one class.
        places: where references lie, see `_Walk`.
        answers: keys of the data that what it asks for and puts out depends on; no other key does. None =
            nobody knows, so every key does.
        asks: whether it may have a form.
        puts_out: whether it may put out something of the app's own.
        prose, program: as `NodeData.PROSE` and `PROGRAM` say.
    """

    name: str
    places: Mapping[str, Any]
    answers: tuple[str, ...] | None
    asks: bool
    puts_out: bool
    prose: tuple[str, ...]
    program: tuple[str, ...]

    def answers_alike(self, one: Mapping[str, object], other: Mapping[str, object]) -> bool:
        """Whether two versions of the data of such a node ask for and put out the same for sure."""
        keys = {*one, *other} if self.answers is None else self.answers
        return all(_same(one.get(key, _MISSING), other.get(key, _MISSING)) for key in keys)


def plain(envelope: object, data: object) -> Plain | None:
    """What is known of the class of this node; None if it has none of its own."""
    if not isinstance(data, dict):
        return None
    kind = "note" if envelope == "custom-note" else data.get("type")
    if not isinstance(kind, str) or (kind == "note" and envelope != "custom-note"):
        return None
    name = f"{kind}:{VARIANTS[kind](data)}" if kind in VARIANTS else kind
    return _known(name)


def selectors(envelope: object, data: object) -> frozenset[Selector] | None:
    """What a node refers to; None if only its class can tell."""
    if not isinstance(data, dict):
        return frozenset()
    known = plain(envelope, data)
    walk = _Walk()
    walk.value(_ANYTHING if known is None else {"fields": known.places}, data)
    return frozenset(walk.found) if walk.sure else None


@cache
def _known(name: str) -> Plain | None:
    found = _table().get(name)
    if found is None:
        return None
    answers = found["answers"]
    return Plain(
        name,
        found["places"],
        None if answers is None else tuple(answers),
        found["asks"],
        found["puts_out"],
        tuple(found["prose"]),
        tuple(found["program"]),
    )


@cache
def _table() -> dict[str, Any]:
    text = Path(__file__).with_name("_plain.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _same(one: object, other: object) -> bool:
    """Equal and of the same types: `1`, `1.0` and `True` are three values."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(item, other[key]) for key, item in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other


class _Walk:
    """Collects references by a description of where they lie.

    A description has a key for each form of value: `text` is a template, `selector` a list that is a
    reference, `items` describes those of a list, `fields` the values of a mapping by key, `values` all of
    them, `by` what lies there by the value of the key beside it. What is of no form that is described is
    passed over by the class, or read in a way of its own: only where nothing in it looks like a reference,
    and in what is `loose`, this is sure. In `any` that goes for text, too.
    """

    def __init__(self) -> None:
        self.found: set[Selector] = set()
        self.sure = True

    def fields(self, places: Mapping[str, Any], data: Mapping[Any, object]) -> None:
        """The references in a mapping."""
        if not all(isinstance(key, str) for key in data):
            self.sure = False
            return
        for key, place in places.items():
            if key not in data:
                continue
            if "by" in place:
                kind = data.get(place["by"], place["else"])
                self.sure = self.sure and isinstance(kind, str)
                place = place["kinds"].get(kind, place["others"]) if isinstance(kind, str) else {}
            self.value(place, data[key])

    def value(self, place: Mapping[str, Any], value: object, *, inside: bool = False) -> None:
        """The references in a value; `inside` a list, one that does not fit makes all of it not fit."""
        if isinstance(value, list):
            self._list(place, value, inside)
        elif isinstance(value, dict):
            self._mapping(place, value, inside)
        elif isinstance(value, str) and "text" in place:
            self.found.update(found for _, _, found in placeholders(value))
        elif "any" in place:
            self.sure = self.sure and not _mentions(value)
        elif inside:
            self.sure = False

    def _list(self, place: Mapping[str, Any], value: list[object], inside: bool) -> None:
        if "selector" in place and all(isinstance(part, str) for part in value):
            if value:
                self.found.add(Selector.parse(value))
        elif "items" in place:
            for item in value:
                self.value(place["items"], item, inside=True)
        else:
            self._other(place, value, inside)

    def _mapping(self, place: Mapping[str, Any], value: dict[Any, object], inside: bool) -> None:
        if "fields" in place:
            self.fields(place["fields"], value)
        elif "values" in place:
            self.sure = self.sure and all(isinstance(key, str) for key in value)
            for item in value.values():
                self.value(place["values"], item, inside=True)
        else:
            self._other(place, value, inside)

    def _other(self, place: Mapping[str, Any], value: object, inside: bool) -> None:
        """A value of a form that is not described."""
        if "loose" not in place:
            self.sure = self.sure and not _mentions(value) and ("any" in place or not inside)


def _mentions(value: object) -> bool:
    """Whether something in here may be a reference."""
    if isinstance(value, str):
        return _MENTION.search(value) is not None
    if isinstance(value, dict):
        return any(map(_mentions, value.values()))
    if isinstance(value, list):
        return (len(value) > 0 and all(isinstance(part, str) for part in value)) or any(map(_mentions, value))
    return False
