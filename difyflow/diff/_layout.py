"""What only the canvas shows: told in one line unless asked for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from difyflow.diff._lists import order_matters
from difyflow.diff.changes import Added, Change, Changed, Key, Ordered, Path, Removed, Renamed
from difyflow.dsl.canonical import DATA_LAYOUT, NODE_LAYOUT

OF_NODE: Final = frozenset(
    (*NODE_LAYOUT, "draggable", "selectable", "measured", "extent", "sourcePosition", "targetPosition")
)
"""Keys of a node's envelope."""

OF_DATA: Final = frozenset(DATA_LAYOUT)
"""Keys of a node's data."""

OF_EDGE: Final = frozenset(("id", "type", "data", "zIndex", "selected"))
"""Keys of an edge: all that does not say from where to where."""

_UUID: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_GRAPH: Final = ("workflow", "graph")


def is_layout(change: Change) -> bool:
    """Whether nothing but the canvas shows the change; so it is for orders that mean nothing."""
    if isinstance(change, Renamed):
        return False
    if isinstance(change, Ordered):
        return not order_matters(change.path)
    return is_layout_path(change.path) or is_made_id(change.path, *_values(change))


def is_layout_path(path: Path) -> bool:
    """Whether what stands at a path is layout."""
    if path[:2] != _GRAPH or len(path) < 3:
        return False
    if path[2] == "viewport":
        return True
    if len(path) < 5:
        return False
    if path[2] == "nodes":
        return path[4] in OF_NODE or (path[4] == "data" and len(path) > 5 and path[5] in OF_DATA)
    return path[2] == "edges" and path[4] in OF_EDGE


def is_made_id(path: Path, *values: object) -> bool:
    """Whether these are the ids that the editor makes for a message or condition; nothing refers to them."""
    if len(path) < 7 or path[-1] != "id" or isinstance(path[-2], str):
        return False
    if isinstance(path[-2], Key) and path[-2].by == "case_id":
        return False
    return all(isinstance(value, str) and _UUID.fullmatch(value) for value in values)


def _values(change: Added | Removed | Changed) -> tuple[object, ...]:
    return (change.before, change.after) if isinstance(change, Changed) else (change.value,)


def summary(changes: Iterable[Change]) -> str:
    """One line on changes of layout: `3 nodes moved, viewport`; empty if there are none."""
    touched: dict[str, set[object]] = {}
    for change in changes:
        touched.setdefault(_sort(change), set()).add(_owner(change))
    counts = Counter({sort: len(owners) for sort, owners in touched.items()})
    said = [
        f"{counts[sort]} {'node' if counts[sort] == 1 else 'nodes'} {sort}"
        for sort in ("moved", "resized", "selected or raised")
        if counts[sort]
    ]
    if counts["edges"]:
        said.append(f"notes on {counts['edges']} {'edge' if counts['edges'] == 1 else 'edges'}")
    if counts["orders"]:
        said.append(f"order of {counts['orders']} {'list' if counts['orders'] == 1 else 'lists'}")
    if counts["ids"]:
        said.append(f"ids of items in {counts['ids']} {'node' if counts['ids'] == 1 else 'nodes'}")
    return ", ".join([*said, *(["viewport"] if counts["viewport"] else [])])


def _sort(change: Change) -> str:
    assert not isinstance(change, Renamed)
    if isinstance(change, Ordered):
        return "orders"
    if not is_layout_path(change.path):
        return "ids"
    path = change.path
    if path[2] == "viewport":
        return "viewport"
    if path[2] == "edges":
        return "edges"
    key = path[5] if path[4] == "data" else path[4]
    if key in ("position", "positionAbsolute"):
        return "moved"
    return "resized" if key in ("width", "height") else "selected or raised"


def _owner(change: Change) -> object:
    if isinstance(change, Renamed):
        return change.new
    return change.path if isinstance(change, Ordered) else change.path[:4]
