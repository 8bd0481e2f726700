"""What a change of a document means, in a few lines: for logs and change lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from difyflow.diff import compare
from difyflow.diff._say import change_of, harmless, is_text
from difyflow.diff.report import Detail, Entry, report
from difyflow.diff.secrets import IsSecret

_MOST: Final = 6
_WIDEST: Final = 60


@dataclass(frozen=True, slots=True)
class Summary:
    """A change of one document.

    Attributes:
        kind: `added`, `removed`, `changed`, `layout` (nothing but the canvas shows it), `same`, `unreadable`,
            `cut` (what was before is not in this clone).
        name: of the app, as it is now.
        breaking: what callers or other nodes will notice, a line each.
        lines: what changed, a line for each node, edge, variable or setting.
        layout: one line on what only the canvas shows; empty if there is nothing.
        problem: why it cannot be read, for `unreadable`.
    """

    kind: str
    name: str = ""
    breaking: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    layout: str = ""
    problem: str = ""


Data = Mapping[Any, Any]


def summarize(old: Data | None, new: Data | None, is_secret: IsSecret | None = None) -> Summary:
    """Sums up a change.

    Args:
        old: the document before; None if there was none.
        new: the document now; None if there is none.
        is_secret: what must not be shown besides secret environment variables.
    """
    if old is None or new is None:
        return _whole(old, new)
    diff = compare(old, new) if old is not new else None
    if not diff:
        return Summary("same", _name(new))
    found = report(diff, is_secret=is_secret)
    lines = tuple(_line(entry) for section in found.sections for entry in section.entries)
    return Summary(
        "changed" if lines else "layout",
        _name(new),
        tuple(harmless(item.message) for item in found.breaking),
        lines,
        found.layout,
    )


def _whole(old: Data | None, new: Data | None) -> Summary:
    data = new if new is not None else old or {}
    count = len(_nodes(data))
    lines = (f"{count} {'node' if count == 1 else 'nodes'}",)
    if new is None:
        return Summary("removed", _name(data), ("the app is gone",), lines)
    return Summary("added", _name(data), (), lines)


def nodes_of(data: Data) -> Iterator[str]:
    """The nodes of a document, a line each: title, type, id."""
    for node in _nodes(data):
        found = node if isinstance(node, Mapping) else {}
        inner = found.get("data")
        inner = inner if isinstance(inner, Mapping) else {}
        about = " ".join(str(item) for item in (inner.get("type") or "note", found.get("id")) if item)
        yield harmless(f'"{inner.get("title") or found.get("id") or ""}" ({about})')


def _nodes(data: Data) -> list[Any]:
    workflow = data.get("workflow")
    graph = workflow.get("graph") if isinstance(workflow, Mapping) else None
    nodes = graph.get("nodes") if isinstance(graph, Mapping) else None
    return nodes if isinstance(nodes, list) else []


def _name(data: Data) -> str:
    for key in ("app", "rag_pipeline", "snippet"):
        body = data.get(key)
        if isinstance(body, Mapping) and isinstance(body.get("name"), str):
            return harmless(body["name"])
    return ""


def _line(entry: Entry) -> str:
    title = f'"{entry.title}"' if entry.node_id else entry.title
    head = f"{entry.sign} {title}" + (f" ({entry.about})" if entry.about else "")
    if entry.sign in "+-":
        return harmless(head)
    details = list(_details(entry.details))
    shown = details[:_MOST] + ([f"and {len(details) - _MOST} more"] if len(details) > _MOST else [])
    return harmless(head) + (f": {', '.join(shown)}" if shown else "")


def _details(details: tuple[Detail, ...]) -> Iterator[str]:
    for detail in details:
        said = "" if is_text(detail) else change_of(detail)
        sign = "" if detail.sign == "~" else detail.sign
        label = f"{sign}{harmless(detail.label)}"
        if not said or len(said) > _WIDEST:
            yield label or "changed"
        else:
            yield f"{label} {said}".strip()
