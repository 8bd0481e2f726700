"""What callers of an app, and the nodes behind a node, will notice of a change."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from difyflow.diff._promises import promises_stay
from difyflow.diff._sides import Side

_SHOWN: Final = 12
"""Nodes that are named as affected; whether there are more is said."""


@dataclass(frozen=True, slots=True)
class Break:
    """Something that others rely on and that does not hold any more.

    Attributes:
        kind: `mode`, `input-removed`, `input-renamed`, `input-required`, `input-type`, `input-limits`,
            `output-removed`, `output-type`, `reference`.
        message: what, in a line.
        node_id: the node where it is; empty if it is none's.
    """

    kind: str
    message: str
    node_id: str = ""


def breaks(old: Side, new: Side) -> tuple[Break, ...]:
    """What breaks between two documents.

    Args:
        old: with its nodes renamed as in the new one.
        new: the new one.
    """
    found = tuple(_mode(old, new))
    if promises_stay(old, new):
        return found
    from difyflow.diff._breaks import by_class  # loads the model, and git waits for it

    return (*found, *by_class(old, new))


def _mode(old: Side, new: Side) -> Iterator[Break]:
    was, now = _app_mode(old), _app_mode(new)
    if was != now:
        yield Break("mode", f"mode {was or '(none)'} -> {now or '(none)'}")


def _app_mode(side: Side) -> str:
    app = side.document.get("app")
    mode = app.get("mode") if isinstance(app, dict) else None
    return mode if isinstance(mode, str) else ""


def affected(side: Side, node_id: str) -> dict[str, Any]:
    """Whom a change of this node may concern: the nodes that use what it puts out, those that use theirs, ...

    For a node with several ways out these are also the nodes that they lead to.

    Returns:
        `affects`: titles, nearest first, at most twelve; `more`: whether there are others.
    """
    users = _users(side)
    seen: dict[str, None] = {}
    waiting = deque(users.get(node_id, ()))
    while waiting and len(seen) <= _SHOWN:
        name = waiting.popleft()
        if name != node_id and name not in seen:
            seen[name] = None
            waiting.extend(users.get(name, ()))
    titles = tuple(side.title(name) for name in seen)
    return {"affects": titles[:_SHOWN], "more": len(titles) > _SHOWN}


def _users(side: Side) -> dict[str, list[str]]:
    """By node those that use it directly."""
    if side.users is None:
        found: dict[str, dict[str, None]] = {}
        for node in side.nodes:
            for root in side.roots_of(node):
                found.setdefault(root, {})[node] = None
        for source, target in _branches(side):
            found.setdefault(source, {})[target] = None
        side.users = {name: list(nodes) for name, nodes in found.items()}
    return side.users


def _branches(side: Side) -> Iterable[tuple[str, str]]:
    for edge in side.edges:
        if edge.get("sourceHandle", "source") != "source":
            yield edge["source"], edge["target"]
