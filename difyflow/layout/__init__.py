"""Gives every node a position: pure functions Graph -> Graph."""

from difyflow.layout.moves import Move, moves
from difyflow.layout.place import place, place_missing

__all__ = ["Move", "moves", "place", "place_missing"]
