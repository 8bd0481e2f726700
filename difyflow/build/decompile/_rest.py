"""What the Python does not say of a document: positions, sizes, order, and what the editor wrote besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from difyflow.build.canvas import Canvas, Patch, difference, says
from difyflow.build.decompile._values import OF_THE_CANVAS
from difyflow.dsl.app import App
from difyflow.dsl.graph import Edge

_OF_A_SERVER = frozenset(("fileUploadConfig", "icon_type", "current_identifier", "selector", "id"))
"""Keys that the exporting server or an older editor fills in."""

_GEOMETRY = frozenset(("position", "positionAbsolute", "width", "height"))


def edge_id(edge: Edge) -> str:
    """The id that a flow gives this edge."""
    return f"{edge.source}-{edge.sourceHandle}-{edge.target}-target"


def rest(made: App, wanted: App, *, drawn: frozenset[str]) -> Canvas:
    """The canvas that makes the one document of the other.

    Args:
        made: what the flow as written says.
        wanted: the document.
        drawn: the ids of the edges that the flow draws.
    """
    ours, theirs = made.data(), wanted.data()
    graph = theirs["workflow"]["graph"]
    known = {node["id"]: node for node in ours["workflow"]["graph"]["nodes"]}
    nodes = {node["id"]: difference(_bare(known[node["id"]], node), node) for node in graph["nodes"]}
    edges, raw = _edges(ours, wanted.graph.edges, graph.get("edges") or [], drawn)
    return Canvas(
        nodes=nodes,
        dropped=frozenset(known.keys() - nodes.keys()),
        edges=edges,
        raw=raw,
        document=difference(_without_graph(ours), _without_graph(theirs)),
    )


def _bare(made: dict[str, Any], wanted: Mapping[str, object]) -> dict[str, Any]:
    """A node without the geometry of the other: the canvas says it whole, whatever a layout would say."""
    return {key: item for key, item in made.items() if key not in _GEOMETRY or key not in wanted}


def _edges(
    ours: dict[str, Any], edges: Sequence[Edge], plain: Sequence[dict[str, object]], drawn: frozenset[str]
) -> tuple[dict[str, Patch], dict[int, Mapping[str, object]]]:
    """Patches of the edges that are drawn, and whole edges that are not, by their place."""
    known = {edge["id"]: edge for edge in ours["workflow"]["graph"]["edges"]}
    patches: dict[str, Patch] = {}
    raw: dict[int, Mapping[str, object]] = {}
    for place, (edge, data) in enumerate(zip(edges, plain, strict=True)):
        found = edge_id(edge)
        if found not in drawn or found in patches or edge.misfits():
            raw[place] = data
        else:
            patches[found] = difference(known[found], data)
    return patches, raw


def _without_graph(data: dict[str, Any]) -> dict[str, Any]:
    graph = {key: item for key, item in data["workflow"]["graph"].items() if key not in ("nodes", "edges")}
    return {**data, "workflow": {**data["workflow"], "graph": graph}}


def escapes(canvas: Canvas, made: App, noted: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Content that only the canvas says: where, a line each.

    Args:
        canvas: of a document.
        made: what the flow as written says.
        noted: by id of a node, the paths in it that only the editor reads.
    """
    said = {node["id"]: node for node in made.data()["workflow"]["graph"]["nodes"]}
    for node_id, patch in canvas.nodes.items():
        editors = OF_THE_CANVAS | {"id"} | noted.get(node_id, frozenset())
        for path, value in patch.set.items():
            layout = not path.startswith("data/") or path.rpartition("/")[2] in editors
            if not layout and (value or says(said[node_id], path)):
                yield f"node {node_id}: {path}"
    for edge in canvas.raw.values():
        yield f"edge {edge.get('source')} to {edge.get('target')}: cannot be drawn"
    for path, value in canvas.document.set.items():
        keys = path.split("/")
        if value and not _OF_A_SERVER & set(keys) and "viewport" not in keys:
            yield f"document: {path}"
