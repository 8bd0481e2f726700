"""What two sides did that cannot both hold: as values, in words, as Markdown and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from difyflow.diff._say import short
from difyflow.diff._values import MISSING, Mask, encoded
from difyflow.diff.changes import Added, Change, Changed, Ordered, Path, Removed, Renamed, steps_as_json
from difyflow.diff.changes import as_json as as_json_change
from difyflow.diff.formats._inline import code, plain
from difyflow.diff.patch import shown

Side = Literal["base", "ours", "theirs"]


@dataclass(frozen=True, slots=True)
class Own:
    """What stands at a conflict in place of what any side has there, such as a text somebody wrote."""

    value: object


Choice = Side | Own
"""What is chosen at a conflict."""

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
        undone: for a fault, what of the side that is not `taken` the result lacks, so that it has no such
            fault, in words; empty where the fault stays.
        lost: the same as changes from the result, secrets masked.
    """

    kind: Kind
    message: str
    path: Path
    base: object = MISSING
    ours: object = MISSING
    theirs: object = MISSING
    taken: Side | Literal["own"] = "ours"
    line: int | None = None
    rule: str | None = None
    edits: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    lost: tuple[Change, ...] = ()

    @property
    def editable(self) -> bool:
        """Whether a value of one's own can stand here: lines of a text, or a field that is no secret."""
        if self.kind not in ("text", "field"):
            return False
        return not any(isinstance(value, Mask) for value in self.versions)

    @property
    def stays(self) -> bool:
        """Whether this is a fault that no choice mends."""
        return self.kind == "semantic" and not self.undone

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
        "undone": list(conflict.undone),
        "lost": list(map(as_json_change, conflict.lost)),
        **{
            name: {"value": encoded(value)} if value is not MISSING else None for name, value in sides.items()
        },
        "taken": conflict.taken,
    }


def as_markdown(conflicts: Sequence[Conflict], *, names: tuple[str, str, str]) -> str:
    """The conflicts of a merge as Markdown.

    Args:
        conflicts: of one merge.
        names: what base, ours and theirs are called, such as paths.
    """
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
        edits = "".join(f"- {plain(edit)}\n" for edit in conflict.edits)
        return text + rule + edits + _lost(conflict)
    rows = []
    for name, value in (("base", conflict.base), ("ours", conflict.ours), ("theirs", conflict.theirs)):
        mark = " (taken)" if name == conflict.taken else ""
        rows.append(f"\n{name}{mark}:\n{_value(value)}")
    return text + "".join(rows)


def said(conflict: Conflict) -> str:
    """A conflict in a line, with the version that is kept."""
    if conflict.kind != "semantic":
        return f"{conflict.message} ({conflict.taken} is kept)"
    left = "both stay, and the error with them"
    if conflict.undone:
        left = f"{conflict.taken} is kept, without this: {'; '.join(conflict.undone)}"
    return f"{conflict.message} ({conflict.rule}; {'; '.join(conflict.edits)}; {left})"


def _lost(conflict: Conflict) -> str:
    """What the result lacks for the sake of the side that is kept."""
    if not conflict.undone:
        return "\nBoth stay, and the error with them.\n"
    text = f"\nKept: {conflict.taken}. So the result lacks:\n\n"
    text += "".join(f"- {plain(item)}\n" for item in conflict.undone)
    for change in conflict.lost:
        if not isinstance(change, Renamed):
            text += f"\n{_verb(change)} {code(shown(change.path))}:\n{_value(_after(change))}"
    return text


def _verb(change: Change) -> str:
    return type(change).__name__.lower()


def _after(change: Added | Removed | Changed | Ordered) -> object:
    match change:
        case Changed(_, _, after):
            return after
        case Added(_, value, _) | Removed(_, value):
            return value
        case Ordered(_, order):
            return [place + 1 for place in order]


def _value(value: object) -> str:
    if value is MISSING:
        return "\nnothing\n"
    if isinstance(value, str) and not isinstance(value, Mask):
        fence = "````" if "```" in value else "```"
        return f"\n{fence}\n{value.rstrip(chr(10))}\n{fence}\n"
    return f"\n{code(short(value))}\n"
