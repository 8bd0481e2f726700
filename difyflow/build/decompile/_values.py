"""Records of the DSL as expressions: by the helpers of their node's file, else by their constructors.

Every expression goes with the value that it gives: helpers are called here, and are used only where they give
what the document has, but for what a canvas says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from difyflow.build import _python as py
from difyflow.build.decompile._known import Known
from difyflow.build.decompile._names import Imports, module_of
from difyflow.build.decompile._texts import Kind, Texts
from difyflow.build.decompile._types import takes
from difyflow.errors import BuildError
from difyflow.nodes._base import NodeData, TextKind
from difyflow.nodes._model import Model
from difyflow.nodes._record import Record, Spelled, Written, numbers
from difyflow.terms.selector import Selector

OF_THE_CANVAS = frozenset(
    (
        "selected",
        "isInIteration",
        "iteration_id",
        "isInLoop",
        "loop_id",
        "start_node_id",
        "width",
        "height",
    )
)
"""Keys of a node's data that a flow or its canvas sets: not said in Python."""

_NAMELESS = frozenset(
    ("code", "text", "template", "prompt_template", "answer", "jinja2_text", "tool_parameters", "value")
)
"""Keys that do not show in the name of a file."""

Said = tuple[object, py.Expression]
"""A value, and the expression that gives it."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where a value stands.

    Attributes:
        home: module of the node type.
        name: stem for files.
        handles: ways out of the node; an id that is one is more than the editor's own.
        suffix: of files of code.
    """

    home: str
    name: str
    handles: frozenset[str] = field(default_factory=frozenset)
    suffix: str = "py"

    @classmethod
    def of(cls, data: NodeData, name: str) -> Context:
        """The context of a node."""
        handles = frozenset(handle.id for handle in data.source_handles())
        return cls(module_of(data), name, handles, data.source_suffix())

    def at(self, key: object) -> Context:
        """One step further in; places in lists do not show in names."""
        plain = isinstance(key, str) and key not in _NAMELESS and f"a{key}".isidentifier()
        return replace(self, name=f"{self.name}_{key}".lstrip("_")) if plain else self


class Values:
    """Writes values for one document."""

    def __init__(self, known: Known, imports: Imports, texts: Texts, version: str) -> None:
        self._known = known
        self._imports = imports
        self._texts = texts
        self._version = version
        self.unknown: list[str] = []
        """Keys that no field is known for: name of the node and key."""
        self.shared: dict[str, str] = {}
        """Variables that hold a model, by the expression that they stand for."""

    def inline(self, record: Record, context: Context) -> py.Expression | None:
        """How a record is written, without a trace of it; None if a part of it has a file of its own."""
        files, imports, unknown = self._texts.kept(), self._imports.kept(), list(self.unknown)
        _, expression = self.record(record, context)
        alone = self._texts.kept() == files
        self._texts.back_to(files)
        self._imports.back_to(imports)
        self.unknown[:] = unknown
        return expression if alone else None

    def record(
        self, record: Record, context: Context, *, skip: frozenset[str] = frozenset()
    ) -> tuple[Record, py.Expression]:
        """As `_record`; by the variable that holds a model, if there is one.

        Raises:
            BuildError: a value that Python cannot say.
        """
        made, expression = self._record(record, context, skip)
        if not isinstance(record, Model):
            return made, expression
        if name := self.shared.get(py.statement("", expression)):
            return made, py.Raw(name)
        return made, expression

    def _record(self, record: Record, context: Context, skip: frozenset[str]) -> tuple[Record, py.Expression]:
        """A record equal to the given one but for what a canvas says, and how it is written.

        Args:
            record: of the document.
            context: where it stands.
            skip: keys that are not said.

        Raises:
            BuildError: a value that Python cannot say.
        """
        spelled = record.spelled()
        if spelled is not None and (found := self._spelled(spelled, record, context)) is not None:
            assert isinstance(found[0], Record)
            return found[0], found[1]
        skip |= record.noted()
        fields = record.spelled_fields() if isinstance(record, NodeData) else {}
        values: dict[str, object] = {}
        shown: dict[str, py.Expression] = {}
        for name, info in type(record).model_fields.items():
            key, value = info.alias or name, getattr(record, name)
            if name not in record.model_fields_set or key in skip or self._is_by_itself(value, info, context):
                continue
            if key == "id" and not isinstance(record, NodeData) and value not in context.handles:
                continue
            short = self._spelled(fields[key], value, context.at(key)) if key in fields else None
            values[key], shown[key] = short or self._value(value, context.at(key), _kind_of(info))
        if not values and not isinstance(record, NodeData) and not self._is_bare(record, context):
            values, shown = self._set_fields(record, context, skip)
        authored = _made(type(record), values, context)
        if isinstance(record, NodeData):
            for key in self._inferred(authored, record, skip | values.keys(), context):
                values[key], shown[key] = self._value(dict(_items(record))[key], context.at(key))
            for key in list(values):
                if self._is_inferred(key, record, values, context):
                    del values[key], shown[key]
            authored = _made(type(record), values, context)
        call: py.Expression = py.Call(self._imports.use_class(type(record), context.home), (), shown)
        extras = record.extras()
        return self._also(authored, call, extras, context) if extras else (authored, call)

    def _inferred(self, authored: Record, record: Record, said: Set[str], context: Context) -> Iterator[str]:
        """Keys left out that come out otherwise, since a reference that knows its type sets them."""
        found = dict(_items(authored.completed(self._version)))
        sayable = record.keys() - said - record.misfits().keys()
        for key, value in _items(record):
            unsaid = key in sayable and key in found
            if unsaid and not self._same(found[key], value, context.handles):
                yield key

    def _is_inferred(
        self, key: str, record: NodeData, values: Mapping[str, object], context: Context
    ) -> bool:
        """True for a flag or a type that comes out the same if it is not said."""
        if type(record).completed is Record.completed or not isinstance(values[key], str | bool):
            return False
        fewer = {name: value for name, value in values.items() if name != key}
        found = dict(_items(_made(type(record), fewer, context).completed(self._version)))
        return key in found and found[key] == values[key]

    def _is_bare(self, record: Record, context: Context) -> bool:
        """True if the constructor without arguments gives the same; a switch that is off is said, though."""
        if any(isinstance(value, bool) for _, value in _items(record)):
            return False
        return self._settled(type(record)(), context.handles) == self._settled(
            record, context.handles, inside=True
        )

    def _set_fields(
        self, record: Record, context: Context, skip: frozenset[str]
    ) -> tuple[dict[str, object], dict[str, py.Expression]]:
        """All that is set: of a record that is all defaults where others would not be."""
        found = {
            key: item
            for key, item in _items(record)
            if key in record.keys() - skip - {"id"} - record.misfits().keys()
        }
        said = {key: self._value(item, context.at(key)) for key, item in found.items()}
        return {key: value for key, (value, _) in said.items()}, {
            key: item for key, (_, item) in said.items()
        }

    def _is_by_itself(self, value: object, info: FieldInfo, context: Context) -> bool:
        """True if the editor of this version writes this very value by itself."""
        mark = next((item for item in info.metadata if isinstance(item, Written)), None)
        default = info.get_default(call_default_factory=True, validated_data={})
        if mark is not None and mark.at(numbers(self._version)):
            default = mark.given(default)
        return self._same(value, default, context.handles)

    def _also(
        self, authored: Record, call: py.Expression, extras: Mapping[str, object], context: Context
    ) -> tuple[Record, py.Expression]:
        """Keys that have no field."""
        said = {key: self.plain(value, context.at(key)) for key, value in extras.items()}
        self.unknown += [f"{context.name}.{key}" for key in extras]
        values = {key: value for key, (value, _) in said.items()}
        return authored.also(**values), py.Then(
            call, "also", (), {key: item for key, (_, item) in said.items()}
        )

    def text(self, text: str, name: str) -> py.Expression:
        """A text that has no references; `name` is the stem of the file that it may get."""
        return self._texts.write(text, name)

    def plain(self, value: object, context: Context) -> Said:
        """A value that is no record: a long text may get a file.

        Raises:
            BuildError: Python has no literal for it.
        """
        if isinstance(value, str):
            return value, self._texts.write(value, context.name)
        try:
            return value, py.literal(value)
        except TypeError as err:
            raise BuildError(f"{context.name}: {err}", code="not-decompilable") from err

    def _value(self, value: object, context: Context, kind: Kind = "plain") -> Said:
        match value:
            case Record():
                return self.record(value, context)
            case Selector():
                return self._known.reference(value)
            case str():
                return value, self._texts.write(value, context.name, kind=kind, suffix=context.suffix)
            case tuple():
                said = [self._value(item, context, kind) for item in value]
                return tuple(item for item, _ in said), py.Group("tuple", tuple(shown for _, shown in said))
            case dict() if any(isinstance(item, Record) for item in value.values()):
                found = {key: self._value(item, context.at(key), kind) for key, item in value.items()}
                pairs = tuple((py.literal(key), shown) for key, (_, shown) in found.items())
                return {key: item for key, (item, _) in found.items()}, py.Group("dict", pairs)
            case _:
                return self.plain(value, context)

    # -- helpers ----------------------------------------------------------------------------------

    def _spelled(self, spelled: Spelled, value: object, context: Context) -> Said | None:
        """The value by a function of the node's file, if that gives the same."""
        function = getattr(sys.modules[context.home], spelled.function, None)
        if function is None:
            return None
        files, imports, unknown = self._texts.kept(), self._imports.kept(), list(self.unknown)
        found = self._called(function, spelled, value, context)
        if found is None:
            self._texts.back_to(files)
            self._imports.back_to(imports)
            self.unknown[:] = unknown
        return found

    def _called(
        self, function: Callable[..., object], spelled: Spelled, value: object, context: Context
    ) -> Said | None:
        inside = context.at(spelled.function) if spelled.names_files else context
        args = [self._value(item, inside, "template") for item in spelled.args]
        kwargs = {key: self._value(item, context.at(key), "template") for key, item in spelled.kwargs.items()}
        then = [self._value(item, context, "template") for item in spelled.then_args]

        first, after = [item for item, _ in args], [item for item, _ in then]

        def made(keys: Iterable[str]) -> object:
            named = {key: kwargs[key][0] for key in keys}
            return _result(function, first, named, spelled.then, after)

        def fits(keys: Iterable[str]) -> bool:
            try:
                return self._same(made(keys), value, context.handles)
            except (TypeError, ValueError):
                return False

        if not fits(kwargs):
            return None
        keys = list(kwargs)
        for key in kwargs:
            if fits(shorter := [item for item in keys if item != key]):
                keys = shorter
        name = self._imports.use(context.home, spelled.function)
        start = py.Call(name, tuple(shown for _, shown in args), {key: kwargs[key][1] for key in keys})
        return made(keys), _continued(start, spelled, tuple(shown for _, shown in then))

    # -- equality ---------------------------------------------------------------------------------

    def same(self, left: Record, right: Record, context: Context) -> bool:
        """Equal, but for what a canvas says."""
        return self._same(left, right, context.handles)

    def _same(self, left: object, right: object, handles: frozenset[str]) -> bool:
        """Equal, but for what a canvas adds or leaves out and for ids that nothing points to."""
        return self._settled(left, handles) == self._settled(right, handles)

    def _settled(self, value: object, handles: frozenset[str], *, inside: bool = False) -> object:
        """Plain data to compare; what lies inside of a record was completed with it."""
        if isinstance(value, Record):
            noted = value.noted()
            items = {
                key: item
                for key, item in _items(value if inside else value.completed(self._version))
                if key not in noted and (key != "id" or (isinstance(item, str) and item in handles))
            }
            return type(value).__name__, self._settled(items, handles, inside=True)
        if isinstance(value, tuple | list):
            return [self._settled(item, handles, inside=inside) for item in value]
        if isinstance(value, dict):
            plain = {key: item for key, item in value.items() if item is not None}
            return {key: self._settled(item, handles, inside=inside) for key, item in plain.items()}
        return (type(value).__name__ if isinstance(value, bool | float) else "", value)


def _result(
    function: Callable[..., object],
    args: Sequence[object],
    kwargs: Mapping[str, object],
    then: str | None,
    then_args: Sequence[object],
) -> object:
    """What a helper gives, or the method behind it.

    Raises:
        TypeError: it does not take these values.
    """
    if not takes(function, args, kwargs):
        raise TypeError("the arguments do not fit")
    found = function(*args, **kwargs)
    if then is None:
        return found
    method = getattr(type(found), then)
    if not takes(method, (found, *then_args), {}):
        raise TypeError("the arguments do not fit")
    return method(found, *then_args)


def _items(record: Record) -> Iterator[tuple[str, object]]:
    """What is set of a record, by key."""
    for name, info in type(record).model_fields.items():
        if name in record.model_fields_set:
            yield info.alias or name, getattr(record, name)
    yield from (record.model_extra or {}).items()


def _made(cls: type[Record], values: Mapping[str, object], context: Context) -> Record:
    try:
        return cls.model_validate(values)
    except ValidationError as err:
        raise BuildError(f"{context.name}: {err}", code="not-decompilable") from err


def _continued(start: py.Call, spelled: Spelled, then: tuple[py.Expression, ...]) -> py.Expression:
    """The call, and what is called or compared behind it."""
    if spelled.then is None:
        return start
    operator = {"__gt__": ">", "__lt__": "<", "__ge__": ">=", "__le__": "<="}.get(spelled.then)
    called = py.Then(start, spelled.then, then)
    return called if operator is None else py.Compare(start, operator, then[0], called)


def _kind_of(info: FieldInfo) -> Kind:
    """The kind of text that a field holds; that of an optional text stands inside of its annotation."""
    inside = (getattr(item, "__metadata__", ()) for item in get_args(info.annotation))
    marks = chain(info.metadata, *inside)
    return next((item.kind for item in marks if isinstance(item, TextKind)), "plain")
