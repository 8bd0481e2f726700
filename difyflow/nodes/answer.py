"""answer: a piece of the reply in a chatflow, streamed as it becomes known (Dify 0.6)."""

from __future__ import annotations

from typing import ClassVar

from difyflow.nodes._base import NodeData, Template
from difyflow.nodes._look import ORANGE, CanvasRow, Look
from difyflow.nodes._record import Many
from difyflow.nodes._variable import InputVariable as InputVariable
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class Answer(NodeData):
    """May occur several times, anywhere; others may follow."""

    LOOK: ClassVar[Look] = Look(ORANGE, "chat")
    PROSE: ClassVar[tuple[str, ...]] = ("answer",)

    type: str = "answer"
    title: str = "Answer"
    answer: Template = ""
    variables: Many[InputVariable] = ()
    """Unused."""

    def output_variables(self) -> tuple[OutputVar, ...]:
        """`answer`."""
        return (OutputVar("answer", VarType.STRING),)

    def app_outputs(self) -> tuple[tuple[str, Selector | str], ...]:
        """A piece of the reply."""
        return (("answer", self.answer),)

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """Its text."""
        return (CanvasRow("text", self.answer, lines=2),) if self.answer else ()

    def canvas_height(self) -> int:
        """With its text."""
        return 105


EXAMPLE = Answer(answer=f"Here you are:\n{Selector(('llm', 'text'))}")

NODE = Answer
