"""A document as the rules see it: computed once, shared by all of them, each part when it is first asked for.

Files of unknown origin are taken as they are, so everything here is made of the plain data: a list may be
missing, an item of it may be no mapping, an id may occur twice. Rules that need such oddities look at `data`;
`nodes` and `edges` hold what can be worked with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from difyflow.dsl.edit import Path
from difyflow.dsl.releases import Target
from difyflow.lint import _scopes, _variables
from difyflow.lint._scopes import Scopes, Stand
from difyflow.lint._variables import Declared, Resolved
from difyflow.lint.target import target_of, within
from difyflow.nodes._base import NOTE_ENVELOPE, NodeData, Reference, UnknownNode, class_for
from difyflow.nodes._record import READING
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar

NODES: Path = ("workflow", "graph", "nodes")
EDGES: Path = ("workflow", "graph", "edges")

Plain = Mapping[str, Any]
"""A mapping of the file, as YAML has it."""

_NOTHING: Plain = {}


class NodeView:
    """A node of the file.

    Attributes:
        index: its place in `graph.nodes`.
        id: empty if the file has none, or one that is no text.
        kind: `data.type`; empty if there is none.
        envelope: the mapping of the file.
        raw: its `data` as the file has it.
        path: its place in the document.
    """

    def __init__(self, index: int, envelope: Plain) -> None:
        self.index = index
        self.envelope = envelope
        self.id: str = _text(envelope.get("id"))
        data = envelope.get("data")
        self.raw: Plain = data if isinstance(data, dict) else _NOTHING
        self.kind: str = _text(self.raw.get("type"))
        self.path: Path = (*NODES, index)

    def at(self, *parts: str | int) -> Path:
        """The place of something in its data: `node.at("cases", 0)`."""
        return (*self.path, "data", *parts)

    @property
    def title(self) -> str:
        """Its title, or what stands in for it in messages."""
        return _text(self.raw.get("title")) or self.id or self.kind or f"node {self.index}"

    @property
    def is_note(self) -> bool:
        """True for a piece of paper on the canvas."""
        return self.envelope.get("type") == NOTE_ENVELOPE

    @property
    def home_id(self) -> str:
        """The container that it says to lie in: by the envelope, else by the flags in its data; or empty."""
        raw = self.raw
        for found in (
            raw.get("container_id"),
            self.envelope.get("parentId"),
            raw.get("iteration_id"),
            raw.get("loop_id"),
        ):
            if found and isinstance(found, str):
                return found
        return ""

    @cached_property
    def data(self) -> NodeData:
        """Its data, typed: outputs, handles, references."""
        try:
            made = class_for(self.envelope.get("type"), self.raw).model_validate(self.raw, context=READING)
        except (ValidationError, TypeError):  # keys that are no text
            return UnknownNode()
        return made

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """Every place in its data that names a variable; paths count from `data`."""
        return self.data.references()

    @cached_property
    def handles(self) -> frozenset[str]:
        """Where edges may leave it."""
        return frozenset(item.id for item in self.data.source_handles())

    def __repr__(self) -> str:
        return f"NodeView({self.id!r}, {self.kind!r})"


class EdgeView:
    """An edge of the file; a missing handle is read as Dify does.

    Attributes:
        index: its place in `graph.edges`.
        raw: the mapping of the file.
        source, target: node ids; empty if the file has none, or one that is no text.
        handle: its `sourceHandle`; empty if that is no text.
    """

    __slots__ = ("handle", "index", "path", "raw", "source", "target")

    def __init__(self, index: int, raw: Plain) -> None:
        self.index = index
        self.raw = raw
        self.source: str = _text(raw.get("source"))
        self.target: str = _text(raw.get("target"))
        handle = raw.get("sourceHandle")
        self.handle: str = "source" if handle is None else _text(handle)
        self.path: Path = (*EDGES, index)


class View:
    """One document.

    Attributes:
        data: all of it, as YAML has it.
        target: the releases for which it is judged.
        is_given: whether a person has named them; else they follow from the document's version.
        text: the text that it was read from; empty for a document without one.
    """

    def __init__(self, data: Plain, target: str | None = None, text: str = "") -> None:
        """Takes the data of a document.

        Args:
            data: the document.
            target: as `difyflow.lint.target.target_of`.
            text: the text that it was read from.

        Raises:
            UsageError: a target that is none.
        """
        self.data = data
        self.text = text
        self.is_given = target is not None
        self.target: Target = target_of(data, target)  # type: ignore[arg-type]  # keys are whatever they are

    def holds(self, since: str | None = None, until: str | None = None) -> bool:
        """True if all releases of the target lie between these two, both included."""
        return within(self.target, since, until)

    # --- the document ---

    @cached_property
    def kind(self) -> str:
        """app, rag_pipeline or snippet; as Dify reads it, whatever is no other kind is an app."""
        kind = self.data.get("kind")
        if kind in ("rag_pipeline", "snippet"):
            return str(kind)
        other = next((key for key in ("rag_pipeline", "snippet") if self.data.get(key)), "app")
        return "app" if self.data.get("app") else other

    @cached_property
    def app(self) -> Plain:
        """`app`, or what stands in its place."""
        return _mapping(self.data.get(self.kind))

    @cached_property
    def mode(self) -> str:
        """`app.mode`; the kind for other kinds."""
        return _text(self.app.get("mode")) if self.kind == "app" else self.kind

    @property
    def is_chat(self) -> bool:
        """True for a chatflow."""
        return self.mode == "advanced-chat"

    @cached_property
    def workflow(self) -> Plain:
        """`workflow`."""
        return _mapping(self.data.get("workflow"))

    @cached_property
    def graph(self) -> Plain:
        """`workflow.graph`."""
        return _mapping(self.workflow.get("graph"))

    @property
    def has_graph(self) -> bool:
        """True for the modes and kinds that have one."""
        return self.kind != "app" or self.mode in ("workflow", "advanced-chat")

    @cached_property
    def environment(self) -> Mapping[str, Declared]:
        """Environment variables by name, the last of a name."""
        return _variables.declared(self.workflow, "environment_variables")

    @cached_property
    def conversation(self) -> Mapping[str, Declared]:
        """Conversation variables by name."""
        return _variables.declared(self.workflow, "conversation_variables")

    # --- nodes and edges ---

    @cached_property
    def all_nodes(self) -> tuple[NodeView, ...]:
        """Every node that is a mapping, notes too."""
        if not self.has_graph:
            return ()
        found = self.graph.get("nodes")
        items = found if isinstance(found, list) else []
        return tuple(NodeView(index, item) for index, item in enumerate(items) if isinstance(item, dict))

    @cached_property
    def nodes(self) -> tuple[NodeView, ...]:
        """The nodes that an engine would see: not the notes."""
        return tuple(node for node in self.all_nodes if not node.is_note)

    @cached_property
    def _by_kind(self) -> Mapping[str, Sequence[NodeView]]:
        found: dict[str, list[NodeView]] = {}
        for node in self.nodes:
            found.setdefault(node.kind, []).append(node)
        return found

    def of(self, *kinds: str) -> Iterator[NodeView]:
        """The nodes of these types."""
        for kind in kinds:
            yield from self._by_kind.get(kind, ())

    @cached_property
    def by_id(self) -> Mapping[str, NodeView]:
        """The node with an id; the last one of several, as the oldest engines have it."""
        return {node.id: node for node in self.nodes if node.id}

    @cached_property
    def edges(self) -> tuple[EdgeView, ...]:
        """Every edge that is a mapping."""
        found = self.graph.get("edges") if self.has_graph else None
        items = found if isinstance(found, list) else []
        return tuple(EdgeView(index, item) for index, item in enumerate(items) if isinstance(item, dict))

    @cached_property
    def _edges_from(self) -> Mapping[str, Sequence[EdgeView]]:
        return _grouped((edge.source, edge) for edge in self.edges)

    @cached_property
    def _edges_to(self) -> Mapping[str, Sequence[EdgeView]]:
        return _grouped((edge.target, edge) for edge in self.edges)

    def edges_from(self, node: NodeView) -> Sequence[EdgeView]:
        """The edges that leave a node."""
        return self._edges_from.get(node.id, ())

    def edges_to(self, node: NodeView) -> Sequence[EdgeView]:
        """The edges that come to a node."""
        return self._edges_to.get(node.id, ())

    # --- containers, reachability ---

    @cached_property
    def scopes(self) -> Scopes:
        """Which node lies in which container, what is reached, what comes before what."""
        return _scopes.scopes(self.nodes, self.by_id, self.edges)

    def parent(self, node: NodeView) -> NodeView | None:
        """The iteration or loop that a node lies in."""
        return self.scopes.parent(node)

    def children(self, container: NodeView | None) -> Sequence[NodeView]:
        """What lies in a container; with None, what lies in none."""
        return self.scopes.children(container)

    def stand(self, owner: NodeView, user: NodeView) -> Stand:
        """How the owner of a variable stands to the node that uses it."""
        return self.scopes.stand(owner, user)

    def is_reached(self, node: NodeView) -> bool:
        """True if a run can come to the node."""
        return self.scopes.is_reached(node)

    # --- variables ---

    @cached_property
    def references(self) -> tuple[tuple[NodeView, Reference], ...]:
        """Every reference of every node, with the node that it stands in."""
        return tuple((node, reference) for node in self.nodes for reference in node.references)

    def outputs(self, node: NodeView) -> Mapping[str, OutputVar]:
        """What a node puts out by name, with the types that follow from what it takes in."""
        return self._resolver.outputs(node)

    def resolve(self, selector: Selector, node: NodeView | None = None) -> Resolved:
        """What a selector names, as seen from a node: its type, or what is wrong with it."""
        return self._resolver.resolve(selector, node)

    @cached_property
    def _resolver(self) -> _variables.Resolver:
        return _variables.Resolver(self)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Plain:
    return value if isinstance(value, dict) else _NOTHING


def _grouped(pairs: Iterator[tuple[str, EdgeView]]) -> Mapping[str, Sequence[EdgeView]]:
    found: dict[str, list[EdgeView]] = {}
    for key, edge in pairs:
        found.setdefault(key, []).append(edge)
    return found
