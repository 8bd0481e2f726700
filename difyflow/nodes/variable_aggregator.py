"""variable-aggregator: the first of several variables that has a value (Dify 0.6.9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Self

from difyflow.nodes._base import NodeData, made_id, type_of
from difyflow.nodes._look import BLUE, CanvasRow, Look, heading, row
from difyflow.nodes._record import Many, Record, Spelled, Written
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class Group(Record):
    """Variables of which one is taken, by a name of their own; see `group`."""

    groupId: str | None = None
    """A UUID in the editor."""
    group_name: str = ""
    """Name of the output, an object with the key `output`."""
    output_type: str = "any"
    variables: Many[Selector] = ()

    def spelled(self) -> Spelled | None:
        """`group(...)`."""
        return Spelled("group", (self.group_name, *self.variables), {"output_type": self.output_type})


class AdvancedSettings(Record):
    """Several groups in one node (Dify 0.6.10); see `groups`."""

    group_enabled: bool = False
    groups: Many[Group] = ()

    def spelled(self) -> Spelled | None:
        """`groups(...)`."""
        return Spelled("groups", self.groups) if self.group_enabled else None


class VariableAggregator(NodeData):
    """Joins branches: takes the first variable that has a value, not all of them."""

    SINCE: ClassVar[str] = "0.6.9"
    LOOK: ClassVar[Look] = Look(BLUE, "merge")

    type: str = "variable-aggregator"
    title: str = "Variable Aggregator"
    output_type: Annotated[str | None, Written(value="any")] = None
    """Type of `output` as the editor believes it."""
    variables: Many[Selector] = ()
    """Of one type each."""
    advanced_settings: AdvancedSettings | None = None

    def output_variables(self) -> tuple[OutputVar, ...]:
        """`output`; with groups, one object per group that holds its `output`."""
        groups = self._groups()
        if not groups:
            return (OutputVar("output", VarType.of(self.output_type)),)
        return tuple(
            OutputVar(item.group_name, VarType.OBJECT, (OutputVar("output", VarType.of(item.output_type)),))
            for item in groups
        )

    def with_ids(self, node_id: str) -> Self:
        """Groups get UUIDs."""
        settings = self.advanced_settings
        if settings is None or not settings.groups:
            return self
        groups = tuple(
            item if item.groupId else item.model_copy(update={"groupId": made_id(node_id, index)})
            for index, item in enumerate(settings.groups)
        )
        return self.model_copy(update={"advanced_settings": settings.model_copy(update={"groups": groups})})

    def with_types(self, kind_of: Callable[[Selector], VarType | None]) -> Self:
        """The type that all variables share; `any` if they do not share one."""
        settings = self.advanced_settings
        if settings is not None and settings.group_enabled:
            groups = tuple(
                item.model_copy(update={"output_type": shared_type(item.variables, kind_of)})
                for item in settings.groups
            )
            made = settings.model_copy(update={"groups": groups})
            return self.model_copy(update={"advanced_settings": made})
        return self.model_copy(update={"output_type": shared_type(self.variables, kind_of)})

    def completed(self, version: str) -> Self:
        """As `Record.completed`, with the type of the references if they know theirs."""
        kind = common_type(self.variables)
        if kind is None or "output_type" in self.model_fields_set:
            return super().completed(version)
        made = self.model_copy(update={"output_type": kind})
        return super(VariableAggregator, made).completed(version)

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """A row per variable, under the names of their groups."""
        groups = self._groups()
        if not groups:
            return tuple(row(item) for item in self.variables)
        rows: list[CanvasRow] = []
        for group in groups:
            rows += [heading(group.group_name), *(row(item) for item in group.variables)]
        return tuple(rows)

    def canvas_height(self) -> int:
        """A row per variable."""
        groups = self._groups()
        if groups:
            return 60 + sum(48 + 22 * max(1, len(item.variables)) for item in groups)
        return 86 + 22 * max(1, len(self.variables))

    def _groups(self) -> tuple[Group, ...]:
        settings = self.advanced_settings
        return settings.groups if settings is not None and settings.group_enabled else ()


def common_type(variables: tuple[Selector, ...]) -> str | None:
    """The type of all these references, if they know it and it is one."""
    kinds = {type_of(item) for item in variables}
    kind = kinds.pop() if len(kinds) == 1 else None
    return None if kind is None else str(kind)


def shared_type(variables: tuple[Selector, ...], kind_of: Callable[[Selector], VarType | None]) -> str:
    """The type of all these variables; `any` if it is not one, or nobody can say."""
    kinds = {kind_of(item) for item in variables}
    kind = kinds.pop() if len(kinds) == 1 else None
    return str(kind or VarType.ANY)


def group(name: str, *variables: Selector, output_type: str | None = None) -> Group:
    """A group; its output is `node.<name>.output`."""
    kind = output_type or common_type(variables) or "any"
    return Group(group_name=name, variables=variables, output_type=kind)


def groups(*items: Group) -> AdvancedSettings:
    """`advanced_settings=groups(group("text", a.text, b.text), group("files", a.files, b.files))`."""
    return AdvancedSettings(group_enabled=True, groups=items)


EXAMPLE = VariableAggregator(
    title="Either answer",
    output_type="string",
    variables=(Selector(("llm", "text")), Selector(("fallback", "text"))),
)

NODE = VariableAggregator
