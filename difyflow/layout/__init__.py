"""Gives every node a position: pure functions Graph -> Graph."""

from difyflow.layout.place import place, place_missing

__all__ = ["place", "place_missing"]
