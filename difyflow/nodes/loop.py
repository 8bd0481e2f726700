"""loop: runs the nodes in it again and again, with variables that live from round to round (Dify 1.1)."""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ValidationInfo, field_validator

from difyflow.nodes._base import NodeData, type_of, with_made_ids
from difyflow.nodes._condition import Condition as Condition
from difyflow.nodes._condition import SubCondition as SubCondition
from difyflow.nodes._condition import SubConditions as SubConditions
from difyflow.nodes._condition import attribute as attribute
from difyflow.nodes._condition import when as when
from difyflow.nodes._condition import with_condition_ids
from difyflow.nodes._look import CYAN, Look
from difyflow.nodes._plugin import selector_if
from difyflow.nodes._record import Many, Number, Record, Since, Spelled, Written
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class LoopVariable(Record):
    """A variable of the loop (1.2); see `variable`."""

    id: str | None = None
    """A UUID in the editor."""
    label: str = ""
    """Its name."""
    var_type: Annotated[str, Since(values={"boolean": "1.8.0", "array[boolean]": "1.8.0"})] = "string"
    """string, number, object, boolean, array[string], array[number], array[object], array[boolean]."""
    value_type: str = "constant"
    """constant or variable."""
    value: Any = None
    """A reference for `variable`. A constant may be text: `'1'` for a number, JSON text for an array."""

    def spelled(self) -> Spelled | None:
        """`variable(...)`."""
        value = self.value
        if self.value_type == "constant" and isinstance(value, str) and self.var_type != "string":
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return None
        return Spelled("variable", (self.label, value), {"var_type": self.var_type})

    @field_validator("value", mode="after")
    @classmethod
    def _read_selectors(cls, value: object, info: ValidationInfo) -> object:
        return selector_if(info.data.get("value_type") == "variable", value)


class Loop(NodeData):
    """Ends after `loop_count` rounds, when the break conditions hold, or at a loop-end node inside.

    The conditions are tested before the first round too. Its variables are known inside and afterwards.
    """

    SINCE: ClassVar[str] = "1.1.0"
    CONTAINER: ClassVar[Literal["iteration", "loop"] | None] = "loop"
    LOOK: ClassVar[Look] = Look(CYAN, "loop")

    type: str = "loop"
    title: str = "Loop"
    loop_count: int = 10
    """Most rounds, 1 to 100."""
    loop_variables: Annotated[Many[LoopVariable] | None, Since("1.2.0")] = None
    break_conditions: Many[Condition] = ()
    logical_operator: str = "and"
    """How the conditions are joined: and, or."""
    start_node_id: str | None = ""
    """The loop-start inside."""
    error_handle_mode: Annotated[str | None, Written(value="terminated")] = None
    """Only the editor reads it."""
    outputs: dict[str, Any] | None = None
    """Read up to Dify 1.12."""
    width: Number | None = None
    height: Number | None = None

    def output_variables(self) -> tuple[OutputVar, ...]:
        """The loop's variables, and `loop_round`."""
        return (*self.inner_variables(), OutputVar("loop_round", VarType.NUMBER))

    def inner_variables(self) -> tuple[OutputVar, ...]:
        """The loop's variables."""
        return tuple(OutputVar(item.label, VarType.of(item.var_type)) for item in self.loop_variables or ())

    def with_ids(self, node_id: str) -> Self:
        """Variables and conditions get UUIDs."""
        changes: dict[str, object] = {}
        if self.loop_variables:
            changes["loop_variables"] = with_made_ids(self.loop_variables, node_id, "variable")
        if self.break_conditions:
            changes["break_conditions"] = with_condition_ids(self.break_conditions, node_id)
        return self.model_copy(update=changes)

    def canvas_size(self) -> tuple[Number, Number]:
        """Its own, or that of a new one."""
        return self.width or 508, self.height or 203


def variable(label: str, value: object, *, var_type: str | None = None) -> LoopVariable:
    """A variable of a loop with its first value.

    Args:
        label: its name.
        value: a reference, or a constant: text, a number, a boolean, a list, a mapping.
        var_type: default: by the value; an empty list is `array[string]`.
    """
    if isinstance(value, Selector):
        kind = var_type or str(type_of(value) or VarType.STRING)
        return LoopVariable(label=label, var_type=kind, value_type="variable", value=value)
    kind = var_type or _type_of_constant(value)
    written = (
        value if isinstance(value, bool | str) or value is None else json.dumps(value, ensure_ascii=False)
    )
    return LoopVariable(label=label, var_type=kind, value_type="constant", value=written)


def _type_of_constant(value: object) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case dict():
            return "object"
        case [first, *_] if not isinstance(value, str):
            return f"array[{_type_of_constant(first)}]"
        case list() | tuple():
            return "array[string]"
        case _:
            return "string"


EXAMPLE = Loop(
    title="Until it is short enough",
    loop_count=5,
    loop_variables=(
        variable("text", Selector(("start", "text"))),
        variable("tries", 0),
        variable("seen", []),
    ),
    break_conditions=(when(Selector(("loop", "tries"))) >= 3, when(Selector(("loop", "text"))).is_("done")),
    logical_operator="or",
    start_node_id="loopstart",
    width=608,
    height=203,
)

NODE = Loop
