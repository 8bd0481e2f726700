"""`merge --resolve`: settles the conflicts of a merge, now or later, all at once or one by one."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

import click

from difyflow.build.load import locate, read_target
from difyflow.build.source import is_in_history
from difyflow.cli import _exit, _merge, _show
from difyflow.cli._diff_sides import side
from difyflow.cli._merge_ask import Asked
from difyflow.diff import record
from difyflow.diff._merge_values import Choose
from difyflow.diff._values import same
from difyflow.diff.compare import Source, plain
from difyflow.diff.conflicts import Conflict
from difyflow.diff.merge import Merge, merge
from difyflow.dsl.app import App
from difyflow.dsl.reader import Document
from difyflow.errors import DifyflowError, ReadError, UsageError
from difyflow.git.unmerged import Unmerged, unmerged
from difyflow.lint.secrets import is_secret
from difyflow.nodes._record import READING


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What is to be settled.

    Attributes:
        stem: where the files on its conflicts are, without suffix; None for a result that goes to stdout.
        known: what an earlier merge of the same three left behind.
        there: the result of that one, as it is now; None if there is none that can be read.
        in_git: whether git waits for it.
    """

    sides: _merge.Sides
    known: record.Record
    file: str | None = None
    stem: Path | None = None
    there: Document | None = None
    in_git: bool = False


def run(options: _merge.Options) -> int:
    """Runs the command; 1 if conflicts are left.

    Raises:
        UsageError: arguments that do not go together, nothing to settle, a version is gone.
        DslError, BuildError: a version cannot be read; nothing is written then.
        Abort: interrupted before anything was chosen.
    """
    task = _of_three(options) if len(options.targets) == 3 else _of_result(options)
    favor = options.favor or task.known.favor
    earlier = dict(task.known.answers)
    before = _merged(task, options, lambda item: earlier.get(item.key, task.known.favor))
    waiting = [item for item in before.conflicts if item.key not in earlier]
    if earlier:
        _show.note(
            f"{len(earlier)} {'conflict was' if len(earlier) == 1 else 'conflicts were'} settled before"
        )
    ask = Asked(earlier, favor, len(waiting), every=options.every)
    found = _merged(task, options, ask)
    if ask.interrupted and (task.stem is None or ask.answers == earlier):
        raise click.Abort
    left = ask.left(found.conflicts)
    if earlier and not _is(task.there, before):
        # git puts the first result back where its mergetool was left
        before = _merged(task, options, lambda _: task.known.favor)
    _write(task, options, before, found)
    _merge.tell(found, left)
    if task.stem is not None:
        made = replace(task.known, favor=favor, answers=ask.answers)
        _merge.keep(made, left, task.sides, str(task.file), task.stem)
    return _last_word(task, left, one=len(options.targets) < 3, interrupted=ask.interrupted)


def _of_three(options: _merge.Options) -> _Task:
    """The task that three versions are, with what an earlier try left behind."""
    base, ours, theirs = map(side, options.targets)
    one, two, three = options.targets
    sides: _merge.Sides = (base, ours, theirs)
    known = record.Record((one, two, three), _merge.digests(sides))
    if options.file in (None, "-"):
        return _Task(sides=sides, known=known)
    file = Path(str(options.file))
    stem, in_git = _merge.beside(str(file)), unmerged(file)
    if in_git is not None and not Path(f"{stem}.json").exists():
        stem = in_git.report
    earlier = _record(stem, known.digests)
    there = _there(file) if earlier or in_git else None
    return _Task(
        sides=sides, known=replace(earlier or known, names=known.names), file=str(file), stem=stem,
        there=there, in_git=in_git is not None,
    )  # fmt: skip


def _of_result(options: _merge.Options) -> _Task:
    """The task that a result is, with the conflicts that are written down beside it or that git has."""
    file = _result(options)
    stem, in_git = _merge.beside(file), unmerged(Path(file))
    if in_git is not None:
        return _of_git(file, in_git)
    path = Path(f"{stem}.json")
    if path.is_file():
        known = record.read(path.read_bytes(), name=str(path))
        there = _there(Path(file))
        return _Task(sides=_versions(known, there), known=known, file=file, stem=stem, there=there)
    raise UsageError(
        f"nothing to settle: there is no {path.name} beside it, and git has no conflict in it",
        path=file,
        code="no-conflicts",
        hint="name three versions: difyflow merge BASE OURS THEIRS -o OUT --resolve",
    )


def _result(options: _merge.Options) -> str:
    given = [*options.targets, *([options.file] if options.file else [])]
    if len(given) != 1 or given[0] == "-":
        raise UsageError(
            "--resolve takes the result of a merge that had conflicts, or three versions",
            hint="difyflow merge --resolve OUT, or difyflow merge BASE OURS THEIRS -o OUT --resolve",
        )
    return given[0]


def _of_git(file: str, found: Unmerged) -> _Task:
    if not {2, 3} <= found.stages:
        who = "ours" if 2 not in found.stages else "theirs"
        raise UsageError(
            f"{who} deleted it: there is nothing to choose in it", path=file, code="deleted",
            hint=f"keep it with: git add {file}, or delete it with: git rm {file}",
        )  # fmt: skip
    base: Source = side(found.target(1)) if 1 in found.stages else {}
    sides: _merge.Sides = (base, side(found.target(2)), side(found.target(3)))
    known = record.Record(("base", "ours", "theirs"), _merge.digests(sides))
    known = _record(found.report, known.digests) or known
    return _Task(
        sides=sides, known=known, file=file, stem=found.report, there=_there(Path(file)), in_git=True
    )


def _there(file: Path) -> Document | None:
    """The result of an earlier merge; None where there is none, or marks of git are in it.

    Raises:
        ReadError: it cannot be read otherwise: somebody is at work in it.
    """
    if not file.exists():
        return None
    try:
        found = side(str(file))
    except ReadError as err:
        if err.code == "conflict-markers":
            return None
        raise
    return found if isinstance(found, Document) else None


def _record(stem: Path, digests: _merge.Three) -> record.Record | None:
    """What an earlier merge of these versions left behind."""
    path = Path(f"{stem}.json")
    try:
        known = record.read(path.read_bytes(), name=str(path)) if path.is_file() else None
    except ReadError:
        return None  # another merge's, or broken: the versions are at hand
    return known if known and known.digests == digests else None


def _still(name: str) -> Document | None:
    """What a version is called by now. A record may come from anywhere: no `flow.py` is executed for it."""
    try:
        if name == "-" or (not is_in_history(name) and locate(Path(name)).suffix == ".py"):
            return None
        return read_target(name)
    except DifyflowError:
        return None


def _versions(known: record.Record, there: Document | None) -> _merge.Sides:
    """The three versions, where they still are, else made of the result.

    Raises:
        UsageError: neither is possible.
    """
    found = []
    for name, digest in zip(known.names, known.digests, strict=True):
        read = _still(name)
        if read is None or _merge.digest(read) != digest:
            break
        found.append(read)
    else:
        base, ours, theirs = found
        return base, ours, theirs
    gone = known.names[len(found)]
    if there is None or record.digest(there.source.text) != known.result:
        result = "is gone" if there is None else "has changed since"
        raise UsageError(
            f"{gone} is not what was merged any more, and the result {result}",
            code="versions-gone",
            hint="name the three versions: difyflow merge BASE OURS THEIRS -o OUT --resolve",
        )
    one, two, three = (App.model_validate(data, context=READING) for data in known.rebuilt(there))
    return one, two, three


def _merged(task: _Task, options: _merge.Options, choose: Choose) -> Merge:
    checker = _merge.errors if options.lint else None
    return merge(*task.sides, checker=checker, choose=choose, is_secret=is_secret)


def _is(there: Document | None, merged: Merge) -> bool:
    return there is not None and same(plain(there), merged.data)


def _write(task: _Task, options: _merge.Options, before: Merge, found: Merge) -> None:
    """Writes the result; what was changed by hand in that of an earlier merge stays."""
    _, ours, theirs = task.sides
    if task.there is None or _is(task.there, before):
        text, encoding = _merge.text_of(found, task.there or ours, theirs, reformat=options.reformat)
    else:
        _show.note(f"{task.file} was changed since it was merged: that stays")
        by_hand = merge(before.data, task.there, found.data, is_secret=is_secret)
        text, encoding = _merge.text_of(by_hand, task.there, task.there, reformat=options.reformat)
    _merge.write(text, encoding, task.file)


def _last_word(task: _Task, left: tuple[Conflict, ...], *, one: bool, interrupted: bool) -> int:
    if left:
        count = f"{len(left)} {'conflict is' if len(left) == 1 else 'conflicts are'} left"
        again = f"; go on with: difyflow merge --resolve {shlex.quote(str(task.file))}" if task.stem else ""
        _show.note(count + again)
        return _exit.INTERRUPTED if interrupted else _exit.FINDINGS
    if task.in_git and one:
        _show.note(f"nothing is left to settle; tell git: git add {shlex.quote(str(task.file))}")
    return _exit.FINE
