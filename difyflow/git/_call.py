"""Calling git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from difyflow.errors import UsageError

_FOLDERS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
"""Where the caller says that things are: meant from his folder, and git is called in others too."""


def git(
    arguments: Sequence[str], *, cwd: Path | None = None, given: bytes | None = None, fails: str | None = None
) -> bytes:
    """What git says on its standard output.

    Args:
        arguments: the words after `git`.
        cwd: where it runs; by itself in the current folder.
        given: its standard input.
        fails: what the error says if git refuses; its own words follow.

    Raises:
        UsageError: git is not installed (`no-git`), or refuses (`git-failed`).
    """
    code, out, said = attempt(arguments, cwd=cwd, given=given)
    if code:
        words = " ".join(said.split()).removeprefix("fatal: ").removeprefix("error: ")
        raise UsageError(
            f"{fails or 'git ' + arguments[0]}: {words or f'it ended with {code}'}", code="git-failed"
        )
    return out


def attempt(
    arguments: Sequence[str], *, cwd: Path | None = None, given: bytes | None = None
) -> tuple[int, bytes, str]:
    """As `git`, for questions to which git may say no: exit code, standard output, what it said on stderr.

    Raises:
        UsageError: git is not installed (`no-git`).
    """
    try:
        done = subprocess.run(
            command(arguments),
            cwd=cwd,
            input=given or b"",
            capture_output=True,
            env=environment(),
            check=False,
        )
    except OSError as err:
        raise missing(err) from err
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def command(arguments: Sequence[str]) -> list[str]:
    """The command line: paths are taken as they are written, and nothing is paged."""
    return ["git", "--no-pager", "--literal-pathspecs", *arguments]


def environment() -> dict[str, str]:
    """The caller's, with git's messages in English: none is parsed, but some are shown among ours."""
    whole = {name: str(Path(os.environ[name]).absolute()) for name in _FOLDERS if os.environ.get(name)}
    return {**os.environ, **whole, "LC_ALL": "C.UTF-8", "GIT_OPTIONAL_LOCKS": "0"}


def missing(err: OSError) -> UsageError:
    """The error for a machine on which git cannot be started."""
    return UsageError(
        f"git cannot be started: {err.strerror or err}", code="no-git", hint="install git 2.30 or later"
    )


class Asker:
    """Base of what asks git through one pipe, which ends with the `with` block."""

    def __init__(self, arguments: Sequence[str], cwd: Path | None = None) -> None:
        self._pipe = Pipe(arguments, cwd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.__exit__(kind, value, trace)


class Pipe:
    """A command of git that answers line by line; started when it is first asked."""

    def __init__(self, arguments: Sequence[str], cwd: Path | None = None) -> None:
        self._arguments = arguments
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.communicate()
        if self._said is not None:
            self._said.close()

    def ask(self, line: str) -> bytes:
        """Sends a line; gives the first line of the answer without its end.

        Raises:
            UsageError: git is not installed, or ended.
        """
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(line.encode(errors="surrogateescape") + b"\n")
            process.stdin.flush()
        except BrokenPipeError as err:
            raise self._ended() from err
        return self.line()

    def line(self) -> bytes:
        """One more line of the answer, without its end.

        Raises:
            UsageError: there is none, for git ended.
        """
        assert self._process is not None and self._process.stdout is not None
        found = self._process.stdout.readline()
        if not found:
            raise self._ended()
        return found.removesuffix(b"\n")

    def _ended(self) -> UsageError:
        """The error for a git that ended, with what it said."""
        assert self._process is not None and self._said is not None
        self._process.wait()
        self._said.seek(0)
        said = " ".join(self._said.read().decode(errors="replace").split()).removeprefix("fatal: ")
        return UsageError(f"git {self._arguments[0]}: {said or 'it ended'}", code="git-failed")

    def read(self, size: int) -> bytes:
        """So many bytes of the answer."""
        assert self._process is not None and self._process.stdout is not None
        return self._process.stdout.read(size)

    def _start(self) -> subprocess.Popen[bytes]:
        from tempfile import TemporaryFile  # takes its time, and many commands never ask git

        self._said = TemporaryFile()  # noqa: SIM115  closed with the pipe
        try:
            self._process = subprocess.Popen(
                command(self._arguments),
                cwd=self._cwd,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env=environment(),
            )
        except OSError as err:
            raise missing(err) from err
        return self._process
