"""loop-end: ends the loop that it lies in (Dify 1.2); it has no settings.

From documentation: no raw export with one was at hand; the examples are synthetic.
"""

from __future__ import annotations

from typing import ClassVar

from difyflow.nodes._base import NodeData
from difyflow.nodes._look import CYAN, Look


class LoopEnd(NodeData):
    """What the editor calls Exit Loop and offers inside loops only."""

    SINCE: ClassVar[str] = "1.2.0"
    ENVELOPE: ClassVar[str] = "custom-simple"
    FROM_DOCUMENTATION: ClassVar[bool] = True
    TERMINAL: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(CYAN, "loop")

    type: str = "loop-end"
    title: str = "Exit Loop"


EXAMPLE = LoopEnd(isInLoop=True, loop_id="loop")

NODE = LoopEnd
