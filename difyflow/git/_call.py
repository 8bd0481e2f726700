"""Calling git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from difyflow.errors import UsageError


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
    return {**os.environ, "LC_ALL": "C.UTF-8", "GIT_OPTIONAL_LOCKS": "0"}


def missing(err: OSError) -> UsageError:
    """The error for a machine on which git cannot be started."""
    return UsageError(
        f"git cannot be started: {err.strerror or err}", code="no-git", hint="install git 2.30 or later"
    )
