"""From the data of a DSL file to what the engine is given: pure, and without the engine.

The engine's own importer refuses old files; here notes are dropped, old names and forms are replaced as
Dify's editor does it on load, and everything that no run could mend is collected as a problem in words.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MODES = ("workflow", "advanced-chat")
_CONTAINERS = {"iteration": "iteration-start", "loop": "loop-start"}
_OLD_TYPES = {"variable-assigner": "variable-aggregator"}

Data = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowNode:
    """A node of the graph; `data` is its node data, never changed after reading."""

    id: str
    type: str
    title: str
    data: Mapping[str, object]

    def __str__(self) -> str:
        return f"{self.title!r} ({self.id}), {self.type}" if self.title else f"{self.id}, {self.type}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A workflow, parsed once and shared by all its runs.

    Attributes:
        dsl_version: as written; `0.1.0` when the file has none (Dify reads it so).
        graph_config: nodes and edges for the engine.
        start_id: id of the start node; empty if there is none.
        environment, conversation: the declared variables, as in the file.
        notes: what was repaired, one line each.
        problems: why it cannot run at all, one line each.
    """

    name: str
    mode: str
    dsl_version: str
    graph_config: Mapping[str, object]
    nodes: Mapping[str, FlowNode]
    start_id: str
    environment: tuple[Mapping[str, object], ...] = ()
    conversation: tuple[Mapping[str, object], ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def is_chat(self) -> bool:
        """True for a chatflow."""
        return self.mode == "advanced-chat"

    @property
    def start(self) -> FlowNode:
        """The start node; only for a flow without problems."""
        return self.nodes[self.start_id]

    def of_type(self, *types: str) -> Iterator[FlowNode]:
        """The nodes of these types, in file order."""
        return (node for node in self.nodes.values() if node.type in types)


@dataclass(slots=True)
class _Reading:
    """What one reading has found so far."""

    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_flow(document: Mapping[str, object]) -> Flow:
    """Reads the plain data of a DSL file (a mapping as YAML gives it); the data is copied, not kept."""
    reading = _Reading()
    app, workflow = _mapping(document, "app"), _mapping(document, "workflow")
    mode = str(app.get("mode") or "")
    if mode not in MODES:
        modes = " and ".join(MODES)
        reading.problems.append(f"app: mode {mode or 'missing'!r}; only {modes} have a graph that runs here")
    graph = _mapping(workflow, "graph")
    nodes = list(_nodes(graph, reading))
    edges = list(_edges(graph, nodes, reading))
    _repair_containers(nodes, edges, reading)
    listed = _listed(nodes, reading)
    starts = [node.id for node in listed if node.type == "start"]
    if not starts and mode in MODES:
        reading.problems.append("graph: it has no start node (triggers start nothing here)")
    return Flow(
        name=str(app.get("name") or ""),
        mode=mode,
        dsl_version=str(document.get("version") or "0.1.0"),
        graph_config={"nodes": nodes, "edges": edges},
        nodes={node.id: node for node in listed},
        start_id=starts[0] if starts else "",
        environment=_variables(workflow, "environment_variables"),
        conversation=_variables(workflow, "conversation_variables"),
        notes=tuple(reading.notes),
        problems=tuple(reading.problems),
    )


def _mapping(holder: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = holder.get(key)
    return value if isinstance(value, Mapping) else {}


def _items(holder: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    value = holder.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _variables(workflow: Mapping[str, object], key: str) -> tuple[Mapping[str, object], ...]:
    return tuple(dict(copy.deepcopy(item)) for item in _items(workflow, key))


def _stored(raw: Mapping[str, object]) -> Data:
    """A copy as Dify stores it: as JSON, in which the keys are texts, also that of `5:` or `on:` in YAML."""
    return {_key(key): _copied(value) for key, value in raw.items()}


def _copied(value: object) -> object:
    if isinstance(value, Mapping):
        return _stored(value)
    return [_copied(item) for item in value] if isinstance(value, list) else copy.deepcopy(value)


def _key(key: object) -> str:
    return json.dumps(key) if key is None or isinstance(key, bool | int | float) else str(key)


def _is_note(node: Mapping[str, object]) -> bool:
    return node.get("type") == "custom-note" or _mapping(node, "data").get("type") == ""


def _nodes(graph: Mapping[str, object], reading: _Reading) -> Iterator[Data]:
    for raw in _items(graph, "nodes"):
        if _is_note(raw):
            continue
        node = _stored(raw)
        data = dict(_mapping(node, "data"))
        node["data"] = data
        kind = data.get("type")
        if not isinstance(kind, str) or not isinstance(node.get("id"), str) or not node["id"]:
            named = node.get("id") or data.get("title") or "without id"
            reading.problems.append(f"node {named!r}: needs an `id` and a `data.type`, both texts")
            continue
        data["type"] = _OLD_TYPES.get(kind, kind)
        yield node


def _edges(graph: Mapping[str, object], nodes: list[Data], reading: _Reading) -> Iterator[Data]:
    known = {node["id"] for node in nodes}
    named = known | {raw.get("id") for raw in _items(graph, "nodes") if not _is_note(raw)}
    for number, raw in enumerate(_items(graph, "edges")):
        source, target = raw.get("source"), raw.get("target")
        for end in (source, target):
            if end not in named:
                reading.problems.append(f"edge {raw.get('id') or number}: no node {end!r} to join")
        if source not in known or target not in known:
            continue
        handle = raw.get("sourceHandle")
        if handle is not None and not isinstance(handle, str):
            reading.problems.append(f"edge {raw.get('id') or number}: quote its sourceHandle {handle!r}")
            continue
        # Ids of our own: files repeat them, and Dify does not look at them.
        yield {"id": f"edge-{number}", "source": source, "target": target, "sourceHandle": handle or "source"}


def _repair_containers(nodes: list[Data], edges: list[Data], reading: _Reading) -> None:
    """Gives a container its start node if it has none, as Dify's editor does when it opens the file."""
    types = {str(node["id"]): str(_mapping(node, "data")["type"]) for node in nodes}
    for node in list(nodes):
        data = node["data"]
        start_type = _CONTAINERS.get(str(_mapping(node, "data")["type"]))
        if start_type is None or not isinstance(data, dict):
            continue
        container, first = str(node["id"]), data.get("start_node_id")
        if types.get(str(first)) == start_type:
            continue
        children = [child for child in nodes if _owner(child) == container]
        own_start = [child for child in children if _mapping(child, "data")["type"] == start_type]
        if own_start:
            data["start_node_id"] = own_start[0]["id"]
            continue
        if first not in {child["id"] for child in children}:
            reading.problems.append(f"node {data.get('title') or container!r}: it has no start node inside")
            continue
        data["start_node_id"] = start_id = f"{container}start"
        nodes.append({"id": start_id, "parentId": container, "data": {"type": start_type, "title": ""}})
        edges.append(
            {"id": f"edge-{start_id}", "source": start_id, "target": first, "sourceHandle": "source"}
        )
        reading.notes.append(f"{data.get('title') or container!r}: old form, its start node was added")


def _owner(node: Mapping[str, object]) -> object:
    data = _mapping(node, "data")
    return node.get("parentId") or data.get("iteration_id") or data.get("loop_id")


def _listed(nodes: list[Data], reading: _Reading) -> list[FlowNode]:
    listed: dict[str, FlowNode] = {}
    for node in nodes:
        data = _mapping(node, "data")
        kind, title = str(data["type"]), data.get("title")
        entry = FlowNode(id=str(node["id"]), type=kind, title=str(title or ""), data=data)
        if entry.id in listed:
            reading.problems.append(f"node {entry}: its id is taken by {listed[entry.id]}")
        listed[entry.id] = entry
    return list(listed.values())
