"""assigner: writes conversation and loop variables (Dify 0.7; version 2 since 0.13).

The editor calls it Variable Assigner; the type `variable-assigner` is an old name of the aggregator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ValidationInfo, field_validator

from difyflow.nodes import _variants
from difyflow.nodes._base import NodeData
from difyflow.nodes._look import BLUE, CanvasRow, Look, row
from difyflow.nodes._moves import GONE, Move, Path, Release, Step
from difyflow.nodes._plugin import selector_if
from difyflow.nodes._record import Many, Number, Record, Spelled, Written
from difyflow.terms.selector import Selector

_METHODS = {
    "over-write": "over_write",
    "set": "set",
    "clear": "clear",
    "append": "append",
    "extend": "extend",
    "remove-first": "remove_first",
    "remove-last": "remove_last",
    "+=": "add",
    "-=": "subtract",
    "*=": "multiply",
    "/=": "divide",
}


class Assignment(Record):
    """One variable and what is done to it; see `assign`."""

    variable_selector: Selector | Literal[""] | None = Selector()
    """A conversation variable, or a variable of a loop around this node."""
    input_type: str = "variable"
    """variable or constant; `clear`, `remove-first` and `remove-last` need `variable`."""
    operation: str = "over-write"
    """over-write, clear, set, append, extend, remove-first, remove-last, +=, -=, *=, /=."""
    value: Any = None
    """A reference for `variable`, else a constant."""
    write_mode: Annotated[str | None, Written(until="0.4.0", value="over-write")] = None
    """Left over from version 1; ignored, though older editors write it."""

    def spelled(self) -> Spelled | None:
        """`assign(...)` and what is done."""
        method = _METHODS.get(self.operation)
        if method is None or not isinstance(self.variable_selector, Selector):
            return None
        bare = method in ("clear", "remove_first", "remove_last")
        args = () if bare else (self.value,)
        return Spelled("assign", (self.variable_selector,), then=method, then_args=args)

    @field_validator("value", mode="after")
    @classmethod
    def _read_selectors(cls, value: object, info: ValidationInfo) -> object:
        return selector_if(info.data.get("input_type") == "variable", value)


class Assigner(NodeData):
    """Version 2: several assignments, one after the other. Has no outputs."""

    SINCE: ClassVar[str] = "0.13.0"
    LOOK: ClassVar[Look] = Look(BLUE, "pencil")

    type: str = "assigner"
    title: str = "Variable Assigner"
    version: Annotated[str | None, Written(value="2")] = None
    """`2`; without it Dify takes the node for version 1 and fails."""
    items: Many[Assignment] = ()

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """A row per assignment."""
        return tuple(row(item.variable_selector or "", item.operation) for item in self.items)

    def canvas_height(self) -> int:
        """A row per assignment."""
        return 60 + 28 * max(1, len(self.items))


class AssignerV1(NodeData):
    """Version 1, up to Dify 0.12: one assignment. Has no outputs."""

    SINCE: ClassVar[str] = "0.7.0"
    LOOK: ClassVar[Look] = Look(BLUE, "pencil")

    type: str = "assigner"
    title: str = "Variable Assigner"
    assigned_variable_selector: Selector | Literal[""] | None = Selector()
    """A conversation variable."""
    write_mode: str = "over-write"
    """over-write, append, clear."""
    input_variable_selector: Selector | Literal[""] | None = Selector()
    """What is written."""

    def steps_to(self, release: Release, path: Path = ()) -> Iterator[Step]:
        """As version 2, where there is one."""
        if release < (0, 13, 0):
            return
        why = "the assigner has version 2 since Dify 0.13"
        clears = self.write_mode == "clear"
        item = {
            "input_type": "variable",
            "operation": self.write_mode,
            "value": None if clears else list(self.input_variable_selector or ()),
            "variable_selector": list(self.assigned_variable_selector or ()),
        }
        yield Move((*path, "items"), [item], why)
        yield Move((*path, "version"), "2", why)
        for key in ("assigned_variable_selector", "write_mode", "input_variable_selector"):
            if key in self.model_fields_set:
                yield Move((*path, key), GONE, why)

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """The variable."""
        return (row(self.assigned_variable_selector or "", self.write_mode),)

    def canvas_height(self) -> int:
        """With its two rows."""
        return 132


def variant(data: Mapping[str, object]) -> type[NodeData]:
    """The class of this node; see `_variants`."""
    return Assigner if _variants.assigner(data) == "2" else AssignerV1


@dataclass(frozen=True, slots=True)
class Assign:
    """A variable that is to be written; `assign` makes it."""

    variable: Selector

    def over_write(self, value: object) -> Assignment:
        """A reference, or a constant, in place of the old value."""
        return self._given("over-write", value)

    def set(self, value: str | Number | bool | dict[str, Any]) -> Assignment:
        """A constant in place of the old value; not for lists."""
        return self._given("set", value)

    def clear(self) -> Assignment:
        """Empties it."""
        return self._given("clear", None)

    def append(self, value: Selector) -> Assignment:
        """Adds an item to a list."""
        return self._given("append", value)

    def extend(self, value: Selector) -> Assignment:
        """Adds the items of another list."""
        return self._given("extend", value)

    def remove_first(self) -> Assignment:
        """Takes the first item off a list."""
        return self._given("remove-first", None)

    def remove_last(self) -> Assignment:
        """Takes the last item off a list."""
        return self._given("remove-last", None)

    def add(self, number: Number) -> Assignment:
        """`+=`."""
        return self._given("+=", number)

    def subtract(self, number: Number) -> Assignment:
        """`-=`."""
        return self._given("-=", number)

    def multiply(self, number: Number) -> Assignment:
        """`*=`."""
        return self._given("*=", number)

    def divide(self, number: Number) -> Assignment:
        """`/=`."""
        return self._given("/=", number)

    def _given(self, operation: str, value: object) -> Assignment:
        kind = "variable" if value is None or isinstance(value, Selector) else "constant"
        return Assignment(variable_selector=self.variable, input_type=kind, operation=operation, value=value)


def assign(variable: Selector) -> Assign:
    """Begins an assignment: `assign(notes).append(llm.text)`, `assign(count).add(1)`."""
    return Assign(variable)


EXAMPLE = Assigner(
    title="Remember",
    items=(
        assign(Selector(("conversation", "notes"))).append(Selector(("llm", "text"))),
        assign(Selector(("conversation", "count"))).add(1),
        assign(Selector(("conversation", "draft"))).clear(),
    ),
)

NODE = Assigner
