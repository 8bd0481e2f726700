"""The form in which Dify exports a document, and what in it is noise.

`canonical` gives the text that Dify's exporter writes: sorted keys, its line width, its quoting. `normalized`
resets what the editor leaves behind and nobody means:

    selected                 of nodes, of their data and of edges: false where it was true
    dragging, resizing       of nodes: gone
    positionAbsolute         of nodes outside containers: the same as `position`, as the editor has it
    viewport                 x 0, y 0, zoom 1
    _names                   keys of a node's data that begin with `_`: gone; the editor makes them anew
    dependencies             in the order of what they name: Dify builds the list from a set, in any order

Nothing is added, and nothing that a run depends on is touched. This works on plain data and needs no model,
as git's drivers have no time for one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from difyflow.dsl import _yaml
from difyflow.errors import CannotEdit, ReadError

Data = Mapping[Any, Any]

NODE_LAYOUT: Final = (
    "position",
    "positionAbsolute",
    "width",
    "height",
    "selected",
    "dragging",
    "resizing",
    "zIndex",
)
"""Keys of a node's envelope that say where and how it is drawn."""

DATA_LAYOUT: Final = ("selected", "width", "height")
"""Such keys of a node's data: notes and containers have their size there too."""

EDGE_LAYOUT: Final = ("selected", "zIndex")
"""Such keys of an edge."""

_LEFT_BEHIND: Final = ("dragging", "resizing")
_VIEWPORT: Final = {"x": 0, "y": 0, "zoom": 1}


def canonical(data: object) -> str:
    """The text that Dify's exporter writes for this document; the same for its own result."""
    return _yaml.dump(data)


def faithful(data: object, *, name: str) -> str:
    """As `canonical`, if it reads as the same data again.

    What Dify writes for text with U+0085 and the like, which only a file written by hand can hold, reads as
    something else.

    Args:
        data: the document, or a part of it.
        name: what it is called in the error.

    Raises:
        CannotEdit: it would not.
    """
    text = canonical(data)
    try:
        kept = _yaml.same(_yaml.load(text, name=name), data)
    except ReadError:
        kept = False
    if not kept:
        raise CannotEdit(
            "holds text that Dify's own form does not keep, such as U+0085 or U+2028",
            path=name,
            code="not-kept",
            hint="write these signs as others, or leave the file as it is",
        )
    return text


def normalized(data: Data) -> dict[Any, Any]:
    """A copy without the noise that the module's text lists; the same for its own result."""
    made = dict(data)
    _put(made, "dependencies", _sorted_dependencies)
    _put(made, "workflow", _workflow)
    return made


def _put(data: dict[Any, Any], key: str, change: Callable[[Any], object]) -> None:
    if key in data:
        data[key] = change(data[key])


def _workflow(workflow: object) -> object:
    if not isinstance(workflow, Mapping):
        return workflow
    made = dict(workflow)
    _put(made, "graph", _graph)
    return made


def _graph(graph: object) -> object:
    if not isinstance(graph, Mapping):
        return graph
    made = dict(graph)
    _put(made, "nodes", lambda nodes: _each(nodes, _node))
    _put(made, "edges", lambda edges: _each(edges, _deselected))
    _put(made, "viewport", lambda found: dict(_VIEWPORT) if isinstance(found, Mapping) else found)
    return made


def _each(items: object, change: Callable[[Data], dict[Any, Any]]) -> object:
    if not isinstance(items, list | tuple):
        return items
    return [change(item) if isinstance(item, Mapping) else item for item in items]


def _node(node: Data) -> dict[Any, Any]:
    made = {key: value for key, value in _deselected(node).items() if key not in _LEFT_BEHIND}
    if isinstance(made.get("data"), Mapping):
        made["data"] = {
            key: value for key, value in _deselected(made["data"]).items() if not str(key).startswith("_")
        }
    inside = made.get("parentId") or (made.get("extent") == "parent")
    if not inside and isinstance(made.get("positionAbsolute"), Mapping):
        made["positionAbsolute"] = made.get("position", made["positionAbsolute"])
    return made


def _deselected(item: Data) -> dict[Any, Any]:
    return {**item, "selected": False} if item.get("selected") is True else dict(item)


def _sorted_dependencies(found: object) -> object:
    if not isinstance(found, list | tuple):
        return found
    return sorted(found, key=lambda item: _yaml.dump([_named(item), item]))


def _named(dependency: object) -> object:
    value = dependency.get("value") if isinstance(dependency, Mapping) else None
    if not isinstance(value, Mapping):
        return ""
    keys = sorted(key for key in value if isinstance(key, str) and key.endswith("unique_identifier"))
    return value[keys[0]] if keys else ""
