"""What the command `lint` does: finds the files and their settings, looks, mends, writes."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from difyflow import __version__, _catalog
from difyflow.build.back import changes, write_back
from difyflow.build.source import folder_reader, source_of
from difyflow.cli import _exit, _lint_flow, _show
from difyflow.dsl.reader import read_bytes
from difyflow.dsl.releases import target_named
from difyflow.errors import CannotEdit, DifyflowError, UsageError
from difyflow.lint import baseline, config, files, formats
from difyflow.lint.config import Config, Settings
from difyflow.lint.engine import rules
from difyflow.lint.files import STDIN, Wanted
from difyflow.lint.finding import Severity
from difyflow.lint.fixing import Fixed, fix
from difyflow.lint.report import FileReport, Report
from difyflow.records.files import write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    paths: tuple[str, ...]
    format_: str
    output: str | None
    severity: Severity | None
    target: str | None
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    config: str | None
    baseline: str | None
    write_baseline: str | None
    mend: bool
    unsafe: bool
    diff: bool
    skip_others: bool
    jobs: int | None
    max_bytes: int

    @property
    def mends(self) -> bool:
        """True if anything shall be mended, or shown how."""
        return self.mend or self.unsafe or self.diff


def run(options: Options) -> int:
    """Runs the command.

    Returns:
        3 if a file could not be read, 1 if something was found, else 0.

    Raises:
        UsageError: an option, a settings file or a baseline that nobody understands.
    """
    settings = _config(options)
    found = files.wanted(options.paths, settings, skip_others=options.skip_others)
    _refuse_what_cannot_be_mended(options, found)
    fixed, notes = _mend(options, settings, found) if options.mends else (0, [])
    if options.diff:
        for note in notes:
            _show.note(note)
        return _exit.FINDINGS if fixed else _exit.FINE
    looked: Sequence[FileReport] = files.look(
        found,
        settings,
        stdin=lambda: sys.stdin.buffer.read(options.max_bytes + 1),
        flow=lambda path: _rendered(path, options.max_bytes),
        jobs=options.jobs,
        max_bytes=options.max_bytes,
    )
    if not looked:
        where = ", ".join(options.paths)
        _show.note(f"{where}: no DSL file there; a flow.py is executed and looked at only where it is named")
    if options.write_baseline:
        return _write_baseline(Path(options.write_baseline), looked)
    looked, hidden = _without_known(options, settings, looked)
    report = Report(looked, hidden, fixed, notes, __version__)
    _show.write_text(_catalog.module(formats, options.format_).write(report), options.output)
    _tell(report)
    if report.troubles:
        return _exit.UNREADABLE
    return _exit.FINDINGS if any(report.counts.values()) else _exit.FINE


def _config(options: Options) -> Config:
    known = rules()
    if options.target is not None:
        target_named(options.target)
    file = Path(options.config) if options.config else config.find(Path.cwd())
    found = config.read(file, known) if file else Config()
    select, ignore = (config.check_words(words, known) for words in (options.select, options.ignore))
    return found.over(Settings(options.target, options.severity, select, ignore))


def _refuse_what_cannot_be_mended(options: Options, found: Sequence[Wanted]) -> None:
    if options.mends and options.write_baseline:
        raise UsageError("a baseline is of findings as they are", hint="mend first, then write the baseline")
    if (options.mend or options.unsafe) and not options.diff and any(item.name == STDIN for item in found):
        raise UsageError("standard input cannot be mended in place", hint="use --diff, or name the file")


def _mend(options: Options, settings: Config, found: Sequence[Wanted]) -> tuple[int, list[str]]:
    """Mends files, or writes what would change; how many findings that is about, and what was not done."""
    count = 0
    notes: list[str] = []
    for item in found:
        if item.name.endswith(".py"):
            notes.append(f"{item.name}: a flow.py is not rewritten; what is found there is for you to mend")
            continue
        try:
            data = _data(item, options.max_bytes)
            made = _made(item, data, settings, options)
            changed = _changed(item, data, made)
        except CannotEdit as err:
            notes.append(f"{item.name}: not mended: {err}")
            continue
        except DifyflowError:
            continue  # told with the findings
        count += len(made.done)
        notes += [f"{item.name}: {one.rule} cannot be mended in the text: {why}" for one, why in made.refused]
        if not options.diff and made.done:
            write_back(Path(item.name), made.text, encoding=made.encoding)
        for name, (before, after) in changed.items() if options.diff else ():
            _show.write_text(_difference(name, before, after))
    return count, notes


def _changed(item: Wanted, data: bytes, made: Fixed) -> dict[str, tuple[str, str]]:
    """The files that mending changes, by name: what is in them, and what shall be.

    Raises:
        CannotEdit: a part of a folder made by `split` does not take it.
    """
    place = Path(item.name)
    if not made.done or not place.is_dir():
        return {item.name: (data.decode(made.encoding), made.text)}
    read = folder_reader(place)
    return {
        f"{item.name}/{name}": ((read(name) or b"").decode(errors="replace"), (new or b"").decode())
        for name, new in changes(read, made.text, name=item.name).items()
    }


def _rendered(path: Path, max_bytes: int) -> tuple[str, files.PythonPlaces]:
    """The document that a flow.py or a split folder stands for, and where its parts are written."""
    if path.is_dir():
        return source_of(path, max_bytes=max_bytes).data.decode(), {}
    return _lint_flow.run(path, os.environ)


def _data(item: Wanted, max_bytes: int) -> bytes:
    if item.name == STDIN:
        return sys.stdin.buffer.read(max_bytes + 1)
    if Path(item.name).is_dir():
        return source_of(item.name, max_bytes=max_bytes).data
    return read_bytes(Path(item.name), max_bytes=max_bytes)


def _made(item: Wanted, data: bytes, settings: Config, options: Options) -> Fixed:
    own = settings.settings(item.name)
    chosen = [one for one in own.chosen(rules()) if one.fix is not None]
    return fix(data, path=item.name, target=own.target, unsafe=options.unsafe, only=chosen)


def _difference(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _write_baseline(file: Path, looked: Sequence[FileReport]) -> int:
    write_whole(file, baseline.render(file, looked).encode())
    count = sum(len(item.findings) for item in looked)
    _show.note(f"{file}: holds {count} findings, which --baseline {file} passes over")
    return _exit.UNREADABLE if any(item.trouble for item in looked) else _exit.FINE


def _without_known(
    options: Options, settings: Config, looked: Sequence[FileReport]
) -> tuple[Sequence[FileReport], int]:
    named = options.baseline or (str(settings.folder / settings.baseline) if settings.baseline else None)
    return (looked, 0) if named is None else baseline.read(Path(named)).without_known(looked)


def _tell(report: Report) -> None:
    """A last line on stderr: how much was found, and what can be mended."""
    for note in report.notes:
        _show.note(note)
    counts: Mapping[Severity, int] = report.counts
    parts = [_number(counts["error"], "error"), _number(counts["warning"], "warning")]
    if counts["info"]:
        parts.append(f"{counts['info']} info")
    hidden = f", {report.hidden} in the baseline" if report.hidden else ""
    fixed = f"; {report.fixed} mended" if report.fixed else ""
    unread = f"; {_number(len(report.troubles), 'file')} not read" if report.troubles else ""
    fixable = sum(1 for _, item in report if item.fix is not None and item.fix.safe)
    hint = f"; --fix mends {fixable}" if fixable else ""
    _show.note(f"{', '.join(parts)} in {_number(len(report.files), 'file')}{hidden}{fixed}{unread}{hint}")


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
