"""What may differ between two documents: a closed set of five changes, as values and as JSON.

    renamed   a node has another id; whatever refers to it follows and is no change of its own
    added     a key of a mapping, or an item of a list
    removed   a key of a mapping, or an item of a list
    changed   one value became another
    ordered   the items that both lists have stand in another order

Paths lead from the root of the document: keys of mappings, and for items of lists their place in the old list
or, where the items have one, their own `Key`. All paths speak of the old document with its nodes renamed
already; that of an item that is added names the item itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from difyflow.diff._values import decoded, encoded
from difyflow.errors import ReadError


@dataclass(frozen=True, slots=True)
class Key:
    """An item of a list by what it is and not by its place.

    Attributes:
        by: what is its key: a field (`id`, `variable`, `name`, ...), `edge` (source, source handle, target,
            target handle), `plugin`, `tool`, `value` (the item itself), or `key` (no item of a list: a key of
            a mapping that is no text).
        value: the key; None for items that have none.
        nth: counts items of one list with the same key, from 1.
    """

    by: str
    value: str | tuple[str, ...] | None
    nth: int = 1

    def __str__(self) -> str:
        shown = (
            "?"
            if self.value is None
            else " ".join([self.value] if isinstance(self.value, str) else self.value)
        )
        return shown if self.nth == 1 else f"{shown} ({self.nth})"


Step = str | int | Key
Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Renamed:
    """The node `old` is called `new` now."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Added:
    """A key or item that was not there; `at` is its place in the new list, None in a mapping."""

    path: Path
    value: object
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """A key or item that is gone."""

    path: Path
    value: object


@dataclass(frozen=True, slots=True)
class Changed:
    """A value that became another."""

    path: Path
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Ordered:
    """The items that stay in the list at `path` changed places.

    `order[i]` is the place that the one that is now the i-th of them had among them before.
    """

    path: Path
    order: tuple[int, ...]


Change = Renamed | Added | Removed | Changed | Ordered


@dataclass(frozen=True, slots=True)
class Diff:
    """All that differs between two documents.

    Attributes:
        changes: in the order of the old document; nothing refers to what comes later.
        before, after: the two documents as plain data, for those who show the changes.
    """

    changes: tuple[Change, ...]
    before: Mapping[str, object] = field(repr=False, compare=False)
    after: Mapping[str, object] = field(repr=False, compare=False)

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    @property
    def renames(self) -> dict[str, str]:
        """The new ids by the old ones."""
        return {change.old: change.new for change in self.changes if isinstance(change, Renamed)}


def as_json(change: Change) -> dict[str, Any]:
    """A change as JSON; `tests/diff/diff.schema.json` says what is in it."""
    match change:
        case Renamed(old, new):
            return {"op": "renamed", "old": old, "new": new}
        case Added(path, value, at):
            where = {} if at is None else {"at": at}
            return {"op": "added", "path": steps_as_json(path), **where, "value": encoded(value)}
        case Removed(path, value):
            return {"op": "removed", "path": steps_as_json(path), "value": encoded(value)}
        case Changed(path, before, after):
            return {
                "op": "changed",
                "path": steps_as_json(path),
                "before": encoded(before),
                "after": encoded(after),
            }
        case Ordered(path, order):
            return {"op": "ordered", "path": steps_as_json(path), "order": list(order)}


def from_json(data: object) -> Change:
    """The change that `as_json` wrote.

    Raises:
        ReadError: something else.
    """
    try:
        return _read(data)
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise ReadError(
            "this is no change of a diff",
            code="bad-change",
            hint="changes are what `difyflow diff --format json` has under `changes`",
        ) from err


def _read(data: Any) -> Change:  # noqa: ANN401  JSON has no type
    match data["op"]:
        case "renamed":
            return Renamed(_text(data["old"]), _text(data["new"]))
        case "added":
            at = data.get("at")
            return Added(_path(data["path"]), decoded(data["value"]), None if at is None else int(at))
        case "removed":
            return Removed(_path(data["path"]), decoded(data["value"]))
        case "changed":
            return Changed(_path(data["path"]), decoded(data["before"]), decoded(data["after"]))
        case "ordered":
            return Ordered(_path(data["path"]), tuple(int(place) for place in data["order"]))
        case _:
            raise ValueError("an operation that is none of the five")


def steps_as_json(path: Path) -> list[Any]:
    """A path as JSON: keys, places, and for items with a key a mapping with it."""
    return [_step(step) for step in path]


def _step(step: Step) -> object:
    if not isinstance(step, Key):
        return step
    value = list(step.value) if isinstance(step.value, tuple) else step.value
    return {step.by: value} if step.nth == 1 else {step.by: value, "nth": step.nth}


def _path(steps: Sequence[Any]) -> Path:
    if not isinstance(steps, list):
        raise TypeError("a path is a list")
    return tuple(map(_read_step, steps))


def _read_step(step: object) -> Step:
    if isinstance(step, str) or (isinstance(step, int) and not isinstance(step, bool)):
        return step
    if not isinstance(step, dict):
        raise TypeError("a step is a key, a place or a mapping with the key of an item")
    ((by, value),) = ((name, item) for name, item in step.items() if name != "nth")
    nth = step.get("nth", 1)
    if isinstance(value, list):
        return Key(by, tuple(_text(part) for part in value), nth)
    return Key(by, None if value is None else _text(value), nth)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is needed")
    return value
