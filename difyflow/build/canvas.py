"""The side file of a decompiled flow: where things lie, and what the editor left out or wrote besides.

A flow in Python says what is its own. To give back a file byte for byte, positions and sizes are needed,
the order of nodes and edges, and the defaults that this file has or lacks. They stand in `canvas.json`, a
line per node and edge. What it says of things that are no longer there is passed over, so a flow may be
edited without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from difyflow.errors import BuildError

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Patch:
    """Keys to set and to leave out of a mapping, by path: `data/variables/0/options`."""

    set: Mapping[str, object] = field(default_factory=dict)
    omit: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.set or self.omit)

    def apply(self, data: object) -> None:
        """Changes a mapping in place; a path that leads nowhere is passed over."""
        for path in self.omit:
            parent, key = _walk(data, path)
            if isinstance(parent, dict):
                parent.pop(key, None)
        for path, value in self.set.items():
            parent, key = _walk(data, path)
            if isinstance(parent, dict):
                parent[str(key)] = value
            elif isinstance(parent, list) and isinstance(key, int) and key < len(parent):
                parent[key] = value

    def to_json(self) -> dict[str, object]:
        """As it stands in the file; empty parts are left out."""
        found: dict[str, object] = {"set": dict(self.set)} if self.set else {}
        return found | ({"omit": list(self.omit)} if self.omit else {})


@dataclass(frozen=True, slots=True)
class Canvas:
    """What `canvas.json` holds.

    Attributes:
        nodes: patch by node id, in the order of the file.
        dropped: nodes that a flow makes by itself and the file does not have.
        edges: patch by the id that a flow gives the edge, in the order of the file.
        raw: whole edges that `>>` cannot say, by their place among the edges.
        document: patch of everything but nodes and edges.
    """

    nodes: Mapping[str, Patch] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    edges: Mapping[str, Patch] = field(default_factory=dict)
    raw: Mapping[int, Mapping[str, object]] = field(default_factory=dict)
    document: Patch = Patch()

    def apply(self, data: dict[str, object]) -> None:
        """Changes the plain data of a document in place."""
        graph = _graph(data)
        if graph is not None:
            nodes = [node for node in graph["nodes"] if node["id"] not in self.dropped]
            graph["nodes"] = _ordered(nodes, self.nodes)
            graph["edges"] = _ordered(graph["edges"], self.edges)
            for place, edge in sorted(self.raw.items()):
                graph["edges"].insert(place, dict(edge))
        self.document.apply(data)

    def to_text(self) -> str:
        """The file: JSON with a line per node and edge.

        Raises:
            TypeError: a value that JSON does not know, such as a date.
        """
        nodes: list[object] = [{"id": key, **patch.to_json()} for key, patch in self.nodes.items()]
        nodes += [{"id": key, "drop": True} for key in sorted(self.dropped)]
        edges: list[object] = [{"id": key, **patch.to_json()} for key, patch in self.edges.items()]
        for place, edge in sorted(self.raw.items()):
            edges.insert(place, {"raw": dict(edge)})
        document = _json(self.document.to_json())
        return f'{{"nodes": [{_lines(nodes)}], "edges": [{_lines(edges)}], "document": {document}}}\n'


def parse(text: str) -> Canvas:
    """Reads `canvas.json`.

    Raises:
        BuildError: not JSON, or not shaped as a canvas.
    """
    try:
        data = json.loads(text)
        nodes = [entry for entry in data["nodes"] if not entry.get("drop")]
        edges = list(enumerate(data["edges"]))
        return Canvas(
            nodes={str(entry["id"]): _patch(entry) for entry in nodes},
            dropped=frozenset(str(entry["id"]) for entry in data["nodes"] if entry.get("drop")),
            edges={str(entry["id"]): _patch(entry) for _, entry in edges if "raw" not in entry},
            raw={place: dict(entry["raw"]) for place, entry in edges if "raw" in entry},
            document=_patch(data["document"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as err:
        raise BuildError(
            f"not shaped as a canvas: {err}",
            path="canvas.json",
            hint="leave it out, or decompile the file again",
        ) from err


def difference(made: object, wanted: object) -> Patch:
    """The patch that makes one mapping of another."""
    found: dict[str, object] = {}
    omit: list[str] = []
    _compare(made, wanted, "", found, omit)
    return Patch(found, tuple(omit))


def same(left: object, right: object) -> bool:
    """Equal in value and type at every depth: `1`, `1.0` and `True` differ in a file."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(item, right[key]) for key, item in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and (left == right or (left != left and right != right))


def says(data: object, path: str) -> bool:
    """True if there is something at this path of a mapping."""
    parent, key = _walk(data, path)
    if isinstance(parent, list):
        return isinstance(key, int) and key < len(parent)
    return isinstance(parent, dict) and key in parent


def _compare(made: object, wanted: object, path: str, found: dict[str, object], omit: list[str]) -> None:
    if isinstance(made, dict) and isinstance(wanted, dict):
        omit += [_join(path, key) for key in made if key not in wanted]
        for key, value in wanted.items():
            if key in made:
                _compare(made[key], value, _join(path, key), found, omit)
            else:
                found[_join(path, key)] = value
    elif isinstance(made, list) and isinstance(wanted, list) and len(made) == len(wanted):
        for index, value in enumerate(wanted):
            _compare(made[index], value, _join(path, index), found, omit)
    elif not same(made, wanted):
        found[path] = wanted


def _join(path: str, key: object) -> str:
    step = str(key).replace("~", "~0").replace("/", "~1")
    return f"{path}/{step}" if path else step


def _walk(data: object, path: str) -> tuple[object, str | int]:
    """The container that the last step of a path lies in, and that step."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")]
    for step in steps[:-1]:
        data = data.get(step, _MISSING) if isinstance(data, dict) else _item(data, step)
    last = steps[-1]
    return data, int(last) if isinstance(data, list) and last.isdecimal() else last


def _item(data: object, step: str) -> object:
    if isinstance(data, list) and step.isdecimal() and int(step) < len(data):
        return data[int(step)]
    return _MISSING


def _graph(data: Mapping[str, object]) -> dict[str, list[dict[str, object]]] | None:
    workflow = data.get("workflow")
    graph = workflow.get("graph") if isinstance(workflow, dict) else None
    return graph if isinstance(graph, dict) else None


def _ordered(items: Sequence[dict[str, object]], patches: Mapping[str, Patch]) -> list[dict[str, object]]:
    """In the order of the patches, then the others; each patched."""
    place = {key: index for index, key in enumerate(patches)}
    found = sorted(items, key=lambda item: place.get(str(item["id"]), len(place)))
    for item in found:
        patches.get(str(item["id"]), Patch()).apply(item)
    return found


def _patch(entry: Mapping[str, object]) -> Patch:
    given, omit = entry.get("set") or {}, entry.get("omit") or ()
    if not isinstance(given, dict) or not isinstance(omit, list | tuple):
        raise TypeError("set is a mapping of paths to values, omit a list of paths")
    return Patch({str(key): value for key, value in given.items()}, tuple(str(path) for path in omit))


def _lines(entries: Iterable[object]) -> str:
    return "".join(f"{',' if index else ''}\n{_json(entry)}" for index, entry in enumerate(entries))


def _json(value: object) -> str:
    """JSON with what can be seen as it is, and the rest escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)
