"""A document as lines, so that git's own diff, log and blame of it can be read.

A line per field, node and edge; prompts, templates and code line by line; nodes in the order of their ids and
edges in that of their ends, so that neither depends on what the editor did last. What only the canvas shows
is left out, secrets are masked. Two documents have the same lines only if they differ in such things alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from difyflow.diff._say import harmless
from difyflow.diff.secrets import IsSecret, masked
from difyflow.dsl.canonical import DATA_LAYOUT, EDGE_LAYOUT, NODE_LAYOUT

_HIDDEN: Final = {
    "node": frozenset((*NODE_LAYOUT, "draggable", "selectable", "measured", "extent", "sourcePosition")),
    "data": frozenset(DATA_LAYOUT),
    "edge": frozenset((*EDGE_LAYOUT, "id", "type", "data")),
}
_ENDS: Final = ("source", "sourceHandle", "target", "targetHandle")
_NAMES: Final = ("variable", "name", "case_id", "id", "key", "role")
"""Fields by which an item of a list is called, the first that it has; ids of messages are not shown."""
_PLAIN: Final = re.compile(r"(?![\s\"'\[{|])[^\x00-\x1f]+(?<!\s)")
_SCALARS: Final = re.compile(r"(?i)~|null|true|false|yes|no|on|off|[-+]?[.\d][\d._eE+-]*|[-+]?\.(inf|nan)")


def to_text(data: Mapping[Any, Any], is_secret: IsSecret | None = None) -> str:
    """The lines of a document, of any shape.

    Args:
        data: the document; it is not changed.
        is_secret: what is masked besides the values of secret environment variables.
    """
    return "".join(f"{line}\n" for line in _lines(masked(data, is_secret)))


def _lines(data: Mapping[Any, Any]) -> Iterator[str]:
    workflow = data.get("workflow")
    graph = workflow.get("graph") if isinstance(workflow, Mapping) else None
    for key in _ordered(data):
        if key != "workflow" or not isinstance(workflow, Mapping):
            yield from _field(_shown(key), data[key], "")
    if not isinstance(workflow, Mapping):
        return
    for key in _ordered(workflow):
        if key != "graph" or not isinstance(graph, Mapping):
            yield from _field(_shown(key), workflow[key], "")
    if isinstance(graph, Mapping):
        yield from _graph(graph)


def _graph(graph: Mapping[Any, Any]) -> Iterator[str]:
    nodes, edges = _mappings(graph.get("nodes")), _mappings(graph.get("edges"))
    for key in _ordered(graph):
        told = {"nodes": nodes is not None, "edges": edges is not None, "viewport": True}
        if not told.get(key, False):
            yield from _field(_shown(key), graph[key], "")
    titles = {_text(node.get("id")): _title(node) for node in nodes or ()}
    for node in sorted(nodes or (), key=lambda node: (_text(node.get("id")), _title(node))):
        yield from _node(node)
    if edges:
        yield ""
        yield from sorted(_edge(edge, titles) for edge in edges)


def _mappings(items: object) -> list[Mapping[Any, Any]] | None:
    """The items of a list of mappings; None if it is anything else."""
    if isinstance(items, list | tuple) and all(isinstance(item, Mapping) for item in items):
        return list(items)
    return None


def _node(node: Mapping[Any, Any]) -> Iterator[str]:
    data = node.get("data")
    inner: Mapping[Any, Any] = data if isinstance(data, Mapping) else {}
    yield ""
    yield f"node {_title(node)} ({_text(inner.get('type')) or 'note'} {_text(node.get('id'))})"
    for key in _ordered(node):
        if key in ("id", "data") or key in _HIDDEN["node"] or key == "targetPosition":
            continue
        if (key, node[key]) != ("type", "custom"):
            yield from _field(f"({_shown(key)})", node[key], "  ")
    if not isinstance(data, Mapping):
        yield from _field("data", data, "  ")
    for key in _ordered(inner):
        if key not in ("title", "type") and key not in _HIDDEN["data"]:
            yield from _field(_shown(key), inner[key], "  ")


def _edge(edge: Mapping[Any, Any], titles: Mapping[str, str]) -> str:
    ends = []
    for end, usual in (("source", "source"), ("target", "target")):
        node_id, handle = _text(edge.get(end)), _text(edge.get(f"{end}Handle", usual))
        title = titles.get(node_id, "?")
        ends.append(f"{title} ({node_id})" + ("" if handle == usual else f" [{handle}]"))
    more = {key: edge[key] for key in _ordered(edge) if key not in _ENDS and key not in _HIDDEN["edge"]}
    return f"edge {' -> '.join(ends)}" + (f"  {_json(more)}" if more else "")


def _field(label: str, value: object, indent: str) -> Iterator[str]:
    """The lines of a value and of all in it."""
    if isinstance(value, Mapping) and value:
        for key in _ordered(value):
            yield from _field(f"{label}.{_shown(key)}", value[key], indent)
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
        for place, item in enumerate(value):
            yield from _field(f"{label}[{_name(item, place)}]", item, indent)
    elif isinstance(value, str) and "\n" in value and not _is_odd(value):
        yield f"{indent}{label}:"
        yield from (f"{indent}  | {line}" for line in value.split("\n"))
    else:
        yield f"{indent}{label}: {_value(value)}"


def _name(item: object, place: int) -> str:
    if isinstance(item, Mapping):
        for key in _NAMES:
            if isinstance(item.get(key), str) and (key != "id" or "role" not in item):
                return f"{place} {_shown(item[key])}" if key == "role" else _shown(item[key])
    return str(place)


def _value(value: object) -> str:
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and not _SCALARS.fullmatch(value) and harmless(value) == value
        return value if plain else _json(value)
    if value is None or isinstance(value, bool | int | float | Mapping | list | tuple):
        return _json(value)
    return f"<{type(value).__name__.lower()} {harmless(str(value))}>"


def _json(value: object) -> str:
    return harmless(json.dumps(value, ensure_ascii=False, default=_value))


def _is_odd(text: str) -> bool:
    """Whether a line of a text has something that a terminal or git would not show as it is."""
    return any(harmless(line) != line for line in text.split("\n"))


def _ordered(data: Mapping[Any, Any]) -> list[Any]:
    return sorted(data, key=lambda key: (str(key), type(key).__name__))


def _title(node: Mapping[Any, Any]) -> str:
    data = node.get("data")
    title = data.get("title") if isinstance(data, Mapping) else None
    return _shown(title) if isinstance(title, str) and title else _shown(_text(node.get("id")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else f"<{_value(value)}>"


def _shown(key: object) -> str:
    """A key or title in one line."""
    text = str(key)
    return text if harmless(text) == text else _json(text)[1:-1]
