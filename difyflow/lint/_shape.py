"""What a field of the DSL must hold so that Dify's data model takes it; as lax as pydantic's lax mode.

A shape is checked against plain data and yields one fault per wrong place, in the order of the shape.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from difyflow.dsl.edit import Path


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that does not fit.

    Attributes:
        path: from the value that was checked.
        wanted: what belongs there, in words.
        missing: True if the key is not there.
        crash: the editor's page breaks of it.
        default: what stands for nothing there, if there is such a value.
        runs: the engine does without it.
    """

    path: Path
    wanted: str
    missing: bool = False
    crash: bool = False
    default: object = None
    runs: bool = False


class Shape(ABC):
    """Base of the shapes."""

    wanted: str

    @abstractmethod
    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        """What in `value`, which lies at `path`, does not fit."""


@dataclass(frozen=True, slots=True)
class Is(Shape):
    """A plain value that fulfils a test."""

    wanted: str
    test: Callable[[object], bool]

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        """One, if the test fails."""
        if not self.test(value):
            yield Fault(path, self.wanted)


@dataclass(frozen=True, slots=True)
class Need:
    """A key of a mapping.

    Attributes:
        optional: it may be missing.
        null: it may be null.
        crash: without it, the editor's page breaks.
        default: what stands for nothing there.
    """

    shape: Shape
    optional: bool = False
    null: bool = False
    crash: bool = False
    default: object = None


@dataclass(frozen=True, slots=True)
class Map(Shape):
    """A mapping with these keys; others are free."""

    keys: Mapping[str, Need]
    wanted: str = "a mapping"

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        """Missing keys, and what does not fit inside."""
        if not isinstance(value, dict):
            yield Fault(path, self.wanted)
            return
        for key, need in self.keys.items():
            if key not in value:
                if not need.optional:
                    yield Fault((*path, key), need.shape.wanted, True, need.crash, need.default)
            elif value[key] is None and need.crash:
                yield Fault((*path, key), need.shape.wanted, False, True, need.default, need.null)
            elif value[key] is not None or not need.null:
                yield from need.shape.faults(value[key], (*path, key))


@dataclass(frozen=True, slots=True)
class Each(Shape):
    """A list of such values."""

    item: Shape
    wanted: str = "a list"

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        """What does not fit, item by item."""
        if not isinstance(value, list):
            yield Fault(path, self.wanted)
            return
        for index, item in enumerate(value):
            yield from self.item.faults(item, (*path, index))


@dataclass(frozen=True, slots=True)
class Values(Shape):
    """A mapping of names to such values; null values are passed over where Dify drops them."""

    item: Shape
    drops_null: bool = False
    wanted: str = "a mapping of names to values"

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        """What does not fit, key by key."""
        if not isinstance(value, dict):
            yield Fault(path, self.wanted)
            return
        for key, item in value.items():
            if item is None and self.drops_null:
                continue
            yield from self.item.faults(item, (*path, key))


@dataclass(frozen=True, slots=True)
class OneOf(Shape):
    """Any of several shapes; the fault of the first is told."""

    shapes: tuple[Shape, ...]
    wanted: str

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        """None if one fits."""
        if not any(next(shape.faults(value, path), None) is None for shape in self.shapes):
            yield Fault(path, self.wanted)


def _is_int(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lstrip("+-").isdigit()
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _is_bool(value: object) -> bool:
    if isinstance(value, str):
        return value.lower() in ("true", "false", "yes", "no", "on", "off", "y", "n", "t", "f", "1", "0")
    return isinstance(value, bool) or value in (0, 1)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


TEXT = Is("text", lambda value: isinstance(value, str))
BOOL = Is("true or false", _is_bool)
INT = Is("a whole number", _is_int)
MAPPING = Is("a mapping", lambda value: isinstance(value, dict))
TEXTS = Is("a list of texts", _is_texts)
SELECTOR = Is("a list of texts, such as [node id, name]", _is_texts)


def at_least(lowest: int) -> Is:
    """A whole number that is not lower."""

    def fits(value: object) -> bool:
        return _is_int(value) and int(value) >= lowest  # type: ignore[call-overload]  # it is one

    return Is(f"a whole number from {lowest}", fits)


def choice(*values: str) -> Is:
    """One of these texts."""
    known = frozenset(values)
    wanted = f"one of: {', '.join(values)}"
    return Is(wanted, lambda value: isinstance(value, str) and value in known)


def need(shape: Shape, default: object = None) -> Need:
    """A key that must be there; `default` is what stands for nothing."""
    return Need(shape, default=default)


def vital(shape: Shape, default: object = None, *, optional: bool = False) -> Need:
    """A key that the editor reads without looking; the engine may do without it (`optional`)."""
    return Need(shape, crash=True, default=default, null=optional)


def may(shape: Shape) -> Need:
    """A key that may be missing or null."""
    return Need(shape, optional=True, null=True)


def kept(shape: Shape) -> Need:
    """A key that may be missing, but not null."""
    return Need(shape, optional=True)


def shown(value: object) -> str:
    """A value for a message, as YAML has it, not longer than a few words."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list():
            return "a list" if value else "[]"
        case str():
            return repr(value) if len(value) <= 40 else repr(value[:37] + "...")
    return str(value)
