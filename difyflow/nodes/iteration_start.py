"""iteration-start: where a round of an iteration begins (Dify 0.8); it has no settings."""

from __future__ import annotations

from typing import Annotated, ClassVar

from difyflow.nodes._base import NodeData
from difyflow.nodes._look import BLUE, Look
from difyflow.nodes._record import Number, Written


class IterationStart(NodeData):
    """Its id is the iteration's with `start` behind it; no edge leads in."""

    SINCE: ClassVar[str] = "0.8.0"
    ENVELOPE: ClassVar[str] = "custom-iteration-start"
    LOOK: ClassVar[Look] = Look(BLUE, "home")

    type: str = "iteration-start"
    desc: Annotated[str | None, Written()] = ""

    def canvas_size(self) -> tuple[Number, Number]:
        """A round button."""
        return 44, 48


EXAMPLE = IterationStart(isInIteration=True)

NODE = IterationStart
