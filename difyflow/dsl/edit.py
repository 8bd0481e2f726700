"""Changing a DSL file in its text, so that comments, order and spelling of the rest stay as they are.

A file as Dify exports it stays one. Where a change cannot be made in the text, `CannotEdit` says so and the
caller may write the file anew (`--reformat`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from difyflow.dsl import _yaml
from difyflow.errors import UsageError

if TYPE_CHECKING:
    from difyflow.dsl.app import App
    from difyflow.dsl.reader import Document

Path = tuple[str | int, ...]
"""Keys and list indexes from the root of the document; indexes are those before any change."""


class _Delete(Enum):
    """The type of `DELETE`."""

    DELETE = "delete"


DELETE: Final = _Delete.DELETE
"""In place of a value: the key or list item goes."""


@dataclass(frozen=True, slots=True)
class Insert:
    """In place of a value: these items go into the list in front of the item at the path's index.

    An index equal to the length of the list puts them at its end.
    """

    items: tuple[object, ...]


def edit(document: Document, changes: Mapping[Path, object]) -> str:
    """The text of a document with values changed; every other byte is as it was.

    Args:
        document: the file as it was read.
        changes: by path the new value as plain data, `DELETE` or `Insert`. A key that is not there is added;
            so is a list item at the index behind the last one.

    Returns:
        The text; `text.encode(document.source.encoding)` are the bytes of the file.

    Raises:
        UsageError: a path leads nowhere, or lies inside another one that changes.
        CannotEdit: the text does not take the change; see `difyflow.errors.CannotEdit`.
    """
    return edit_source(document.source, changes)


def edit_source(source: _yaml.Composed, changes: Mapping[Path, object]) -> str:
    """As `edit`, for a text that need be no document."""
    root = _Step()
    for path, change in changes.items():
        root.at(path).put(path, change)
    return _yaml.retext(source, _changed(source.data, root, ()))


def rewrite(document: Document, app: App, *, reformat: bool) -> str:
    """The text of a document that shall say what `app` says.

    Args:
        document: the file as it was read.
        app: what it shall say, usually a changed copy of `document.app`.
        reformat: write the file anew, as Dify exports it, rather than change its text.

    Raises:
        CannotEdit: the text does not take the change, and `reformat` is not set.
    """
    return app.render() if reformat else _yaml.retext(document.source, app.data())


@dataclass(slots=True)
class _Step:
    """What changes at one place and below it."""

    below: dict[str | int, _Step] = field(default_factory=dict)
    changes: list[object] = field(default_factory=list)

    def at(self, path: Path) -> _Step:
        step = self
        for part in path:
            step = step.below.setdefault(part, _Step())
        return step

    def put(self, path: Path, change: object) -> None:
        if not path:
            raise UsageError("the document itself cannot be replaced", code="bad-path")
        self.changes.append(change)


def _changed(data: object, step: _Step, path: Path) -> object:
    """A copy of `data`, which lies at `path`, with the changes of `step` made."""
    if step.changes and step.below and not isinstance(step.changes[0], Insert):
        raise UsageError(f"{shown(path)} changes as a whole and in its parts", code="bad-path")
    if isinstance(data, dict):
        return _changed_mapping(data, step, path)
    if isinstance(data, list):
        return _changed_list(data, step, path)
    raise UsageError(f"{shown(path)} is no mapping or list", code="bad-path")


def _changed_mapping(data: dict[object, object], step: _Step, path: Path) -> object:
    made = dict(data)
    for key, below in step.below.items():
        here = (*path, key)
        if below.below:
            if key not in data:
                raise _nowhere(here)
            made[key] = _changed(data[key], below, here)
        elif isinstance(below.changes[0], Insert):
            raise UsageError(f"{shown(here)} is no list item: it can be set, not inserted", code="bad-path")
        elif below.changes[0] is not DELETE:
            made[key] = below.changes[0]
        elif key in made:
            del made[key]
        else:
            raise _nowhere(here)
    return made


def _changed_list(data: list[object], step: _Step, path: Path) -> object:
    wrong = [key for key in step.below if not isinstance(key, int) or not 0 <= key <= len(data)]
    if wrong:
        raise _nowhere((*path, wrong[0]))
    made: list[object] = []
    for index in range(len(data) + 1):
        below = step.below.get(index, _Step())
        change = below.changes[0] if below.changes else None
        if isinstance(change, Insert):
            made += change.items
            change = None
            below = _Step(below.below)
        if index == len(data) and (below.below or change is DELETE):
            raise _nowhere((*path, index))
        if below.below:
            made.append(_changed(data[index], below, (*path, index)))
        elif below.changes:
            made += [] if change is DELETE else [change]
        elif index < len(data):
            made.append(data[index])
    return made


def shown(path: Path) -> str:
    """A path as people write it: `workflow.graph.nodes[3].data.title`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _nowhere(path: Path) -> UsageError:
    return UsageError(f"there is no {shown(path)}", code="bad-path")
