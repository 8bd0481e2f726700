"""A diff for programs: `patch` makes it of the changes, all else is for reading."""

from __future__ import annotations

import json
from typing import Any

from difyflow.diff.changes import Diff, as_json
from difyflow.diff.formats._how import How
from difyflow.diff.report import Entry, Report, report

VERSION = 1


def show(diff: Diff, how: How = How()) -> str:  # noqa: B008  frozen
    """A diff as JSON; `tests/diff/diff.schema.json` says what is in it.

    `changes` holds everything, layout too. A secret is `{"$secret": "sha256:ab12cd34"}`.
    """
    return (
        json.dumps(as_data(report(diff, is_secret=how.is_secret), how), ensure_ascii=False, indent=2) + "\n"
    )


def as_data(found: Report, how: How) -> dict[str, Any]:
    """A report as plain data."""
    return {
        "version": VERSION,
        "before": how.names[0],
        "after": how.names[1],
        "app": found.name,
        "same": found.empty,
        "breaking": [
            {"kind": item.kind, "node": item.node_id or None, "message": item.message}
            for item in found.breaking
        ],
        "nodes": list(_nodes(found).values()),
        "layout": found.layout or None,
        "changes": [as_json(change) for change in found.diff.changes],
    }


def _nodes(found: Report) -> dict[str, dict[str, Any]]:
    """The nodes by id, each once, also if only its model changed."""
    entries = (entry for section in found.sections for entry in section.entries if entry.node_id)
    nodes: dict[str, dict[str, Any]] = {}
    for entry in entries:
        nodes.setdefault(entry.node_id, _node(entry))
    return nodes


def _node(entry: Entry) -> dict[str, Any]:
    words = {"+": "added", "-": "removed", "~": "changed", "=": "renamed"}
    return {
        "id": entry.node_id,
        "title": entry.title,
        "what": words[entry.sign],
        "affects": list(entry.affects),
        "more": entry.more,
    }
