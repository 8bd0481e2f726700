"""Documents in history: those that changed between two states, and the commits that touched them.

Only what git stored is read, and only blobs that changed, all through one process. A `flow.py` is never
executed: the `app.yml` beside it is read, as it was committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from difyflow.build.source import APP_FILE, FLOW_FILE
from difyflow.errors import ReadError, UsageError
from difyflow.git._call import git
from difyflow.git.moves import Place, Read, is_split, source, split_folder, text_of
from difyflow.git.repository import Blobs, FileChange, Repository, changed_files, parsed_raw
from difyflow.git.sniff import is_named_yaml, may_be_dsl

WORK_TREE = None
"""In place of a revision: the files as they are on disk."""

_FORMAT = "%x00%x00commit %H%x00%aN%x00%aI%x00%s%x00"
_ABSENT = "000000"


@dataclass(frozen=True, slots=True)
class Change:
    """A document that differs between two states.

    Attributes:
        old_name, new_name: its paths from the top of the repository; None on the side where it is not. For
            one made by `difyflow split` those of its folder.
        old, new: its bytes; of a split folder those of the document that it holds.
        problem: why it cannot be read, such as a `flow.py` without an `app.yml`.
        clashes: for a merge commit, where its parents clash, a line each; `old` is what joining them gives.
        is_cut: whether this is the end of a shallow clone: what was before is not known here.
    """

    old_name: str | None
    new_name: str | None
    old: bytes | None
    new: bytes | None
    problem: str | None = None
    clashes: tuple[str, ...] = ()
    is_cut: bool = False

    @property
    def name(self) -> str:
        """What it is called now, or was called."""
        return self.new_name or self.old_name or ""


@dataclass(frozen=True, slots=True)
class Commit:
    """Who committed what, and when (ISO 8601); two parents or more make it a merge."""

    id: str
    author: str
    date: str
    subject: str
    parents: tuple[str, ...] = ()


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
    readers = _readers(repository, blobs, sides)
    folders, files = _folders(found, readers)
    made = [*folders, *_flows(files, found, readers)]
    for change in files:
        if is_named_yaml(_name_of(change)):
            made += _file(repository, blobs, change)
    yield from sorted(made, key=lambda change: change.name)


def changed_folders(
    repository: Repository, blobs: Blobs, found: Sequence[FileChange], states: Sequence[str]
) -> tuple[tuple[Change, ...], tuple[FileChange, ...]]:
    """The documents that are folders made by `split` on one side at least, each as a whole; and other files.

    One that moved, was split or was joined is one change, with another name before than now.
    """
    return _folders(found, _readers(repository, blobs, ends(repository, states)))


def changed_flows(
    repository: Repository, blobs: Blobs, found: Sequence[FileChange], states: Sequence[str]
) -> tuple[Change, ...]:
    """Each `flow.py` of ours that changed and has no `app.yml` beside it: and why it is not read."""
    return tuple(_flows(found, found, _readers(repository, blobs, ends(repository, states))))


def _flows(
    files: Sequence[FileChange], found: Sequence[FileChange], readers: tuple[Read, Read]
) -> Iterator[Change]:
    apps = {path for change in found for path in (change.old_path, change.new_path)}
    for change in files:
        if PurePosixPath(_name_of(change)).name == FLOW_FILE:
            yield from _flow(change, apps, readers)


def _folders(
    found: Sequence[FileChange], readers: tuple[Read, Read]
) -> tuple[tuple[Change, ...], tuple[FileChange, ...]]:
    places = [place for item in found for place in map(split_folder, (item.old_path, item.new_path))]
    folders = [place for place in dict.fromkeys(places) if place is not None]
    old, new = ({place for place in folders if is_split(read, place)} for read in readers)
    if not old and not new:
        return (), tuple(found)
    now = [Place(place, is_folder=True) for place in folders if place in new]
    if old:
        now += [Place(item.new_path) for item in found if item.new_path and _may_be_joined(item, old, new)]
    before = {place: place if place.path in old else source(place, found, *readers) for place in now}
    pairs: list[tuple[Place | None, Place | None]] = [
        (one, place) for place, one in before.items() if place.is_folder or (one and one.is_folder)
    ]
    known = {one for one, _ in pairs}
    gone = (Place(path, is_folder=True) for path in sorted(old))
    pairs += [(one, None) for one in gone if one not in known]
    taken = {place.path for pair in pairs for place in pair if place is not None and not place.is_folder}
    rest = [_without(item, old, new, taken) for item in found]
    joined = tuple(_joined(one, other, readers) for one, other in pairs)
    return joined, tuple(item for item in rest if item is not None)


def _may_be_joined(item: FileChange, old: set[str], new: set[str]) -> bool:
    """Whether a file is new and may be what a folder was joined to."""
    came = item.old_path is None or split_folder(item.old_path) in old
    return came and is_named_yaml(_name_of(item)) and split_folder(item.new_path) not in new


def _without(item: FileChange, old: set[str], new: set[str], taken: set[str]) -> FileChange | None:
    """What is left of a change without the files that belong to documents told as a whole."""
    is_old = item.old_path is None or item.old_path in taken or split_folder(item.old_path) in old
    is_new = item.new_path is None or item.new_path in taken or split_folder(item.new_path) in new
    if is_old and is_new:
        return None if item.old_path or item.new_path else item
    if is_old and item.old_path is not None:
        return replace(item, status="A", old_path=None, old_id="", old_mode=_ABSENT)
    if is_new and item.new_path is not None:
        return replace(item, status="D", new_path=None, new_id="", new_mode=_ABSENT)
    return item


def _readers(repository: Repository, blobs: Blobs, sides: tuple[str, str | None]) -> tuple[Read, Read]:
    return _reader(repository, blobs, sides[0]), _reader(repository, blobs, sides[1])


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
    plain = change.of_plain_files()
    if plain is None or change.status == "U":
        return
    change = plain
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


def _joined(one: Place | None, other: Place | None, readers: tuple[Read, Read]) -> Change:
    sides: list[bytes | None] = []
    problem = None
    for place, read in zip((one, other), readers, strict=True):
        try:
            sides.append(None if place is None else text_of(read, place))
        except ReadError as err:
            problem = f"{err.where}: {err.message}"
            sides.append(None)
    names = [None if place is None else place.name for place in (one, other)]
    return Change(names[0], names[1], sides[0], sides[1], problem)


def from_top(repository: Repository, path: Path | str) -> str:
    """A path relative to the current folder as git has it; empty for the top itself.

    In a bare repository there are no folders to be in: paths count from the top.

    Raises:
        UsageError: it lies outside the repository.
    """
    path = Path(path)
    if repository.is_bare:
        return "" if path == Path() else path.as_posix()
    whole = path.parent.resolve() / path.name
    try:
        found = whole.relative_to(repository.top.resolve()).as_posix()
    except ValueError as err:
        raise UsageError(
            f"lies outside the repository {repository.top}", path=str(path), code="outside"
        ) from err
    return "" if found == "." else found


def commits_of(
    repository: Repository, old: str, new: str, changes: Sequence[Change]
) -> tuple[tuple[Commit, ...], ...]:
    """For each document that changed from one revision to another, the commits that did it; newest first.

    Each is followed backwards under the names that it had. Merges count that differ from all their parents.
    """
    options = ["--no-ext-diff", "--no-textconv", "--raw", "-z", "-M", "-c", "--no-abbrev", "--topo-order"]
    call = ["-c", "log.showSignature=false", "log", "--encoding=UTF-8", *options, f"--format={_FORMAT}"]
    out = git([*call, f"{old}..{new}", "--"], cwd=repository.top, fails=f"git log {old}..{new}")
    owners: dict[str, set[int]] = {}
    for number, change in enumerate(changes):
        for name in filter(None, (change.old_name, change.new_name)):
            owners.setdefault("" if name == "." else name, set()).add(number)
    records = list(_records(out))
    _add_names_before(owners, records)
    found: list[dict[str, Commit]] = [{} for _ in changes]
    for commit, files in records:
        for path in {path for item in files for path in (item.new_path, item.old_path) if path}:
            for _, number in _owned(path, owners):
                found[number][commit.id] = commit
    return tuple(tuple(commits.values()) for commits in found)


def _add_names_before(
    owners: dict[str, set[int]], records: Sequence[tuple[Commit, Sequence[FileChange]]]
) -> None:
    """Adds the names that documents had before renames.

    Again, as long as one is found: commits of a merged line may come before the rename that leads to them.
    """
    renames = [item for _, files in records for item in files if item.status == "R"]
    count = -1
    while count != (count := sum(map(len, owners.values()))):
        for item in renames:
            if item.new_path and item.old_path:
                for place, number in _owned(item.new_path, owners):
                    before = _name_before(place, item.new_path, item.old_path)
                    owners.setdefault(before, set()).add(number)


def _owned(path: str, owners: dict[str, set[int]]) -> list[tuple[str, int]]:
    """The documents that a file is, or is a part of: what they are called, and their numbers."""
    parents = PurePosixPath(path).parents
    places = (path, *("" if str(parent) == "." else str(parent) for parent in parents))
    return [(place, number) for place in places for number in owners.get(place, ())]


def _name_before(place: str, new_path: str, old_path: str) -> str:
    """What a document was called of which one file was moved."""
    inside = "" if place == new_path else new_path.removeprefix(place).removeprefix("/")
    if not inside:
        whole = split_folder(old_path)
        return old_path if whole is None else whole
    return old_path.removesuffix(inside).rstrip("/") if old_path.endswith(inside) else old_path


def _records(out: bytes) -> Iterator[tuple[Commit, tuple[FileChange, ...]]]:
    """Each commit of a `git log` with our format, and the files that it changed."""
    for record in out.split(b"\0\0commit ")[1:]:
        *fields, raw = record.split(b"\0", 4)
        name, author, date, subject = (field.decode(errors="replace") for field in fields)
        yield Commit(name, author, date, subject), parsed_raw(raw.lstrip(b"\0\n"))
