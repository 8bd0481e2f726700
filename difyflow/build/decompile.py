"""A DSL document back to Python: what a person would have written, and the same bytes when rendered.

Nothing of the document is executed, here or when the result is loaded: its texts become string literals or
files that the flow reads as text.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from difyflow.build import _python as py
from difyflow.build.canvas import Canvas, Patch, difference
from difyflow.build.flow import Flow
from difyflow.build.refs import ContainerRef, NodeRef
from difyflow.dsl.app import App, Dependency
from difyflow.dsl.graph import Edge, Node
from difyflow.errors import BuildError, DifyflowError, UsageError
from difyflow.nodes._base import NodeData, TextKind
from difyflow.nodes._record import Record, Spelled, Written, numbers
from difyflow.nodes.note import Note, lexical
from difyflow.records.files import write_whole
from difyflow.terms.selector import Selector, placeholders

FILE_LINES = 5
FILE_CHARACTERS = 400
"""A text with more lines or characters than these goes into a file of its own."""

# What a flow gives a node by itself, or the canvas does: not said in Python.
_OF_THE_CANVAS = frozenset(
    (
        "type",
        "selected",
        "isInIteration",
        "iteration_id",
        "isInLoop",
        "loop_id",
        "start_node_id",
        "width",
        "height",
    )
)


@dataclass(frozen=True, slots=True)
class Decompiled:
    """A folder that renders the document.

    Attributes:
        files: text by path; `flow.py` among them.
        escapes: places where the Python could not say it and the canvas does: path and why, a line each.
    """

    files: Mapping[str, str]
    escapes: tuple[str, ...] = ()


def decompile(app: App) -> Decompiled:
    """Writes a document as a Python flow.

    Raises:
        BuildError: two nodes with one id, or a value that neither Python nor JSON can say.
    """
    if app.workflow is None or app.app is None:
        return _verbatim(app)
    ids = [node.id for node in app.nodes]
    twice = sorted({item for item in ids if ids.count(item) > 1 or not item})
    if twice:
        raise BuildError(
            f"nodes share the id {twice[0]!r}", code="not-decompilable", hint="give each its own"
        )
    return _Writer(app).write()


def write(app: App, folder: Path) -> Decompiled:
    """Writes a document into a folder that is empty or does not exist.

    Raises:
        BuildError: as `decompile`.
        UsageError: there is something in the folder, or it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("exists and is not empty", path=str(folder), code="exists", hint="name a new folder")
    made = decompile(app)
    for name, text in made.files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise UsageError(f"cannot be made: {err.strerror or err}", path=str(path.parent)) from err
        write_whole(path, text.encode())
    return made


def _verbatim(app: App) -> Decompiled:
    """A document that is no workflow app: there are no nodes to write, or its kind has no flow in Python."""
    try:
        text = json.dumps(app.data(), ensure_ascii=False, indent=1, sort_keys=True)
        text.encode()
    except (TypeError, UnicodeEncodeError) as err:
        raise BuildError(f"a value that JSON cannot say: {err}", code="not-decompilable") from err
    flow = (
        '"""A Dify app without a workflow; difyflow decompile made this folder from its YAML."""\n\n'
        "from difyflow.build import Verbatim, beside\n\n"
        "here = beside(__file__)\n\n"
        'flow = Verbatim(here("document.json"))\n'
    )
    kind = app.mode or app.kind or "unknown"
    return Decompiled({"document.json": f"{text}\n", "flow.py": flow}, (f"the whole document: kind {kind}",))


class _Writer:
    """Writes one document; builds the same flow beside it, to know what the Python does not say."""

    def __init__(self, app: App) -> None:
        assert app.app is not None and app.workflow is not None
        self.app = app
        self.version = app.version or "0.1.0"
        self.imports: dict[str, dict[str, str]] = {}
        self.files: dict[str, str] = {}
        self.escapes: list[str] = []
        self.names: dict[str, str] = {}
        self.nodes: dict[str, NodeRef] = {}
        self.taken = _reserved(app)
        mode: Any = app.app.mode if app.app.mode in ("workflow", "advanced-chat") else "workflow"
        keep = Canvas(nodes={node.id: Patch() for node in app.nodes})
        self.flow = Flow(
            app.app.name,
            mode=mode,
            version=self.version,
            description=app.app.description,
            icon=app.app.icon,
            icon_background=app.app.icon_background or "#FFEAD5",
        )
        self.flow._canvas = keep
        self.mode = mode

    def write(self) -> Decompiled:
        body = [*self._variables(), *self._block(None, 0)]
        edges, raw = self._edges(None, 0)
        body += ["", *edges] if edges else []
        self.flow._canvas = None
        made, wanted = self.flow.build().data(), self.app.data()
        canvas = _canvas(made, wanted, raw=self._raw_edges(), escapes=self.escapes)
        try:
            self.files["canvas.json"] = canvas.to_text()
        except TypeError as err:
            raise BuildError(f"a value that Python cannot say: {err}", code="not-decompilable") from err
        head = self._head()
        self.files["flow.py"] = "\n".join([*self._imports(), *head, *body]) + "\n"
        del raw
        return Decompiled(dict(sorted(self.files.items())), tuple(self.escapes))

    # -- the parts of flow.py ---------------------------------------------------------------------

    def _imports(self) -> list[str]:
        lines = ['"""A Dify workflow; difyflow decompile made this folder from its YAML."""', ""]
        lines += ["from difyflow import Flow", "from difyflow.build import beside"]
        for module, names in sorted(self.imports.items()):
            shown = sorted((f"{name} as {alias}" if alias != name else name) for name, alias in names.items())
            line = f"from {module} import {', '.join(shown)}"
            if len(line) <= py.WIDTH:
                lines.append(line)
            else:
                lines += [f"from {module} import (", *(f"    {item}," for item in shown), ")"]
        return [*lines, ""]

    def _head(self) -> list[str]:
        info = self.app.app
        assert info is not None
        call = py.Call("Flow", (self._text(info.name, "name"),), {})
        given: dict[str, py.Expression] = {}
        if self.mode != "workflow":
            given["mode"] = py.literal(self.mode)
        given["version"] = py.literal(self.version)
        if info.description:
            given["description"] = self._text(info.description, "description")
        if info.icon != "🤖":
            given["icon"] = py.literal(info.icon)
        if info.icon_background and info.icon_background != "#FFEAD5":
            given["icon_background"] = py.literal(info.icon_background)
        given["canvas"] = py.Call("here", (py.literal("canvas.json"),))
        call = py.Call("Flow", call.args, given)
        return ["here = beside(__file__)", "", py.statement("flow = ", call)]

    def _variables(self) -> list[str]:
        """Environment and conversation variables and plugins."""
        assert self.app.workflow is not None
        lines: list[str] = []
        for root, method, variables in (
            ("env", "env", self.app.workflow.environment_variables),
            ("conversation", "conversation", self.app.workflow.conversation_variables),
        ):
            for item in variables:
                more = {"id": item.id} if item.id else {}
                if item.description:
                    more["description"] = item.description
                try:
                    args = (py.literal(item.name), py.literal(item.value))
                    getattr(self.flow, method)(item.name, item.value, value_type=item.value_type, **more)
                except (TypeError, ValueError, DifyflowError):
                    self.escapes.append(f"{method} variable {item.name!r}: not sayable in Python")
                    continue
                name = py.identifier(item.name, otherwise=f"{root}_variable", taken=self.taken)
                self.names[f"{root}.{item.name}"] = name
                kwargs = {"value_type": py.literal(item.value_type)}
                kwargs |= {key: py.literal(value) for key, value in more.items()}
                lines.append(py.statement(f"{name} = ", py.Call(f"flow.{method}", args, kwargs)))
        for plugin in self.app.dependencies or ():
            lines += self._plugin(plugin)
        return ["", *lines] if lines else []

    def _plugin(self, plugin: Dependency) -> list[str]:
        identifier = plugin.value.get("marketplace_plugin_unique_identifier")
        if plugin.type == "marketplace" and isinstance(identifier, str):
            self.flow.needs(identifier)
            return [py.statement("", py.Call("flow.needs", (py.literal(identifier),)))]
        self._import("difyflow.dsl", "Dependency")
        value = {"type": py.literal(plugin.type), "value": py.literal(dict(plugin.value))}
        self.flow.needs(Dependency(type=plugin.type, value=dict(plugin.value)))
        return [py.statement("", py.Call("flow.needs", (py.Call("Dependency", (), value),)))]

    def _block(self, container: Node | None, depth: int) -> list[str]:
        """The nodes of the canvas, or of one container."""
        inside = container.id if container else None
        lines: list[str] = []
        for node in _in_order(self.app, inside):
            if node.data.TERMINAL and isinstance(node.data, Note):
                lines += ["", *self._note(node, depth)] if container is None else []
                continue
            lines += ["", *self._node(node, container, depth)]
        return lines

    def _node(self, node: Node, container: Node | None, depth: int) -> list[str]:
        title = node.data.title if node.data.title.isascii() or len(node.data.title) < 20 else ""
        stem = node.data.type.replace("-", "_")
        otherwise = stem if stem.isidentifier() and stem not in _KEYWORDS else "node"
        name = py.identifier(title, otherwise=_free(otherwise), taken=self.taken)
        authored, expression = self._data(node, name)
        owner = self.names[container.id] if container else "flow"
        home = self.nodes[container.id] if container else None
        kwargs = {"id": py.literal(node.id)}
        if authored.CONTAINER:
            made: NodeRef = self.flow.container(authored, id=node.id)
            call = py.Call("flow.container", (expression,), kwargs)
        else:
            made = self.flow.add(
                authored, id=node.id, inside=home if isinstance(home, ContainerRef) else None
            )
            call = py.Call(f"{owner}.add", (expression,), kwargs)
        self.nodes[node.id], self.names[node.id] = made, name
        lines = [py.statement(f"{name} = ", call, indent=depth)]
        if isinstance(made, ContainerRef):
            self.nodes[made.start.id] = made.start
            self.names[made.start.id] = f"{name}.start"
            lines += self._inside(node, made, name, depth)
        return lines

    def _inside(self, node: Node, made: ContainerRef, name: str, depth: int) -> list[str]:
        inner = self._block(node, depth + 1)
        edges, _ = self._edges(node.id, depth + 1)
        inner += ["", *edges] if edges else []
        output = getattr(node.data, "output_selector", None)
        if isinstance(output, Selector) and output:
            reference = self._reference(output)
            if not isinstance(reference, py.Call):
                made.gives(self._spoken_value(output))
                inner.append(py.statement(f"{name}.gives", py.Call("", (reference,)), indent=depth + 1))
        while inner and inner[0] == "":
            inner.pop(0)
        return ["", f"{'    ' * depth}with {name}:", *inner] if inner else []

    def _note(self, node: Node, depth: int) -> list[str]:
        data = node.data
        assert isinstance(data, Note)
        plain = data.plain_text()
        if plain is None or lexical(plain) != data.text:
            name = py.identifier("note", otherwise="note", taken=self.taken)
            authored, expression = self._data(node, name)
            self.flow.add(authored, id=node.id)
            return [
                py.statement(
                    "", py.Call("flow.add", (expression,), {"id": py.literal(node.id)}), indent=depth
                )
            ]
        kwargs = {"id": py.literal(node.id)}
        if data.author:
            kwargs["author"] = py.literal(data.author)
        if data.theme != "blue":
            kwargs["theme"] = py.literal(data.theme)
        self.flow.note(plain, id=node.id, author=data.author, theme=data.theme)
        text = self._text(plain, "note")
        return [py.statement("", py.Call("flow.note", (text,), kwargs), indent=depth)]

    # -- values -----------------------------------------------------------------------------------

    def _data(self, node: Node, name: str) -> tuple[NodeData, py.Expression]:
        handles = frozenset(handle.id for handle in node.data.source_handles())
        context = _Context(node.data, name, handles)
        return self._record(node.data, context, skip=_OF_THE_CANVAS)

    def _record(
        self, record: Any, context: _Context, *, skip: frozenset[str] = frozenset()
    ) -> tuple[Any, py.Expression]:
        """A record that a person would write, and how; equal to the given one but for what a canvas says."""
        spelled = record.spelled()
        if spelled is not None:
            found = self._spelled(spelled, record, context)
            if found is not None:
                return found
        kwargs: dict[str, py.Expression] = {}
        values: dict[str, object] = {}
        fields = record.spelled_fields() if isinstance(record, NodeData) else {}
        for name, info in type(record).model_fields.items():
            key = info.alias or name
            if name not in record.model_fields_set or key in skip or self._is_noise(key, record, context):
                continue
            value = getattr(record, name)
            if _as_the_editor(value, info, record, self.version):
                continue
            try:
                if key in fields and (short := self._spelled(fields[key], value, context)) is not None:
                    values[key], kwargs[key] = short
                else:
                    values[key], kwargs[key] = self._value(value, info.metadata, context.at(key))
            except TypeError as err:
                self.escapes.append(f"{context.name}.{key}: {err}")
        try:
            authored = type(record).model_validate(values)
        except ValidationError as err:
            raise BuildError(f"{context.name}: {err}", code="not-decompilable") from err
        call: py.Expression = py.Call(self._class(type(record), context), (), kwargs)
        extras = record.extras()
        if extras:
            authored, call = self._also(authored, call, extras, context)
        return authored, call

    def _also(
        self, authored: Any, call: py.Expression, extras: Mapping[str, object], context: _Context
    ) -> tuple[Any, py.Expression]:
        """Keys that have no field."""
        try:
            named = {key: py.literal(value) for key, value in extras.items() if _is_keyword(key)}
        except TypeError as err:
            self.escapes.append(f"{context.name}: {err}")
            return authored, call
        if len(named) < len(extras):
            self.escapes.append(f"{context.name}: keys that are no names: {', '.join(sorted(extras))}")
            return authored, call
        return authored.also(**extras), py.Also(call, named)

    def _is_noise(self, key: str, record: Any, context: _Context) -> bool:
        """Ids that the editor makes and nothing points to."""
        return (
            key == "id"
            and not isinstance(record, NodeData)
            and getattr(record, "id", None) not in context.handles
        )

    def _spelled(
        self, spelled: Spelled, value: object, context: _Context
    ) -> tuple[Any, py.Expression] | None:
        """The value by a function of the node's file, if that gives the same."""
        module = sys.modules[type(context.data).__module__]
        function = getattr(module, spelled.function, None)
        if function is None:
            return None
        try:
            args = [self._value(item, (), context) for item in spelled.args]
            kwargs = {key: self._value(item, (), context.at(key)) for key, item in spelled.kwargs.items()}
            made = function(*(item for item, _ in args), **{key: item for key, (item, _) in kwargs.items()})
        except (TypeError, ValueError):
            return None
        if not _same_when_completed(made, value, self.version):
            return None
        name = self._import(module.__name__, spelled.function)
        shown = {key: expression for key, (_, expression) in kwargs.items()}
        return made, py.Call(name, tuple(expression for _, expression in args), shown)

    def _value(self, value: object, metadata: Any, context: _Context) -> tuple[Any, py.Expression]:
        mark = next((item for item in metadata if isinstance(item, TextKind)), None)
        match value:
            case Record():
                return self._record(value, context)
            case Selector():
                return self._spoken_value(value), self._reference(value)
            case str():
                return value, self._text(value, context.name, kind=mark.kind if mark else None)
            case tuple():
                pairs = [
                    self._value(item, metadata, context.at(str(index))) for index, item in enumerate(value)
                ]
                return tuple(item for item, _ in pairs), py.Group("tuple", tuple(shown for _, shown in pairs))
            case dict() if any(isinstance(item, Record) for item in value.values()):
                found = {
                    key: self._value(item, metadata, context.at(str(key))) for key, item in value.items()
                }
                items = tuple((py.literal(key), shown) for key, (_, shown) in found.items())
                return {key: item for key, (item, _) in found.items()}, py.Group("dict", items)
            case _:
                return value, py.literal(value)

    def _reference(self, selector: Selector) -> py.Expression:
        spoken = self._spoken(selector)
        if spoken is not None:
            return py.Raw(spoken)
        if len(selector) == 2 and selector.node_id == "sys":
            return py.Call("flow.sys", (py.literal(selector[1]),))
        name = self._import("difyflow.terms.selector", "Selector")
        return py.Call(name, (py.literal(tuple(selector)),))

    def _spoken_value(self, selector: Selector) -> Selector:
        """What the expression for a reference gives: it may know its type."""
        if self._spoken(selector) is None or selector.node_id not in self.nodes:
            return selector
        found: Selector = self.nodes[selector.node_id][selector[1]]
        for step in selector[2:]:
            found = getattr(found, step)
        return found

    def _spoken(self, selector: Selector) -> str | None:
        """`llm.text`, if the node is known here and has that output."""
        if len(selector) == 2 and (variable := self.names.get(".".join(selector))):
            return variable
        node = self.nodes.get(selector.node_id)
        if node is None or len(selector) < 2 or not all(map(_is_attribute, selector[1:])):
            return None
        try:
            found = getattr(node, selector[1])
            for step in selector[2:]:
                found = getattr(found, step)
        except (DifyflowError, AttributeError):
            return None
        if not isinstance(found, Selector) or tuple(found) != tuple(selector):
            return None
        return ".".join([self.names[selector.node_id], *selector[1:]])

    def _text(self, text: str, name: str, *, kind: str | None = None) -> py.Expression:
        """A literal, an f-string, or a file."""
        long = (
            text.count("\n") >= FILE_LINES or len(text) > FILE_CHARACTERS or (kind == "code" and "\n" in text)
        )
        if long and _fits_a_file(text):
            return self._file(text, name, kind)
        if kind != "template":
            return py.Text((text,))
        parts, at = [""], 0
        for start, end, selector in placeholders(text):
            spoken = self._spoken(selector)
            if spoken is not None:
                parts[-1] += text[at:start]
                parts += [spoken, ""]
                at = end
        parts[-1] += text[at:]
        return py.Text(tuple(parts))

    def _file(self, text: str, name: str, kind: str | None) -> py.Expression:
        folder, ending = {"code": ("code", "py"), "jinja": ("prompts", "j2")}.get(
            kind or "", ("prompts", "md")
        )
        kwargs: dict[str, py.Expression] = {}
        if kind == "template":
            text, used = self._with_names(text)
            kwargs = {item: py.Raw(item) for item in used}
        path, count = f"{folder}/{name}.{ending}", 1
        while path in self.files:
            count += 1
            path = f"{folder}/{name}_{count}.{ending}"
        self.files[path] = text + "\n"
        return py.Call("here", (py.literal(path),), kwargs)

    def _with_names(self, text: str) -> tuple[str, list[str]]:
        """The text with the names of nodes in place of their ids, where that can be undone."""
        used: dict[str, str] = {}
        for _, _, selector in placeholders(text):
            name = self.names.get(selector.node_id, "")
            if name.isidentifier() and name.isascii() and "{{#" + name + "." not in text:
                used[selector.node_id] = name
        ids = set(used)
        if any(name in ids and used.get(name) != name for name in used.values()):
            return text, []
        for node_id, name in used.items():
            text = text.replace("{{#" + node_id + ".", "{{#" + name + ".")
        return text, sorted(used.values())

    # -- edges ------------------------------------------------------------------------------------

    def _edges(self, container: str | None, depth: int) -> tuple[list[str], None]:
        """The edges of the canvas or of a container as chains."""
        found = [edge for edge in self.app.graph.edges if self._home(edge) == container]
        speakable = [edge for edge in found if self._connects(edge)]
        return [f"{'    ' * depth}{line}" for line in self._chains(speakable, depth)], None

    def _home(self, edge: Edge) -> str | None:
        node = self.app.graph.node(edge.source)
        return node.parentId if node else None

    def _connects(self, edge: Edge) -> bool:
        """Draws the edge in the flow beside; False if a flow cannot say it."""
        source, target = self.nodes.get(edge.source), self.nodes.get(edge.target)
        if source is None or target is None or edge.misfits():
            return False
        try:
            self.flow.connect(source, target, handle=edge.sourceHandle)
        except DifyflowError:
            return False
        return True

    def _chains(self, edges: list[Edge], depth: int) -> Iterator[str]:
        left = list(edges)
        while left:
            edge = left.pop(0)
            line = self._step(edge)
            while True:
                following = next(
                    (item for item in left if item.source == edge.target and item.sourceHandle == "source"),
                    None,
                )
                if following is None or len(line) + len(self.names[following.target]) + 4 + 4 * depth > 80:
                    break
                left.remove(following)
                line += f" >> {self.names[following.target]}"
                edge = following
            yield line

    def _step(self, edge: Edge) -> str:
        source = self.names[edge.source]
        if edge.sourceHandle != "source":
            source = f"{source}.on({py.quoted((edge.sourceHandle,))})"
        return f"{source} >> {self.names[edge.target]}"

    def _raw_edges(self) -> dict[int, Mapping[str, object]]:
        """Edges that no `>>` says, by their place."""
        said = {_flow_id(edge) for edge in self.flow._edges}
        seen: set[str] = set()
        raw: dict[int, Mapping[str, object]] = {}
        plain = self.app.data()["workflow"]["graph"].get("edges") or []
        for place, edge in enumerate(self.app.graph.edges):
            key = _flow_id(edge)
            if key in said and key not in seen and not edge.misfits():
                seen.add(key)
                continue
            raw[place] = plain[place]
            self.escapes.append(f"edge {edge.id!r}: {edge.source} to {edge.target} cannot be drawn in Python")
        return raw

    # -- names ------------------------------------------------------------------------------------

    def _class(self, cls: type[Record], context: _Context) -> str:
        module = type(context.data).__module__
        home = module if getattr(sys.modules[module], cls.__name__, None) is cls else cls.__module__
        return self._import(home, cls.__name__)

    def _import(self, module: str, name: str) -> str:
        """Imports a name; under another one if it is taken by a name of another module."""
        known = self.imports.setdefault(module, {})
        if name not in known:
            others = {
                alias for other, names in self.imports.items() if other != module for alias in names.values()
            }
            short = module.rpartition(".")[2].strip("_")
            known[name] = f"{short}_{name}" if name in others else name
        return known[name]


@dataclass(frozen=True, slots=True)
class _Context:
    """Where a value stands: the node, a name for files, the handles that ids may be."""

    data: NodeData
    name: str
    handles: frozenset[str] = field(default_factory=frozenset)

    def at(self, key: str) -> _Context:
        """One step further in; places in lists do not show in names."""
        name = (
            self.name
            if key.isdecimal() or key in ("code", "text", "prompt_template")
            else f"{self.name}_{key}"
        )
        return _Context(self.data, name if name.isidentifier() and name.isascii() else "text", self.handles)


_KEYWORDS = frozenset(("if_else", "end", "start", "code", "tool", "loop"))


def _free(name: str) -> str:
    """A name for a node that is not also one of the functions that a flow imports."""
    return {"code": "code_node", "tool": "tool_node", "if_else": "branch"}.get(name, name)


def _reserved(app: App) -> set[str]:
    """Names that a node may not have: those of Python, of the flow, and of what it may import."""
    import builtins
    import keyword

    taken = {"flow", "here", "Flow", "beside", "Selector", "Dependency", *dir(builtins), *keyword.kwlist}
    for node in app.nodes:
        taken |= {name for name in vars(sys.modules[type(node.data).__module__]) if not name.startswith("_")}
    return taken


def _in_order(app: App, container: str | None) -> list[Node]:
    """The nodes of a container so that each comes behind those that it follows or names, where that can be."""
    graph = app.graph
    starts = {f"{node.id}start" for node in graph.nodes if node.data.CONTAINER}
    here = [node for node in graph.nodes if node.parentId == container and node.id not in starts]
    if container is None:
        known = {node.id for node in graph.nodes if node.data.CONTAINER}
        here = [node for node in graph.nodes if node.parentId not in known and node.id not in starts]
    home = _homes(app, {node.id for node in here})
    behind: dict[str, set[str]] = {node.id: set() for node in here}
    for edge in graph.edges:
        if edge.target in behind and home.get(edge.source) not in (None, edge.target):
            behind[edge.target].add(home[edge.source])
    for node in graph.nodes:
        owner = home.get(node.id)
        for reference in node.data.references():
            source = home.get(reference.selector.node_id)
            if owner and source and source != owner:
                behind[owner].add(source)
    ordered: list[Node] = []
    left = list(here)
    while left:
        done = {node.id for node in ordered}
        free = next((node for node in left if behind[node.id] <= done | {node.id}), left[0])
        left.remove(free)
        ordered.append(free)
    notes = [node for node in ordered if isinstance(node.data, Note)]
    return [node for node in ordered if not isinstance(node.data, Note)] + notes


def _homes(app: App, here: set[str]) -> dict[str, str]:
    """For every node in or under this level: the node of this level that it belongs to."""
    parents = {node.id: node.parentId for node in app.nodes}
    homes: dict[str, str] = {}
    for node_id in parents:
        at: str | None = node_id
        for _ in range(50):
            if at is None or at in here:
                break
            at = parents.get(at)
        if at is not None and at in here:
            homes[node_id] = at
    return homes


def _as_the_editor(value: object, info: Any, record: Any, version: str) -> bool:
    """True if the editor of this version writes this very value by itself."""
    mark = next((item for item in info.metadata if isinstance(item, Written)), None)
    default = info.get_default(call_default_factory=True, validated_data={})
    if mark is not None and mark.at(numbers(version)) and type(mark.value).__name__ != "_Same":
        default = mark.value
    return _same_when_completed(value, default, version)


def _same_when_completed(left: object, right: object, version: str) -> bool:
    """Equal, but for the defaults that a canvas adds or leaves out, and for ids."""
    return _settled(left, version) == _settled(right, version)


def _settled(value: object, version: str) -> object:
    if isinstance(value, Record):
        dump = value.completed(version).dump()
        return (
            type(value).__name__,
            _settled({key: item for key, item in dump.items() if key != "id"}, version),
        )
    if isinstance(value, tuple | list):
        return [_settled(item, version) for item in value]
    if isinstance(value, dict):
        return {key: _settled(item, version) for key, item in value.items() if item is not None}
    return (type(value).__name__ if isinstance(value, bool | float) else "", value)


def _canvas(
    made: dict[str, Any],
    wanted: dict[str, Any],
    *,
    raw: Mapping[int, Mapping[str, object]],
    escapes: list[str],
) -> Canvas:
    """What the flow as written does not say of the file."""
    ours = {node["id"]: node for node in made["workflow"]["graph"]["nodes"]}
    theirs = wanted["workflow"]["graph"]
    nodes = {node["id"]: difference(ours[node["id"]], node) for node in theirs["nodes"] if node["id"] in ours}
    our_edges = {edge["id"]: edge for edge in made["workflow"]["graph"]["edges"]}
    edges: dict[str, Patch] = {}
    for place, edge in enumerate(theirs.get("edges") or []):
        if place not in raw:
            handle = edge.get("sourceHandle", "source")
            key = f"{edge['source']}-{handle}-{edge['target']}-target"
            edges[key] = difference(our_edges[key], edge)
    for node_id, patch in nodes.items():
        escapes += [
            f"node {node_id}: {path}" for path, item in patch.set.items() if item and _is_content(path)
        ]
    rest_made, rest_wanted = _without_graph(made), _without_graph(wanted)
    return Canvas(
        nodes=nodes,
        dropped=frozenset(ours.keys() - nodes.keys()),
        edges=edges,
        raw=raw,
        document=difference(rest_made, rest_wanted),
    )


def _is_content(path: str) -> bool:
    """True for a path in a node's data that is neither layout nor an id nor an editor's cache."""
    steps = path.split("/")
    return steps[0] == "data" and steps[-1] not in _OF_THE_CANVAS | {"id", "desc"}


def _without_graph(data: dict[str, Any]) -> dict[str, Any]:
    graph = {key: item for key, item in data["workflow"]["graph"].items() if key not in ("nodes", "edges")}
    return {**data, "workflow": {**data["workflow"], "graph": graph}}


def _flow_id(edge: Edge) -> str:
    return f"{edge.source}-{edge.sourceHandle}-{edge.target}-target"


def _is_attribute(name: str) -> bool:
    import keyword

    reserved = (
        "id",
        "data",
        "on",
        "start",
        "add",
        "gives",
        "type",
        "key",
        "node_id",
        "variable",
        "index",
        "count",
    )
    return (
        name.isidentifier()
        and name.isascii()
        and not keyword.iskeyword(name)
        and name
        not in reserved
        + (
            "writable_in_text",
            "parse",
        )
    )


def _is_keyword(name: str) -> bool:
    import keyword

    return name.isidentifier() and name.isascii() and not keyword.iskeyword(name) and name != "self"


def _fits_a_file(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
