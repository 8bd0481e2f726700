"""Positions as the editor's "organize" gives them: columns from left to right along the edges.

The distances are Dify's own (dsl.md 4.6; its layered ELK layout, Dify 1.9 to 1.16): 100 pixels between
columns and 80 between the boxes of a column, in containers 80 and 60, 100 between parts that nothing joins.
As there, edges are kept short and straight, crossings few, and the targets of a branch stand in the order of
its handles. Unlike there, the first entry goes to (80, 282), where the editor puts a new start node; edges
are straight from handle to handle and not from middle to middle; containers keep the padding that the editor
keeps when a node in them is dragged (65, 16, 20, 16), and shrink too.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from difyflow.dsl.graph import Graph, Node, Position
from difyflow.dsl.nesting import by_id, corner, nesting, number
from difyflow.layout._arrange import arrange
from difyflow.layout._boxes import Box, Link, Spacing
from difyflow.nodes._base import NOTE_ENVELOPE, NodeData
from difyflow.nodes._look import HANDLE, handle_heights
from difyflow.nodes._record import Number

CANVAS = Spacing(columns=100, rows=80, parts=100, origin=(80, 282))
CONTAINER = Spacing(columns=80, rows=60, parts=60, origin=(24, 68), frame=(16, 65))
RIGHT, BOTTOM = 16, 20
"""Padding of a container beyond its children."""
LEAST = (258, 152)
"""Width and height of the smallest container that holds something."""


def place(graph: Graph, *, keep: frozenset[str] = frozenset()) -> Graph:
    """A copy in which every node has a position; free ones overlap nothing that lies beside them.

    Containers are laid out inside first and become as large as what they hold needs. Notes stay where they
    are and the others keep clear of them; a note without a position comes below everything. The result
    depends on the graph alone.

    Args:
        graph: any; edges that lead nowhere, cycles and impossible sizes are put up with.
        keep: ids of nodes that do not move. One that holds free nodes may become larger. If all nodes are
            kept and all containers have a size, the graph is given back as it is.
    """
    task = _Task(graph, keep)
    if not task.work:
        return graph
    for container in (*task.nest.inner_first(), None):
        task.lay_out(container)
    return task.result()


def place_missing(graph: Graph) -> Graph:
    """As `place`, but only nodes without a position get one; the graph itself if all have one."""
    return place(graph, keep=frozenset(node.id for node in graph.nodes if corner(node) is not None))


@dataclass(frozen=True, slots=True)
class _Extent:
    """What a node takes, counted from its position; children that stick out of it are within."""

    left: int
    top: int
    right: int
    bottom: int


class _Task:
    """The layout of one graph, container by container from inside."""

    def __init__(self, graph: Graph, keep: frozenset[str]) -> None:
        self.graph = graph
        self.nest = nesting(graph)
        self._at: dict[int, tuple[float, float]] = {}
        """By node that does not move, its position."""
        for index, node in enumerate(graph.nodes):
            there = corner(node) if node.id in keep or node.type == NOTE_ENVELOPE else None
            if there is not None:
                self._at[index] = there
        free = [index for index in range(len(graph.nodes)) if index not in self._at]
        self._loose = {outer for index in free for outer in self.nest.ancestors(index)}
        """Nodes that are free, or hold something free at some depth."""
        unsized = {
            index
            for index, node in enumerate(graph.nodes)
            if node.data.CONTAINER and not _is_sized(node.data)
        }
        self.work = bool(free or unsized)
        self._to_size = self._loose | unsized
        self._moved: dict[int, tuple[int, int]] = {}
        self._sizes: dict[int, tuple[int, int]] = {}
        self._extents: dict[int, _Extent] = {}
        self._edges = self._edges_by_container()

    def _edges_by_container(self) -> dict[int | None, list[tuple[int, int, str]]]:
        """Source, target and handle of the edges between what lies side by side."""
        index = by_id(self.graph)
        found: dict[int | None, list[tuple[int, int, str]]] = {}
        for edge in self.graph.edges:
            ends = [index.get(edge.source), index.get(edge.target)]
            source, target = ends
            if source is None or target is None:
                continue
            pair = self.nest.siblings(source, target)
            if pair is not None and NOTE_ENVELOPE not in (self.graph.nodes[end].type for end in pair):
                found.setdefault(self.nest.parents[pair[0]], []).append((*pair, edge.sourceHandle))
        return found

    def lay_out(self, container: int | None) -> None:
        """Places what lies in a container, or with None on the canvas, and finds the container's extent."""
        members = self.nest.inside(container)
        if members:
            boxes = [self._box(member) for member in members]
            points = arrange(
                boxes, self._links(container, members), CANVAS if container is None else CONTAINER
            )
            for member, point in zip(members, points, strict=True):
                if member not in self._at:
                    extent = self._extents[member]
                    self._moved[member] = (point[0] - extent.left, point[1] - extent.top)
        if container is not None:
            self._extents[container] = self._extent(container, members)

    def _box(self, index: int) -> Box:
        node, extent, at = self.graph.nodes[index], self._extents[index], self._at.get(index)
        width, height = extent.right - extent.left, extent.bottom - extent.top
        entry, aside = node.data.ENTRY, node.type == NOTE_ENVELOPE
        if at is None:
            return Box(width, height, entry=entry, aside=aside)
        left, top = floor(at[0]) + extent.left, floor(at[1]) + extent.top
        # A pixel more where the position is no whole number.
        width, height = width + (at[0] % 1 > 0), height + (at[1] % 1 > 0)
        return Box(width, height, at=(left, top), entry=entry, aside=aside)

    def _links(self, container: int | None, members: tuple[int, ...]) -> list[Link]:
        place_of = {member: number for number, member in enumerate(members)}
        edges = self._edges.get(container, ())
        ways = {source: _ways(self.graph.nodes[source].data) for source, _, _ in edges}
        links = []
        for source, target, handle in edges:
            rank, leave = ways[source].get(handle, (len(ways[source]), HANDLE))
            leave -= self._extents[source].top
            arrive = HANDLE - self._extents[target].top
            links.append(Link(place_of[source], place_of[target], leave, arrive, rank))
        return links

    def _extent(self, index: int, children: tuple[int, ...]) -> _Extent:
        """Of a node whose children have been placed; sets its size if that changes."""
        node = self.graph.nodes[index]
        width, height = _size(node)
        areas = [self._area(child) for child in children]
        if areas and node.data.CONTAINER:  # its size is what the file says, however little that is
            width, height = _pixels(node.width) or width, _pixels(node.height) or height
        if areas and index in self._to_size:
            # What is no container by its type, and yet holds something, still shows its own card.
            least = LEAST if node.data.CONTAINER else (max(LEAST[0], width), max(LEAST[1], height))
            needed = (
                max(least[0], *(area.right + RIGHT for area in areas)),
                max(least[1], *(area.bottom + BOTTOM for area in areas)),
            )
            fitted = index not in self._at and any(child not in self._at for child in children)
            width, height = needed if fitted else (max(width, needed[0]), max(height, needed[1]))
        if index in self._to_size and (areas or node.data.CONTAINER):
            self._sizes[index] = (width, height)
        return _Extent(
            min([0, *(area.left for area in areas)]),
            min([0, *(area.top for area in areas)]),
            max([width, *(area.right for area in areas)]),
            max([height, *(area.bottom for area in areas)]),
        )

    def _area(self, index: int) -> _Extent:
        extent = self._extents[index]
        x, y = self._moved.get(index) or self._at[index]
        return _Extent(
            floor(x) + extent.left, floor(y) + extent.top, ceil(x) + extent.right, ceil(y) + extent.bottom
        )

    def result(self) -> Graph:
        """The graph with the new positions and sizes; what has not changed is as it was."""
        corners: dict[int, tuple[Number, Number]] = {}
        displaced: set[int] = set()
        nodes = list(self.graph.nodes)
        for index in reversed(self.nest.inner_first()):
            node, parent = nodes[index], self.nest.parents[index]
            own = self._moved.get(index) or _raw(node)
            base = (0, 0) if parent is None else corners[parent]
            corners[index] = (base[0] + own[0], base[1] + own[1])
            changes: dict[str, object] = {}
            if index in self._moved:
                changes["position"] = _position(node.position, own)
            if index in self._moved or parent in displaced:
                displaced.add(index)
                changes["positionAbsolute"] = _position(node.positionAbsolute, corners[index])
            changes |= self._new_size(index)
            nodes[index] = node.changed(**changes) if changes else node
        return self.graph.model_copy(update={"nodes": tuple(nodes)})

    def _new_size(self, index: int) -> dict[str, object]:
        """What changes in a node that has been sized; containers say their size twice."""
        if index not in self._sizes:
            return {}
        node, size = self.graph.nodes[index], dict(zip(("width", "height"), self._sizes[index], strict=True))
        changes: dict[str, object] = {
            key: value for key, value in size.items() if getattr(node, key) != value
        }
        data = node.data
        if size.keys() <= data.keys():
            if any(getattr(data, key) != value for key, value in size.items()):
                changes["data"] = data.changed(**size)
        elif size.keys() <= data.extras().keys():
            changes["data"] = data.model_copy(update=size)
        return changes


def _ways(data: NodeData) -> dict[str, tuple[int, int]]:
    """By handle, its place among the handles and how far down its edges leave."""
    rows = handle_heights(data.card_rows())
    return {item.id: (rank, rows.get(item.id, HANDLE)) for rank, item in enumerate(data.source_handles())}


def _is_sized(data: NodeData) -> bool:
    return (
        number(getattr(data, "width", None)) is not None and number(getattr(data, "height", None)) is not None
    )


def _size(node: Node) -> tuple[int, int]:
    """What a node takes, in whole pixels.

    The height is at least what the editor would measure: in files that no editor wrote it is often too small.
    """
    width, height = node.data.canvas_size()
    high = max(_pixels(node.height) or 0, _pixels(height) or 54)
    return _pixels(node.width) or _pixels(width) or 244, high


def _pixels(value: object) -> int | None:
    known = number(value)
    return ceil(known) if known is not None and known > 0 else None


def _raw(node: Node) -> tuple[Number, Number]:
    """The position of a node that does not move, as the file has it."""
    assert node.position is not None
    return node.position.x, node.position.y


def _position(old: Position | None, at: tuple[Number, Number]) -> Position:
    return Position(x=at[0], y=at[1]) if old is None else old.changed(x=at[0], y=at[1])
