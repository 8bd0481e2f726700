"""What the command `merge` does: joins, writes the result, names the conflicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from difyflow.cli import _merge_ask, _show
from difyflow.cli._diff_sides import side
from difyflow.diff._values import same
from difyflow.diff.compare import plain
from difyflow.diff.conflicts import Conflict, Side, as_json, as_markdown, said
from difyflow.diff.merge import Fault, Merge, merge
from difyflow.dsl.app import App
from difyflow.dsl.edit import rewrite
from difyflow.dsl.reader import Document
from difyflow.errors import CannotEdit, UsageError
from difyflow.lint.secrets import is_secret
from difyflow.nodes._record import READING
from difyflow.records.files import write_whole

_SHOWN = 20
"""Conflicts that are named on stderr; all are in the files beside the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    targets: tuple[str, str, str]
    file: str | None
    favor: str
    resolve: bool
    lint: bool
    reformat: bool


def run(options: Options) -> int:
    """Runs the command; 1 if there are conflicts that nobody has settled.

    Raises:
        UsageError: `-` more than once, a result that cannot be written.
        DslError, BuildError: a side cannot be read; nothing is written then.
    """
    if options.targets.count("-") > 1:
        raise UsageError("only one of the three can be standard input", code="stdin-twice")
    base, ours, theirs = map(side, options.targets)
    ask = _merge_ask.Asked(cast(Side, options.favor)) if options.resolve else None
    merged = merge(
        base,
        ours,
        theirs,
        checker=errors if options.lint else None,
        favor=cast(Side, options.favor),
        choose=ask,
        is_secret=is_secret,
    )
    left = ask.left(merged.conflicts) if ask else merged.conflicts
    _write(*_text(merged, (base, ours, theirs), reformat=options.reformat), options.file)
    _tell(merged, left)
    _write_conflicts(left, options)
    return 1 if left else 0


def errors(document: Mapping[str, Any]) -> Iterator[Fault]:
    """The errors that the rules of `lint` find in a document."""
    from difyflow.lint.engine import check

    return (finding for finding in check(document, None) if finding.severity == "error")


def _text(merged: Merge, sides: Sequence[Document | App], *, reformat: bool) -> tuple[str, str]:
    """The result as a text with its encoding: that of a side which is the result already, or ours, edited."""
    documents = [found for found in sides[1:] if isinstance(found, Document)]
    for found in documents:
        if not reformat and same(plain(found), merged.data):
            return found.source.text, found.source.encoding
    app = App.model_validate(merged.data, context=READING)
    ours = sides[1]
    if reformat or not isinstance(ours, Document):
        return app.render(), "utf-8"
    try:
        return rewrite(ours, app, reformat=False), ours.source.encoding
    except CannotEdit as err:
        _show.note(
            f"written anew, as Dify exports it: the text of ours does not take the result ({err.message})"
        )
        return app.render(), "utf-8"


def _write(text: str, encoding: str, file: str | None) -> None:
    if file is None or file == "-":
        _show.write_text(text)
    else:
        write_whole(Path(file), text.encode(encoding))


def _tell(merged: Merge, left: Sequence[Conflict]) -> None:
    """Says on stderr what was found."""
    if merged.layout:
        several = len(merged.layout) > 1
        more = ", ..." if len(merged.layout) > 5 else ""
        names = ", ".join(merged.layout[:5])
        _show.note(f"layout: both changed {'these' if several else 'this'}, ours is kept: {names}{more}")
    settled = len(merged.conflicts) - len(left)
    if settled:
        _show.note(f"{settled} {'conflict' if settled == 1 else 'conflicts'} settled")
    for conflict in left[:_SHOWN]:
        _show.note(f"conflict: {said(conflict)}")
    if len(left) > _SHOWN:
        _show.note(f"and {len(left) - _SHOWN} more")


def _write_conflicts(left: Sequence[Conflict], options: Options) -> None:
    """The conflicts beside the result; those of an earlier merge go."""
    if options.file is None or options.file == "-":
        return
    for suffix, shown in (("md", as_markdown), ("json", as_json)):
        path = Path(f"{options.file}.conflicts.{suffix}")
        if left:
            write_whole(path, shown(left, names=options.targets).encode())
        else:
            path.unlink(missing_ok=True)
