"""end: the result of a workflow app (Dify 0.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from difyflow.nodes._base import Handle, NodeData, type_of
from difyflow.nodes._look import ORANGE, CanvasRow, Look, row
from difyflow.nodes._record import NOTED, Many, Record, Spelled, numbers
from difyflow.terms.selector import Selector


class EndOutput(Record):
    """One output of the workflow."""

    variable: str = ""
    value_selector: Selector = Selector()
    value_type: Annotated[str | None, NOTED] = None
    """Written since Dify 1.11; `any` when absent."""


class End(NodeData):
    """Several end nodes that are reached merge their outputs by name."""

    TERMINAL: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(ORANGE, "flag")

    type: str = "end"
    title: str = "End"
    outputs: Many[EndOutput] = ()

    def spelled_fields(self) -> Mapping[str, Spelled]:
        """`outputs(...)`, where each has a name of its own."""
        found = {item.variable: item.value_selector for item in self.outputs}
        return {"outputs": Spelled("outputs", (), found)} if found and len(found) == len(self.outputs) else {}

    def source_handles(self) -> tuple[Handle, ...]:
        """None."""
        return ()

    def app_outputs(self) -> tuple[tuple[str, Selector | str], ...]:
        """The outputs."""
        return tuple((item.variable, item.value_selector) for item in self.outputs)

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """A row per output."""
        return tuple(row(item.variable, item.value_selector) for item in self.outputs)

    def canvas_height(self) -> int:
        """A row per output."""
        return 64 + 26 * len(self.outputs) if self.outputs else 54

    def completed(self, version: str) -> Self:
        """As `Record.completed`; since Dify 1.11 with the types of references that know theirs."""
        made = super().completed(version)
        if numbers(version) < (0, 5, 0):
            return made
        return made.model_copy(update={"outputs": tuple(_typed(item) for item in made.outputs)})


def _typed(output: EndOutput) -> EndOutput:
    kind = type_of(output.value_selector)
    if kind is None or output.value_type is not None:
        return output
    return output.model_copy(update={"value_type": str(kind)})


def outputs(**selectors: Selector) -> tuple[EndOutput, ...]:
    """`outputs(text=llm.text)`: the outputs by name."""
    return tuple(EndOutput(variable=name, value_selector=item) for name, item in selectors.items())


EXAMPLE = End(outputs=outputs(summary=Selector(("llm", "text")), pages=Selector(("start", "pages"))))

NODE = End
