"""Conflicts in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from difyflow.diff._say import short
from difyflow.diff._sides import Side
from difyflow.diff._values import MISSING
from difyflow.diff.changes import Diff, Key, Path
from difyflow.diff.compare import compare
from difyflow.diff.conflicts import Kind
from difyflow.diff.patch import shown

if TYPE_CHECKING:  # nobody waits for the report unless something clashes
    from difyflow.diff.report import Entry

_SHOWN = 60
"""Characters of a value in a sentence."""

_MOST = 4
"""Edits of one side that are named for a fault."""


def in_words(base: Side, ours: Side, theirs: Side) -> Callable[[Kind, Path, object, object], str]:
    """A function that says what clashes where."""

    def say(kind: Kind, path: Path, mine: object, its: object) -> str:
        where = _place(path, (ours, theirs, base))
        match kind:
            case "text":
                return f"both changed the same lines of {where}"
            case "order":
                return f"both changed the order of {where}, or added to it at one place"
            case "added":
                return f"both added {where}, and not the same"
            case "deleted":
                who = ("ours", "theirs") if mine is MISSING else ("theirs", "ours")
                return f"{who[0]} deleted {where}, {who[1]} changed it"
            case _:
                return f"both changed {where}: ours to {_cut(mine)}, theirs to {_cut(its)}"

    return say


def _cut(value: object) -> str:
    text = "nothing" if value is MISSING else short(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _place(path: Path, sides: tuple[Side, ...]) -> str:
    """A path in words: `prompt_template[system].text of node "LLM" (llm)`."""
    name = path[3] if len(path) > 3 and path[:3] == ("workflow", "graph", "nodes") else None
    if not isinstance(name, Key) or not isinstance(name.value, str):
        return shown(path) or "the document"
    side = next((side for side in sides if name.value in side.nodes), sides[0])
    node = f'node "{side.title(name.value)}" ({name.value})'
    if len(path) == 4:
        return node
    label = next((found for found in (side.label(path[:4], path) for side in sides) if found), "")
    return f"{label.removeprefix('data.')} of {node}"


class Causes:
    """What each side did, in words, and which nodes a fault may be about."""

    def __init__(
        self, base: Mapping[str, object], ours: Mapping[str, object], theirs: Mapping[str, object]
    ) -> None:
        self._entries = {
            name: _entries(compare(base, side)) for name, side in (("ours", ours), ("theirs", theirs))
        }
        self._sights = [Side(side) for side in (ours, theirs, base)]

    def near(self, node: str | None, message: str) -> frozenset[str]:
        """The node of a fault, those that it refers to, and those that its message names."""
        found = {node} if node else set()
        for side in self._sights:
            found |= side.roots_of(node) if node else set()
            found |= {name for name in side.nodes if name in message or f'"{side.title(name)}"' in message}
        return frozenset(found)

    def named(self, node: str | None, message: str) -> Iterator[str]:
        """What each side did around a node, or, if that is nothing, what else it did."""
        near = {node} if node else set()
        for side in self._sights:
            near |= side.roots_of(node) if node else set()
        titles = {side.title(name) for side in self._sights for name in near if name and name in side.nodes}
        for name, found in self._entries.items():
            close = [entry for entry in found if _is_near(entry, near, titles, message)]
            yield from (f"{name}: {_edit(entry)}" for entry in (close or found)[:_MOST])


def edits_in_words(diff: Diff) -> tuple[str, ...]:
    """Everything that differs, a line each."""
    return tuple(map(_edit, _entries(diff)))


def _entries(diff: Diff) -> list[Entry]:
    from difyflow.diff.report import report

    return [entry for section in report(diff).sections for entry in section.entries]


def _is_near(entry: Entry, near: set[str], titles: set[str], message: str) -> bool:
    if entry.node_id:
        return entry.node_id in near or entry.node_id in message
    return any(f'"{title}"' in entry.title for title in titles) or entry.title in message


def _edit(entry: Entry) -> str:
    did = {"+": "added", "-": "deleted", "~": "changed", "=": "renamed"}[entry.sign]
    about = f" ({entry.about})" if entry.about else ""
    labels = (
        ", ".join(detail.label for detail in entry.details[:3] if detail.label) if entry.sign == "~" else ""
    )
    return f"{did} {entry.title}{about}{f': {labels}' if labels else ''}"
