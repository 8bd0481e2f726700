"""Rules about where nodes lie on the canvas."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View

_Box = tuple[float, float, float, float, NodeView]
"""Left, top, right and bottom of a node."""

_NODE, _START = (240, 54), (44, 48)
"""Width and height in pixels where a node does not say them; a container's start is small (dsl.md 4.6)."""
_STARTS = ("iteration-start", "loop-start")
_NEAR = 200
"""Nodes in one column of the canvas that are compared with each other."""


@rule("node-position", severity="info")
def node_position(view: View) -> Iterator[Found]:
    """A node has no position.

    What it does:
        Finds nodes without `position`.

    Why is it bad:
        The editor puts them into a corner, or all nodes into one row if the first one has none.

    Example:
        ```yaml
        nodes: [{id: ask, type: custom, data: {type: llm}}]
        ```

    Use instead:
        `difyflow layout app.yml --missing --write`.

    Dify:
        Every release (`initialNodes`).
    """
    for node in view.nodes:
        if not isinstance(node.envelope.get("position"), dict):
            yield Found((*node.path, "position"), "the node has no position; see `difyflow layout --missing`")


@rule("layout-overlap", severity="info")
def layout_overlap(view: View) -> Iterator[Found]:
    """Two nodes lie on each other.

    What it does:
        Compares the rectangles of the nodes that lie in the same container or in none. Notes do not count.

    Why is it bad:
        One hides the other in the editor.

    Example:
        ```yaml
        nodes: [{id: a, position: {x: 80, y: 282}, ...}, {id: b, position: {x: 80, y: 282}, ...}]
        ```

    Use instead:
        `difyflow layout app.yml --write`.

    Dify:
        Every release.
    """
    homes: dict[int | None, list[_Box]] = {}
    for node in view.nodes:
        box = _box(node)
        if box is not None:
            home = view.parent(node)
            homes.setdefault(home.index if home else None, []).append((*box, node))
    for boxes in homes.values():
        yield from _overlaps(sorted(boxes, key=lambda item: item[:4]))


def _box(node: NodeView) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom of a node."""
    position = node.envelope.get("position")
    if not isinstance(position, dict):
        return None
    left, top = position.get("x"), position.get("y")
    wide, high = _START if node.kind in _STARTS else _NODE
    width, height = (
        node.envelope[key] if isinstance(node.envelope.get(key), int | float) else size
        for key, size in (("width", wide), ("height", high))
    )
    if not isinstance(left, int | float) or not isinstance(top, int | float):
        return None
    return left, top, left + width, top + height


def _overlaps(boxes: list[_Box]) -> Iterator[Found]:
    """The nodes, from left to right, that lie on one which begins further to the left; once each."""
    open_: list[_Box] = []
    for box in boxes:
        left, top, _, bottom, node = box
        open_ = [item for item in open_ if item[2] > left][-_NEAR:]
        other = next((item[4] for item in open_ if item[1] < bottom and top < item[3]), None)
        if other is not None:
            yield Found((*node.path, "position"), f"{node.title!r} lies on {other.title!r}")
        open_.append(box)
