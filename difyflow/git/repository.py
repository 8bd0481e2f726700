"""A repository: what changed between two states of it, and the bytes that files had in them.

Imports nothing of difyflow but its errors, so that a target `REV:path` can be read from anywhere.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from difyflow.errors import ReadError, UsageError
from difyflow.git import _call
from difyflow.git._call import attempt, git


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository with a work tree.

    Attributes:
        top: the folder of the work tree.
        git_dir: its own `.git` folder; another one for each work tree of a repository.
        common_dir: the `.git` folder that all work trees share.
    """

    top: Path
    git_dir: Path
    common_dir: Path


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

    @property
    def is_plain(self) -> bool:
        """Whether both sides are plain files, or absent."""
        return all(mode in ("000000", "100644", "100755") for mode in (self.old_mode, self.new_mode))


def open_repository(start: Path | None = None) -> Repository:
    """The repository that a folder lies in.

    Args:
        start: by itself the current folder.

    Raises:
        UsageError: it lies in none (`no-repository`), or git is not installed.
    """
    asked = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir")
    code, out, _ = attempt(["rev-parse", *asked], cwd=start)
    lines = out.decode(errors="surrogateescape").split("\n")
    if code or len(lines) < 4:
        raise UsageError(
            f"{start or Path.cwd()} lies in no git repository with files",
            code="no-repository",
            hint="go into one, or make one: git init",
        )
    base = start or Path.cwd()
    return Repository(Path(lines[0]), Path(lines[1]), (base / lines[2]).resolve())


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
    """The changes in the output of a git command with `--raw -z --no-abbrev`."""
    return tuple(_parsed(out))


def _parsed(out: bytes) -> Iterator[FileChange]:
    parts = iter(out.decode(errors="surrogateescape").split("\0"))
    for head in parts:
        if not head.startswith(":"):
            continue
        old_mode, new_mode, old_id, new_id, status = head[1:].split(" ")
        old_path = new_path = next(parts)
        if status[0] in "RC":
            new_path = next(parts)
        yield FileChange(
            status[0],
            None if old_mode == "000000" and status[0] != "U" else old_path,
            None if new_mode == "000000" and status[0] != "U" else new_path,
            "" if not old_id.strip("0") else old_id,
            "" if not new_id.strip("0") else new_id,
            old_mode,
            new_mode,
        )


class Blobs:
    """Reads objects through one `git cat-file --batch`, however many are asked for."""

    def __init__(self, cwd: Path | None = None) -> None:
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.communicate()

    def kind(self, name: str, *, max_bytes: int | None = None) -> tuple[str, bytes]:
        """What kind of object this is (`blob`, `tree`, ..., empty if there is none), and its bytes.

        Args:
            name: an object's id, or anything that git resolves to one, such as `HEAD~1:app.yml`.
            max_bytes: size above which an object is not given.

        Raises:
            ReadError: it is larger than that (`too-large`).
            UsageError: git is not installed, or gives up.
        """
        if "\n" in name or "\0" in name or not name.strip():
            return "", b""
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(name.encode(errors="surrogateescape") + b"\n")
            process.stdin.flush()
        except BrokenPipeError as err:
            raise UsageError("git cat-file: it gave up", code="git-failed") from err
        head = process.stdout.readline().decode(errors="surrogateescape").rstrip("\n")
        words = head.rsplit(" ", 2)
        if not head:
            raise UsageError("git cat-file: this is no git repository", code="no-repository")
        if len(words) < 3 or not words[2].isdecimal():
            return "", b""
        size = int(words[2])
        if max_bytes is not None and size > max_bytes:
            self._pass_over(size + 1)
            raise ReadError(
                f"it has {size:,} bytes, more than the limit of {max_bytes:,}", path=name, code="too-large"
            )
        data = process.stdout.read(size)
        process.stdout.read(1)
        return words[1], data

    def read(self, name: str, *, max_bytes: int | None = None) -> bytes | None:
        """The bytes of a blob; None if there is no such blob. Otherwise as `kind`."""
        kind, data = self.kind(name, max_bytes=max_bytes)
        return data if kind == "blob" else None

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            self._process = subprocess.Popen(
                _call.command(["cat-file", "--batch"]),
                cwd=self._cwd,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_call.environment(),
            )
        except OSError as err:
            raise _call.missing(err) from err
        return self._process

    def _pass_over(self, size: int) -> None:
        assert self._process is not None and self._process.stdout is not None
        while size > 0:
            size -= len(self._process.stdout.read(min(size, 1 << 20)))


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
