"""iteration: runs the nodes in it once per item of a list (Dify 0.6.9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal, Self

from difyflow.nodes._base import LISTS, NodeData, type_of
from difyflow.nodes._look import CYAN, Look
from difyflow.nodes._record import NOTED, Number, Since, Written, numbers
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class Iteration(NodeData):
    """Inside, `item` is the item and `index` its place from 0; afterwards `output` is the list of results."""

    SINCE: ClassVar[str] = "0.6.9"
    CONTAINER: ClassVar[Literal["iteration", "loop"] | None] = "iteration"
    LOOK: ClassVar[Look] = Look(CYAN, "repeat")

    type: str = "iteration"
    title: str = "Iteration"
    iterator_selector: Annotated[Selector | Literal[""] | None, LISTS] = Selector()
    """The list. Null is taken as an empty list; anything else that is no list fails."""
    iterator_input_type: Annotated[str | None, NOTED] = None
    """The editor's note of the list's type, in newer files."""
    output_selector: Selector | Literal[""] | None = Selector()
    """The variable of a round, put out by a node inside, that is collected."""
    output_type: str | None = None
    """Type of the collected list as the editor believes it."""
    start_node_id: str | None = ""
    """The iteration-start inside; before Dify 0.8 the first child itself."""
    startNodeType: Annotated[str | None, NOTED] = None
    """The editor's note, in older files."""
    is_parallel: Annotated[bool, Written(since="0.1.3"), Since("0.11.0")] = False
    parallel_nums: Annotated[int, Written(since="0.1.3")] = 10
    """Rounds at the same time, 1 to 10."""
    error_handle_mode: Annotated[str, Written(since="0.1.3"), Since("0.11.0")] = "terminated"
    """terminated, continue-on-error (null for a failed round), remove-abnormal-output."""
    flatten_output: Annotated[bool, Written(since="0.5.0"), Since("1.10.0")] = True
    """Makes one list of rounds that give lists."""
    width: Number | None = None
    height: Number | None = None

    def output_variables(self) -> tuple[OutputVar, ...]:
        """`output`, a list."""
        kind = VarType.of(self.output_type)
        return (OutputVar("output", kind if kind.is_array else VarType.ARRAY_ANY),)

    def inner_variables(self) -> tuple[OutputVar, ...]:
        """`item`, with the type of the list's items, and `index`."""
        kind = type_of(self.iterator_selector) or VarType.of(self.iterator_input_type)
        return (OutputVar("item", kind.item), OutputVar("index", VarType.NUMBER))

    def with_types(self, kind_of: Callable[[Selector], VarType | None]) -> Self:
        """The types of the list and of what is collected."""
        changes: dict[str, object] = {}
        given = kind_of(self.iterator_selector) if self.iterator_selector else None
        collected = kind_of(self.output_selector) if self.output_selector else None
        if given is not None:
            changes["iterator_input_type"] = str(given)
        if collected is not None:
            changes["output_type"] = str(collected if collected.is_array else collected.array)
        return self.model_copy(update=changes) if changes else self

    def changed(self, **changes: object) -> Self:
        """As `Record.changed`; a new `output_selector` that knows its type brings the `output_type`."""
        kind = type_of(changes.get("output_selector"))
        if kind is not None and "output_type" not in changes:
            changes["output_type"] = str(kind if kind.is_array else kind.array)
        return super().changed(**changes)

    def completed(self, version: str) -> Self:
        """As `Record.completed`, with the types of references that know theirs."""
        changes: dict[str, object] = {}
        given, collected = type_of(self.iterator_selector), type_of(self.output_selector)
        if given and self.iterator_input_type is None and numbers(version) >= (0, 3, 1):
            changes["iterator_input_type"] = str(given)
        if collected and self.output_type is None:
            changes["output_type"] = str(collected if collected.is_array else collected.array)
        return super(Iteration, self.model_copy(update=changes)).completed(version)

    def canvas_size(self) -> tuple[Number, Number]:
        """Its own, or that of a new one."""
        return self.width or 388, self.height or 178


EXAMPLE = Iteration(
    title="Each section",
    iterator_selector=Selector(("split", "sections")),
    output_selector=Selector(("summary", "text")),
    output_type="array[string]",
    is_parallel=True,
    parallel_nums=4,
    error_handle_mode="remove-abnormal-output",
    start_node_id="iterationstart",
    width=608,
    height=203,
)

NODE = Iteration
