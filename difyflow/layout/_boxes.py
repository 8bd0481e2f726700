"""What the layout works on: boxes, links between them and how far apart they are to be; whole pixels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """What a node takes on the canvas.

    Attributes:
        at: upper left corner of what must not move; None = to be placed.
        entry: True if a run begins here.
        aside: True if it takes no part in the flow (a note).
    """

    width: int
    height: int
    at: Point | None = None
    entry: bool = False
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """An edge between two boxes, given by their index.

    Attributes:
        leave: pixels from the top of the source to where the edge begins.
        arrive: the same at the target.
        rank: place of the handle among those of the source.
    """

    source: int
    target: int
    leave: int = 0
    arrive: int = 0
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Spacing:
    """Pixels.

    Attributes:
        columns: from the widest box of a column to the next column.
        rows: between boxes of a column.
        parts: between parts of the graph that no edge joins.
        origin: where the first box goes.
        frame: least x and y, in a container; None on the open canvas.
    """

    columns: int
    rows: int
    parts: int
    origin: Point
    frame: Point | None = None


@dataclass(frozen=True, slots=True)
class Rect:
    """A taken area; right and bottom lie outside."""

    left: int
    top: int
    right: int
    bottom: int

    def moved(self, x: int, y: int) -> Rect:
        """The same elsewhere."""
        return Rect(self.left + x, self.top + y, self.right + x, self.bottom + y)

    def grown(self, by: int) -> Rect:
        """The same with a margin."""
        return Rect(self.left - by, self.top - by, self.right + by, self.bottom + by)


def rect(box: Box, at: Point) -> Rect:
    """The area of a box."""
    return Rect(at[0], at[1], at[0] + box.width, at[1] + box.height)


def around(areas: Iterable[Rect]) -> Rect:
    """The smallest area that holds all of them; there must be at least one."""
    found = list(areas)
    return Rect(
        min(item.left for item in found),
        min(item.top for item in found),
        max(item.right for item in found),
        max(item.bottom for item in found),
    )
