"""A target to the text of a document: a file, a folder, standard input, or any of them in git's history.

Nothing is executed here. Where history has a `flow.py`, the `app.yml` that was committed beside it counts.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from difyflow.build import folder
from difyflow.dsl.reader import MAX_BYTES, read_bytes
from difyflow.errors import ReadError
from difyflow.git.repository import Blobs, is_revision

FLOW_FILE = "flow.py"
APP_FILE = "app.yml"

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of a document and what they are called in messages."""

    data: bytes
    name: str


def source_of(target: str | Path, *, max_bytes: int = MAX_BYTES) -> Source:
    """The text behind a target, not parsed; that of a folder made by `difyflow split` is put together.

    Args:
        target: a DSL file, a folder with an `app.yml` or made by `split`, `-` for standard input, or
            `REV:path` with either in git's history; `:path` is what is staged.
        max_bytes: size above which nothing is read.

    Raises:
        ReadError: there is no such thing; says what is there instead.
        UsageError: a revision, and git cannot be asked.
    """
    text = str(target)
    if text == "-":
        return Source(sys.stdin.buffer.read(max_bytes + 1), "<stdin>")
    path = Path(target)
    if path.is_dir():
        return _in_folder(path, max_bytes)
    if is_in_history(target):
        with Blobs() as blobs:
            return _in_history(text, blobs, max_bytes)
    return Source(read_bytes(path, max_bytes=max_bytes), str(path))


def is_in_history(target: str | Path) -> bool:
    """Whether a target can only be `REV:path`: there is no such file, and it is no path with a drive."""
    text = str(target)
    plain = ":" not in text or _DRIVE.match(text) or _URL.match(text)
    return not plain and not Path(text).exists()


def is_split(path: Path) -> bool:
    """Whether this is a folder made by `difyflow split` that holds nothing that goes first."""
    return (path / folder.DOCUMENT).is_file() and not any(
        (path / name).is_file() for name in (FLOW_FILE, APP_FILE)
    )


def folder_reader(path: Path, *, max_bytes: int = MAX_BYTES) -> folder.Reader:
    """Reads the files of a folder, and none outside it, wherever links lead.

    Raises:
        ReadError: while reading, a file that cannot be read or lies outside.
    """
    top = path.resolve()

    def read(name: str) -> bytes | None:
        file = path / name
        if not file.is_file():
            return None
        if not file.resolve().is_relative_to(top):
            raise ReadError("a link that leads out of the folder", path=str(file), code="split-file")
        return read_bytes(file, max_bytes=max_bytes)

    return read


def _in_folder(path: Path, max_bytes: int) -> Source:
    app = path / APP_FILE
    if app.is_file() or not (path / folder.DOCUMENT).is_file():
        return Source(read_bytes(app, max_bytes=max_bytes), str(app))
    text = folder.join(folder_reader(path, max_bytes=max_bytes), name=str(path))
    return Source(text.encode(), str(path))


def _in_history(target: str, blobs: Blobs, max_bytes: int) -> Source:
    def read(name: str) -> bytes | None:
        return blobs.read(name, max_bytes=max_bytes)

    kind, data = blobs.kind(target, max_bytes=max_bytes)
    revision, _, path = target.partition(":")
    if kind == "blob" and not path.endswith(".py"):
        return Source(data, target)
    place = _beside(path) if kind == "blob" else path
    app = f"{revision}:{_within(place, APP_FILE)}"
    found = read(app)
    if found is not None:
        return Source(found, app)
    inside = f"{revision}:{_within(place, '')}"
    if read(f"{inside}{folder.DOCUMENT}") is not None:
        text = folder.join(lambda name: read(f"{inside}{name}"), name=inside.rstrip("/"))
        return Source(text.encode(), target)
    raise _missing(target, kind, has_flow=read(f"{inside}{FLOW_FILE}") is not None)


def _beside(path: str) -> str:
    parent = str(PurePosixPath(path).parent)
    return "" if parent == "." and not path.startswith("./") else parent


def _within(place: str, name: str) -> str:
    return f"{place.rstrip('/')}/{name}" if place else name


def _missing(target: str, kind: str, *, has_flow: bool) -> ReadError:
    if has_flow or kind == "blob":
        return ReadError(
            f"there is a {FLOW_FILE} and no {APP_FILE} beside it; Python from history is never executed",
            path=target,
            code="no-app",
            hint=f"commit what it renders too: difyflow render {FLOW_FILE} -o {APP_FILE}",
        )
    if kind == "tree":
        return ReadError(f"the folder holds no {APP_FILE} there", path=target, code="no-flow")
    revision = target.partition(":")[0]
    if revision and not is_revision(revision):
        return ReadError(
            f"there is no such file, and {revision!r} is no revision of a git repository here",
            path=target,
            code="not-found",
        )
    return ReadError(
        "git has no such file there",
        path=target,
        code="not-found",
        hint="paths count from the top of the repository, or from here if they begin with ./",
    )
