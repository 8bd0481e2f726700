"""What two sides did that cannot both hold: as values, in words, as Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from difyflow.diff._say import short
from difyflow.diff._values import MISSING, Mask, encoded
from difyflow.diff.changes import Path, steps_as_json
from difyflow.diff.formats.markdown import code, plain
from difyflow.diff.patch import shown

Side = Literal["base", "ours", "theirs"]

Kind = Literal["field", "text", "order", "deleted", "added", "deleted-node", "next-node", "id", "semantic"]
"""What clashes: one field set twice; lines of a text; the order of a list; something deleted here and edited
there; two things that took one id or name; something new that needs a node which the other side deleted; what
follows a node; two new ids for one node; a fault that neither side had."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One place where the two sides clash.

    Attributes:
        kind: what clashes.
        message: in words, with the titles of the nodes.
        path: where; in the document with the ids of the result.
        base, ours, theirs: what stands there on each side, secrets masked; `MISSING` where nothing does.
        taken: which side the result follows here.
        line: of the text at `path`, from 1, where lines of a text clash.
        rule: id of the rule that a fault breaks (`semantic`).
        edits: for a fault, what each side did that may have led to it, in words.
    """

    kind: Kind
    message: str
    path: Path
    base: object = MISSING
    ours: object = MISSING
    theirs: object = MISSING
    taken: Side = "ours"
    line: int | None = None
    rule: str | None = None
    edits: tuple[str, ...] = ()

    @property
    def versions(self) -> tuple[object, object, object]:
        """What base, ours and theirs have there."""
        return self.base, self.ours, self.theirs

    @property
    def key(self) -> str:
        """What tells it from the others of the same merge."""
        return f"{self.kind} {shown(self.path)} {self.line or ''} {self.rule or ''}".strip()


def as_data(conflict: Conflict) -> dict[str, Any]:
    """A conflict as JSON."""
    sides = {"base": conflict.base, "ours": conflict.ours, "theirs": conflict.theirs}
    return {
        "kind": conflict.kind,
        "message": conflict.message,
        "path": steps_as_json(conflict.path),
        "line": conflict.line,
        "rule": conflict.rule,
        "edits": list(conflict.edits),
        **{
            name: {"value": encoded(value)} if value is not MISSING else None for name, value in sides.items()
        },
        "taken": conflict.taken,
    }


def as_json(conflicts: Sequence[Conflict], *, names: tuple[str, str, str]) -> str:
    """The conflicts of a merge as JSON.

    Args:
        conflicts: of one merge.
        names: what base, ours and theirs are called, such as paths.
    """
    found = {
        "version": 1,
        **dict(zip(("base", "ours", "theirs"), names, strict=True)),
        "conflicts": list(map(as_data, conflicts)),
    }
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def as_markdown(conflicts: Sequence[Conflict], *, names: tuple[str, str, str]) -> str:
    """The conflicts of a merge as Markdown; arguments as for `as_json`."""
    base, ours, theirs = map(code, names)
    count = f"{len(conflicts)} {'conflict' if len(conflicts) == 1 else 'conflicts'}"
    head = f"# {count}\n\nBase {base}, ours {ours}, theirs {theirs}.\n"
    return head + "".join(_section(number, item) for number, item in enumerate(conflicts, 1))


def _section(number: int, conflict: Conflict) -> str:
    where = shown(conflict.path) + (f", line {conflict.line}" if conflict.line else "")
    text = (
        f"\n## {number}. {plain(conflict.message)}\n\n{code(where)}\n"
        if where
        else f"\n## {number}. {plain(conflict.message)}\n"
    )
    if conflict.kind == "semantic":
        rule = f"\nRule {code(conflict.rule or '')}, broken by what both did together:\n\n"
        return text + rule + "".join(f"- {plain(edit)}\n" for edit in conflict.edits)
    rows = []
    for name, value in (("base", conflict.base), ("ours", conflict.ours), ("theirs", conflict.theirs)):
        mark = " (taken)" if name == conflict.taken else ""
        rows.append(f"\n{name}{mark}:\n{_value(value)}")
    return text + "".join(rows)


def _value(value: object) -> str:
    if value is MISSING:
        return "\nnothing\n"
    if isinstance(value, str) and not isinstance(value, Mask):
        fence = "````" if "```" in value else "```"
        return f"\n{fence}\n{value.rstrip(chr(10))}\n{fence}\n"
    return f"\n{code(short(value))}\n"
