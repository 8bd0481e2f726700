"""A repository: what changed between two states of it, and the bytes that files had in them.

Imports nothing of difyflow but its errors, so that a target `REV:path` can be read from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from difyflow.errors import ReadError, UsageError
from difyflow.git import _call
from difyflow.git._call import attempt, git

_ABSENT = "000000"
_PLAIN = (_ABSENT, "100644", "100755")


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository.

    Attributes:
        top: the folder of the work tree; in one without a work tree, its git folder.
        git_dir: its own `.git` folder; another one for each work tree of a repository.
        common_dir: the `.git` folder that all work trees share.
        is_bare: whether there is no work tree, as on a server.
    """

    top: Path
    git_dir: Path
    common_dir: Path
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that differs between two states.

    Attributes:
        status: A added, D deleted, M modified, R renamed, C copied, T another kind of file, U unmerged.
        old_path, new_path: with `/`, from the top of the work tree; None on the side where it is not.
        old_id, new_id: names of the blobs; empty for a file of the work tree that git has not stored.
        old_mode, new_mode: as git has them, such as 100644, 120000 (link), 160000 (submodule).
    """

    status: str
    old_path: str | None
    new_path: str | None
    old_id: str
    new_id: str
    old_mode: str
    new_mode: str

    def of_plain_files(self) -> FileChange | None:
        """The same without a side that is a link or a submodule; None if no side is left."""
        made = self
        if self.old_path is not None and self.old_mode not in _PLAIN:
            made = replace(made, status="A", old_path=None, old_id="", old_mode=_ABSENT)
        if self.new_path is not None and self.new_mode not in _PLAIN:
            made = replace(made, status="D", new_path=None, new_id="", new_mode=_ABSENT)
        return made if made.old_path is not None or made.new_path is not None else None


def open_repository(start: Path | None = None, *, may_be_bare: bool = False) -> Repository:
    """The repository that a folder lies in, or that `GIT_DIR` names.

    Args:
        start: by itself the current folder.
        may_be_bare: whether one without a work tree will do: for what reads history alone.

    Raises:
        UsageError: it lies in none (`no-repository`), or git is not installed.
    """
    asked = ["rev-parse", "--absolute-git-dir", "--git-common-dir"]
    code, out, said = attempt([*asked, "--show-toplevel"], cwd=start)
    is_bare = bool(code) and may_be_bare
    if is_bare:
        code, out, said = attempt(asked, cwd=start)
    lines = out.decode(errors="surrogateescape").split("\n")
    if code or len(lines) < (3 if is_bare else 4):
        words = " ".join(said.split()).removeprefix("fatal: ")
        raise UsageError(
            f"{start or Path.cwd()} lies in no git repository with files" + (f": {words}" if words else ""),
            code="no-repository",
            hint="go into one, or make one: git init",
        )
    git_dir, common = Path(lines[0]), ((start or Path.cwd()) / lines[1]).resolve()
    return Repository(git_dir if is_bare else Path(lines[2]), git_dir, common, is_bare)


def is_revision(text: str, *, cwd: Path | None = None) -> bool:
    """Whether git knows a commit or tree by this name."""
    if not text or text.startswith("-"):
        return False
    ask = ["rev-parse", "--quiet", "--verify", "--end-of-options", f"{text}^{{tree}}"]
    return attempt(ask, cwd=cwd)[0] == 0


def changed_files(
    repository: Repository, states: Sequence[str], *, paths: Sequence[str] = ()
) -> tuple[FileChange, ...]:
    """The files that differ, found by one `git diff`; renames are followed.

    Args:
        repository: where.
        states: as for `git diff`: none (index and work tree), one revision (it and the work tree), `A..B`,
            `A...B`, two revisions, or `--cached` with at most one.
        paths: only files at or under these, from the top of the work tree.

    Raises:
        UsageError: git does not know one of the states.
    """
    wrong = [state for state in states if state.startswith("-") and state != "--cached"]
    if wrong:
        raise UsageError(f"{wrong[0]} is no revision", code="no-revision")
    options = [
        "--raw",
        "-z",
        "-M",
        "--no-abbrev",
        "--no-ext-diff",
        "--no-textconv",
        "--ignore-submodules=none",
    ]
    out = git(
        ["diff", *options, *states, "--", *paths], cwd=repository.top, fails=f"git diff {' '.join(states)}"
    )
    return tuple(_parsed(out))


def parsed_raw(out: bytes) -> tuple[FileChange, ...]:
    """The changes in the output of a git command with `--raw -z --no-abbrev`; of a merge with `-c`, too.

    Of a merge, `old_id` and `old_mode` are those of its first parent.
    """
    return tuple(_parsed(out))


def _parsed(out: bytes) -> Iterator[FileChange]:
    parts = iter(out.decode(errors="surrogateescape").split("\0"))
    for head in parts:
        if not head.startswith(":"):
            continue
        words = head.lstrip(":").split(" ")
        parents = (len(words) - 1) // 2 - 1  # a mode and an id for each, and for the result
        old_mode, new_mode, status = words[0], words[parents], words[-1]
        old_id, new_id = words[parents + 1], words[-2]
        old_path = new_path = next(parts)
        if status[0] in "RC":
            new_path = next(parts)
        yield FileChange(
            status[0],
            None if old_mode == _ABSENT and status[0] != "U" else old_path,
            None if new_mode == _ABSENT and status[0] != "U" else new_path,
            "" if not old_id.strip("0") else old_id,
            "" if not new_id.strip("0") else new_id,
            old_mode,
            new_mode,
        )


class Blobs(_call.Asker):
    """Reads objects through one `git cat-file --batch`, however many are asked for."""

    def __init__(self, cwd: Path | None = None) -> None:
        super().__init__(["cat-file", "--batch"], cwd)
        self._cwd = cwd

    def kind(self, name: str, *, max_bytes: int | None = None) -> tuple[str, bytes]:
        """What kind of object this is (`blob`, `tree`, ..., empty if there is none), and its bytes.

        Args:
            name: an object's id, or anything that git resolves to one, such as `HEAD~1:app.yml`.
            max_bytes: size above which an object is not given.

        Raises:
            ReadError: it is larger than that (`too-large`).
            UsageError: git is not installed, or gives up.
        """
        words = _head(self._pipe, name, self._cwd)
        if words is None:
            return "", b""
        size = int(words[2])
        if max_bytes is not None and size > max_bytes:
            self._pass_over(size + 1)
            raise ReadError(
                f"it has {size:,} bytes, more than the limit of {max_bytes:,}", path=name, code="too-large"
            )
        data = self._pipe.read(size)
        self._pipe.read(1)
        return words[1], data

    def read(self, name: str, *, max_bytes: int | None = None) -> bytes | None:
        """The bytes of a blob; None if there is no such blob. Otherwise as `kind`."""
        kind, data = self.kind(name, max_bytes=max_bytes)
        return data if kind == "blob" else None

    def _pass_over(self, size: int) -> None:
        while size > 0:
            size -= len(self._pipe.read(min(size, 1 << 20)))


class Names(_call.Asker):
    """Finds out the ids of objects through one `git cat-file --batch-check`; their contents stay unread."""

    def __init__(self, cwd: Path | None = None) -> None:
        super().__init__(["cat-file", "--batch-check"], cwd)
        self._cwd = cwd

    def find(self, name: str) -> tuple[str, str]:
        """The kind of an object and its id; both empty if there is none. Otherwise as `Blobs.kind`."""
        words = _head(self._pipe, name, self._cwd)
        return ("", "") if words is None else (words[1], words[0])


def _head(pipe: _call.Pipe, name: str, cwd: Path | None) -> list[str] | None:
    """What `git cat-file` says of an object: id, kind, size."""
    if "\0" in name or not name.strip():
        return None
    if "\n" in name:  # a line is a question there; this takes a process, and such names are rare
        code, out, _ = attempt(["rev-parse", "--quiet", "--verify", "--end-of-options", name], cwd=cwd)
        if code:
            return None
        name = out.decode().strip()
    head = pipe.ask(name).decode(errors="surrogateescape")
    words = head.rsplit(" ", 2)
    return words if len(words) == 3 and words[2].isdecimal() else None


def show(name: str, *, cwd: Path | None = None) -> bytes:
    """The bytes of one blob, such as `HEAD~1:apps/support.yml`, or `:app.yml` for what is staged.

    Raises:
        ReadError: there is no such file.
        UsageError: no repository.
    """
    with Blobs(cwd) as blobs:
        found = blobs.read(name)
    if found is None:
        raise ReadError("git has no such file", path=name, code="not-found")
    return found
