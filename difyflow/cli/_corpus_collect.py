"""What `corpus collect` does."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from difyflow.cli import _corpus, _exit, _show
from difyflow.corpus import collect as col
from difyflow.corpus import provenance
from difyflow.errors import UsageError
from difyflow.records.files import open_whole

_EVERY_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    sources: tuple[str, ...]
    output: str | None
    output_name: str
    encoding: str
    force: bool
    format_: str
    quiet: bool


def run(options: Options) -> int:
    """Runs the command; 1 if no sample was found."""
    if not options.sources:
        raise UsageError(
            "nothing to collect from", hint="name files or batch folders, or - for standard input"
        )
    _corpus.check_report(options.format_, options.output)
    counts = col.Counts()
    texts = col.open_texts(
        options.sources, stdin=sys.stdin.buffer, output=options.output_name, encoding=options.encoding
    )
    found = _watched(col.collect(texts, counts=counts), counts, quiet=options.quiet)
    side = _corpus.side_outputs(options.output)
    if side is None or options.output is None:
        _to_stdout(found, options.output)
    else:
        _to_files(found, Path(options.output), *side, force=options.force)
    if options.format_ == "json":
        _corpus.report({"output": options.output, **counts.to_json()})
    elif not options.quiet:
        _tell(counts, options.output, side)
    return _exit.FINE if counts.samples else _exit.FINDINGS


def _watched(
    found: Iterable[col.Collected | col.Rejected], counts: col.Counts, *, quiet: bool
) -> Iterator[col.Collected | col.Rejected]:
    """Passes on what is found and tells now and then how much that is."""
    last = time.monotonic()
    for one in found:
        if not quiet and time.monotonic() - last >= _EVERY_S:
            last = time.monotonic()
            _show.note(f"collecting: {counts.samples:,} samples from {counts.texts:,} texts")
        yield one


def _to_stdout(found: Iterable[col.Collected | col.Rejected], output: str | None) -> None:
    with _corpus.writing(output, force=True) as file:
        for one in found:
            if isinstance(one, col.Collected):
                file.write(one.line)


def _to_files(
    found: Iterable[col.Collected | col.Rejected], path: Path, side: Path, rejects: Path, *, force: bool
) -> None:
    """Writes corpus, provenance and rejects; a file without lines is absent."""
    _corpus.check_outputs((path, side, rejects), force=force)
    wrote: set[Path] = set()
    with ExitStack() as stack:
        files: dict[Path, BinaryIO] = {}

        def write(to: Path, line: bytes) -> None:
            if to not in files:
                files[to] = stack.enter_context(open_whole(to))
                wrote.add(to)
            files[to].write(line)

        for one in found:
            if isinstance(one, col.Rejected):
                write(rejects, one.to_line())
            else:
                write(path, one.line)
                write(side, provenance.entry(one.line, one.about))
    for gone in {path, side, rejects} - wrote:
        gone.unlink(missing_ok=True)


def _tell(counts: col.Counts, output: str | None, side: tuple[Path, Path] | None) -> None:
    where = f" to {output}" if side and counts.samples else ""
    _show.note(f"{counts.samples} samples from {counts.texts} texts{where}")
    if side and not counts.samples:
        _show.note(f"  {output} was not written")
    for name, count in sorted(counts.failed.items()):
        _show.note(f"  {count} {'run' if count == 1 else 'runs'} {name}: nothing is taken from there")
    for name, count in sorted(counts.repairs.items(), key=lambda item: (-item[1], item[0])):
        _show.note(f"  repaired {name}: {count}")
    if counts.rejects:
        _show.note(f"  {counts.rejects.total()} rejected{f', see {side[1]}' if side else ''}")
        for name, count in counts.rejects.most_common():
            _show.note(f"    {name}: {count}")
