"""Gives every node a position."""
