"""Tells what a migration did, or why it did nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

from difyflow.dsl.edit import shown
from difyflow.dsl.migrate import Change, Migration
from difyflow.dsl.releases import Target
from difyflow.nodes._moves import GONE, Path

_LONGEST = 60


def to_lines(migration: Migration) -> Iterator[str]:
    """The changes and what is left to do, or the obstacles, a line each."""
    if migration.obstacles:
        yield "cannot be moved there:"
        yield from (f"  {place(migration, item.path)}: {item.why}" for item in migration.obstacles)
        return
    for change in migration.changes:
        before, after = _value(change.before), _value(change.after)
        words = f"{before} -> {after}"
        if change.before is GONE:
            words = f"added {after}"
        elif change.after is GONE:
            words = f"removed {before}"
        yield f"  {place(migration, change.path)}: {words}  ({change.why})"
    if migration.advice:
        yield "left to do:"
        yield from dict.fromkeys(f"  {item.what}" for item in migration.advice)


def to_json(migration: Migration, file: str, target: Target, *, before: str | None) -> str:
    """The report as one JSON document; a change without `before` is an addition, without `after` a removal.

    Paths are lists of keys and indexes. With obstacles, `changes` tells how far it got; nothing is written.
    """
    report = {
        "file": file,
        "from": before,
        "to": target.releases.dsl,
        "migrated": not migration.obstacles,
        "changes": [_change(change) for change in migration.changes],
        "obstacles": [{"path": list(item.path), "why": item.why} for item in migration.obstacles],
        "advice": [{"path": list(item.path), "what": item.what} for item in migration.advice],
    }
    return json.dumps(report, ensure_ascii=False, indent=2, default=str) + "\n"


def _change(change: Change) -> dict[str, object]:
    sides = {"before": change.before, "after": change.after}
    said = {key: value for key, value in sides.items() if value is not GONE}
    return {"path": list(change.path), **said, "why": change.why}


def place(migration: Migration, path: Path) -> str:
    """A path, with the node's title where it leads to one."""
    nodes = migration.app.nodes
    match path:
        case ("workflow", "graph", "nodes", int(index), *inside) if index < len(nodes):
            node = nodes[index]
            return f"node {node.id} ({node.data.title or node.data.type}) {shown(tuple(inside))}".rstrip()
        case _:
            return shown(path) or "the file"


def _value(value: object) -> str:
    text = repr(value) if isinstance(value, dict | list) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
