"""Writes the Python of one document, and builds the same flow beside it to know what that leaves unsaid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from difyflow.build import _python as py
from difyflow.build.canvas import Canvas, parse
from difyflow.build.decompile import _head
from difyflow.build.decompile._edges import Arrow, arrows
from difyflow.build.decompile._known import Known
from difyflow.build.decompile._names import Imports, reserved
from difyflow.build.decompile._places import CANVAS, Place, arrange
from difyflow.build.decompile._rest import edge_id, escapes, rest
from difyflow.build.decompile._texts import Texts
from difyflow.build.decompile._values import OF_THE_CANVAS, Context, Values
from difyflow.build.flow import applied
from difyflow.build.refs import ContainerRef
from difyflow.dsl.app import App
from difyflow.dsl.graph import Edge, Node
from difyflow.errors import BuildError
from difyflow.nodes._base import NodeData, wrong_types
from difyflow.nodes._condition import Condition
from difyflow.nodes.note import Note, lexical
from difyflow.terms.selector import Selector

_TITLE = '"""A Dify workflow; difyflow decompile made this folder from its YAML."""'


@dataclass(frozen=True, slots=True)
class Written:
    """A document in Python.

    Attributes:
        files: text by path.
        app: the document that the flow builds, with its canvas.
        escapes: content that only the canvas says.
        unknown: keys that no field is known for; they are said in Python, by `also`.
    """

    files: dict[str, str]
    app: App
    escapes: tuple[str, ...]
    unknown: tuple[str, ...]


_WORDS = {"true": "yes", "false": "no", "fail-branch": "failed"}
"""What a way out is called where its own name says little."""


class Writer:
    """Writes one document, which has a workflow and an id of its own for every node."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._imports = Imports()
        self._known = Known(lambda: self._imports.use("difyflow.terms.selector", "Selector"))
        self._texts = Texts(self._known)
        self._values = Values(self._known, self._imports, self._texts, app.version or "0.1.0")
        self._reserved = frozenset(reserved(node.data for node in app.nodes))
        self._taken = set(self._reserved)
        self._layout = arrange(app.graph)
        self._ways: dict[Place, str] = {}
        self._drawn: set[str] = set()
        self._used: set[str] = set()

    def write(self) -> Written:
        """The folder and what it does not say.

        Raises:
            BuildError: a value that neither Python nor JSON can say.
        """
        assert self._app.app is not None
        self._flow, head = _head.begin(self._app, self._app.app, self._values)
        top = _Lines()
        top.section(_head.plugins(self._app, self._flow, self._imports, self._values))
        said = list(_head.variables(self._app, self._flow, self._known, self._values, self._taken))
        models = list(_head.models(self._app, self._values, self._taken))
        body = _Lines()
        self._block(CANVAS, body)
        for variables in (said, models):
            top.section([line for item in variables for line in item.lines(self._used)])
        draft = self._flow.draft()
        canvas = rest(draft, self._app, drawn=frozenset(self._drawn))
        side = _text_of(canvas)
        files = {**self._texts.files, "canvas.json": side}
        imports = ["from difyflow import Flow", "from difyflow.build import beside", *self._imports.lines()]
        parts = ["\n".join(imports), "here = beside(__file__)", head, *top.parts(), *body.parts()]
        files["flow.py"] = "\n\n".join([_TITLE, *parts]) + "\n"
        noted = {node.id: node.data.noted_at_any_depth() for node in self._app.nodes}
        return Written(
            files=dict(sorted(files.items())),
            app=applied(parse(side), draft),  # as it comes out of the file: JSON has text keys only
            escapes=tuple(escapes(canvas, draft, noted)),
            unknown=tuple(self._values.unknown),
        )

    def _said(self, head: str, value: py.Expression, body: _Lines, *, tail: str = "") -> str:
        """A statement of the body; what it names is used."""
        self._used.update(py.names(value))
        return py.statement(head, value, indent=body.depth, tail=tail)

    # -- nodes ------------------------------------------------------------------------------------

    def _block(self, place: Place, body: _Lines) -> None:
        """The nodes of a place, the blocks in it, and the edges that end in it."""
        for item in self._layout.inside.get(place, ()):
            if isinstance(item, Place):
                self._branch(item, body)
            elif isinstance(item.data, Note):
                self._note(item, item.data, body)
            else:
                self._node(item, body)
        body.section(self._edges(place, body.depth))

    def _branch(self, place: Place, body: _Lines) -> None:
        """What lies on one way out of a node."""
        node = self._known.nodes[place.node]
        label = next((way.label for way in node.data.source_handles() if way.id == place.handle), "")
        words = _WORDS.get(place.handle) or (place.handle if py.is_name(place.handle) else label)
        name = py.identifier(words, otherwise="way", taken=self._taken, width=20)
        call = py.Call(f"{self._known.names[place.node]}.on", (py.literal(place.handle),))
        line = py.statement("with ", call, indent=body.depth, tail=f" as {name}:")
        self._ways[place] = name
        if "\n" in line:
            body.add(py.statement(f"{name} = ", call, indent=body.depth))
            line = f"{'    ' * body.depth}with {name}:"
        inner = _Lines(body.depth + 1)
        self._block(place, inner)
        body.block(line, inner)

    def _node(self, node: Node, body: _Lines) -> None:
        title = node.data.title if py.columns(node.data.title) < 40 or node.data.title.isascii() else ""
        stem = node.data.type.replace("-", "_")
        kind = stem if stem.isidentifier() else "node"
        name = py.identifier(
            title,
            otherwise=stem if py.is_name(stem) else "node",
            taken=self._taken,
            apart=lambda name: f"{name}_{kind}" if name in self._reserved else name,
        )
        if node.data.CONTAINER:
            self._container(node, name, body)
            return
        data, shown = self._data(node, name, OF_THE_CANVAS)
        inside, home = self._owner(node)
        kwargs = self._id(node, data)
        self._known.add(self._flow.add(data, id=node.id, inside=inside), name)
        body.add(self._said(f"{name} = ", py.Call(f"{home}.add", (shown,), kwargs), body))

    def _data(self, node: Node, name: str, skip: frozenset[str]) -> tuple[NodeData, py.Expression]:
        """What a node does; by bare selectors if it refers to something of a type that it cannot take."""
        context = Context.of(node.data, name)
        files, imports = self._texts.kept(), self._imports.kept()
        data, shown = self._values.record(node.data, context, skip=skip)
        if any(wrong_types(data)):
            self._texts.back_to(files)
            self._imports.back_to(imports)
            with self._known.without_types():
                data, shown = self._values.record(node.data, context, skip=skip)
        assert isinstance(data, NodeData)
        return data, shown

    def _owner(self, node: Node) -> tuple[ContainerRef | None, str]:
        """The container that a node lies in, and what it is added to."""
        owner = self._known.nodes.get(node.parentId or "")
        return (owner, self._known.names[owner.id]) if isinstance(owner, ContainerRef) else (None, "flow")

    def _id(self, node: Node, data: NodeData) -> dict[str, py.Expression]:
        return {} if self._flow.free_id(data) == node.id else {"id": py.literal(node.id)}

    def _container(self, node: Node, name: str, body: _Lines) -> None:
        given = self._gives(node)
        ends = self._ends(node)
        skip = OF_THE_CANVAS | ({"output_selector", "output_type"} if given else set())
        skip |= {"break_conditions"} if ends else set()
        data, shown = self._data(node, name, skip)
        kwargs = self._id(node, data)
        inside, home = self._owner(node)
        made = self._flow.container(data, id=node.id, inside=inside)
        self._known.add(made, name)
        inner = _Lines(body.depth + 1)
        self._block(Place(node.id), inner)
        if given:
            reference, expression = self._known.reference(given)
            more = self._collect(node, made, reference)
            call = py.Call(f"{name}.gives", (expression,), more)
            inner.section([self._said("", call, inner)])
        if ends:
            said = [self._values.record(item, Context.of(node.data, name)) for item in ends]
            made.until(*(item for item, _ in said if isinstance(item, Condition)))
            call = py.Call(f"{name}.until", tuple(expression for _, expression in said))
            inner.section([self._said("", call, inner)])
        call = py.Call(f"{home}.container", (shown,), kwargs)
        head = self._said("with ", call, body, tail=f" as {name}:")
        if "\n" in head or not inner.groups:
            body.add(self._said(f"{name} = ", call, body))
            head = f"{'    ' * body.depth}with {name}:"
        body.block(head, inner)

    def _collect(self, node: Node, made: ContainerRef, given: Selector) -> dict[str, py.Expression]:
        """Collects an output in the flow beside; says the type of the list where the reference does not."""
        wanted = getattr(node.data, "output_type", None)
        made.gives(given)
        if not isinstance(wanted, str) or getattr(made.data, "output_type", None) == wanted:
            return {}
        made.gives(given, output_type=wanted)
        return {"output_type": py.literal(wanted)}

    def _ends(self, node: Node) -> tuple[Condition, ...]:
        """The conditions of a loop, if they are about its own variables."""
        found = getattr(node.data, "break_conditions", ())
        if not isinstance(found, tuple) or not all(isinstance(item, Condition) for item in found):
            return ()
        return found if any(item.variable_selector.node_id == node.id for item in found) else ()

    def _gives(self, node: Node) -> Selector | None:
        """What an iteration collects, if a node inside gives it."""
        output = getattr(node.data, "output_selector", None)
        if not isinstance(output, Selector) or len(output) < 2:
            return None
        home = self._layout.home.get(output.node_id)
        return output if home and Place(node.id) in self._layout.path(home) else None

    def _note(self, node: Node, note: Note, body: _Lines) -> None:
        plain = note.plain_text()
        kwargs = {} if self._flow.free_id(note) == node.id else {"id": py.literal(node.id)}
        if plain is None or not self._is_simple(note, plain):
            data, shown = self._values.record(note, Context.of(note, "note"), skip=OF_THE_CANVAS)
            assert isinstance(data, NodeData)
            self._flow.add(data, id=node.id)
            body.add(self._said("", py.Call("flow.add", (shown,), kwargs), body))
            return
        self._flow.note(plain, id=node.id, author=note.author, theme=note.theme)
        if note.author:
            kwargs["author"] = self._values.text(note.author, "author")
        if note.theme != "blue":
            kwargs["theme"] = self._values.text(note.theme, "theme")
        call = py.Call("flow.note", (self._values.text(plain, "note"),), kwargs)
        body.add(py.statement("", call, indent=body.depth))

    def _is_simple(self, note: Note, plain: str) -> bool:
        """True for a note that is all text, author and theme."""
        simple = Note(text=lexical(plain), author=note.author, theme=note.theme)
        given = note.changed(width=simple.width, height=simple.height, selected=False)
        return self._values.same(simple, given, Context.of(note, "note"))

    # -- edges ------------------------------------------------------------------------------------

    def _edges(self, place: Place, depth: int) -> Iterator[str]:
        """The edges of which this is the innermost place that has both ends."""
        order = {node_id: at for at, node_id in enumerate(self._known.nodes)}
        found = [edge for edge in self._app.graph.edges if self._place_of(edge) == place]
        found.sort(key=lambda edge: order.get(edge.source, 0))
        drawn = [edge for edge in found if self._draw(edge)]

        def name(node: str, handle: str) -> str:
            if handle in ("", "source"):
                return self._known.names[node]
            if Place(node, handle) in self._layout.path(place):
                return self._ways[Place(node, handle)]
            return f"{self._known.names[node]}.on({py.quoted((handle,))})"

        arrows_found = [Arrow(edge.source, edge.sourceHandle, edge.target) for edge in drawn]
        yield from arrows(arrows_found, name, indent=depth)

    def _place_of(self, edge: Edge) -> Place | None:
        """Where an edge is written: the first place in which both its ends are known."""
        source, target = self._home(edge.source), self._home(edge.target)
        if source is None or target is None:
            return None
        way = Place(edge.source, edge.sourceHandle)
        return self._layout.shared(way if way in self._layout.above else source, target)

    def _home(self, node_id: str) -> Place | None:
        """The place of a node; that of a container's start is the container."""
        found = self._layout.home.get(node_id)
        if found is None and node_id in self._known.nodes:
            owner = node_id.removesuffix("start")
            return Place(owner) if Place(owner) in self._layout.above else self._layout.home.get(owner)
        return found

    def _draw(self, edge: Edge) -> bool:
        """Draws the edge in the flow beside; False if a flow cannot say it."""
        source, target = self._known.nodes.get(edge.source), self._known.nodes.get(edge.target)
        if source is None or target is None or edge.misfits():
            return False
        try:
            self._flow.connect(source, target, handle=edge.sourceHandle)
        except BuildError:
            return False
        self._drawn.add(edge_id(edge))
        return True


@dataclass(slots=True)
class _Lines:
    """Statements, grouped: short ones side by side, long ones with an empty line around."""

    depth: int = 0
    groups: list[list[str]] = field(default_factory=list)
    _open: bool = False

    def add(self, statement: str) -> None:
        """A statement; one line joins the lines before it."""
        short = "\n" not in statement
        if short and self._open:
            self.groups[-1].append(statement)
        else:
            self.groups.append([statement])
        self._open = short

    def section(self, statements: Iterator[str] | list[str]) -> None:
        """Statements that stand together, apart from others."""
        if found := list(statements):
            self.groups.append(found)
        self._open = False

    def block(self, head: str, inner: _Lines) -> None:
        """An indented block, if there is anything in it."""
        if inner.groups:
            self.groups.append([head, "\n\n".join(inner.parts())])
        self._open = False

    def parts(self) -> list[str]:
        """The groups as text."""
        return ["\n".join(group) for group in self.groups]


def _text_of(canvas: Canvas) -> str:
    try:
        return canvas.to_text()
    except TypeError as err:
        raise BuildError(f"a value that Python cannot say: {err}", code="not-decompilable") from err
