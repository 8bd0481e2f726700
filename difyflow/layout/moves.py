"""What a layout has changed."""

from __future__ import annotations

from dataclasses import dataclass

from difyflow.dsl.graph import Graph, Node
from difyflow.dsl.nesting import corner

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Move:
    """A node that stands elsewhere, or has another size.

    Attributes:
        before, after: its position; `before` is None if it had none.
        size_before, size_after: width and height; None where the file has none.
    """

    node: Node
    before: Pair | None
    after: Pair | None
    size_before: tuple[float | None, float | None]
    size_after: tuple[float | None, float | None]

    @property
    def moved(self) -> bool:
        """True if it stands elsewhere."""
        return self.before != self.after

    @property
    def resized(self) -> bool:
        """True if it has another size."""
        return self.size_before != self.size_after


def moves(before: Graph, after: Graph) -> tuple[Move, ...]:
    """The nodes that a layout has changed, in the order of the file; both graphs have the same nodes."""
    found = (
        Move(old, corner(old), corner(new), (old.width, old.height), (new.width, new.height))
        for old, new in zip(before.nodes, after.nodes, strict=True)
    )
    return tuple(move for move in found if move.moved or move.resized)
