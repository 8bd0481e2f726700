"""What git's drivers do with Dify documents.

`driver.sh` calls them for files that may be such, and falls back to git's own way when one of these fails: an
error here never stops a command of git.

Works on plain data and imports no model before it is needed: git waits for each call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from difyflow.dsl import _yaml
from difyflow.dsl.canonical import faithful
from difyflow.errors import CannotEdit, ReadError
from difyflow.git.marks import unfinished
from difyflow.git.sniff import may_be_dsl

if TYPE_CHECKING:
    from difyflow.diff.conflicts import Side
    from difyflow.diff.merge import Checker
    from difyflow.diff.secrets import IsSecret

ABSENT = "/dev/null"


def read(data: bytes, name: str) -> _yaml.Composed:
    """A document that git holds.

    Raises:
        ReadError: it is none, or cannot be read: says what is in the way, such as marks of a conflict.
    """
    broken = unfinished(data, name)
    if broken is not None:
        raise broken
    composed = _yaml.compose(data, name=name)
    if not isinstance(composed.data, dict) or not may_be_dsl(data):
        raise ReadError("not a Dify document", path=name, code="app-missing")
    return composed


def textconv(data: bytes, name: str, is_secret: IsSecret | None = None) -> bytes:
    """One side for `git log -p`, `git show`, `git blame`.

    What cannot be read is shown as it is, after a word why; with `is_secret`, what looks like one is masked.
    """
    from difyflow.git import textual

    try:
        found = read(data, name).data
        assert isinstance(found, dict)
        return textual.to_text(found, is_secret).encode(errors="backslashreplace")
    except ReadError as err:
        where = f"line {err.line}: " if err.line else ""
        shown = data
        if is_secret is not None:
            from difyflow.git.unreadable import hidden

            shown = hidden(data)
        return f"# not read as a Dify document: {where}{err.message}\n".encode() + shown


@dataclass(frozen=True, slots=True)
class DiffCall:
    """What git tells a diff driver.

    Attributes:
        path: of the file, from the top of the work tree; `new_path` another one if it was renamed.
        old_file, new_file: where the two contents are; `/dev/null` for a side that is not there.
        score: git's lines on a rename, such as `similarity index 90%`; empty if there was none.
        modes: of the two files, such as 100755 for one that can be executed; empty if git does not tell.
    """

    path: str
    old_file: str
    new_file: str
    new_path: str
    score: str = ""
    modes: tuple[str, str] = ("", "")


def diff_text(call: DiffCall, *, colour: bool, is_secret: IsSecret | None = None) -> str:
    """The difference of two versions of a document, as `git diff` shows it.

    Raises:
        ReadError: one side cannot be read.
    """
    old, new = _side(call.old_file, f"a/{call.path}"), _side(call.new_file, f"b/{call.new_path}")
    head = f"difyflow {call.path}" + (f" -> {call.new_path}" if call.new_path != call.path else "") + "\n"
    if old is not None and new is not None and call.modes[0] != call.modes[1]:
        head += f"mode {call.modes[0]} -> {call.modes[1]}\n"
    names = (
        f"a/{call.path}" if old is not None else ABSENT,
        f"b/{call.new_path}" if new is not None else ABSENT,
    )
    if not old or not new:
        return head + _whole(names, old or None, new or None)
    from difyflow.diff.compare import compare
    from difyflow.diff.formats._how import How
    from difyflow.diff.formats.text import show

    shown = show(compare(old, new), How(names=names, colour=colour, is_secret=is_secret))
    if not shown and call.modes[0] == call.modes[1]:
        shown = (
            "the same document, written in another way\n" if call.path == call.new_path else "renamed only\n"
        )
    return head + shown


def _whole(names: tuple[str, str], old: dict[Any, Any] | None, new: dict[Any, Any] | None) -> str:
    """A document that came or went: what it is called, and its nodes."""
    from difyflow.git.summary import nodes_of, summarize

    found = summarize(old, new)
    sign = "+" if old is None else "-"
    lines = [f"--- {names[0]}", f"+++ {names[1]}", ""]
    lines += [*(f"! {line}" for line in found.breaking)]
    lines += [f'{found.kind} "{found.name}", {", ".join(found.lines)}']
    lines += (f"  {sign} {line}" for line in nodes_of(new or old or {}))
    return "".join(f"{line}\n" for line in lines)


def _side(file: str, name: str) -> dict[Any, Any] | None:
    """The data of one side; None if it is not there."""
    if file == ABSENT:
        return None
    data = Path(file).read_bytes()
    if not data:
        return {}
    found = read(data, name).data
    assert isinstance(found, dict)
    return found


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge driver leaves.

    Attributes:
        data: the bytes of the result; a document, whatever conflicts there are.
        conflicts: what clashed, a line each; empty for a clean merge.
        markdown, json: the report on them.
        notes: what was decided without asking, a line each.
    """

    data: bytes
    conflicts: tuple[str, ...] = ()
    markdown: str = ""
    json: str = ""
    notes: tuple[str, ...] = ()


def merge(
    sides: tuple[bytes, bytes, bytes],
    *,
    path: str,
    labels: tuple[str, str, str],
    checker: Checker | None = None,
    favor: Side = "ours",
    settle: bool = False,
    is_secret: IsSecret | None = None,
) -> Merged:
    """Three versions of a document, joined; in the spelling of ours.

    Args:
        sides: base, ours, theirs.
        path: of the file, for messages.
        labels: what the three are called.
        checker: the linter: what it finds in the result and in neither side is a conflict, too. It is not
            asked where the edits are such that it would find nothing.
        favor: which version is kept where both clash.
        settle: only what `favor` does not settle is a conflict; the rest is noted.
        is_secret: what conflicts must not tell besides secret environment variables.

    Raises:
        ReadError: one side cannot be read, or there is no base.
        CannotEdit: ours has comments, and its text does not take what is theirs.
    """
    from difyflow.diff import conflicts as report
    from difyflow.diff.merge import merge as join
    from difyflow.git.quiet import cannot_clash

    read_sides = [read(data, f"{path} ({label})") for data, label in zip(sides, labels, strict=True)]
    ours = read_sides[1]
    documents = [_data(side) for side in read_sides]
    if checker is not None and cannot_clash(*documents):
        checker = None
    found = join(*documents, checker=checker, favor=favor, is_secret=is_secret)
    text = _spelled(ours, found.data)
    several = len(found.layout) > 1
    both = f"layout of {', '.join(found.layout[:5])}{', ...' if len(found.layout) > 5 else ''}"
    notes = (
        [f"{both}: both sides changed {'them' if several else 'it'}, ours is kept"] if found.layout else []
    )
    left = [item for item in found.conflicts if not settle or item.stays]
    notes += (report.said(item) for item in found.conflicts if item not in left)
    data = text.encode(ours.encoding)
    if not left:
        return Merged(data, notes=tuple(notes))
    from difyflow.diff import record

    one, two, three = (record.digest(side.text) for side in read_sides)
    known = record.Record(labels, (one, two, three), favor)
    return Merged(
        data,
        tuple(map(report.said, left)),
        report.as_markdown(left, names=labels),
        record.written(known, left),
        tuple(notes),
    )


def _data(side: _yaml.Composed) -> dict[Any, Any]:
    assert isinstance(side.data, dict)
    return side.data


def _spelled(source: _yaml.Composed, data: Mapping[Any, Any]) -> str:
    """The text of a document that was `source`: with its comments, if it has some."""
    try:
        return _yaml.retext(source, data)
    except CannotEdit:
        if _yaml.first_comment(source) is not None:
            raise
        return faithful(data, name=source.name)
