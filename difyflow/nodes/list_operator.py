"""list-operator: filters, sorts and cuts a list (Dify 0.11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal, Self

from difyflow.nodes._base import LISTS, NodeData, Template, type_of
from difyflow.nodes._condition import ConditionValue, Value, as_value
from difyflow.nodes._look import CYAN, CanvasRow, Look, row
from difyflow.nodes._record import Many, Record, Spelled, Written
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class FilterCondition(Record):
    """What an item must fulfil."""

    key: str = ""
    """For files: name, size, type, extension, mime_type, transfer_method, url; empty for other items."""
    comparison_operator: str | None = None
    """Text and files as in if-else; numbers =, ≠, >, <, ≥, ≤; booleans is, is not."""
    value: ConditionValue = None


class FilterBy(Record):
    """See `where`; Dify's editor checks the first condition only."""

    enabled: bool = False
    conditions: Many[FilterCondition] = ()

    def spelled(self) -> Spelled | None:
        """`where(...)`."""
        if not self.enabled or len(self.conditions) != 1:
            return None
        only = self.conditions[0]
        value = list(only.value) if isinstance(only.value, tuple) else only.value
        return Spelled("where", (only.comparison_operator, value), {"key": only.key})


class OrderBy(Record):
    """See `by`."""

    enabled: bool = False
    key: str | None = ""
    """For files: as in a filter."""
    value: str = "asc"
    """asc, desc."""

    def spelled(self) -> Spelled | None:
        """`by(...)`."""
        return Spelled("by", (), {"key": self.key, "order": self.value}) if self.enabled else None


class Limit(Record):
    """See `first`."""

    enabled: bool = False
    size: int = 10

    def spelled(self) -> Spelled | None:
        """`first(...)`."""
        return Spelled("first", (self.size,)) if self.enabled else None


class ExtractBy(Record):
    """See `nth`."""

    enabled: bool = False
    serial: Template = "1"
    """Counted from 1."""

    def spelled(self) -> Spelled | None:
        """`nth(...)`."""
        return Spelled("nth", (self.serial,)) if self.enabled else None


class ListOperator(NodeData):
    """Takes lists of strings, numbers, booleans or files. Filter, then extract or sort, then limit."""

    SINCE: ClassVar[str] = "0.11.0"
    LOOK: ClassVar[Look] = Look(CYAN, "funnel")

    type: str = "list-operator"
    title: str = "List Operator"
    variable: Annotated[Selector | Literal[""] | None, LISTS] = Selector()
    """The list."""
    var_type: str | None = None
    """The editor's note of the list's type; without it the editor shows no outputs."""
    item_var_type: str | None = None
    """The same of its items."""
    filter_by: FilterBy = FilterBy()
    extract_by: Annotated[ExtractBy | None, Written(since="0.1.3", value=ExtractBy())] = None
    order_by: OrderBy = OrderBy()
    limit: Limit = Limit()

    def output_variables(self) -> tuple[OutputVar, ...]:
        """The list that is left, its first and its last item."""
        known = VarType.of(self.var_type)
        result = known if known.is_array else VarType.ARRAY_ANY
        item = VarType.of(self.item_var_type) if self.item_var_type else result.item
        return (
            OutputVar("result", result),
            OutputVar("first_record", item),
            OutputVar("last_record", item),
        )

    def with_types(self, kind_of: Callable[[Selector], VarType | None]) -> Self:
        """The types of the list and its items."""
        kind = kind_of(self.variable) if self.variable else None
        if kind is None:
            return self
        return self.model_copy(update={"var_type": str(kind), "item_var_type": str(kind.item)})

    def completed(self, version: str) -> Self:
        """As `Record.completed`, with the types of the list if the reference knows them."""
        kind = type_of(self.variable)
        if kind is None or self.var_type is not None:
            return super().completed(version)
        made = self.model_copy(update={"var_type": str(kind), "item_var_type": str(kind.item)})
        return super(ListOperator, made).completed(version)

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """Its input."""
        return (row(self.variable or "", "input"),)

    def canvas_height(self) -> int:
        """With its input row."""
        return 92


def where(operator: str, value: Value | list[str] = "", *, key: str = "") -> FilterBy:
    """Keeps items: `where("in", ["image"], key="type")` for files, `where("contains", "x")` for texts."""
    condition = FilterCondition(key=key, comparison_operator=operator, value=as_value(value))
    return FilterBy(enabled=True, conditions=(condition,))


def by(key: str = "", order: Literal["asc", "desc"] = "asc") -> OrderBy:
    """Sorts: `by("size", "desc")` for files, `by()` for other items."""
    return OrderBy(enabled=True, key=key, value=order)


def first(size: int) -> Limit:
    """Keeps the first items."""
    return Limit(enabled=True, size=size)


def nth(serial: int | str | Selector) -> ExtractBy:
    """Keeps one item, counted from 1."""
    return ExtractBy(enabled=True, serial=str(serial))


EXAMPLE = ListOperator(
    title="The two newest images",
    variable=Selector(("sys", "files")),
    var_type="array[file]",
    item_var_type="file",
    filter_by=where("in", ["image"], key="type"),
    order_by=by("name", "desc"),
    limit=first(2),
)

NODE = ListOperator
