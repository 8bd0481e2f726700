"""comment: a type that the editor knows for comments on the canvas; no file with one was ever seen.

From documentation: no raw export with one was at hand; the examples are synthetic.
"""

from __future__ import annotations

from typing import ClassVar

from difyflow.nodes._base import NodeData


class Comment(NodeData):
    """Takes no edges; Dify keeps comments outside the graph."""

    FROM_DOCUMENTATION: ClassVar[bool] = True
    TERMINAL: ClassVar[bool] = True

    type: str = "comment"


EXAMPLE = Comment(title="Why so?")

NODE = Comment
