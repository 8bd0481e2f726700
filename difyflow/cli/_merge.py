"""What the command `merge` does: joins, writes the result, names the conflicts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from difyflow.build.back import write_back
from difyflow.build.load import read_target
from difyflow.cli import _show
from difyflow.cli._diff_sides import side
from difyflow.diff import record
from difyflow.diff._values import same
from difyflow.diff.compare import Source, plain
from difyflow.diff.conflicts import Conflict, Side, as_markdown, said
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

Sides = tuple[Source, Document | App, Document | App]
"""Base, ours and theirs, as they were read."""

Three = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help.

    Attributes:
        targets: base, ours and theirs; to settle conflicts, the result alone will do.
        every: which version is kept at all conflicts.
    """

    targets: tuple[str, ...]
    file: str | None
    favor: Side | None
    resolve: bool
    every: Side | None
    lint: bool
    reformat: bool


def run(options: Options) -> int:
    """Runs the command; 1 if there are conflicts that nobody has settled.

    Raises:
        UsageError: arguments that do not go together, `-` more than once, a result that cannot be written.
        DslError, BuildError: a side cannot be read; nothing is written then.
    """
    if options.targets.count("-") > 1:
        raise UsageError("only one of the three can be standard input", code="stdin-twice")
    if options.resolve:
        from difyflow.cli import _merge_resolve

        return _merge_resolve.run(options)
    if options.every:
        raise UsageError("--all settles conflicts", hint="with --resolve; without it, --favor chooses")
    if len(options.targets) != 3:
        raise UsageError(
            f"three versions are needed, BASE, OURS and THEIRS; given: {len(options.targets)}",
            hint="to settle the conflicts of an earlier merge: difyflow merge --resolve OUT",
        )
    base, ours, theirs = map(side, options.targets)
    favor: Side = options.favor or "ours"
    merged = merge(
        base, ours, theirs, checker=errors if options.lint else None, favor=favor, is_secret=is_secret
    )
    text, encoding = text_of(merged, ours, theirs, reformat=options.reformat)
    write(text, encoding, options.file)
    tell(merged, merged.conflicts)
    if options.file not in (None, "-"):
        sides: Sides = (base, ours, theirs)
        made = record.Record(options.targets, digests(sides), favor)
        keep(made, merged.conflicts, sides, str(options.file), beside(str(options.file)))
        if merged.conflicts:
            _show.note(f"settle them one by one: difyflow merge --resolve {shlex.quote(str(options.file))}")
    return 1 if merged.conflicts else 0


def errors(document: Mapping[str, Any]) -> Iterator[Fault]:
    """The errors that the rules of `lint` find in a document."""
    from difyflow.lint.engine import check

    return (finding for finding in check(document, None) if finding.severity == "error")


def text_of(
    merged: Merge, ours: Document | App, theirs: Document | App, *, reformat: bool
) -> tuple[str, str]:
    """The result as a text with its encoding: that of a side which is the result already, or ours, edited."""
    documents = [found for found in (ours, theirs) if isinstance(found, Document)]
    for found in documents:
        if not reformat and same(plain(found), merged.data):
            return found.source.text, found.source.encoding
    app = App.model_validate(merged.data, context=READING)
    if reformat or not isinstance(ours, Document):
        return app.render(), "utf-8"
    try:
        return rewrite(ours, app, reformat=False), ours.source.encoding
    except CannotEdit as err:
        _show.note(
            f"written anew, as Dify exports it: the text of ours does not take the result ({err.message})"
        )
        return app.render(), "utf-8"


def write(text: str, encoding: str, file: str | None) -> None:
    """Writes the result to standard output, a file, or a folder made by `split`."""
    if file is None or file == "-":
        _show.write_text(text)
    else:
        write_back(Path(file), text, encoding=encoding)


def tell(merged: Merge, left: Sequence[Conflict]) -> None:
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


def beside(file: str) -> Path:
    """Where the files on the conflicts of a result are, without suffix."""
    return Path(f"{Path(file)}.conflicts")


def digests(sides: Sides) -> Three:
    """What tells the texts of versions from others; empty for a version that is not there."""
    one, two, three = map(digest, sides)
    return one, two, three


def digest(found: Source) -> str:
    """As `digests`, of one version."""
    if isinstance(found, Document):
        return record.digest(found.source.text)
    return record.digest(found.render()) if isinstance(found, App) else ""


def keep(made: record.Record, left: Sequence[Conflict], sides: Sides, file: str, stem: Path) -> None:
    """Writes the files on the conflicts that are left; if there are none, those of an earlier merge go.

    Args:
        made: what is known of the merge, but for its result.
        left: the conflicts.
        sides: the three versions.
        file: the result, which is written already.
        stem: where the files on conflicts are, without suffix.
    """
    if not left:
        for suffix in ("md", "json"):
            Path(f"{stem}.{suffix}").unlink(missing_ok=True)
        return
    result = read_target(file)
    made = replace(
        made,
        result=record.digest(result.source.text),
        sides=record.changes_to(result, sides, is_secret),
    )
    stem.parent.mkdir(parents=True, exist_ok=True)
    for suffix, text in (("md", as_markdown(left, names=made.names)), ("json", record.written(made, left))):
        write_whole(Path(f"{stem}.{suffix}"), text.encode())
