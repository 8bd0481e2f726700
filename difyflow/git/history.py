"""Documents in history: those that changed between two states, and what each commit did to one.

Only what git stored is read, and only blobs that changed, all through one process. A `flow.py` is never
executed: the `app.yml` beside it is read, as it was committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from difyflow.build import folder
from difyflow.build.source import APP_FILE, FLOW_FILE
from difyflow.errors import ReadError, UsageError
from difyflow.git._call import attempt, git
from difyflow.git.repository import Blobs, FileChange, Repository, changed_files, parsed_raw
from difyflow.git.sniff import SUFFIXES, may_be_dsl

WORK_TREE = None
"""In place of a revision: the files as they are on disk."""

_FORMAT = "%x00%x00commit %H%x00%an%x00%aI%x00%s%x00"
_INSIDE = frozenset(folder.FOLDERS)

Read = Callable[[str], bytes | None]
"""The bytes of a file of a state, by its path from the top of the repository."""


@dataclass(frozen=True, slots=True)
class Change:
    """A document that differs between two states.

    Attributes:
        old_name, new_name: its paths from the top of the repository; None on the side where it is not. For
            one made by `difyflow split` those of its folder.
        old, new: its bytes; of a split folder those of the document that it holds.
        problem: why it cannot be read, such as a `flow.py` without an `app.yml`.
    """

    old_name: str | None
    new_name: str | None
    old: bytes | None
    new: bytes | None
    problem: str | None = None

    @property
    def name(self) -> str:
        """What it is called now, or was called."""
        return self.new_name or self.old_name or ""


@dataclass(frozen=True, slots=True)
class Commit:
    """Who committed what, and when (ISO 8601)."""

    id: str
    author: str
    date: str
    subject: str


def ends(repository: Repository, states: Sequence[str]) -> tuple[str, str | None]:
    """The two revisions that states as for `git diff` stand for; `WORK_TREE` for the files on disk.

    Raises:
        UsageError: git does not know one of them.
    """
    words = list(states)
    if len(words) == 1 and "..." in words[0]:
        one, _, other = words[0].partition("...")
        out = git(
            ["merge-base", one or "HEAD", other or "HEAD"], cwd=repository.top, fails=f"git diff {words[0]}"
        )
        return out.decode().strip(), other or "HEAD"
    if len(words) == 1 and ".." in words[0]:
        one, _, other = words[0].partition("..")
        return one or "HEAD", other or "HEAD"
    if words[:1] == ["--cached"]:
        return (words[1] if len(words) > 1 else "HEAD"), ""
    if not words:
        return "", WORK_TREE
    return words[0], words[1] if len(words) > 1 else WORK_TREE


def changed_documents(
    repository: Repository, states: Sequence[str], *, paths: Sequence[str] = ()
) -> Iterator[Change]:
    """The documents that differ between two states, by name; those in split folders as a whole.

    Args:
        repository: where.
        states: as for `git diff`; see `changed_files`.
        paths: only those at or under these, from the top of the work tree.

    Raises:
        UsageError: git does not know one of the states.
    """
    found = changed_files(repository, states, paths=paths)
    sides = ends(repository, states)
    with Blobs(repository.top) as blobs:
        yield from _documents(repository, blobs, found, sides)


def _documents(
    repository: Repository, blobs: Blobs, found: Sequence[FileChange], sides: tuple[str, str | None]
) -> Iterator[Change]:
    readers = [_reader(repository, blobs, side) for side in sides]
    folders = _folders(found, readers)
    made = [_joined(place, readers) for place in folders]
    apps = {path for change in found for path in (change.old_path, change.new_path)}
    for change in found:
        if any(place in folders for place in _places(change)):
            continue
        if _name_of(change).endswith(SUFFIXES):
            made += _file(repository, blobs, change)
        elif PurePosixPath(_name_of(change)).name == FLOW_FILE:
            made += _flow(change, apps, readers)
    yield from sorted(made, key=lambda change: change.name)


def changed_folders(
    repository: Repository, blobs: Blobs, found: Sequence[FileChange], states: Sequence[str]
) -> tuple[Change, ...]:
    """The documents of folders made by `split` of which a part is among the changes, each as a whole."""
    readers = [_reader(repository, blobs, side) for side in ends(repository, states)]
    return tuple(_joined(place, readers) for place in _folders(found, readers))


def _folders(found: Sequence[FileChange], readers: Sequence[Read]) -> tuple[str, ...]:
    """The folders made by `split` that a changed file belongs to, on one side at least."""
    places = dict.fromkeys(place for change in found for place in _places(change))
    return tuple(place for place in places if any(_is_split(read, place) for read in readers))


def _places(change: FileChange) -> list[str]:
    both = (_split_folder(path) for path in (change.old_path, change.new_path))
    return [place for place in both if place is not None]


def _reader(repository: Repository, blobs: Blobs, side: str | None) -> Read:
    """Reads files of a state by their path from the top."""
    if side is None:
        return lambda name: _on_disk(repository.top / name)
    return lambda name: blobs.read(f"{side}:{name}")


def _on_disk(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None


def _name_of(change: FileChange) -> str:
    return change.new_path or change.old_path or ""


def _file(repository: Repository, blobs: Blobs, change: FileChange) -> Iterator[Change]:
    if not change.is_plain or change.status == "U":
        return
    old = blobs.read(change.old_id) if change.old_path and change.old_id else None
    new = None
    if change.new_path:
        new = blobs.read(change.new_id) if change.new_id else None
        new = _on_disk(repository.top / change.new_path) if new is None else new
    if any(data is not None and may_be_dsl(data) for data in (old, new)):
        yield Change(change.old_path, change.new_path, old, new)


def _flow(change: FileChange, apps: set[str | None], readers: Sequence[Read]) -> Iterator[Change]:
    """A `flow.py` of ours without an `app.yml` beside it; with one, that is what is read."""
    app = str(PurePosixPath(_name_of(change)).with_name(APP_FILE))
    if app in apps or any(read(app) is not None for read in readers):
        return
    sources = [read(_name_of(change)) for read in readers]
    if any(data is not None and b"difyflow" in data for data in sources):
        problem = f"no {APP_FILE} is committed beside it, and Python from history is never executed"
        yield Change(change.old_path, change.new_path, None, None, problem)


def _split_folder(path: str | None) -> str | None:
    """The folder that a file belongs to if that was made by `split`; None if it cannot be a part of one."""
    if path is None:
        return None
    parts = PurePosixPath(path).parts
    if parts[-1] in folder.PARTS:
        return "/".join(parts[:-1])
    return "/".join(parts[:-2]) if len(parts) > 1 and parts[-2] in _INSIDE else None


def _is_split(read: Read, place: str) -> bool:
    found = read(f"{place}/{folder.DOCUMENT}" if place else folder.DOCUMENT)
    return found is not None and found.startswith((b"$split:", b"document:"))


def _joined(place: str, readers: Sequence[Read]) -> Change:
    sides: list[bytes | None] = []
    problem = None
    for read in readers:
        here = read
        try:
            text = _text(here, place)
        except ReadError as err:
            problem, text = f"{err.where}: {err.message}", None
        sides.append(text)
    names = [place or "." if side is not None else None for side in sides]
    return Change(names[0], names[1], sides[0], sides[1], problem)


def _text(read: Read, place: str) -> bytes | None:
    if not _is_split(read, place):
        return None
    prefix = f"{place}/" if place else ""
    return folder.join(lambda name: read(f"{prefix}{name}"), name=place or ".").encode()


def commits(
    repository: Repository, target: str, *, most: int | None = None
) -> Iterator[tuple[Commit, Change]]:
    """What each commit did to a document, the newest first; renames are followed.

    Args:
        repository: where.
        target: a file, a `flow.py` (its `app.yml` is read), or a folder that holds one or was made by
            `split`, relative to the current folder.
        most: how many commits at most.

    Raises:
        UsageError: git has no history of it.
        ReadError: a `flow.py` without an `app.yml` in history.
    """
    path, is_folder = _located(repository, target)
    options = ["--no-ext-diff", "--no-textconv", "--raw", "-z", "-M", "--no-abbrev", f"--format={_FORMAT}"]
    follow = [] if is_folder else ["--follow"]
    limit = [] if most is None else [f"--max-count={most}"]
    out = git(["log", *options, *follow, *limit, "--", path], cwd=repository.top, fails=f"git log {target}")
    seen = False
    with Blobs(repository.top) as blobs:
        for commit, raw in _records(out):
            changes = parsed_raw(raw)
            if is_folder:
                before = f"{commit.id}^" if blobs.kind(f"{commit.id}^")[0] else ""
                readers = (
                    _nothing if not before else _reader(repository, blobs, before),
                    _reader(repository, blobs, commit.id),
                )
                found: Iterator[Change] | list[Change] = [_joined(path, readers)]
            else:
                found = (item for change in changes for item in _file(repository, blobs, change))
            for item in found:
                seen = True
                yield commit, item
    if not seen:
        raise _no_history(repository, target, path)


def _nothing(_name: str) -> bytes | None:
    return None


def _records(out: bytes) -> Iterator[tuple[Commit, bytes]]:
    """Each commit of a `git log` with our format, with its raw changes."""
    for record in out.split(b"\0\0commit ")[1:]:
        *fields, raw = record.split(b"\0", 4)
        yield Commit(*(field.decode(errors="replace") for field in fields)), raw.lstrip(b"\0\n")


def _located(repository: Repository, target: str) -> tuple[str, bool]:
    """The path from the top of the repository that stands for a target, and whether it is a split folder."""
    path = Path(target)
    if path.is_dir() and (path / APP_FILE).is_file():
        path = path / APP_FILE
    elif path.is_dir() and (path / folder.DOCUMENT).is_file():
        return from_top(repository, path), True
    elif path.is_dir() and (path / FLOW_FILE).is_file():
        path = path / FLOW_FILE
    elif path.is_dir():
        raise UsageError(
            f"the folder holds no {APP_FILE} and no parts of a document; a log is of one workflow",
            path=target,
            code="no-flow",
            hint="all of them: difyflow changelog REV..REV FOLDER",
        )
    if path.name == FLOW_FILE:
        path = path.with_name(APP_FILE)
    return from_top(repository, path), False


def from_top(repository: Repository, path: Path | str) -> str:
    """A path relative to the current folder as git has it; empty for the top itself.

    Raises:
        UsageError: it lies outside the repository.
    """
    path = Path(path)
    whole = path.parent.resolve() / path.name
    try:
        found = whole.relative_to(repository.top.resolve()).as_posix()
    except ValueError as err:
        raise UsageError(
            f"lies outside the repository {repository.top}", path=str(path), code="outside"
        ) from err
    return "" if found == "." else found


def _no_history(repository: Repository, target: str, path: str) -> UsageError | ReadError:
    flow = str(PurePosixPath(path).with_name(FLOW_FILE)) if path else FLOW_FILE
    has_flow = bool(attempt(["log", "-1", "--format=%H", "--", flow], cwd=repository.top)[1].strip())
    if PurePosixPath(path).name == APP_FILE and has_flow:
        return ReadError(
            f"no {APP_FILE} was committed beside the {FLOW_FILE}; Python from history is never executed",
            path=target,
            code="no-app",
            hint=f"commit what it renders too: difyflow render {target} -o {path}",
        )
    return UsageError("git has no history of such a document", path=target, code="no-history")


def commits_between(repository: Repository, old: str, new: str) -> dict[str, list[Commit]]:
    """The commits from one revision to another that touched each file, by path; the newest first."""
    options = ["--no-ext-diff", "--no-textconv", "--raw", "-z", "-M", "--no-abbrev", f"--format={_FORMAT}"]
    out = git(["log", *options, f"{old}..{new}", "--"], cwd=repository.top, fails=f"git log {old}..{new}")
    found: dict[str, list[Commit]] = {}
    for commit, raw in _records(out):
        for change in parsed_raw(raw):
            for path in dict.fromkeys((change.old_path, change.new_path)):
                if path is not None:
                    found.setdefault(path, []).append(commit)
    return found
