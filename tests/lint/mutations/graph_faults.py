"""Faults in the graph, in containers and in the document itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from difyflow.lint.view import EdgeView, NodeView
from lint.mutations.bench import GONE, Document, Kind, Path, Spot, kind

_EDGES: Path = ("workflow", "graph", "edges")
_NODES: Path = ("workflow", "graph", "nodes")


def _field(edge: EdgeView, key: str = "") -> str:
    return f"workflow.graph.edges[{edge.index}]" + (f".{key}" if key else "")


def _live(document: Document) -> Iterator[tuple[EdgeView, NodeView, NodeView]]:
    """Edges between two running nodes."""
    running = {node.id: node for node in document.running}
    for edge in document.view.edges:
        if edge.source in running and edge.target in running and edge.source != edge.target:
            yield edge, running[edge.source], running[edge.target]


def _only_edges(document: Document) -> Iterator[tuple[EdgeView, NodeView, NodeView]]:
    """Edges without which their target is not reached."""
    for edge, source, target in _live(document):
        if len(document.view.edges_to(target)) == 1:
            yield edge, source, target


@kind("drop an edge")
def drop_edge(document: Document) -> Iterable[Spot]:
    for edge, source, target in _only_edges(document):
        here = ((target.id, ""), (source.id, ""))
        yield Spot(((edge.path, GONE),), None, ("workflow.graph",), here, breaks=False)


@kind("edge to a node that is not there")
def edge_target(document: Document) -> Iterable[Spot]:
    for edge, _, _ in _live(document):
        yield Spot((((*edge.path, "target"), "1700000000999"),), None, (_field(edge, "target"),))


@kind("edge from a node that is not there")
def edge_source(document: Document) -> Iterable[Spot]:
    for edge, _, _ in _live(document):
        yield Spot(
            (((*edge.path, "source"), "1700000000999"),), None, (_field(edge, "source"),), breaks=False
        )


@kind("swap a handle")
def swap_handle(document: Document) -> Iterable[Spot]:
    for edge, source, _ in _live(document):
        if len(source.handles) > 1 and edge.handle in source.handles:
            yield Spot((((*edge.path, "sourceHandle"), "source"),), None, (_field(edge, "sourceHandle"),))


@kind("handle that is a truth value")
def handle_type(document: Document) -> Iterable[Spot]:
    for edge, _, _ in _live(document):
        if edge.handle == "true":
            yield Spot((((*edge.path, "sourceHandle"), True),), None, (_field(edge, "sourceHandle"),))


@kind("cycle")
def cycle(document: Document) -> Iterable[Spot]:
    for _, source, target in _live(document):
        if source.data.ENTRY or source.kind.endswith("-start") or target.data.TERMINAL:
            continue
        back = {"id": "back", "source": target.id, "target": source.id, "sourceHandle": "source"}
        handles = sorted(target.handles)
        if handles and "source" not in handles:
            back["sourceHandle"] = handles[0]
        others = ((source.id, ""), (target.id, ""))
        place = (*_EDGES, len(document.data["workflow"]["graph"]["edges"]))
        yield Spot(((place, back),), None, ("workflow.graph.edges",), others)


@kind("edge to itself")
def self_edge(document: Document) -> Iterable[Spot]:
    for edge, source, _ in _live(document):
        if not source.data.ENTRY and not source.kind.endswith("-start"):
            yield Spot((((*edge.path, "target"), source.id),), None, (_field(edge),), ((source.id, ""),))


@kind("duplicate id")
def duplicate_id(document: Document) -> Iterable[Spot]:
    nodes = [
        node for node in document.running if not node.data.CONTAINER and not node.kind.endswith("-start")
    ]
    for one, other in pairwise(nodes):
        yield Spot((((*other.path, "id"), one.id),), one.id, ("id", ""))


@kind("id that is a number")
def number_id(document: Document) -> Iterable[Spot]:
    for node in document.running:
        if node.id.isdecimal():
            yield Spot((((*node.path, "id"), int(node.id)),), node.id, ("id",))


@kind("hyphen in an id")
def hyphen_id(document: Document) -> Iterable[Spot]:
    """The id is changed everywhere, so that only the hyphen is wrong: texts no longer find the node."""
    for node in document.running:
        used = [
            (user, reference)
            for user, reference in document.view.references
            if reference.selector.node_id == node.id and reference.start is not None
        ]
        if not used or node.data.CONTAINER or "-" in node.id:
            continue
        new = f"{node.id}-x"
        edits: list[tuple[Path, object]] = [((*node.path, "id"), new)]
        for edge in document.view.edges:
            edits += [
                ((*edge.path, key), new) for key in ("source", "target") if edge.raw.get(key) == node.id
            ]
        texts: dict[Path, str] = {}
        for user, reference in used:
            place = user.at(*reference.path)
            text = texts.get(place) or _value(document, place)
            texts[place] = text.replace(f"{{{{#{node.id}.", f"{{{{#{new}.")
        for user, reference in document.view.references:
            if reference.selector.node_id == node.id and reference.start is None:
                edits.append((user.at(*reference.path, 0), new))
        here = tuple((user.id, "") for user, _ in used)
        yield Spot((*edits, *texts.items()), new, ("id",), here)


def _value(document: Document, path: Path) -> str:
    value = document.data
    for part in path:
        value = value[part]  # type: ignore[index]  # a path of the document
    return str(value)


@kind("unknown node type")
def unknown_type(document: Document) -> Iterable[Spot]:
    for node in document.running:
        if not node.data.ENTRY and not node.data.CONTAINER and not node.kind.endswith("-start"):
            yield Spot(((node.at("type"), "web-search"),), node.id, ("type",))


@kind("node without data")
def no_data(document: Document) -> Iterable[Spot]:
    for node in document.running:
        if not node.data.CONTAINER:
            yield Spot((((*node.path, "data"), GONE),), node.id, ("",))


@kind("no start node")
def no_start(document: Document) -> Iterable[Spot]:
    starts = [node for node in document.view.nodes if node.data.ENTRY]
    if len(starts) == 1:
        yield Spot(((starts[0].path, GONE),), None, ("workflow.graph",))


@kind("two start nodes")
def two_starts(document: Document) -> Iterable[Spot]:
    place = (*_NODES, len(document.data["workflow"]["graph"]["nodes"]))
    for node in document.of("start"):
        again = {**node.envelope, "id": "start_again"}
        yield Spot(((place, again),), "start_again", ("", "data"), ((None, "workflow.graph"),))


@kind("no end and no answer")
def no_result(document: Document) -> Iterable[Spot]:
    ends = [node for node in document.view.nodes if node.kind in ("end", "answer")]
    if ends and document.view.mode in ("workflow", "advanced-chat"):
        yield Spot(tuple((node.path, GONE) for node in ends), None, ("workflow.graph", ""), breaks=False)


@kind("unreachable node")
def unreachable(document: Document) -> Iterable[Spot]:
    for node in document.running:
        edges = document.view.edges_to(node)
        if edges and not node.data.ENTRY:
            yield Spot(tuple((edge.path, GONE) for edge in edges), node.id, breaks=False)


# --- containers -----------------------------------------------------------------------------------------


def _children(document: Document) -> Iterator[tuple[NodeView, NodeView]]:
    for node in document.running:
        parent = document.view.parent(node)
        if parent is not None:
            yield node, parent


@kind("wrong parent")
def wrong_parent(document: Document) -> Iterable[Spot]:
    for node, parent in _children(document):
        if node.envelope.get("parentId") == parent.id:
            fields = ("parentId", "iteration_id", "loop_id", "container_id", "isIn")
            others = ((None, "workflow.graph.edges"), (parent.id, ""))
            yield Spot((((*node.path, "parentId"), "1700000000999"),), node.id, fields, others)


@kind("container whose start is another node")
def container_start(document: Document) -> Iterable[Spot]:
    for node in document.of("iteration", "loop"):
        if any(child.kind == f"{node.kind}-start" for child in document.view.children(node)):
            yield Spot(((node.at("start_node_id"), "1700000000999"),), node.id, ("start_node_id",))


@kind("container without its start")
def container_no_start(document: Document) -> Iterable[Spot]:
    for node in document.of("iteration", "loop"):
        starts = [child for child in document.view.children(node) if child.kind == f"{node.kind}-start"]
        if len(starts) == 1:
            others = ((None, "workflow.graph.edges"),)
            yield Spot(((starts[0].path, GONE),), node.id, ("start_node_id", ""), others)


@kind("edge into a container")
def edge_scope(document: Document) -> Iterable[Spot]:
    for edge, _, target in _live(document):
        inner = [node for node, parent in _children(document) if document.view.parent(target) is not parent]
        inner = [node for node in inner if not node.kind.endswith("-start")]
        if inner and not document.view.parent(target):
            others = ((target.id, ""), (inner[0].id, ""))
            yield Spot((((*edge.path, "target"), inner[0].id),), None, (_field(edge),), others)


# --- the document ---------------------------------------------------------------------------------------


def _of_document(name: str, path: Path, value: object, start: str | None = None, breaks: bool = True) -> Kind:
    """A fault at one place of every document."""

    def spots(document: Document) -> Iterable[Spot]:
        holder: Any = document.data
        for part in path[:-1]:
            holder = holder.get(part) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and path[-1] in holder:
            yield Spot(((path, value),), None, (start or str(path[0]),), breaks=breaks)

    return Kind(name, spots)


KINDS: tuple[Kind, ...] = (
    drop_edge,
    edge_target,
    edge_source,
    swap_handle,
    handle_type,
    cycle,
    self_edge,
    duplicate_id,
    number_id,
    hyphen_id,
    unknown_type,
    no_data,
    no_start,
    two_starts,
    no_result,
    unreachable,
    wrong_parent,
    container_start,
    container_no_start,
    edge_scope,
    _of_document("version that is a number", ("version",), 0.5),
    _of_document("unknown mode", ("app", "mode"), "flow", "app.mode"),
    _of_document("no app", ("app",), GONE),
    _of_document("no workflow", ("workflow",), GONE),
    _of_document("features that are no mapping", ("workflow", "features"), None, "workflow.features"),
)
