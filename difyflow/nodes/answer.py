"""answer: a piece of the reply in a chatflow, streamed as it becomes known (Dify 0.6)."""

from __future__ import annotations

from difyflow.nodes._base import NodeData, Template
from difyflow.nodes._record import Many
from difyflow.nodes._variable import InputVariable
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class Answer(NodeData):
    """May occur several times, anywhere; others may follow."""

    type: str = "answer"
    title: str = "Answer"
    answer: Template = ""
    variables: Many[InputVariable] = ()
    """Unused."""

    def output_variables(self) -> tuple[OutputVar, ...]:
        """`answer`."""
        return (OutputVar("answer", VarType.STRING),)

    def canvas_height(self) -> int:
        """With its text."""
        return 105


EXAMPLE = Answer(answer=f"Here you are:\n{Selector(('llm', 'text'))}")

NODE = Answer
