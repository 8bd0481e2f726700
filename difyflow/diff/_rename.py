"""A document in which nodes have other ids, and everything that refers to them follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # git waits for a diff: one in which nobody asks a node needs no model
    from difyflow.nodes._base import NodeData

_OWNERS = ("parentId", "iteration_id", "loop_id", "container_id", "start_node_id")
"""Keys of envelopes, of the data of nodes and of edges that hold the id of a node."""


def renamed(document: Mapping[str, object], names: Mapping[str, str]) -> dict[str, object]:
    """A copy with nodes renamed; what is not concerned is shared with the document.

    Followed are envelopes, edges (also their ids, where they are made of those of their ends), and every
    reference that the nodes' own types know.

    Args:
        document: plain data of any shape.
        names: new ids by the old ones.
    """
    made: dict[str, object] = dict(document)
    graph_at = made.get("workflow")
    if not isinstance(graph_at, Mapping) or not isinstance(graph_at.get("graph"), Mapping):
        return made
    graph: dict[str, object] = dict(graph_at["graph"])
    for key, change in (("nodes", _node), ("edges", _edge)):
        items = graph.get(key)
        if isinstance(items, list | tuple):
            graph[key] = [change(item, names) if isinstance(item, dict) else item for item in items]
    made["workflow"] = {**graph_at, "graph": graph}
    return made


def _node(node: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    made = _with_owners(node, names, "id")
    data = made.get("data")
    if isinstance(data, dict):
        made["data"] = _referring(_with_owners(data, names), node.get("type"), names)
    return made


def _with_owners(mapping: dict[str, Any], names: Mapping[str, str], *more: str) -> dict[str, Any]:
    made = dict(mapping)
    for key in (*_OWNERS, *more):
        value = made.get(key)
        if isinstance(value, str) and value in names:
            made[key] = names[value]
    return made


def _edge(edge: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    made = _with_owners(edge, names, "source", "target")
    if isinstance(made.get("data"), dict):
        made["data"] = _with_owners(made["data"], names)
    if edge.get("id") == _usual_id(edge):
        made["id"] = _usual_id(made)
    return made


def _usual_id(edge: Mapping[str, object]) -> str:
    """The id that the editor gives an edge."""
    return "-".join(str(edge.get(key)) for key in ("source", "sourceHandle", "target", "targetHandle"))


def _referring(data: dict[str, Any], envelope: object, names: Mapping[str, str]) -> dict[str, Any]:
    """The data of a node with its references to renamed nodes changed."""
    texts: dict[tuple[str | int, ...], list[tuple[int, int, str]]] = {}
    made: Any = data
    for found in node_data(envelope, data).references():
        new = names.get(found.selector.node_id)
        if new is None:
            continue
        if found.start is None or found.end is None:
            made = _with(made, found.path, partial(_selected, new))
        else:
            begin = found.start + len("{{#")
            texts.setdefault(found.path, []).append((begin, begin + len(found.selector.node_id), new))
    for path, spans in texts.items():
        made = _with(made, path, partial(_spelled, sorted(spans)))
    assert isinstance(made, dict)
    return made


def _selected(new: str, value: object) -> object:
    return [new, *value[1:]] if isinstance(value, list | tuple) and value else value


def _spelled(spans: list[tuple[int, int, str]], value: object) -> object:
    if not isinstance(value, str):
        return value
    parts, done = [], 0
    for start, end, new in spans:
        parts += [value[done:start], new]
        done = end
    return "".join([*parts, value[done:]])


def _with(value: Any, path: tuple[str | int, ...], change: Any) -> Any:  # noqa: ANN401  plain data
    """A copy of plain data with one value changed; unchanged if the path leads nowhere."""
    if not path:
        return change(value)
    step = path[0]
    if isinstance(value, dict) and step in value:
        return {**value, step: _with(value[step], path[1:], change)}
    if isinstance(value, list | tuple) and isinstance(step, int) and step < len(value):
        return [_with(item, path[1:], change) if at == step else item for at, item in enumerate(value)]
    return value


def node_data(envelope: object, data: object) -> NodeData:
    """The data of a node as the class of its type has it; an empty `UnknownNode` if it is none."""
    from pydantic import ValidationError

    from difyflow.nodes._base import UnknownNode, class_for
    from difyflow.nodes._record import READING

    if isinstance(data, dict):
        try:
            return class_for(envelope, data).model_validate(data, context=READING)
        except (ValidationError, TypeError):  # keys that are no text
            return UnknownNode()
    return UnknownNode()


def nodes_of(items: list[object]) -> Iterator[dict[str, Any]]:
    """The nodes that have an id of text; what else a broken file lists is passed over."""
    for item in items:
        if isinstance(item, dict) and isinstance(item.get("id"), str):
            yield item
