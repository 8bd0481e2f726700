"""What the commands `log` and `changelog` do: ask git, read, sum up, show."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from difyflow.cli import _show
from difyflow.diff._say import harmless
from difyflow.errors import DslError, UsageError
from difyflow.git import drivers, history
from difyflow.git import log as walk
from difyflow.git.history import Change, Commit
from difyflow.git.log import Which
from difyflow.git.repository import Repository, is_revision, open_repository
from difyflow.git.summary import Summary, summarize
from difyflow.terms.secrets import is_secret

_SHORT = 10
"""Characters of a commit's id that are shown."""

_KEPT = 8
"""Documents that are kept in case that they are asked for again."""

_CUT = "what was before is not in this clone, which is shallow (git fetch --unshallow)"

_SIGNS = {"+": "added", "-": "removed", "~": "changed", "=": "renamed"}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A commit and what it did to a document."""

    commit: Commit
    change: Change
    summary: Summary


def log(
    target: str, which: Which, *, most: int | None, format_: str, file: str | None, fail_on_breaking: bool
) -> int:
    """Shows what each commit did to a document; 1 if one broke the contract and that is asked for.

    Raises:
        UsageError: no repository, no history of it, or a revision that git does not know.
        ReadError: a `flow.py` without an `app.yml` in history.
    """
    repository = open_repository(_folder(target), may_be_bare=True)
    summaries = _Summaries()
    told = (
        _Entry(commit, change, summaries.of(change))
        for commit, change in walk.commits(repository, target, which, is_secret=is_secret)
    )
    found = list(islice(filter(_is_worth_telling, told), most))
    if format_ == "json":
        text = _json([_as_data(entry) for entry in found])
    elif format_ == "markdown":
        text = "".join(f"{line}\n" for line in _history_page(target, found))
    else:
        text = "\n".join("".join(f"{line}\n" for line in _log_lines(entry)) for entry in found)
    _show.write_text(text, file)
    if not found:
        _show.note("none of the commits asked for changed it")
    return int(fail_on_breaking and any(entry.summary.breaking for entry in found))


def _folder(target: str) -> Path | None:
    """Where to look for the repository: where the file is, so that one in a submodule has its own history."""
    if "GIT_DIR" in os.environ:
        return None
    path = Path(target)
    folder = path if path.is_dir() else path.parent
    return folder if folder.is_dir() else None


def _is_worth_telling(entry: _Entry) -> bool:
    return entry.summary.kind != "same" or _renamed(entry.change) or bool(entry.change.clashes)


def changelog(span: str, *, paths: tuple[str, ...], format_: str, file: str | None) -> int:
    """Writes what changed in all documents of a repository between two revisions.

    Raises:
        UsageError: no repository, or a revision that git does not know.
    """
    repository = open_repository(may_be_bare=True)
    old, new = _ends(repository, span)
    inside = tuple(history.from_top(repository, path) or "." for path in paths)
    changes = list(history.changed_documents(repository, (old, new), paths=inside))
    told = zip(
        changes, map(_Summaries().of, changes), history.commits_of(repository, old, new, changes), strict=True
    )
    rows = [row for row in told if row[1].kind != "same" or _renamed(row[0])]
    if format_ == "json":
        text = _json([_row_as_data(*row) for row in rows])
    else:
        text = "".join(f"{line}\n" for line in _markdown(span, rows))
    _show.write_text(text, file)
    return 0


def _ends(repository: Repository, span: str) -> tuple[str, str]:
    """The two revisions; `REV` alone reaches to HEAD.

    Raises:
        UsageError: git does not know one of them.
    """
    for word in span.replace("...", "..").split("..") if ".." in span else [span]:
        if (word or not span) and not is_revision(word, cwd=repository.top):
            raise UsageError(f"{word!r} is no revision of this repository", code="no-revision")
    old, new = history.ends(repository, (span,))
    return old or "HEAD", new or "HEAD"


class _Summaries:
    """Sums up changes. What one commit left is mostly what the next one began with: it is read once."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[bytes, str], dict[Any, Any] | DslError | None] = OrderedDict()

    def of(self, change: Change) -> Summary:
        """What a change means."""
        if change.problem is not None:
            return Summary("unreadable", problem=change.problem)
        if change.is_cut:
            return Summary("cut")
        new = self._read(change.new, change.new_name)
        if isinstance(new, DslError):
            return Summary("unreadable", problem=f"{new.where}: {new.message}")
        if change.old == change.new:
            return Summary("same") if new is None else summarize(new, new, is_secret)
        old = self._read(change.old, change.old_name)
        if isinstance(old, DslError):
            return Summary("unreadable", problem=f"as it was before: {old.where}: {old.message}")
        return Summary("same") if old is None and new is None else summarize(old, new, is_secret)

    def _read(self, data: bytes | None, name: str | None) -> dict[Any, Any] | DslError | None:
        """The document; None for a file that is something else; why it cannot be read."""
        if data is None:
            return None
        key = (data, name or "")
        if key not in self._known:
            self._known[key] = _document(*key)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return self._known[key]


def _document(data: bytes, name: str) -> dict[Any, Any] | DslError | None:
    try:
        found = drivers.read(data, name).data
    except DslError as err:
        return None if err.code == "app-missing" else err
    return found if isinstance(found, dict) else None


def _renamed(change: Change) -> bool:
    return None not in (change.old_name, change.new_name) and change.old_name != change.new_name


def _log_lines(entry: _Entry) -> Iterator[str]:
    commit, summary = entry.commit, entry.summary
    mark = "  BREAKING" if summary.breaking else ""
    yield harmless(f"{commit.id[:_SHORT]}  {commit.date[:10]}  {commit.author}  {commit.subject}") + mark
    if _renamed(entry.change):
        yield harmless(f"  moved from {entry.change.old_name} to {entry.change.new_name}")
    yield from (f"  ! {line}" for line in summary.breaking)
    yield from (f"  clash: {harmless(line)}" for line in entry.change.clashes)
    if summary.kind == "unreadable":
        yield harmless(f"  not read: {summary.problem}")
    elif summary.kind == "cut":
        yield f"  {_CUT}"
    elif summary.kind in ("added", "removed"):
        name = f' "{summary.name}"' if summary.name else ""
        yield f"  {summary.kind}{name}" + (f", {summary.lines[0]}" if summary.lines else "")
    else:
        yield from (f"  {line}" for line in summary.lines)
    if summary.layout:
        yield f"  layout: {summary.layout}"


def _markdown(span: str, rows: list[tuple[Change, Summary, tuple[Commit, ...]]]) -> Iterator[str]:
    yield f"# Workflows: {_escaped(span)}"
    if not rows:
        yield ""
        yield "No workflow changed."
        return
    breaking = sum(bool(summary.breaking) for _, summary, _ in rows)
    yield ""
    yield f"{len(rows)} changed" + (f", {breaking} breaking" if breaking else "") + "."
    for change, summary, commits in rows:
        yield ""
        yield from _section(change, summary, commits)


def _section(change: Change, summary: Summary, commits: tuple[Commit, ...]) -> Iterator[str]:
    mark = " (breaking)" if summary.breaking else ""
    yield f"## {_escaped(summary.name or change.name)}{mark}"
    yield ""
    yield f"{_code(change.name)}" + (f", was {_code(change.old_name or '')}" if _renamed(change) else "")
    yield ""
    yield from _items(change, summary)
    if commits:
        yield ""
        said = (
            f"{commit.id[:_SHORT]} {_escaped(commit.subject)} ({_escaped(commit.author)})"
            for commit in commits
        )
        yield f"Commits: {'; '.join(said)}"


def _items(change: Change, summary: Summary) -> Iterator[str]:
    """What a change means, as a list."""
    yield from (f"- **Breaking:** {_escaped(line)}" for line in summary.breaking)
    yield from (f"- clash: {_escaped(line)}" for line in change.clashes)
    if summary.kind == "unreadable":
        yield f"- not read: {_escaped(summary.problem)}"
    elif summary.kind in ("added", "removed"):
        yield f"- {'new' if summary.kind == 'added' else 'removed'}, {summary.lines[0]}"
    elif summary.kind == "cut":
        yield f"- {_CUT}"
    else:
        yield from (f"- {_SIGNS[line[0]]} {_escaped(line[2:])}" for line in summary.lines)
    if summary.layout:
        yield f"- layout: {_escaped(summary.layout)}"
    if _renamed(change) and summary.kind == "same":
        yield "- moved, nothing else"


def _history_page(target: str, entries: list[_Entry]) -> Iterator[str]:
    yield f"# History of {_code(target)}"
    if not entries:
        yield ""
        yield "No commit."
    for entry in entries:
        commit, change = entry.commit, entry.change
        yield ""
        yield f"## {_escaped(commit.subject)}{' (breaking)' if entry.summary.breaking else ''}"
        yield ""
        moved = f", moved from {_code(change.old_name or '')} to {_code(change.name)}"
        who = f"{commit.id[:_SHORT]}, {commit.date[:10]}, {_escaped(commit.author)}"
        yield who + (", a merge" if len(commit.parents) > 1 else "") + (moved if _renamed(change) else "")
        items = list(_items(change, entry.summary))
        if items:
            yield ""
            yield from items


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    flat = harmless(" ".join(text.split("\n")))
    return "".join(f"\\{char}" if char in "\\`*_[]<#|&" else char for char in flat)


def _code(text: str) -> str:
    fence = "`" * (1 + max((len(run) for run in text.split("`")), default=0) if "`" in text else 1)
    return f"{fence} {harmless(text)} {fence}" if "`" in text else f"`{harmless(text)}`"


def _as_data(entry: _Entry) -> dict[str, Any]:
    shown = _change_as_data(entry.change, entry.summary)
    return {"commit": asdict(entry.commit), **shown, "clashes": list(map(harmless, entry.change.clashes))}


def _row_as_data(change: Change, summary: Summary, commits: tuple[Commit, ...]) -> dict[str, Any]:
    return {**_change_as_data(change, summary), "commits": [asdict(commit) for commit in commits]}


def _change_as_data(change: Change, summary: Summary) -> dict[str, Any]:
    return {"old_path": change.old_name, "new_path": change.new_name, **asdict(summary)}


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
