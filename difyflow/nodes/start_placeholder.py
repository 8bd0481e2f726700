"""start-placeholder: what a new workflow contains until an entry is chosen (Dify 1.15).

From documentation: no raw export with one was at hand; the examples are synthetic.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from difyflow.nodes._base import NodeData
from difyflow.nodes._look import BLUE, Look
from difyflow.nodes._record import Written


class StartPlaceholder(NodeData):
    """Only a placeholder: no engine runs it, and the editor's checklist refuses it."""

    SINCE: ClassVar[str] = "1.15.0"
    FROM_DOCUMENTATION: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(BLUE, "home")

    type: str = "start-placeholder"
    title: str = "Workflow start"
    desc: Annotated[str | None, Written()] = ""


EXAMPLE = StartPlaceholder()

NODE = StartPlaceholder
