"""if-else: takes the way of the first case that holds (Dify 0.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from difyflow.nodes._base import Handle, NodeData
from difyflow.nodes._condition import Condition as Condition
from difyflow.nodes._condition import SubCondition as SubCondition
from difyflow.nodes._condition import SubConditions as SubConditions
from difyflow.nodes._condition import attribute as attribute
from difyflow.nodes._condition import condition_row, with_condition_ids
from difyflow.nodes._condition import when as when
from difyflow.nodes._look import CYAN, CanvasRow, Look
from difyflow.nodes._moves import GONE, Move, Path, Release, Step
from difyflow.nodes._record import NOTED, Many, Record, Spelled, Written
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class Case(Record):
    """IF or an ELIF; see `case`."""

    id: Annotated[str | None, NOTED] = None
    """The same as `case_id`; not in every file."""
    case_id: str = ""
    """The handle that edges leave at: `true` for the first case, a UUID for others in the editor."""
    logical_operator: str = "and"
    """and, or."""
    conditions: Many[Condition] = ()

    def spelled(self) -> Spelled | None:
        """`case(...)`."""
        given = {"logical_operator": self.logical_operator, "id": self.case_id or self.id or ""}
        return Spelled("case", self.conditions, given)


class IfElse(NodeData):
    """The way out of a case is its `case_id`, that of ELSE is `false`."""

    LOOK: ClassVar[Look] = Look(CYAN, "fork")

    type: str = "if-else"
    title: str = "IF/ELSE"
    cases: Annotated[Many[Case], Written(value=(Case(case_id="true"),))] = ()
    """Tried in order."""
    logical_operator: str | None = None
    """Of the legacy `conditions`."""
    conditions: Many[Condition] | None = None
    """Legacy: the only case, `true`, if there are no `cases`."""

    def steps_to(self, release: Release, path: Path = ()) -> Iterator[Step]:
        """The legacy conditions as a case."""
        legacy = not self.cases and self.conditions is not None
        if legacy:
            why = "conditions lie in cases today, and the editor breaks without them"
            case = {
                "case_id": "true",
                "conditions": [item.with_known_operator().dump() for item in self.conditions or ()],
                "id": "true",
                "logical_operator": self.logical_operator or "and",
            }
            yield Move((*path, "cases"), [case], why)
            for key in ("conditions", "logical_operator"):
                if key in self.model_fields_set:
                    yield Move((*path, key), GONE, why)
        else:
            yield from super().steps_to(release, path)

    def output_variables(self) -> tuple[OutputVar, ...]:
        """Which case held; the editor offers neither."""
        return (
            OutputVar("result", VarType.BOOLEAN, run_time_only=True),
            OutputVar("selected_case_id", VarType.STRING, run_time_only=True),
        )

    def source_handles(self) -> tuple[Handle, ...]:
        """The cases, then `false`."""
        ids = [item.case_id or item.id or "" for item in self.cases] or ["true"]
        labels = ["IF", *(f"ELIF {index}" for index in range(1, len(ids)))]
        return (*(Handle(*pair) for pair in zip(ids, labels, strict=True)), Handle("false", "ELSE"))

    def with_ids(self, node_id: str) -> Self:
        """Cases without an id become `true`, `case_2`, `case_3`, ...; conditions get UUIDs."""
        cases = tuple(_with_ids(item, index, node_id) for index, item in enumerate(self.cases))
        return self.model_copy(update={"cases": cases}) if cases else self

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """Each case with its conditions, then ELSE."""
        ways = self.source_handles()
        groups = [item.conditions for item in self.cases] or [self.conditions or ()]
        rows: list[CanvasRow] = []
        for way, conditions in zip(ways, groups, strict=False):
            rows.append(CanvasRow("branch", way.label, handle=way.id))
            rows += [condition_row(item) for item in conditions]
        return (*rows, CanvasRow("branch", ways[-1].label, handle=ways[-1].id))

    def canvas_height(self) -> int:
        """A row per condition and per case."""
        counts = [len(item.conditions) for item in self.cases] or [len(self.conditions or ())]
        return 78 + 22 * len(counts) + 26 * sum(max(1, count) for count in counts)


def _with_ids(item: Case, index: int, node_id: str) -> Case:
    case_id = item.case_id or ("true" if index == 0 else f"case_{index + 1}")
    conditions = with_condition_ids(item.conditions, node_id, index)
    return item.model_copy(update={"id": item.id or case_id, "case_id": case_id, "conditions": conditions})


def case(*conditions: Condition, logical_operator: Literal["and", "or"] = "and", id: str = "") -> Case:
    """`case(when(start.query).contains("refund"), id="refund")`: a case; `node.on("refund")` is its way out.

    Args:
        conditions: all must hold, or with `or` any of them.
        logical_operator: `and` or `or`.
        id: default: `true` for the first case, then `case_2`, `case_3`, ...
    """
    return Case(conditions=conditions, logical_operator=logical_operator, case_id=id)


EXAMPLE = IfElse(
    title="Which way?",
    cases=(
        case(
            when(Selector(("start", "query"))).contains("refund"),
            when(Selector(("start", "amount"))) > 100,
            logical_operator="or",
        ),
        case(when(Selector(("sys", "files"))).contains(attribute("type", "in", ["image"])), id="has_image"),
    ),
)

NODE = IfElse
