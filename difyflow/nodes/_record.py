"""The base of everything that is a mapping in the DSL: typed where we know it, verbatim where we do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from difyflow.nodes._moves import Path, Release, Step

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

T = TypeVar("T")

_SHORT = 40
"""Characters of a value up to which it is named with its key."""

Many = Annotated[tuple[T, ...], Field(strict=False)]
"""A list of the DSL; held as a tuple, since our values are frozen."""

Number = int | float
"""A number as the file has it: `30` stays an int, `951.42` a float."""


class _Same:
    """Mark of `Written`: the editor writes the field's own default."""


_SAME = _Same()


class _Reading:
    """Validation context while a file is read: keep what does not fit, refuse nothing."""


READING = _Reading()


@dataclass(frozen=True, slots=True)
class Written:
    """When the editor writes a field's default, by DSL version; None = at every version.

    A field without this mark is written when its default is not None. A field's default is what Dify takes
    when the key is absent; where the editor writes something else, that is `value`.
    """

    since: str | None = None
    until: str | None = None
    value: object = _SAME

    def at(self, version: tuple[int, ...]) -> bool:
        """True if an editor of this DSL version writes the default."""
        return (self.since is None or version >= numbers(self.since)) and (
            self.until is None or version <= numbers(self.until)
        )

    def given(self, default: object) -> object:
        """What the editor writes, for a field with this default."""
        return default if self.value is _SAME else self.value


NEVER = Written(since="99")


@dataclass(frozen=True, slots=True)
class Since:
    """Mark of a field that came with a Dify release; older ones pass over it, or fail on it.

    A value that says what its absence says does not count.

    Attributes:
        release: of the field itself; None if it is as old as its record.
        values: of some of its values.
        when: True for the values to which `release` applies; None = all.
    """

    release: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    when: Callable[[Any], bool] | None = None

    def of(self, value: object, default: object) -> str | None:
        """The release that this value of a field with this default needs; None if it needs none."""
        if isinstance(value, str) and value in self.values:
            return self.values[value]
        if self.release is None or value == default or value in (None, False, "", (), {}):
            return self.release if value is False and default is True else None
        return self.release if self.when is None or self.when(value) else None


def is_plugin_name(value: object) -> bool:
    """True for `author/plugin/name`, as models and tools are named since Dify 1.0."""
    return isinstance(value, str) and value.count("/") == 2


PLUGIN_NAME = Since("1.0.0", when=is_plugin_name)


class _Noted:
    """Mark of a field that only the editor reads, such as its note of a variable's type."""


NOTED = _Noted()


def numbers(version: str) -> tuple[int, ...]:
    """`0.1.5` as (0, 1, 5); parts that are not numbers count as 0."""
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that does not fit the type of its field; it is kept as it is."""

    path: tuple[str | int, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A value that a Dify before `since` does not know.

    Attributes:
        path: keys and indexes.
        what: the key, with its value if that is short.
        since: a Dify release, e.g. 1.10.0.
    """

    path: tuple[str | int, ...]
    what: str
    since: str


@dataclass(frozen=True, slots=True)
class Spelled:
    """How a person writes a value: a call of a function of the node's own file that gives the same value.

    A keyword argument that the value does not need is left out of what is written.

    Attributes:
        then: a method that is called on what the function gives, or a comparison such as `__gt__`.
        then_args: what that takes.
        names_files: a long text in here gets a file named after the function.
    """

    function: str
    args: tuple[object, ...] = ()
    kwargs: Mapping[str, object] = field(default_factory=dict)
    then: str | None = None
    then_args: tuple[object, ...] = ()
    names_files: bool = False


class Record(BaseModel):
    """A mapping of the DSL.

    Read from a file, a value that does not fit its field and a key that has no field are both kept verbatim;
    `problems()` names the former. Written in Python, either is an error at once.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        strict=True,
        protected_namespaces=(),
        serialize_by_alias=True,
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> dict[str, Any]:
        from difyflow.nodes._docs import describe  # reads the source, and few ask for a schema

        schema = handler(core_schema)
        describe(cls, handler.resolve_ref_schema(schema))
        return schema

    @model_validator(mode="wrap")
    @classmethod
    def _keep_what_does_not_fit(
        cls, value: object, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        if info.context is not READING:
            if isinstance(value, dict):
                cls._refuse_unknown(value)
            return handler(value)
        try:
            return handler(value)
        except ValidationError as err:
            if not isinstance(value, dict):
                raise
            bad = {
                fault["loc"][0]
                for fault in err.errors(include_url=False, include_context=False, include_input=False)
                if fault["loc"]
            }
            if not bad or not all(isinstance(key, str) for key in value):
                raise
            made = handler({key: item for key, item in value.items() if key not in bad})
            extra = made.__pydantic_extra__
            if extra is not None:
                extra.update({key: value[key] for key in value if key in bad})
            return made

    @classmethod
    def _refuse_unknown(cls, value: Mapping[str, object]) -> None:
        known = cls.keys()
        for key in value:
            if key not in known:
                from difflib import get_close_matches  # only here: reading a file never waits for it

                near = get_close_matches(str(key), known, 1)
                known_ones = f"do you mean {near[0]!r}?" if near else f"it has: {', '.join(sorted(known))}"
                raise ValueError(f"{cls.__name__} has no field {key!r}; {known_ones}")

    @classmethod
    def keys(cls) -> frozenset[str]:
        """The keys of the DSL that this record has a field for."""
        return frozenset(field.alias or name for name, field in cls.model_fields.items())

    def dump(self) -> dict[str, Any]:
        """The mapping as the file has it, or as the editor would write it; lists may be tuples."""
        return self.model_dump(exclude_unset=True, warnings=False)

    def extras(self) -> dict[str, object]:
        """Keys that have no field."""
        known = self.keys()
        return {key: item for key, item in (self.model_extra or {}).items() if key not in known}

    def misfits(self) -> dict[str, object]:
        """Values that do not fit their field, by key."""
        known = self.keys()
        return {key: item for key, item in (self.model_extra or {}).items() if key in known}

    def problems(self) -> tuple[Problem, ...]:
        """Every value in here, at any depth, that does not fit the type of its field."""
        return tuple(self._problems(()))

    def _problems(self, path: tuple[str | int, ...]) -> Iterator[Problem]:
        for key, item in self.misfits().items():
            try:
                type(self).model_validate({key: item}, context=None)
            except ValidationError as err:
                for fault in err.errors(include_url=False, include_context=False, include_input=False):
                    if fault["loc"][:1] in ((key,), ()):
                        yield Problem((*path, *(fault["loc"] or (key,))), fault["msg"])
        for name, info in type(self).model_fields.items():
            yield from _problems_in(getattr(self, name), (*path, info.alias or name))

    def newcomers(self, path: tuple[str | int, ...] = ()) -> Iterator[Newcomer]:
        """What in here, at any depth, needs a newer Dify than 0.6.0; `path` is where the record lies."""
        for name, key, mark in _marked(type(self)):
            if name in self.model_fields_set:
                default = type(self).model_fields[name].get_default(call_default_factory=True)
                value = getattr(self, name)
                since = mark.of(value, default)
                if since is not None:
                    yield Newcomer((*path, key), f"{key}: {value}" if _is_short(value) else key, since)
        for name, info in type(self).model_fields.items():
            yield from _newcomers_in(getattr(self, name), (*path, info.alias or name))

    def steps_to(self, release: Release, path: Path = ()) -> Iterator[Step]:
        """What changes in here, at any depth, for this Dify release; `path` is where the record lies.

        Types with something of their own to say add it before what lies in them.
        """
        for name, info in type(self).model_fields.items():
            yield from _steps_in(getattr(self, name), release, (*path, info.alias or name))

    def spelled(self) -> Spelled | None:
        """How a person writes this record, where that is not by its constructor."""
        return None

    @classmethod
    def noted(cls) -> frozenset[str]:
        """Keys that only the editor reads: two records that differ in these alone do the same."""
        return frozenset(
            field.alias or name for name, field in cls.model_fields.items() if NOTED in field.metadata
        )

    def noted_at_any_depth(self) -> frozenset[str]:
        """The noted keys of this record and of all in it."""
        found = set(self.noted())
        for name in type(self).model_fields:
            for record in _records_in(getattr(self, name)):
                found |= record.noted_at_any_depth()
        return frozenset(found)

    def also(self, /, **extra: object) -> Self:
        """A copy with keys that have no field: what a newer Dify writes and this version does not know.

        Raises:
            ValueError: a key has a field; use the field.
        """
        known = self.keys() & extra.keys()
        if known:
            raise ValueError(f"{', '.join(sorted(known))}: {type(self).__name__} has a field for it")
        return self.model_copy(update=extra)

    def changed(self, **changes: object) -> Self:
        """A copy with these keys set; each must fit its field.

        Raises:
            ValidationError: a value does not fit.
        """
        self._refuse_unknown(changes)
        names = {info.alias or name: name for name, info in type(self).model_fields.items()}
        kept = {key: getattr(self, name) for key, name in names.items() if name in self.model_fields_set}
        made = type(self).model_validate({**kept, **changes})
        others = {key: item for key, item in (self.model_extra or {}).items() if key not in changes}
        if others and made.__pydantic_extra__ is not None:
            made.__pydantic_extra__.update(others)
        return made

    def completed(self, version: str) -> Self:
        """A copy in which every default that the editor of this DSL version writes is set."""
        at = numbers(version)
        values: dict[str, object] = {}
        written: set[str] = set()
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            mark = next((item for item in info.metadata if isinstance(item, Written)), None)
            by_editor = mark.at(at) if mark else value is not None
            if name in self.model_fields_set or by_editor:
                written.add(name)
                if mark and name not in self.model_fields_set and mark.value is not _SAME:
                    value = mark.value
            values[name] = _completed(value, version)
        made = self.model_copy(update=values)
        object.__setattr__(made, "__pydantic_fields_set__", written | (self.model_extra or {}).keys())
        return made


@cache
def _marked(cls: type[Record]) -> tuple[tuple[str, str, Since], ...]:
    """(attribute, key, mark) of the fields that are marked with a release."""
    return tuple(
        (name, field.alias or name, mark)
        for name, field in cls.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, Since)
    )


def _is_short(value: object) -> bool:
    return isinstance(value, str | int | float) and len(str(value)) <= _SHORT


def _newcomers_in(value: object, path: tuple[str | int, ...]) -> Iterator[Newcomer]:
    if isinstance(value, Record):
        yield from value.newcomers(path)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _newcomers_in(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _newcomers_in(item, (*path, key))


def _steps_in(value: object, release: Release, path: Path) -> Iterator[Step]:
    if isinstance(value, Record):
        yield from value.steps_to(release, path)
    elif isinstance(value, tuple | dict):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _steps_in(item, release, (*path, key))


def _completed(value: object, version: str) -> object:
    if isinstance(value, Record):
        return value.completed(version)
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(_completed(item, version) for item in value)
    if isinstance(value, dict):
        return {key: _completed(item, version) for key, item in value.items()}
    return value


def _records_in(value: object) -> Iterator[Record]:
    if isinstance(value, Record):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _records_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _records_in(item)


def _problems_in(value: object, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if isinstance(value, Record):
        yield from value._problems(path)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _problems_in(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _problems_in(item, (*path, key))
