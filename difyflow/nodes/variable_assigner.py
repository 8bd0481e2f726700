"""variable-assigner: the variable aggregator under its name before Dify 0.6.9.

In today's editor "Variable Assigner" is the node type `assigner`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from difyflow.nodes._moves import Move, Path, Release, Step
from difyflow.nodes.variable_aggregator import VariableAggregator
from difyflow.terms.selector import Selector


class VariableAssigner(VariableAggregator):
    """Dify 1.12 does not run it ("No class mapping"); write `variable-aggregator`."""

    SINCE: ClassVar[str] = "0.6.0"

    type: str = "variable-assigner"
    title: str = "Variable Assigner"

    def steps_to(self, release: Release, path: Path = ()) -> Iterator[Step]:
        """Under its new name."""
        if release >= (0, 6, 9):
            yield Move((*path, "type"), "variable-aggregator", "so it is called since Dify 0.6.9")
        yield from super().steps_to(release, path)


EXAMPLE = VariableAssigner(
    output_type="string", variables=(Selector(("llm", "text")), Selector(("fallback", "text")))
)

NODE = VariableAssigner
