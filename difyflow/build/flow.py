"""A workflow written in Python."""

from __future__ import annotations

import re
from typing import Literal

from difyflow.build.refs import NodeRef, OutputRef
from difyflow.dsl.app import App, AppInfo, Dependency, Variable, Workflow
from difyflow.dsl.features import Features, default_features
from difyflow.dsl.graph import Edge, EdgeData, Graph, Node, Position, Viewport
from difyflow.dsl.versions import LATEST, node_width, writes_loop_flags
from difyflow.errors import BuildError
from difyflow.layout import place
from difyflow.nodes._base import NodeData
from difyflow.nodes._record import Number, numbers
from difyflow.nodes.note import Note, lexical
from difyflow.terms.selector import NODE_ID, Selector
from difyflow.terms.vartype import OutputVar, VarType

Point = tuple[Number, Number]


class Flow:
    """A workflow under construction; `build()` gives the finished `App`.

    Args:
        name: name of the app.
        mode: `workflow`, or `advanced-chat` for a chatflow.
        version: the DSL version to write; it decides which defaults the editor would have written.
        features: what is not set is as in a new app.
    """

    def __init__(
        self,
        name: str,
        *,
        mode: Literal["workflow", "advanced-chat"] = "workflow",
        version: str = LATEST,
        description: str = "",
        icon: str = "🤖",
        icon_background: str = "#FFEAD5",
        features: Features | None = None,
    ) -> None:
        self.version = version
        self._info = AppInfo(
            name=name, mode=mode, description=description, icon=icon, icon_background=icon_background
        )
        self._features = features or default_features(version)
        self._nodes: dict[str, Node] = {}
        self._placed: set[str] = set()
        self._edges: list[Edge] = []
        self._environment: list[Variable] = []
        self._conversation: list[Variable] = []
        self._dependencies: list[Dependency] = []
        self._viewport = Viewport()
        self._focus: str | None = None

    def add(self, data: NodeData, *, id: str | None = None, at: Point | None = None) -> NodeRef:
        """Puts a node on the canvas.

        Args:
            data: what the node does, e.g. `LLM(...)`.
            id: default: readable, from the type: `llm`, `llm_2`.
            at: position in canvas pixels; default: laid out as Dify would.

        Raises:
            BuildError: the id is taken, or cannot stand in a reference.
        """
        node_id = self._free_id(data) if id is None else self._checked_id(id)
        settled = data.with_ids(node_id).completed(self.version)
        width, height = settled.canvas_size()
        if settled.ENVELOPE == "custom":
            width = node_width(self.version) if width == 244 else width
        point = Position(x=at[0], y=at[1]) if at else None
        self._nodes[node_id] = Node(
            id=node_id,
            type=settled.ENVELOPE,
            data=settled,
            position=point or Position(),
            positionAbsolute=point or Position(),
            width=width,
            height=height,
            selected=False,
            sourcePosition="right",
            targetPosition="left",
        )
        if at:
            self._placed.add(node_id)
        return NodeRef(self, node_id, settled)

    def note(
        self,
        text: str,
        *,
        id: str | None = None,
        at: Point | None = None,
        author: str = "",
        theme: str = "blue",
        size: Point = (240, 88),
    ) -> NodeRef:
        """Puts a note on the canvas; a line of `text` becomes a paragraph."""
        note = Note(text=lexical(text), author=author, theme=theme, width=size[0], height=size[1])
        return self.add(note, id=id, at=at)

    def connect(self, source: NodeRef, target: NodeRef, *, handle: str = "source") -> None:
        """Draws an edge; `source >> target` does the same.

        Raises:
            BuildError: the edge exists, joins a node to itself, leads into an entry or out of an end.
        """
        edge_id = f"{source.id}-{handle}-{target.id}-target"
        fault = None
        if any(edge.id == edge_id for edge in self._edges):
            fault = "these two are connected already"
        elif source.id == target.id:
            fault = "a node cannot follow itself"
        elif target.data.ENTRY or target.data.ENVELOPE == Note.ENVELOPE:
            fault = f"no edge may lead into a {target.data.type or 'note'} node"
        elif handle not in {item.id for item in source.data.source_handles()}:
            ways = ", ".join(item.id for item in source.data.source_handles()) or "none"
            fault = f"no edge may leave {source.id!r} at {handle!r}; its ways out: {ways}"
        if fault:
            raise BuildError(f"{source!r} >> {target!r}: {fault}")
        edge_data = EdgeData(sourceType=source.data.type, targetType=target.data.type, isInIteration=False)
        self._edges.append(
            Edge(
                id=edge_id,
                source=source.id,
                target=target.id,
                sourceHandle=handle,
                targetHandle="target",
                type="custom",
                data=edge_data.changed(isInLoop=False) if writes_loop_flags(self.version) else edge_data,
                zIndex=0,
            )
        )

    def view(self, *, at: Point = (0, 0), zoom: Number = 0.7, on: NodeRef | None = None) -> None:
        """What the editor shows first: the corner, the zoom, and the node that is picked."""
        self._viewport = Viewport(x=at[0], y=at[1], zoom=zoom)
        self._focus = on.id if on else None

    def env(self, name: str, value: object, *, value_type: str | None = None, **more: str) -> OutputRef:
        """Adds an environment variable and gives the reference to it.

        Args:
            name: name.
            value: text or number.
            value_type: string, number or secret; default: by the value.
            more: `id`, `description`.
        """
        return self._variable(self._environment, "env", name, value, value_type, more)

    def conversation(
        self, name: str, value: object, *, value_type: str | None = None, **more: str
    ) -> OutputRef:
        """Adds a conversation variable of a chatflow and gives the reference to it; see `env`."""
        return self._variable(self._conversation, "conversation", name, value, value_type, more)

    def sys(self, name: str) -> Selector:
        """A system variable: `query`, `files`, `conversation_id`, `user_id`, ..."""
        return Selector(("sys", name))

    def needs(self, identifier: str) -> None:
        """Declares a marketplace plugin, `author/name:1.2.3@<sha256>`."""
        value = {"marketplace_plugin_unique_identifier": identifier}
        self._dependencies.append(Dependency(type="marketplace", value=value))

    def build(self) -> App:
        """The finished document.

        Raises:
            BuildError: there are no nodes.
        """
        if not self._nodes:
            raise BuildError(f"flow {self._info.name!r} has no nodes", hint="flow.add(Start(...))")
        at = numbers(self.version)
        nodes = tuple(
            node.changed(selected=True) if node.id == self._focus else node for node in self._nodes.values()
        )
        graph = Graph(nodes=nodes, edges=tuple(self._edges), viewport=self._viewport)
        graph = place(graph, keep=frozenset(self._placed))
        workflow = Workflow(
            graph=graph,
            features=self._features,
            environment_variables=tuple(self._environment),
            conversation_variables=tuple(self._conversation),
        )
        if at >= (0, 5, 0):
            workflow = workflow.changed(rag_pipeline_variables=())
        info = self._info.changed(icon_type="emoji") if at >= (0, 6, 0) else self._info
        app = App(app=info, kind="app", version=self.version, workflow=workflow)
        if self._dependencies or at >= (0, 2, 0):
            app = app.changed(dependencies=tuple(self._dependencies))
        return app.completed(self.version)

    def render(self) -> str:
        """The text that Dify would export."""
        return self.build().render()

    def _variable(
        self,
        into: list[Variable],
        root: str,
        name: str,
        value: object,
        value_type: str | None,
        more: dict[str, str],
    ) -> OutputRef:
        if any(item.name == name for item in into):
            raise BuildError(f"there is a variable {name!r} already")
        kind = value_type or _type_of(value)
        into.append(Variable(name=name, value=value, value_type=kind, selector=(root, name), **more))
        return OutputRef((root, name), OutputVar(name, VarType.of(kind)))

    def _free_id(self, data: NodeData) -> str:
        stem = re.sub(r"[^a-zA-Z0-9_]", "_", data.type) or "note"
        count = 1
        while (found := stem if count == 1 else f"{stem}_{count}") in self._nodes:
            count += 1
        return found

    def _checked_id(self, node_id: str) -> str:
        if node_id in self._nodes:
            raise BuildError(f"the id {node_id!r} is taken")
        if not NODE_ID.fullmatch(node_id):
            raise BuildError(
                f"the id {node_id!r} cannot stand in {{{{#id.name#}}}}",
                hint="use A-Z, a-z, 0-9 and _, at most 50 characters",
            )
        return node_id


def _type_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list | tuple):
        return "array[string]"
    return "string"
