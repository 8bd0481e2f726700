"""The rows of a batch, and what is said of those that do not fit."""

from __future__ import annotations

import glob
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from difyflow.cli import _show
from difyflow.cli._batch_options import Options
from difyflow.cli._batch_target import split_constants
from difyflow.errors import InputError, UsageError
from difyflow.run import batch

_EVERY_S = 10.0
_SHOWN = 20  # rows that do not fit


def open_rows(options: Options) -> Callable[[batch.Sheet], batch.Source]:
    """Where the rows come from; for a folder the inputs of the workflow must be known first.

    Raises:
        UsageError: none are named, or too many.
    """
    if options.sheet and (options.each or not options.rows or _is_many(options.rows)):
        raise UsageError("--sheet is for rows in a workbook (.xlsx)")
    if options.each:
        if options.rows:
            raise UsageError("give rows or --each, not both")
        variable, sign, pattern = options.each.partition("=")
        if not sign or not variable or not pattern:
            raise UsageError(
                f"--each {options.each!r} is not INPUT=GLOB", hint="--each attachments='docs/*.pdf'"
            )
        source = batch.each(variable, pattern)
    elif not options.rows and split_constants(options)[1] is not None:
        source = batch.one_row("--input")
    elif not options.rows:
        raise UsageError(
            "no rows", hint=f"give a file ({' '.join(batch.KINDS)}), - for standard input, or --each"
        )
    elif _is_many(options.rows):
        pattern = options.rows
        return lambda sheet: batch.each(sheet.file_input(), pattern)
    else:
        source = batch.open_source(
            options.rows,
            encoding=options.encoding,
            sheet=options.sheet,
            stdin=sys.stdin.buffer,
            on_note=(lambda _note: None) if options.quiet else _show.note,
        )
        return lambda _sheet: source if options.quiet else told(source, _show.note)
    return lambda _sheet: source


def _is_many(rows: str) -> bool:
    """True for a folder or a glob."""
    path = Path(rows)
    return rows != "-" and (path.is_dir() or (glob.has_magic(rows) and not path.exists()))


def told(
    source: batch.Source, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic
) -> batch.Source:
    """The rows; now and then it is told how many have been checked."""

    def rows() -> Iterator[batch.Row]:
        last = clock()
        for row in source.rows():
            now = clock()
            if now - last >= _EVERY_S:
                last = now
                tell(f"checking: {row.number - 1:,} rows so far")
            yield row

    return replace(source, rows=rows)


class Refusal:
    """Gathers rows that do not fit, and refuses the batch when all were seen."""

    def __init__(self, *, skip: bool) -> None:
        self.count = 0
        self._skip = skip
        self._shown: list[str] = []

    def __call__(self, bad: batch.Bad) -> None:
        self.count += 1
        if len(self._shown) < _SHOWN:
            where = f"line {bad.line}" if bad.line else f"row {bad.number}"
            self._shown += [f"{where}: {problem}" for problem in bad.problems]

    def decide(self, name: str) -> None:
        """Refuses the batch if a row did not fit and that is not allowed."""
        if self.count and not self._skip:
            raise InputError(
                f"{name}: {self.count} rows do not fit, nothing was sent",
                problems=self._lines(),
                hint="mend them, or leave them out with --skip-invalid",
            )

    def tell(self, name: str) -> None:
        """Lists them."""
        if self.count:
            _show.note("\n  ".join([f"{name}: {self.count} rows do not fit:", *self._lines()]))

    def _lines(self) -> list[str]:
        more = self.count - _SHOWN
        return [*self._shown, *([f"and {more} more"] if more > 0 else [])]


def tell_columns(sheet: batch.Sheet, options: Options) -> None:
    """Says which columns are for no input."""
    if sheet.left_out and not options.quiet:
        _show.note(f"columns that are no input are left out: {', '.join(sheet.left_out)}")


def tell_pieces(splitter: batch.Splitter | None, options: Options) -> None:
    """Says how many pieces documents were cut into, and what the extractor had to say."""
    if splitter is not None and not options.quiet:
        _show.note(f"cut: {splitter.documents} documents into {splitter.pieces} pieces")
        for line in splitter.notes:
            _show.note(f"  {line}")
