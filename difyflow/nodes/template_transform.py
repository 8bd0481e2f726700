"""template-transform: a Jinja2 template (Dify 0.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from difyflow.nodes._base import Jinja, NodeData
from difyflow.nodes._look import BLUE, Look
from difyflow.nodes._record import Many, Spelled
from difyflow.nodes._variable import InputVariable as InputVariable
from difyflow.nodes._variable import inputs as inputs
from difyflow.nodes._variable import spelled_inputs
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class TemplateTransform(NodeData):
    """Sandboxed; knows only the names in `variables`, and does not resolve `{{#...#}}`.

    The text may have 80,000 characters (400,000 since Dify 1.9.2).
    """

    LOOK: ClassVar[Look] = Look(BLUE, "braces")
    PROGRAM: ClassVar[tuple[str, ...]] = ("template",)

    type: str = "template-transform"
    title: str = "Template"
    variables: Many[InputVariable] = ()
    template: Jinja = ""

    def spelled_fields(self) -> Mapping[str, Spelled]:
        """`inputs(...)`."""
        names = spelled_inputs(self.variables)
        return {"variables": names} if names else {}

    def output_variables(self) -> tuple[OutputVar, ...]:
        """`output`."""
        return (OutputVar("output", VarType.STRING),)


EXAMPLE = TemplateTransform(
    variables=inputs(sections=Selector(("split", "sections"))),
    template="{% for section in sections %}\n## {{ loop.index }}\n{{ section }}\n{% endfor %}",
)

NODE = TemplateTransform
