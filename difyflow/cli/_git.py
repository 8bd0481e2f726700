"""What the commands of `difyflow git` do."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from difyflow.cli import _show
from difyflow.errors import UsageError
from difyflow.terms.secrets import is_secret

if TYPE_CHECKING:
    from difyflow.diff.conflicts import Side
    from difyflow.git.drivers import Merged
    from difyflow.git.install import Places
    from difyflow.git.repository import Repository
    from difyflow.lint.finding import Finding

_SHOWN = 20
"""Conflicts that are told; all are in the report."""


def install(*, everywhere: bool, globs: Sequence[str]) -> int:
    """Writes drivers, settings and attributes, and says where.

    Raises:
        UsageError: no repository, or a pattern that matches too much.
    """
    from difyflow.git import install as setup
    from difyflow.git import scan

    scan.checked(globs)
    places, repository = _places(everywhere=everywhere)
    made = setup.install(places, repository, globs)
    for path in made.changed:
        _show.note(f"wrote {path}")
    if not made.changed:
        _show.note("everything was there already")
    for line in made.lines:
        if not line.startswith("#"):
            _show.note(f"  {line}")
    if repository is not None and not made.lines:
        _show.note(
            "no file here holds a Dify document yet: run this again when one does, or name them (--path)"
        )
    if places.attributes in made.changed:
        _show.note(f"commit {setup.ATTRIBUTES}: who has no difyflow sees git's own output")
    return 0


def uninstall(*, everywhere: bool) -> int:
    """Takes out what `install` wrote, and says where it was."""
    from difyflow.git import install as setup

    places, _ = _places(everywhere=everywhere)
    changed = setup.uninstall(places)
    for path in changed:
        _show.note(f"{'changed' if path.exists() else 'removed'} {path}")
    if not changed:
        _show.note("nothing of difyflow's is there")
    return 0


def _places(*, everywhere: bool) -> tuple[Places, Repository | None]:
    from difyflow.git import install as setup
    from difyflow.git.repository import open_repository

    try:
        repository = open_repository()
    except UsageError as err:
        if not everywhere or err.code != "no-repository":
            raise
        return setup.global_places(None), None
    return (setup.global_places if everywhere else setup.local_places)(repository), repository


def merge(
    files: tuple[str, str, str], *, path: str, labels: tuple[str, str, str], favor: Side, settle: bool
) -> int:
    """Merges in place of ours, as git asks for it; 1 if something clashed.

    Args:
        files: base, ours, theirs.
        path: of the file in the work tree.
        labels: what the three are called.
        favor: which version is kept where both clash.
        settle: that version is what was asked for: no conflict is left.

    Raises:
        ReadError: one side cannot be read; nothing is written.
    """
    from difyflow.git import _reports, drivers
    from difyflow.records.files import write_whole

    base, ours, theirs = (Path(file).read_bytes() for file in files)
    found = drivers.merge(
        (base, ours, theirs), path=path, labels=labels, checker=_errors, favor=favor, settle=settle,
        is_secret=is_secret,
    )  # fmt: skip
    for note in found.notes:
        _show.note(f"difyflow: {path}: {note}")
    if not found.conflicts:
        if _reports.may_be_there():
            _forget(_report(path))
        write_whole(Path(files[1]), found.data)
        return 0
    report = _report(path)
    _forget(report)
    _keep(report, found)
    write_whole(Path(files[1]), found.data)
    from shlex import quote

    count = len(found.conflicts)
    _show.note(f"difyflow: {path}: {count} {'conflict' if count == 1 else 'conflicts'}:")
    for line in found.conflicts[:_SHOWN]:
        _show.note(f"  {line}")
    if count > _SHOWN:
        _show.note(f"  and {count - _SHOWN} more")
    _show.note(f"  all of it: {report}.md")
    _show.note(f"  decide one by one: git mergetool --tool=difyflow {quote(path)}")
    return 1


def _errors(data: Mapping[str, Any]) -> Iterable[Finding]:
    from difyflow.lint.engine import check

    return [item for item in check(data, None) if item.severity == "error"]


def _keep(report: Path, found: Merged) -> None:
    """Writes the report on conflicts into the `.git` folder: merging must not make files in the work tree."""
    from difyflow.records.files import write_whole

    report.parent.mkdir(parents=True, exist_ok=True)
    for suffix, text in ((".md", found.markdown), (".json", found.json)):
        write_whole(Path(f"{report}{suffix}"), text.encode())


def _forget(report: Path) -> None:
    """Removes the report of an earlier merge of this file."""
    for suffix in (".md", ".json"):
        Path(f"{report}{suffix}").unlink(missing_ok=True)


def _report(path: str) -> Path:
    from difyflow.git._reports import conflicts_of
    from difyflow.git.repository import open_repository

    inside = [part for part in PurePosixPath(path).parts if part not in ("/", "..", ".")]
    return conflicts_of(open_repository()).joinpath(*inside)


def textconv(file: str) -> int:
    """Writes one side of a document as git shall show it."""
    from difyflow.git import drivers

    sys.stdout.flush()
    sys.stdout.buffer.write(drivers.textconv(Path(file).read_bytes(), file, is_secret))
    sys.stdout.flush()
    return 0


def diff(arguments: Sequence[str], *, colour: bool) -> int:
    """Writes the difference of two versions, as git asks for it.

    Args:
        arguments: as git gives them: path, then file, hash and mode of the old side and of the new one, and
            for a renamed file its new path and what git says of it.
        colour: whether git prints in colour.

    Raises:
        UsageError: other arguments than git's.
        ReadError: one side cannot be read.
    """
    from difyflow.git import drivers

    if len(arguments) not in (7, 9):
        raise UsageError("git gives a diff driver 7 arguments, or 9", code="driver-arguments")
    path, old_file, _, old_mode, new_file, _, new_mode, new_path, score = (*arguments, arguments[0], "")[:9]
    call = drivers.DiffCall(path, old_file, new_file, new_path, score, (old_mode, new_mode))
    _show.write_text(drivers.diff_text(call, colour=colour, is_secret=is_secret))
    return 0


def is_global(everywhere: bool, local: bool) -> bool:
    """Which of the two was asked for.

    Raises:
        UsageError: both.
    """
    if everywhere and local:
        raise UsageError("--global and --local: which of them?", hint="leave one out")
    return everywhere
