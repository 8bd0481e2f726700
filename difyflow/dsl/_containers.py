"""What iterations and loops of older files lack: the start node, one of the two marks of membership.

Works on plain data, in which each step is made before the next one is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeGuard

from difyflow.nodes._base import class_for, node_class
from difyflow.nodes._moves import GONE, Move, Obstacle, Path, Step

_NODES: Path = ("workflow", "graph", "nodes")
_EDGES: Path = ("workflow", "graph", "edges")
_MEMBER = "parentId decides membership for newer engines, the flags for older ones"
_START = "a container has a start node of its own since Dify 0.8"


def steps(data: dict[str, Any]) -> Iterator[Step]:
    """What is missing, in a document's plain data."""
    graph = (data.get("workflow") or {}).get("graph") or {}
    nodes = [node for node in graph.get("nodes") or [] if isinstance(node, dict)]
    if len(nodes) != len(graph.get("nodes") or []) or not all(_is_whole(node) for node in nodes):
        return
    kinds: dict[str, str] = {}
    for node in nodes:
        if kind := class_for(node.get("type"), node["data"]).CONTAINER:
            kinds[node["id"]] = kind
    for index in range(len(nodes)):
        yield from _membership(nodes, index, kinds)
    for index, node in enumerate(nodes):
        if node["id"] in kinds:
            yield from _start_node(graph, index, kinds[node["id"]])


def _is_whole(node: dict[str, Any]) -> bool:
    return isinstance(node.get("id"), str) and isinstance(node.get("data"), dict)


def _home(node: dict[str, Any]) -> str | None:
    data = node["data"]
    found = node.get("parentId") or data.get("iteration_id") or data.get("loop_id")
    return found if isinstance(found, str) else None


def _membership(nodes: list[dict[str, Any]], index: int, kinds: dict[str, str]) -> Iterator[Step]:
    node = nodes[index]
    home = _home(node)
    if home is None or home not in kinds or home == node["id"]:
        return
    kind, data = kinds[home], node["data"]
    path = (*_NODES, index)
    if not node.get("parentId"):
        yield Move((*path, "parentId"), home, _MEMBER)
        parent = next(item for item in nodes if item["id"] == home)
        yield from _relative_position(node, parent, path)
    flag = "isInIteration" if kind == "iteration" else "isInLoop"
    if not data.get(flag):
        yield Move((*path, "data", flag), True, _MEMBER)
    if not data.get(f"{kind}_id") and data.get("type") != f"{kind}-start":
        yield Move((*path, "data", f"{kind}_id"), home, _MEMBER)


def _relative_position(node: dict[str, Any], parent: dict[str, Any], path: Path) -> Iterator[Step]:
    """Counted from the container's corner, if it was counted from the canvas's and lies in the container."""
    own, corner = node.get("position"), parent.get("position")
    if not isinstance(own, dict) or not isinstance(corner, dict):
        return
    for axis, size in (("x", parent.get("width")), ("y", parent.get("height"))):
        here, begin, length = own.get(axis), corner.get(axis), size
        if not (_is_number(here) and _is_number(begin) and _is_number(length)):
            return
        if not begin <= here <= begin + length:
            return
    for axis in "xy":
        why = "the position of a node in a container counts from the container's corner"
        yield Move((*path, "position", axis), own[axis] - corner[axis], why)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float)


def _start_node(graph: dict[str, Any], index: int, kind: str) -> Iterator[Step]:
    nodes: list[dict[str, Any]] = graph["nodes"]
    edges: list[dict[str, Any]] = graph.setdefault("edges", [])
    container = nodes[index]
    place = (*_NODES, index, "data", "start_node_id")
    inside = [node for node in nodes if _home(node) == container["id"] and node is not container]
    start = next((node for node in inside if node["data"].get("type") == f"{kind}-start"), None)
    if start is not None:
        if container["data"].get("start_node_id") != start["id"]:
            yield Move(place, start["id"], "it names the start node")
        return
    firsts = _first_nodes(graph, inside, container["data"].get("start_node_id"))
    if len(firsts) > 1:
        names = ", ".join(node["id"] for node in firsts)
        yield Obstacle((*_NODES, index), f"it has no start node, and any of {names} may be the first in it")
        return
    made_id = f"{container['id']}start"
    if any(node["id"] == made_id for node in nodes):
        yield Obstacle((*_NODES, index), f"it has no start node, and the id {made_id} is taken")
        return
    yield Move((*_NODES, len(nodes)), _made_start(container, kind, made_id), _START)
    yield Move(place, made_id, _START)
    for first in firsts:
        yield Move((*_EDGES, len(edges)), _made_edge(container, kind, made_id, first), _START)
        if "isIterationStart" in first["data"]:
            yield Move((*_NODES, nodes.index(first), "data", "isIterationStart"), GONE, _START)


def _first_nodes(graph: dict[str, Any], inside: list[dict[str, Any]], named: object) -> list[dict[str, Any]]:
    """The node that begins a round: named, flagged, or the one that no edge leads to."""
    for found in (
        [node for node in inside if node["id"] == named],
        [node for node in inside if node["data"].get("isIterationStart")],
    ):
        if len(found) == 1:
            return found
    reached = {edge.get("target") for edge in graph.get("edges") or [] if isinstance(edge, dict)}
    return [node for node in inside if node["id"] not in reached]


def _made_start(container: dict[str, Any], kind: str, made_id: str) -> dict[str, object]:
    corner = container.get("positionAbsolute") or container.get("position") or {}
    flag = "isInIteration" if kind == "iteration" else "isInLoop"
    return {
        "data": {"desc": "", flag: True, "selected": False, "title": "", "type": f"{kind}-start"},
        "draggable": False,
        "height": 48,
        "id": made_id,
        "parentId": container["id"],
        "position": {"x": 24, "y": 68},
        "positionAbsolute": {axis: corner.get(axis, 0) + shift for axis, shift in (("x", 24), ("y", 68))},
        "selectable": False,
        "sourcePosition": "right",
        "targetPosition": "left",
        "type": node_class(f"{kind}-start").ENVELOPE,
        "width": 44,
        "zIndex": 1002,
    }


def _made_edge(container: dict[str, Any], kind: str, start: str, first: dict[str, Any]) -> dict[str, object]:
    return {
        "data": {
            "isInIteration": kind == "iteration",
            f"{kind}_id": container["id"],
            "sourceType": f"{kind}-start",
            "targetType": first["data"].get("type", ""),
        },
        "id": f"{start}-source-{first['id']}-target",
        "source": start,
        "sourceHandle": "source",
        "target": first["id"],
        "targetHandle": "target",
        "type": "custom",
        "zIndex": 1002,
    }
