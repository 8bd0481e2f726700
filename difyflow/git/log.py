"""The history of one document along every line of parents: through renames, and through merges.

Git's own `--follow` knows one name at a time and no merges. Here each commit has the names that the document
went by in it, so both sides of a merge are followed, each under its own name. A merge that left the document
as one parent had it leads on to that parent alone, as in `git log FILE`; one that differs from all of them is
told if it did more than join them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from difyflow.build import folder
from difyflow.build.source import APP_FILE, FLOW_FILE
from difyflow.errors import ReadError, UsageError
from difyflow.git import moves
from difyflow.git._call import attempt, git
from difyflow.git.history import Change, Commit, from_top
from difyflow.git.merges import Side, joined
from difyflow.git.moves import Moves, Place
from difyflow.git.repository import Blobs, Names, Repository, is_revision
from difyflow.git.sniff import may_be_dsl

if TYPE_CHECKING:
    from difyflow.diff.secrets import IsSecret

_FIELDS: Final = "--format=%aN%x00%aI%x00%s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which commits are told.

    Attributes:
        revisions: as for `git log`: revisions and ranges, such as `v1..main`; by itself `HEAD`.
        since, until: only those that were committed after or before; any date that git understands.
        author: only those whose author matches this pattern of git.
        full: also the commits of lines that a merge left out.
    """

    revisions: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    author: str | None = None
    full: bool = False

    def filters(self) -> list[str]:
        """The options of git for them."""
        given = {"since": self.since, "until": self.until, "author": self.author}
        return [f"--{name}={value}" for name, value in given.items() if value is not None]


EVERYTHING: Final = Which()


def commits(
    repository: Repository, target: str, which: Which = EVERYTHING, *, is_secret: IsSecret | None = None
) -> Iterator[tuple[Commit, Change]]:
    """What each commit did to a document, none before those that came after it.

    Args:
        repository: where; it may be bare.
        target: a file, a `flow.py` (its `app.yml` is read), or a folder that holds one or was made by
            `split`, relative to the current folder; from the top in a bare repository.
        which: which commits.
        is_secret: what conflicts of merges must not tell besides secret environment variables.

    Raises:
        UsageError: git has no history of it, or does not know a revision.
        ReadError: a `flow.py` without an `app.yml` in history.
    """
    ends, limits = _ends(repository, which)
    lines = _graph(repository, ends)
    within: Container[str] = _chosen(repository, (*ends, *limits), []) if limits else lines
    filters = which.filters()
    wanted = _chosen(repository, (*ends, *limits), filters) if filters else within
    with Blobs(repository.top) as blobs, Names(repository.top) as names, Moves(repository.top) as changes:
        place = _located(repository, names, target, ends)
        pipes = (blobs, names, changes)
        walk = _Walk(repository, lines, pipes, full=which.full, is_secret=is_secret)
        seen = False
        for step in walk.steps(dict.fromkeys(ends, place), within):
            if seen and step.commit.id not in wanted:
                continue
            change = walk.told(step)
            seen = seen or change is not None
            if change is not None and step.commit.id in wanted:
                yield step.commit, change
    if not seen and not limits:
        raise _no_history(repository, target, place, ends)


def _ends(repository: Repository, which: Which) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The commits to begin with, and with `^` those whose ancestors are left out."""
    asked = which.revisions or ("HEAD",)
    wrong = [word for word in asked if word.startswith("-")]
    code, out, _ = attempt(["rev-parse", *asked, "--"], cwd=repository.top) if not wrong else (1, b"", "")
    if code:
        unknown = wrong or [word for word in asked if not _is_known(repository, word)]
        if not which.revisions:
            raise UsageError("there is no commit yet", code="no-history")
        raise UsageError(
            f"{(unknown or list(asked))[0]!r} is no revision of this repository", code="no-revision"
        )
    found = [line for line in out.decode().split("\n") if line not in ("", "--")]
    limits = tuple(item for item in found if item.startswith("^"))
    with Names(repository.top) as names:
        begins = [item for item in found if item not in limits] or ["HEAD"]
        ends = tuple(names.find(f"{item}^{{commit}}")[1] for item in begins)
    if not all(ends):
        raise UsageError(f"{' '.join(asked)!r} names something other than commits", code="no-revision")
    return ends, limits


def _is_known(repository: Repository, word: str) -> bool:
    parts = word.removeprefix("^").replace("...", "..").split("..")
    return all(not part or is_revision(part, cwd=repository.top) for part in parts)


def _graph(repository: Repository, ends: Sequence[str]) -> dict[str, Commit]:
    """All commits that lead to some, by id; parents after children."""
    options = ["--date-order", "--parents", "--encoding=UTF-8", _FIELDS]
    lines = git(["rev-list", *options, *ends, "--"], cwd=repository.top).split(b"\n")
    found = {}
    for head, fields in zip(lines[::2], lines[1::2], strict=False):
        _, name, *parents = head.decode().split(" ")
        author, date, subject = (field.decode(errors="replace") for field in fields.split(b"\0"))
        found[name] = Commit(name, author, date, subject, tuple(parents))
    return found


def _chosen(repository: Repository, revisions: Sequence[str], filters: Sequence[str]) -> set[str]:
    out = git(["rev-list", *filters, *revisions, "--"], cwd=repository.top, fails="git log")
    return set(out.decode().split())


@dataclass(frozen=True, slots=True)
class _Line:
    """A parent of a commit: where the document is in it, and which object; the id is empty if it is not."""

    parent: str
    place: Place
    id: str


@dataclass(frozen=True, slots=True)
class _Step:
    """A commit in which the document is not as in any of its parents."""

    commit: Commit
    place: Place
    id: str
    lines: tuple[_Line, ...]


class _Walk:
    """Goes from commits to their parents, and reads what differs."""

    def __init__(
        self,
        repository: Repository,
        lines: Mapping[str, Commit],
        pipes: tuple[Blobs, Names, Moves],
        *,
        full: bool,
        is_secret: IsSecret | None,
    ) -> None:
        self._commits = lines
        self._names_in_order = list(lines)
        self._order = {name: number for number, name in enumerate(lines)}
        self._blobs, self._names, self._moves = pipes
        self._full = full
        self._ids: dict[tuple[str, Place], str] = {}
        self._is_secret = is_secret
        shallow = repository.common_dir / "shallow"
        self._cut = frozenset(shallow.read_text(encoding="ascii").split()) if shallow.is_file() else ()

    def steps(self, ends: Mapping[str, Place], within: Container[str]) -> Iterator[_Step]:
        """The commits that the document was changed in, from these on, where it was there before or after."""
        places: dict[str, dict[Place, None]] = {end: {place: None} for end, place in ends.items()}
        for name, commit in self._commits.items():
            for place in places.pop(name, ()):
                if name not in within:
                    continue
                step = self._step(commit, place)
                same = [line for line in step.lines if (line.place, line.id) == (step.place, step.id)]
                if not same and (step.id or step.lines):
                    yield step
                if same and not self._full:
                    same = same[:1] if step.id else same
                for line in step.lines if self._full or not same else same:
                    places.setdefault(line.parent, {})[line.place] = None

    def _step(self, commit: Commit, place: Place) -> _Step:
        here = self._id(commit.id, place)
        lines = [_Line(parent, place, self._id(parent, place)) for parent in commit.parents]
        if here and (self._full or all(line.id != here for line in lines)):
            lines = [line if line.id else self._line_before(commit.id, line) for line in lines]
        return _Step(commit, place, here, tuple(lines))

    def _line_before(self, commit: str, line: _Line) -> _Line:
        """The line with the name that the document had in the parent, if it had another one there."""
        found = self._moves.between(commit, line.parent)
        before = moves.source(line.place, found, self._reader(line.parent), self._reader(commit))
        return line if before is None else _Line(line.parent, before, self._id(line.parent, before))

    def _id(self, commit: str, place: Place) -> str:
        known = self._ids.get((commit, place))
        if known is None:
            known = self._ids[commit, place] = self._found(commit, place)
        return known

    def _found(self, commit: str, place: Place) -> str:
        if place.is_folder and not self._names.find(f"{commit}:{place.inside(folder.DOCUMENT)}")[0]:
            return ""
        kind, found = self._names.find(f"{commit}:{place.path}")
        return found if kind == ("tree" if place.is_folder else "blob") else ""

    def _reader(self, commit: str) -> moves.Read:
        return lambda name: self._blobs.read(f"{commit}:{name}")

    def _text(self, commit: str, place: Place) -> bytes | None:
        return moves.text_of(self._reader(commit), place)

    def told(self, step: _Step) -> Change | None:
        """What a commit did; None if nothing there is a document, or a merge only joined its parents."""
        try:
            change = self._told(step)
        except ReadError as err:
            name = step.place.name
            return Change(name, name, None, None, f"{err.where}: {err.message}")
        sides = (change.old, change.new)
        if change.problem is not None or change.clashes:
            return change
        is_one = any(data is not None and may_be_dsl(data) for data in sides)
        is_other = change.old != change.new or change.old_name != change.new_name
        return change if is_one and is_other else None

    def _told(self, step: _Step) -> Change:
        there = [line for line in step.lines if line.id]
        if step.id and len(there) > 1:
            return self._merge(step, there)
        if not step.id:
            return self._gone(step, there[0])
        new = self._text(step.commit.id, step.place)
        if not there:
            is_cut = step.commit.id in self._cut
            return Change(None, step.place.name, None, new, is_cut=is_cut)
        old = self._text(there[0].parent, there[0].place)
        return Change(there[0].place.name, step.place.name, old, new)

    def _gone(self, step: _Step, line: _Line) -> Change:
        old = self._text(line.parent, line.place)
        for item in self._moves.between(step.commit.id, line.parent):
            if item.status == "R" and item.old_path == line.place.path and item.new_path:
                new = self._text(step.commit.id, Place(item.new_path))
                return Change(line.place.name, item.new_path, old, new)
        return Change(line.place.name, None, old, None)

    def _merge(self, step: _Step, there: Sequence[_Line]) -> Change:
        sides: list[Side] = []
        for line in there:
            base = None
            if sides:
                base = self._base(there[0], line, step.place)
            sides.append(Side(line.parent, self._text(line.parent, line.place) or b"", base))
        new = self._text(step.commit.id, step.place)
        found = joined(sides, new, step.place.name, is_secret=self._is_secret)
        names = [line.place.name for line in there]
        old_name = step.place.name if step.place.name in names else names[0]
        return Change(old_name, step.place.name, found.data, new, found.problem, found.clashes)

    def _base(self, one: _Line, other: _Line, place: Place) -> bytes | None:
        """The document in the newest commit that two parents of a merge have in common."""
        common = self._common(one.parent, other.parent)
        if common is None:
            return None
        found = (self._text(common, item) for item in (one.place, other.place, place))
        return next((text for text in found if text is not None), None)

    def _common(self, one: str, other: str) -> str | None:
        """The newest commit that both come from: children are looked at before their parents."""
        sides = {one: 1}
        sides[other] = sides.get(other, 0) | 2
        left = sorted(self._order[name] for name in sides)
        while left:
            name = self._names_in_order[heappop(left)]
            if sides[name] == 3:
                return name
            for parent in self._commits[name].parents:
                if parent not in sides:
                    heappush(left, self._order[parent])
                sides[parent] = sides.get(parent, 0) | sides[name]
        return None


def _located(repository: Repository, names: Names, target: str, ends: Sequence[str]) -> Place:
    """Where the document is that a target stands for: now, else in these commits, else when it last was."""
    path = Path(target)
    if not repository.is_bare and path.is_symlink() and path.exists():
        path = path.resolve()
    name = from_top(repository, path)
    if PurePosixPath(name).name == FLOW_FILE:
        return Place(str(PurePosixPath(name).with_name(APP_FILE)))
    kinds = [] if repository.is_bare else [_kind_on_disk(repository.top)]
    kinds += [_kind_in(names, end) for end in ends]
    for kind in kinds:
        found = _place(kind, name)
        if found is not None:
            return found
    whole = Place(name, is_folder=True)
    for part, place in ((APP_FILE, Place(whole.inside(APP_FILE))), (folder.DOCUMENT, whole)):
        if attempt(["rev-list", "-1", *ends, "--", whole.inside(part)], cwd=repository.top)[1].strip():
            return place
    if any(kind(name) == "tree" for kind in kinds):
        raise UsageError(
            f"the folder holds no {APP_FILE} and no parts of a document; a log is of one workflow",
            path=target,
            code="no-flow",
            hint="all of them: difyflow changelog REV..REV FOLDER",
        )
    return Place(name)


def _kind_on_disk(top: Path) -> Callable[[str], str]:
    return lambda name: "tree" if (top / name).is_dir() else "blob" if (top / name).is_file() else ""


def _kind_in(names: Names, commit: str) -> Callable[[str], str]:
    return lambda name: names.find(f"{commit}:{name}")[0]


def _place(kind: Callable[[str], str], name: str) -> Place | None:
    """What is there in one state, if it is a file or a folder that holds a document, or a part of one."""
    if kind(name) != "tree":
        path = moves.split_folder(name or None)
        if path is not None and kind(Place(path, is_folder=True).inside(folder.DOCUMENT)) == "blob":
            return Place(path, is_folder=True)
        return Place(name) if kind(name) == "blob" else None
    whole = Place(name, is_folder=True)
    app = Place(whole.inside(APP_FILE))
    if kind(app.path) == "blob":
        return app
    if kind(whole.inside(folder.DOCUMENT)) == "blob":
        return whole
    return app if kind(whole.inside(FLOW_FILE)) == "blob" else None


def _no_history(
    repository: Repository, target: str, place: Place, ends: Sequence[str]
) -> UsageError | ReadError:
    flow = str(PurePosixPath(place.path or ".").with_name(FLOW_FILE))
    has_flow = bool(attempt(["rev-list", "-1", *ends, "--", flow], cwd=repository.top)[1].strip())
    if PurePosixPath(place.path).name == APP_FILE and has_flow:
        return ReadError(
            f"no {APP_FILE} was committed beside the {FLOW_FILE}; Python from history is never executed",
            path=target,
            code="no-app",
            hint=f"commit what it renders too: difyflow render {target} -o {place.path}",
        )
    return UsageError("git has no history of such a document", path=target, code="no-history")
