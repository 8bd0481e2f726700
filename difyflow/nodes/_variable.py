"""A name for a reference, as code, templates and Jinja2 prompts have it."""

from __future__ import annotations

from difyflow.nodes._record import Record
from difyflow.terms.selector import Selector


class InputVariable(Record):
    """The variable that a name stands for."""

    variable: str = ""
    value_selector: Selector = Selector()
    value_type: str | None = None
    """The editor's note of the type, in newer files."""


def inputs(**selectors: Selector) -> tuple[InputVariable, ...]:
    """`inputs(sections=extract.text)`: variables by name."""
    return tuple(InputVariable(variable=name, value_selector=item) for name, item in selectors.items())
