"""A workflow written in Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from difyflow.build._checks import refuse_no_node, refuse_other_than, refuse_wrong_types
from difyflow.build._value_types import type_of_value
from difyflow.build.canvas import Canvas, parse
from difyflow.build.refs import ContainerRef, NodeRef, OutputRef
from difyflow.dsl.app import App, AppInfo, Dependency, Variable, Workflow
from difyflow.dsl.features import Features, default_features
from difyflow.dsl.graph import Edge, EdgeData, Graph, Node, Position, Viewport
from difyflow.dsl.versions import LATEST, node_width, upload_limits, writes_loop_flags
from difyflow.errors import BuildError
from difyflow.layout import place
from difyflow.nodes._base import NodeData, node_class
from difyflow.nodes._record import READING, Number, numbers
from difyflow.nodes.note import Note, lexical
from difyflow.terms.selector import NODE_ID, Selector
from difyflow.terms.vartype import OutputVar, VarType

Point = tuple[Number, Number]
Mode = Literal["workflow", "advanced-chat"]
PLUGIN_KEYS: Mapping[str, str] = {
    "marketplace": "marketplace_plugin_unique_identifier",
    "package": "plugin_unique_identifier",
}
"""The key that holds a plugin's identifier, by where the plugin comes from."""
CHILD_Z = 1002
"""zIndex of what lies in a container (dsl.md 4.1)."""


class Flow:
    """A workflow under construction; `build()` gives the finished `App`.

    Args:
        name: name of the app.
        mode: `workflow`, or `advanced-chat` for a chatflow.
        version: the DSL version to write; it decides which defaults the editor would have written.
        features: what is not set is as in a new app.
        canvas: text of a `canvas.json` that `difyflow decompile` made: positions, sizes, order.
    """

    def __init__(
        self,
        name: str,
        *,
        mode: Mode = "workflow",
        version: str = LATEST,
        description: str = "",
        icon: str = "🤖",
        icon_background: str = "#FFEAD5",
        use_icon_as_answer_icon: bool = False,
        features: Features | None = None,
        canvas: str | None = None,
    ) -> None:
        refuse_other_than(Mode, mode, "mode", "a chatflow is 'advanced-chat'")
        self.version = version
        self._info = AppInfo(
            name=name,
            mode=mode,
            description=description,
            icon=icon,
            icon_background=icon_background,
            use_icon_as_answer_icon=use_icon_as_answer_icon,
        )
        self._features = _with_limits(features, version) if features else default_features(version)
        self._nodes: dict[str, Node] = {}
        self._placed: set[str] = set()
        self._edges: list[Edge] = []
        self._environment: list[Variable] = []
        self._conversation: list[Variable] = []
        self._dependencies: list[Dependency] = []
        self._viewport = Viewport()
        self._focus: str | None = None
        self._canvas = parse(canvas) if canvas else None

    def add(
        self,
        data: NodeData,
        *,
        id: str | None = None,
        at: Point | None = None,
        inside: ContainerRef | None = None,
    ) -> NodeRef:
        """Puts a node on the canvas.

        Args:
            data: what the node does, e.g. `LLM(...)`.
            id: default: readable, from the type: `llm`, `llm_2`.
            at: position in canvas pixels, in a container relative to it; default: laid out as Dify would.
            inside: the iteration or loop that it belongs to; `container.add(...)` says the same.

        Raises:
            BuildError: the id is taken, or cannot stand in a reference; or a reference has a type with which
                the node cannot run; or it is an iteration or a loop, see `container`.
        """
        refuse_no_node(data)
        return self._put(data, self.free_id(data) if id is None else self._checked_id(id), at, inside)

    def _put(self, data: NodeData, node_id: str, at: Point | None, inside: ContainerRef | None) -> NodeRef:
        if inside is not None:
            data = data.changed(**_membership(inside))
        refuse_wrong_types(data, node_id)
        settled = data.with_ids(node_id).completed(self.version)
        width, height = settled.canvas_size()
        if settled.ENVELOPE == "custom":
            width = node_width(self.version) if width == 244 else width
        point = Position(x=at[0], y=at[1]) if at else Position()
        node = Node(
            id=node_id,
            type=settled.ENVELOPE,
            data=settled,
            position=point,
            positionAbsolute=self._absolute(point, inside),
            width=width,
            height=height,
            selected=False,
            sourcePosition="right",
            targetPosition="left",
        )
        if inside is not None:
            node = node.changed(parentId=inside.id, extent="parent", zIndex=CHILD_Z)
        self._nodes[node_id] = node
        if at:
            self._placed.add(node_id)
        return NodeRef(self, node_id, settled)

    def container(
        self,
        data: NodeData,
        *,
        id: str | None = None,
        at: Point | None = None,
        inside: ContainerRef | None = None,
    ) -> ContainerRef:
        """Puts an iteration or a loop on the canvas, with the start node that Dify gives it.

        It reads as a block: `with flow.container(Iteration(...)) as each:`, then `each.add(...)`.

        Raises:
            BuildError: the type holds no other nodes.
        """
        refuse_no_node(data, container=True)
        if data.CONTAINER is None:
            raise BuildError(f"{data.type} is no container", hint="Iteration and Loop are")
        node_id = self.free_id(data) if id is None else self._checked_id(id)
        start_id = f"{node_id}start"
        outer = self._put(data.changed(start_node_id=start_id), node_id, at, inside)
        if inside is None:
            self._nodes[node_id] = self._nodes[node_id].changed(zIndex=1)
        found = ContainerRef(self, node_id, outer.data, NodeRef(self, start_id, NodeData()))
        kind = node_class(f"{data.CONTAINER}-start")
        inner = kind(desc="").changed(**_membership(found, with_id=False)).completed("0.1.5")
        at_24_68 = Position(x=24, y=68)
        self._nodes[self._checked_id(start_id)] = Node(
            id=start_id,
            type=inner.ENVELOPE,
            data=inner,
            position=at_24_68,
            positionAbsolute=self._absolute(at_24_68, found),
            width=44,
            height=48,
            parentId=node_id,
            draggable=False,
            selectable=False,
            sourcePosition="right",
            targetPosition="left",
            zIndex=CHILD_Z,
        )
        self._placed.add(start_id)
        return ContainerRef(self, node_id, outer.data, NodeRef(self, start_id, inner))

    def set_data(self, node: NodeRef, **changes: object) -> NodeData:
        """Sets fields of a node that is on the canvas already, e.g. an iteration's `output_selector`."""
        data = self._nodes[node.id].data.changed(**changes).with_ids(node.id).completed(self.version)
        self._nodes[node.id] = self._nodes[node.id].changed(data=data)
        return data

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
        if not source.is_of(self) or not target.is_of(self):
            raise BuildError(f"{source!r} >> {target!r}: they are nodes of two flows")
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
        home, other = self._nodes[source.id].parentId, self._nodes[target.id].parentId
        if home != other:
            raise BuildError(
                f"{source!r} >> {target!r}: they lie in different containers",
                hint="go into a container from the container's own node; inside, begin at `.start`",
            )
        self._edges.append(
            Edge(
                id=edge_id,
                source=source.id,
                target=target.id,
                sourceHandle=handle,
                targetHandle="target",
                type="custom",
                data=self._edge_data(source, target, home),
                zIndex=CHILD_Z if home else 0,
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

    def needs(
        self, plugin: str | Dependency, *, type: Literal["marketplace", "package"] = "marketplace"
    ) -> None:
        """Declares a plugin.

        Args:
            plugin: its identifier `author/name:1.2.3@<sha256>`; one from GitHub as a whole `Dependency`.
            type: where it comes from: the marketplace, or a package that was uploaded.
        """
        if isinstance(plugin, str):
            plugin = Dependency(type=type, value={PLUGIN_KEYS[type]: plugin})
        self._dependencies.append(plugin)

    def build(self) -> App:
        """The finished document, with what `canvas.json` says of it.

        Raises:
            BuildError: there are no nodes.
        """
        return self.draft() if self._canvas is None else applied(self._canvas, self.draft())

    def draft(self) -> App:
        """The document as the code alone says it, without `canvas.json`.

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

    def _absolute(self, point: Position, inside: ContainerRef | None) -> Position:
        """Where a point in a container lies on the canvas; the layout may move the container later."""
        corner = None if inside is None else self._nodes[inside.id].positionAbsolute
        return point if corner is None else Position(x=corner.x + point.x, y=corner.y + point.y)

    def _edge_data(self, source: NodeRef, target: NodeRef, home: str | None) -> EdgeData:
        kind = self._nodes[home].data.CONTAINER if home else None
        flags: dict[str, object] = {"isInIteration": kind == "iteration"}
        if kind == "loop" or writes_loop_flags(self.version):
            flags["isInLoop"] = kind == "loop"
        if kind:
            flags[f"{kind}_id"] = home
        return EdgeData(sourceType=source.data.type, targetType=target.data.type).changed(**flags)

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
        kind = value_type or type_of_value(value)
        into.append(Variable(name=name, value=value, value_type=kind, selector=(root, name), **more))
        return OutputRef((root, name), OutputVar(name, VarType.of(kind)))

    def free_id(self, data: NodeData) -> str:
        """The id that a node with this data gets if none is given."""
        stem = re.sub(r"[^a-zA-Z0-9_]", "_", data.type) or "note"
        count = 1
        while (found := stem if count == 1 else f"{stem}_{count}") in self._nodes:
            count += 1
        return found

    def _checked_id(self, node_id: str) -> str:
        if node_id in self._nodes:
            raise BuildError(f"the id {node_id!r} is taken")
        known = self._canvas is not None and node_id in self._canvas.nodes
        if not NODE_ID.fullmatch(node_id) and not known:
            raise BuildError(
                f"the id {node_id!r} cannot stand in {{{{#id.name#}}}}",
                hint="use A-Z, a-z, 0-9 and _, at most 50 characters",
            )
        return node_id


def applied(canvas: Canvas, app: App) -> App:
    """The document with what a canvas says of it."""
    data = app.data()
    canvas.apply(data)
    return App.model_validate(data, context=READING)


def _with_limits(features: Features, version: str) -> Features:
    """With the limits that a server states in every export."""
    if features.file_upload.fileUploadConfig is not None:
        return features
    limited = features.file_upload.changed(fileUploadConfig=dict(upload_limits(version)))
    return features.changed(file_upload=limited)


def _membership(container: ContainerRef, *, with_id: bool = True) -> dict[str, object]:
    """The flags that a node in a container carries."""
    kind = container.data.CONTAINER
    flags: dict[str, object] = {"isInIteration" if kind == "iteration" else "isInLoop": True}
    if with_id:
        flags[f"{kind}_id"] = container.id
    return flags
