"""The graph of a workflow: nodes in their envelopes, edges, viewport (dsl.md 4)."""

from __future__ import annotations

from typing import Self

from pydantic import (
    ModelWrapValidatorHandler,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from difyflow.nodes._base import NodeData, UnknownNode, class_for
from difyflow.nodes._record import READING, Many, Number, Record


class Position(Record):
    """Canvas pixels; for a node in a container relative to it."""

    x: Number = 0
    y: Number = 0


class Viewport(Record):
    """What the editor shows first; Dify's own generator writes zoom 0.7."""

    x: Number = 0
    y: Number = 0
    zoom: Number = 0.7


class Node(Record):
    """A node in its envelope."""

    id: str = ""
    """A-Z, a-z, 0-9 and _, at most 50, or references in text do not work."""
    type: str = "custom"
    """Kind of envelope; the node's own type is `data.type`."""
    data: SerializeAsAny[NodeData] = UnknownNode()
    position: Position | None = None
    positionAbsolute: Position | None = None
    width: Number | None = None
    height: Number | None = None
    sourcePosition: str | None = None
    targetPosition: str | None = None
    selected: bool | None = None
    zIndex: int | None = None
    parentId: str | None = None
    """The container that the node lies in."""
    extent: str | None = None
    draggable: bool | None = None
    selectable: bool | None = None
    dragging: bool | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _pick_the_class_of_the_data(
        cls, value: object, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        if isinstance(value, dict) and isinstance(data := value.get("data"), dict):
            kind = class_for(value.get("type"), data)
            try:
                value = {**value, "data": kind.model_validate(data, context=info.context)}
            except ValidationError:
                # Read from a file, data with keys that are no text is a misfit of this node alone.
                if info.context is not READING:
                    raise
        return handler(value)

    @property
    def container_id(self) -> str | None:
        """The iteration or loop that the node is in: by envelope, else by the flags of older files."""
        return self.data.container_id or self.parentId or self.data.iteration_id or self.data.loop_id


class EdgeData(Record):
    """What the editor keeps with an edge."""

    sourceType: str | None = None
    targetType: str | None = None
    isInIteration: bool | None = None
    iteration_id: str | None = None
    isInLoop: bool | None = None
    loop_id: str | None = None


class Edge(Record):
    """A connection; a missing handle is read as `source` and `target`."""

    id: str = ""
    source: str = ""
    target: str = ""
    sourceHandle: str = "source"
    targetHandle: str = "target"
    type: str = "custom"
    data: EdgeData | None = None
    zIndex: int | None = None
    selected: bool | None = None


class Graph(Record):
    """Order of nodes and edges carries no meaning; it is kept."""

    nodes: Many[Node] = ()
    edges: Many[Edge] = ()
    viewport: Viewport | None = None

    def node(self, node_id: str) -> Node | None:
        """The node with this id; the last one if there are several, as the oldest engines have it."""
        return next((node for node in reversed(self.nodes) if node.id == node_id), None)

    def entries(self) -> tuple[Node, ...]:
        """The nodes where a run begins."""
        return tuple(node for node in self.nodes if node.data.ENTRY)
