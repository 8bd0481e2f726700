"""loop-start: where a round of a loop begins (Dify 1.1); it has no settings."""

from __future__ import annotations

from typing import Annotated, ClassVar

from difyflow.nodes._base import NodeData
from difyflow.nodes._look import BLUE, Look
from difyflow.nodes._record import Number, Written


class LoopStart(NodeData):
    """Its id is the loop's with `start` behind it; no edge leads in."""

    SINCE: ClassVar[str] = "1.1.0"
    ENVELOPE: ClassVar[str] = "custom-loop-start"
    LOOK: ClassVar[Look] = Look(BLUE, "home")

    type: str = "loop-start"
    desc: Annotated[str | None, Written()] = ""

    def canvas_size(self) -> tuple[Number, Number]:
        """A round button."""
        return 44, 48


EXAMPLE = LoopStart(isInLoop=True)

NODE = LoopStart
