"""What a rule finds, and what the user gets of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from difyflow.dsl.edit import Path

Severity = Literal["error", "warning", "info"]
"""error: the import fails, the editor crashes, or a run fails, loses or invents data. warning: it works, but
very likely not as meant, or the editor marks it red. info: worth knowing."""

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The worst first."""


@dataclass(frozen=True, slots=True)
class Fix:
    """How a finding goes away.

    Attributes:
        title: what is done, as an order: "Quote the version".
        edits: the changes in the document: paths and new values, as `difyflow.dsl.edit.edit` takes them.
        safe: True if the app certainly does afterwards what was meant before.
    """

    title: str
    edits: tuple[tuple[Path, object], ...]
    safe: bool = True

    @property
    def changes(self) -> Mapping[Path, object]:
        """The edits by path."""
        return dict(self.edits)


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule yields; the engine makes a `Finding` of it.

    Attributes:
        path: the place from the root of the document. For a key that is missing, the path that it would have.
        message: what is wrong and how to mend it, in one line; where the valid values are known, with them.
        node: id of the node that it is about; the engine finds it out for places in a node.
        fix: how it goes away.
        severity: less than the rule's own, where the case is a milder one.
        text: the part of the text at `path` that is meant, such as `{{#a.b#}}`.
        start: offset of `text` in the text at `path`, if it may occur several times.
    """

    path: Path
    message: str
    node: str | None = None
    fix: Fix | None = None
    severity: Severity | None = None
    text: str = ""
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule has found in one document.

    Attributes:
        rule: id of the rule.
        path: place from the root of the document, keys and indexes.
        node: id of the node; None if it is about none.
        field: place inside the node's data (or in the edge, or in the document), as text.
        line, col: from 1, of the value or, inside of a text, of the words themselves; None without a text.
    """

    rule: str
    severity: Severity
    message: str
    path: Path
    node: str | None = None
    field: str | None = None
    fix: Fix | None = None
    line: int | None = None
    col: int | None = None
