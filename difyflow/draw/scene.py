"""What is to be drawn and where: cards and the wires between their handles, in canvas pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from difyflow.dsl.graph import Graph, Node
from difyflow.dsl.nesting import Nesting, by_id, corner, nesting, number
from difyflow.nodes._base import NOTE_ENVELOPE
from difyflow.nodes._look import HANDLE, CanvasRow, card_height, handle_heights

_LEAST = 24
_SMALL = 100
"""Pixels; a card that is less wide is only a button, such as the start of an iteration."""


@dataclass(frozen=True, slots=True)
class Card:
    """A node on the canvas.

    Attributes:
        x, y: upper left corner on the canvas.
        frame: True if others lie in it.
        button: True for the start of a container, which is an icon only.
        depth: how many containers it lies in.
        arrives: pixels below the top where edges arrive; None if none may.
        leaves: by handle, pixels below the top where its edges leave.
    """

    node: Node
    x: float
    y: float
    width: float
    height: float
    rows: tuple[CanvasRow, ...]
    frame: bool
    button: bool
    depth: int
    arrives: float | None
    leaves: Mapping[str, float]

    @property
    def title(self) -> str:
        """Its title, else its type."""
        return self.node.data.title or self.node.data.type

    @property
    def note(self) -> bool:
        """True for a piece of paper."""
        return self.node.type == NOTE_ENVELOPE


@dataclass(frozen=True, slots=True)
class Wire:
    """An edge from a handle to the next card."""

    source: Card
    target: Card
    handle: str

    @property
    def depth(self) -> int:
        """How many containers it lies in."""
        return min(self.source.depth, self.target.depth)

    @property
    def begin(self) -> tuple[float, float]:
        """Where it leaves."""
        card = self.source
        return card.x + card.width, card.y + card.leaves.get(self.handle, min(HANDLE, card.height / 2))

    @property
    def end(self) -> tuple[float, float]:
        """Where it arrives."""
        card = self.target
        return card.x, card.y + (min(HANDLE, card.height / 2) if card.arrives is None else card.arrives)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything on the canvas; `cards` in the order of the file's nodes."""

    cards: tuple[Card, ...]
    wires: tuple[Wire, ...]
    titles: Mapping[str, str]

    def title_of(self, node_id: str) -> str:
        """The title of the node with an id; the id itself if there is no such node (`sys`, `env`)."""
        return self.titles.get(node_id) or node_id


def scene(graph: Graph) -> Scene:
    """Finds where everything stands. Nodes without a position stand in a row, as in Dify's editor."""
    nest = nesting(graph)
    corners: dict[int, tuple[float, float]] = {}
    cards: dict[int, Card] = {}
    for index in reversed(nest.inner_first()):
        node, parent = graph.nodes[index], nest.parents[index]
        own = corner(node) or (80.0 + 300 * index, 282.0)
        base = (0.0, 0.0) if parent is None else corners[parent]
        corners[index] = (base[0] + own[0], base[1] + own[1])
        depth = 0 if parent is None else cards[parent].depth + 1
        cards[index] = _card(node, corners[index], depth, nest, index)
    place = by_id(graph)
    wires = [
        Wire(cards[source], cards[target], edge.sourceHandle)
        for edge in graph.edges
        if (source := place.get(edge.source)) is not None and (target := place.get(edge.target)) is not None
    ]
    titles = {node.id: node.data.title for node in graph.nodes}
    return Scene(tuple(cards[index] for index in range(len(cards))), tuple(wires), titles)


def _card(node: Node, at: tuple[float, float], depth: int, nest: Nesting, index: int) -> Card:
    data = node.data
    frame = bool(nest.children[index]) or data.CONTAINER is not None
    small = data.canvas_size()[0] < _SMALL
    plain = frame or small or node.type == NOTE_ENVELOPE
    rows = () if plain else data.card_rows()
    wide, high = _size(node)
    high = high if plain else max(high, card_height(rows))
    middle = min(HANDLE, high / 2)
    heights = handle_heights(rows)
    leaves = {item.id: heights.get(item.id, middle) for item in data.source_handles()}
    takes = not (data.ENTRY or small or node.type == NOTE_ENVELOPE)
    return Card(node, *at, wide, high, rows, frame, small, depth, middle if takes else None, leaves)


def _size(node: Node) -> tuple[float, float]:
    estimate = node.data.canvas_size()
    found = []
    for given, expected in zip((node.width, node.height), estimate, strict=True):
        value = number(given) or number(expected) or _LEAST
        found.append(max(_LEAST, value))
    return found[0], found[1]
