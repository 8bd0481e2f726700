"""The references of a node's data that stand in fields which take certain types only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import get_args

from difyflow.nodes._base import Takes
from difyflow.nodes._record import Record
from difyflow.terms.selector import Selector

_Path = tuple[str | int, ...]


def takes_of(record: Record, path: _Path = ()) -> Iterator[tuple[_Path, Selector, Takes]]:
    """Place, selector and what is taken there, of every such field at any depth."""
    for name, key, takes, deeper in _plan(type(record)):
        value = getattr(record, name)
        if isinstance(value, Selector):
            if value and takes is not None:
                yield (*path, key), value, takes
        elif deeper and isinstance(value, Record):
            yield from takes_of(value, (*path, key))


@cache
def _plan(cls: type[Record]) -> Sequence[tuple[str, str, Takes | None, bool]]:
    """(attribute, key, what it takes, whether a record may be in it) of the fields that matter."""
    plan = []
    for name, field in cls.model_fields.items():
        takes = next((item for item in field.metadata if isinstance(item, Takes)), None)
        deeper = "Record" in _bases(field.annotation)
        if takes is not None or deeper:
            plan.append((name, field.alias or name, takes, deeper))
    return tuple(plan)


def _bases(annotation: object) -> set[str]:
    """Names of all classes that an annotation speaks of, with those that they are made from."""
    found: set[str] = set()
    if isinstance(annotation, type):
        found |= {item.__name__ for item in annotation.__mro__}
    for part in get_args(annotation):
        found |= _bases(part)
    return found
