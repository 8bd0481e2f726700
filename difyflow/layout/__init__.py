"""Gives every node a position: pure functions Graph -> Graph."""

from difyflow.layout.place import place

__all__ = ["place"]
