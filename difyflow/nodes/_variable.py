"""A name for a reference, as code, templates and Jinja2 prompts have it."""

from __future__ import annotations

from typing import Annotated

from difyflow.nodes._record import NOTED, Record, Spelled
from difyflow.terms.selector import Selector


class InputVariable(Record):
    """The variable that a name stands for."""

    variable: str = ""
    value_selector: Selector = Selector()
    value_type: Annotated[str | None, NOTED] = None
    """The editor's note of the type, in newer files."""


def spelled_inputs(variables: tuple[InputVariable, ...] | None) -> Spelled | None:
    """`inputs(...)`, where each has a name of its own."""
    found = {item.variable: item.value_selector for item in variables or ()}
    return Spelled("inputs", (), found) if found and len(found) == len(variables or ()) else None


def inputs(**selectors: Selector) -> tuple[InputVariable, ...]:
    """`inputs(sections=extract.text)`: variables by name."""
    return tuple(InputVariable(variable=name, value_selector=item) for name, item in selectors.items())
