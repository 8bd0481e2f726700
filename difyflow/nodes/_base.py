"""What every node type shares, and how the class of a type is found.

A node file `nodes/<type>.py` (Dify's `type`, hyphens as underscores) holds `NODE`, a subclass of `NodeData`.
It answers everything that other rooms ask about the type: `output_variables()`, `source_handles()`,
`references()`, `canvas_size()`, `canvas_rows()`, `app_outputs()`, `LOOK`, `SINCE`, `ENVELOPE`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Annotated, Any, ClassVar, Literal, Protocol, Self, TypeVar, get_args
from uuid import NAMESPACE_OID, uuid5

from pydantic import BaseModel

from difyflow.nodes._look import CanvasRow, Look
from difyflow.nodes._record import NEVER, Many, Newcomer, Number, Record, Since, Spelled, Written, numbers
from difyflow.terms.form import FormField
from difyflow.terms.selector import Selector, placeholders
from difyflow.terms.vartype import OutputVar, VarType


@dataclass(frozen=True, slots=True)
class TextKind:
    """Mark of a text field: `template` resolves `{{#...#}}`, `jinja` is Jinja2, `code` source."""

    kind: Literal["template", "jinja", "code"]


@dataclass(frozen=True, slots=True)
class Takes:
    """Mark of a reference field: the types with which the engine can run; with others it fails."""

    kinds: frozenset[VarType]

    def accepts(self, kind: VarType | None) -> bool:
        """True for a type that fits or may fit: nobody knows what is in `any`."""
        if kind is None or kind is VarType.ANY or kind in self.kinds:
            return True
        return kind in (VarType.ARRAY, VarType.ARRAY_ANY) and any(item.is_array for item in self.kinds)

    def __str__(self) -> str:
        if LISTS.kinds <= self.kinds:
            return "a list"
        named = [kind for kind in self.kinds if kind not in (VarType.SECRET, VarType.INTEGER)]
        return " or ".join([kind for kind in sorted(named, key=lambda kind: (kind.is_array, kind))])


LISTS = Takes(frozenset(kind for kind in VarType if kind.is_array))
FILES = Takes(frozenset((VarType.FILE, VarType.ARRAY_FILE)))
TEXT = Takes(frozenset((VarType.STRING, VarType.SECRET)))


Template = Annotated[str, TextKind("template")]
"""Text in which Dify resolves `{{#node.name#}}`."""

Jinja = Annotated[str, TextKind("jinja")]
"""A Jinja2 template; `{{#...#}}` is not resolved."""

Source = Annotated[str, TextKind("code")]
"""Source code."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in a node's data that names a variable.

    Attributes:
        path: keys and indexes inside `data`.
        selector: what is named.
        start, end: character offsets of the placeholder in the text at `path`; None for a selector field.
    """

    path: tuple[str | int, ...]
    selector: Selector
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Handle:
    """A point where an edge may leave a node: `id` is the edge's `sourceHandle`."""

    id: str
    label: str = ""


class Refers(Record):
    """A record that itself knows what in it is a reference; in others the fields' types say it."""

    def references_at(self, path: tuple[str | int, ...]) -> Iterator[Reference]:
        """The references in here, for a record that lies at `path` of a node's data."""
        return _references(self, path)


class RetryConfig(Record):
    """`retry_config` (0.14.2): the editor offers it on llm, tool, http-request and code."""

    retry_enabled: Annotated[bool, Since("0.14.2")] = False
    max_retries: int = 3
    """1 to 10 in the editor."""
    retry_interval: int = 1000
    """Milliseconds, 100 to 5000 in the editor."""

    def spelled(self) -> Spelled | None:
        """`retry(...)`."""
        return Spelled("retry", (self.max_retries,), {"interval_ms": self.retry_interval})


class DefaultValue(Record):
    """One entry of `default_value`, used with `error_strategy: default-value`."""

    key: str = ""
    type: str = "string"
    value: Any = None

    def plain(self) -> object:
        """The value itself, where the file has it as JSON text."""
        if isinstance(self.value, str) and self.type.startswith(("array", "object")):
            try:
                return json.loads(self.value)
            except (ValueError, RecursionError):
                return self.value
        return self.value


class NodeData(Refers):
    """`data` of a node: the fields that all types share (dsl.md 4.2; Dify 0.6 to 1.16)."""

    SINCE: ClassVar[str] = "0.6.0"
    """The first Dify release with this node type."""
    ENVELOPE: ClassVar[str] = "custom"
    """The envelope's `type`."""
    FROM_DOCUMENTATION: ClassVar[bool] = False
    """True if no raw export with this type was seen."""
    CONTAINER: ClassVar[Literal["iteration", "loop"] | None] = None
    """Set for node types that hold other nodes."""
    ENTRY: ClassVar[bool] = False
    """True if a run begins here."""
    TERMINAL: ClassVar[bool] = False
    """True if nothing may follow."""
    CAN_FAIL: ClassVar[bool] = False
    """True if the editor offers error strategies for this type."""
    LOOK: ClassVar[Look] = Look()
    """Colour and icon on the canvas."""
    PROSE: ClassVar[tuple[str, ...]] = ()
    """Keys whose texts are words for a model or a reader: only what stands in braces means anything."""
    PROGRAM: ClassVar[tuple[str, ...]] = ()
    """Keys with a program, which is read together with this node alone."""

    type: str = ""
    title: str = ""
    desc: Annotated[str | None, Written(until="0.3.1")] = ""
    """Written by older editors only."""
    selected: bool = False
    version: str | None = None
    """Picks the node class; `2` for assigner v2 and agent v2, absent otherwise."""
    isInIteration: bool | None = None
    isIterationStart: bool | None = None
    """The first child of an iteration, before Dify 0.8 gave it a start node."""
    iteration_id: str | None = None
    isInLoop: bool | None = None
    loop_id: str | None = None
    container_id: str | None = None
    """Owner according to graphon 0.8; overrides the envelope's `parentId`."""
    error_strategy: Annotated[Literal["fail-branch", "default-value"] | None, Since("0.14.0")] = None
    default_value: Many[DefaultValue] | None = None
    retry_config: RetryConfig | None = None

    def output_variables(self) -> tuple[OutputVar, ...]:
        """The variables that later nodes may use, without `error_message` and `error_type`."""
        return ()

    def all_outputs(self) -> tuple[OutputVar, ...]:
        """`output_variables()` and, with an error strategy, `error_message` and `error_type`."""
        if self.error_strategy is None:
            return self.output_variables()
        return (
            *self.output_variables(),
            OutputVar("error_message", VarType.STRING),
            OutputVar("error_type", VarType.STRING),
        )

    def form(self) -> tuple[FormField, ...]:
        """The inputs that a run asks for at this node."""
        return ()

    def with_types(self, kind_of: Callable[[Selector], VarType | None]) -> Self:  # noqa: ARG002  # used by few
        """A copy whose notes of types say what its references really are.

        Args:
            kind_of: the type of the variable that a selector names; None where nobody can say.
        """
        return self

    def inner_variables(self) -> tuple[OutputVar, ...]:
        """The variables that only the nodes inside a container may use: `item`, `index`, loop variables."""
        return ()

    def open_outputs(self) -> bool:
        """True if the node may put out more than `output_variables()` can know."""
        return False

    def source_handles(self) -> tuple[Handle, ...]:
        """Where edges may leave; with `fail-branch` there is a second way out."""
        if self.TERMINAL:
            return ()
        if self.error_strategy == "fail-branch":
            return (Handle("source"), Handle("fail-branch"))
        return (Handle("source"),)

    def app_outputs(self) -> tuple[tuple[str, Selector | str], ...]:
        """What the app itself puts out at this node: name, and the reference or text that it is made of."""
        return ()

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """What the card shows below its title: by itself the ways out, if there are several."""
        ways = [item for item in self.source_handles() if item.id not in ("source", "fail-branch")]
        return tuple(CanvasRow("branch", item.label or item.id, handle=item.id) for item in ways)

    def card_rows(self) -> tuple[CanvasRow, ...]:
        """`canvas_rows()` and a row for the error strategy."""
        rows = self.canvas_rows()
        if any(item.id == "fail-branch" for item in self.source_handles()):
            return (*rows, CanvasRow("failure", "On failure", "fail branch", handle="fail-branch"))
        if self.error_strategy == "default-value":
            return (*rows, CanvasRow("failure", "On failure", "default value"))
        return rows

    def newcomers(self, path: tuple[str | int, ...] = ()) -> Iterator[Newcomer]:
        """As in `Record`, the node type itself first."""
        if numbers(self.SINCE) > numbers(NodeData.SINCE):
            version = f" version {self.version}" if self.version else ""
            yield Newcomer((*path, "type"), f"node type {self.type or 'note'}{version}", self.SINCE)
        yield from super().newcomers(path)

    def import_faults(self, dsl_version: tuple[int, ...]) -> Iterator[str]:  # noqa: ARG002  # used by few types
        """Why a Dify of this DSL version refuses to import the node, in its words; most types never."""
        return iter(())

    def references(self) -> tuple[Reference, ...]:
        """Every place that names a variable, in the order of the fields."""
        return tuple(self.references_at(()))

    def with_ids(self, node_id: str) -> Self:  # noqa: ARG002  # used by node types with such parts
        """A copy in which parts that the editor gives an id have one, derived from the node's id."""
        return self

    def spelled_fields(self) -> Mapping[str, Spelled]:
        """How a person writes fields for which this file has a function."""
        return _spelled_defaults(self.default_value)

    def source_suffix(self) -> str:
        """Suffix of a file that holds this node's code."""
        return "py"

    def canvas_size(self) -> tuple[Number, Number]:
        """Width and height in canvas pixels as an editor of the 0.15 line measures them (dsl.md 4.6)."""
        extra = 36 if self.error_strategy else 0
        return 244, self.canvas_height() + extra

    def canvas_height(self) -> int:
        """Height without the row of an error strategy."""
        return 54


def _spelled_defaults(values: tuple[DefaultValue, ...] | None) -> Mapping[str, Spelled]:
    """`defaults(text="")`, where each value is of a type that a function of that name can tell."""
    if not values:
        return {}
    found = {item.key: item.plain() for item in values}
    return {"default_value": Spelled("defaults", (), found)} if len(found) == len(values) else {}


class UnknownNode(NodeData):
    """A node whose type this version does not know; everything is kept verbatim.

    Every `{{#...#}}` and every list under a key that ends in `selector` is taken for a reference.
    """

    desc: Annotated[str | None, NEVER] = None
    selected: Annotated[bool, NEVER] = False

    def open_outputs(self) -> bool:
        """Nobody can say what it puts out."""
        return True

    def references_at(self, path: tuple[str | int, ...]) -> Iterator[Reference]:
        """What looks like a reference."""
        return _lookalikes(self.model_extra or {}, path)


def _lookalikes(value: object, path: tuple[str | int, ...]) -> Iterator[Reference]:
    match value:
        case str():
            yield from references_in_text(value, path)
        case [str(), str(), *_] if str(path[-1]).endswith("selector") and _texts(value):
            yield Reference(path, Selector.parse(value))
        case list() | tuple():
            for index, item in enumerate(value):
                yield from _lookalikes(item, (*path, index))
        case dict():
            for key, item in value.items():
                yield from _lookalikes(item, (*path, key))
        case _:
            pass


def _texts(value: Sequence[object]) -> bool:
    return all(isinstance(part, str) for part in value)


NOTE_ENVELOPE = "custom-note"

_Variant = Callable[[Mapping[str, object]], type[NodeData]]
"""Hook `variant` of a node file that has several classes: the class for the data of one node."""


@cache
def _node_file(node_type: str) -> tuple[type[NodeData], _Variant | None]:
    """`NODE` of the file of a type, and its `variant` if it has several classes."""
    from difyflow import _catalog, nodes

    if not _catalog.has(nodes, node_type):
        return UnknownNode, None
    file = import_module(f"difyflow.nodes.{node_type.replace('-', '_')}")
    if not (isinstance(file.NODE, type) and issubclass(file.NODE, NodeData)):
        raise TypeError(f"nodes/{node_type}: NODE is not a node class")
    return file.NODE, getattr(file, "variant", None)


def node_class(node_type: str) -> type[NodeData]:
    """The class of a node type, the newest if there are several; `UnknownNode` if there is no file for it."""
    return _node_file(node_type)[0]


def class_for(envelope: object, data: Mapping[str, object]) -> type[NodeData]:
    """The class for a node of a file; notes are told by their envelope, since their `type` is empty."""
    node_type = data.get("type")
    if envelope == NOTE_ENVELOPE:
        return node_class("note")
    if not isinstance(node_type, str) or node_type in ("", "note"):
        return UnknownNode
    found, variant = _node_file(node_type)
    return variant(data) if variant else found


class _HasId(Protocol):
    @property
    def id(self) -> str | None: ...

    def model_copy(self, *, update: Mapping[str, Any]) -> Self: ...


_WithId = TypeVar("_WithId", bound=_HasId)


def made_id(*path: str | int) -> str:
    """A UUID that is the same for the same path at every rendering."""
    return str(uuid5(NAMESPACE_OID, "/".join(str(part) for part in path)))


def with_made_ids(items: tuple[_WithId, ...], *path: str | int) -> tuple[_WithId, ...]:
    """Copies in which every item has an id; a missing one is made from the path and the item's place."""
    return tuple(
        item if item.id else item.model_copy(update={"id": made_id(*path, index)})
        for index, item in enumerate(items)
    )


def type_of(value: object) -> VarType | None:
    """The type that a reference of a flow knows; None for a bare selector and for anything else."""
    kind = getattr(value, "type", None) if isinstance(value, Selector) else None
    return kind if isinstance(kind, VarType) and kind is not VarType.ANY else None


def outputs_of(names: Mapping[str, VarType]) -> tuple[OutputVar, ...]:
    """Plain output variables from names and types."""
    return tuple(OutputVar(name, kind) for name, kind in names.items())


@cache
def _plan(cls: type[BaseModel]) -> tuple[tuple[str, str, TextKind | None], ...]:
    """(attribute, key, text mark) of the fields that may hold references."""
    plan = []
    for name, field in cls.model_fields.items():
        mark = text_kind((*field.metadata, field.annotation))
        if mark is None and _never_refers(field.annotation):
            continue
        plan.append((name, field.alias or name, mark))
    return tuple(plan)


def text_kind(parts: tuple[object, ...]) -> TextKind | None:
    """The text mark of a type, also inside `Template | None`."""
    for part in parts:
        if isinstance(part, TextKind):
            return part
        if (found := text_kind(get_args(part))) is not None:
            return found
    return None


def _never_refers(annotation: object) -> bool:
    return annotation in (str, int, float, bool, str | None, int | None, bool | None, Number, Number | None)


def _references(record: Record, path: tuple[str | int, ...]) -> Iterator[Reference]:
    for name, key, mark in _plan(type(record)):
        yield from _references_in(getattr(record, name), (*path, key), mark)


def _references_in(value: object, path: tuple[str | int, ...], mark: TextKind | None) -> Iterator[Reference]:
    match value:
        case str():
            if mark is not None and mark.kind == "template":
                yield from references_in_text(value, path)
        case Selector():
            if value:
                yield Reference(path, value)
        case Record():
            yield from value.references_at(path) if isinstance(value, Refers) else _references(value, path)
        case tuple():
            for index, item in enumerate(value):
                yield from _references_in(item, (*path, index), mark)
        case dict():
            for key, item in value.items():
                yield from _references_in(item, (*path, key), mark)
        case _:
            pass


@dataclass(frozen=True, slots=True)
class WrongType:
    """A reference whose type a field cannot take."""

    path: tuple[str | int, ...]
    selector: Selector
    kind: VarType
    takes: Takes


def wrong_types(value: object, path: tuple[str | int, ...] = ()) -> Iterator[WrongType]:
    """The references in a record that know their type and stand where the engine cannot take it."""
    match value:
        case Record():
            for name, field in type(value).model_fields.items():
                yield from _wrong_type(getattr(value, name), field.metadata, (*path, field.alias or name))
        case tuple() if not isinstance(value, Selector):
            for index, item in enumerate(value):
                yield from wrong_types(item, (*path, index))
        case dict():
            for key, item in value.items():
                yield from wrong_types(item, (*path, key))
        case _:
            pass


def _wrong_type(value: object, marks: Sequence[object], path: tuple[str | int, ...]) -> Iterator[WrongType]:
    if not isinstance(value, Selector):
        yield from wrong_types(value, path)
        return
    kind = type_of(value)
    mark = next((item for item in marks if isinstance(item, Takes)), None)
    if kind is not None and mark is not None and not mark.accepts(kind):
        yield WrongType(path, value, kind, mark)


def references_in_text(text: str, path: tuple[str | int, ...]) -> Iterator[Reference]:
    """The placeholders of a text as references."""
    for start, end, selector in placeholders(text):
        yield Reference(path, selector, start, end)


def references_in_value(value: object, path: tuple[str | int, ...]) -> Iterator[Reference]:
    """The references in the selectors and records of a value; its plain text has none."""
    return _references_in(value, path, None)
