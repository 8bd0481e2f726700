"""Which documents the command `diff` compares: two targets, two folders, or what changed in git."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from difyflow.build.load import locate
from difyflow.build.source import is_split
from difyflow.cli._diff_sides import side, side_of
from difyflow.diff.compare import plain
from difyflow.errors import DslError, ReadError, UsageError
from difyflow.git.history import changed_flows, changed_folders
from difyflow.git.repository import Blobs, changed_files, is_revision, open_repository

_SUFFIXES: Final = frozenset((".yml", ".yaml"))
_RENDERED: Final = "commit what it renders, too: difyflow render flow.py -o app.yml"
_LOOKS_LIKE_DSL: Final = re.compile(
    rb"(?m)(?:^(?:\xef\xbb\xbf)?|[{,][ \t]*)[\"']?(?:app|rag_pipeline|snippet)[\"']?[ \t]*:"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two versions of a document as plain data.

    Attributes:
        before, after: None on the side where there is none.
        fault: why one of several pairs cannot be compared; the others can.
    """

    names: tuple[str, str]
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
    fault: DslError | None = None


def pairs(targets: tuple[str, ...]) -> Iterator[Pair]:
    """The pairs that are meant by the arguments of the command.

    Raises:
        UsageError: too many arguments, one that is neither file nor revision.
        DslError, BuildError: a side cannot be read.
    """
    if len(targets) > 2:
        raise UsageError(f"two targets are compared, these are {len(targets)}", code="too-many")
    if len(targets) == 2 and not all(map(_is_revision, targets)):
        yield from _two(*targets)
    else:
        if len(targets) == 1 and _is_there(targets[0]):
            raise UsageError(
                f"{targets[0]} is compared with what?",
                code="one-target",
                hint="name the other one: difyflow diff OLD NEW, or difyflow diff HEAD:./app.yml app.yml",
            )
        yield from _changed_in_git(targets or ("HEAD",))


def _is_there(target: str) -> bool:
    return target == "-" or ":" in target or Path(target).exists()


def _is_revision(target: str) -> bool:
    return not _is_there(target) and is_revision(target)


def _two(one: str, other: str) -> Iterator[Pair]:
    if _is_folder_of_files(one) and _is_folder_of_files(other):
        yield from _folders(Path(one), Path(other))
    else:
        # git names a file that is not there so
        before, after = (None if target == os.devnull else document(target) for target in (one, other))
        yield Pair((one, other), before, after)


def _is_folder_of_files(target: str) -> bool:
    path = Path(target)
    if not path.is_dir() or is_split(path):
        return False
    try:
        locate(path)
    except ReadError:
        return True
    return False


def _folders(one: Path, other: Path) -> Iterator[Pair]:
    names = sorted({name for top in (one, other) for name in _dsl_files(top)})
    if not names:
        raise UsageError(f"neither {one} nor {other} holds a DSL file", code="no-dsl")
    for name in names:
        sides = [top / name if (top / name).is_file() else None for top in (one, other)]
        data = [None if file is None else file.read_bytes() for file in sides]
        yield from _pair((str(one / name), str(other / name)), data)


def _dsl_files(top: Path) -> Iterator[str]:
    for path in sorted(top.rglob("*")):
        named = path.suffix.lower() in _SUFFIXES and path.is_file()
        if named and _LOOKS_LIKE_DSL.search(path.read_bytes()):
            yield path.relative_to(top).as_posix()


def _dsl(data: bytes | None, name: str) -> Mapping[str, object] | None:
    """The plain data of a document; None for a file that is none."""
    if data is None or not _LOOKS_LIKE_DSL.search(data):
        return None
    try:
        return plain(side_of(data, name))
    except ReadError as err:
        if err.code == "app-missing":
            return None
        raise


def _changed_in_git(states: tuple[str, ...]) -> Iterator[Pair]:
    """Each DSL file that differs between two states; only blobs that changed are read."""
    repository = open_repository(may_be_bare=True)
    with Blobs(repository.top) as blobs:
        found = changed_files(repository, states)
        folders, files = changed_folders(repository, blobs, found, states)
        for whole in folders:
            yield from _pair((whole.old_name or whole.name, whole.name), [whole.old, whole.new])
        for flow in changed_flows(repository, blobs, files, states):
            fault = ReadError(flow.problem or "", path=flow.name, code="no-app", hint=_RENDERED)
            yield Pair((flow.name, flow.name), fault=fault)
        for change in filter(None, (change.of_plain_files() for change in files)):
            if change.status != "U":
                sides = [_blob(blobs, change.old_id, change.old_path, None)]
                sides.append(_blob(blobs, change.new_id, change.new_path, repository.top))
                names = (change.old_path or change.new_path or "", change.new_path or change.old_path or "")
                yield from _pair(names, sides)


def _pair(names: tuple[str, str], sides: list[bytes | None]) -> Iterator[Pair]:
    """The pair in two files of which one or both may be no DSL."""
    words = ("before", "after")
    try:
        found = [_dsl(data, f"{name} ({word})") for data, name, word in zip(sides, names, words, strict=True)]
    except DslError as err:
        yield Pair(names, fault=err)
        return
    if any(item is not None for item in found):
        yield Pair(names, found[0], found[1])


def _blob(blobs: Blobs, name: str, path: str | None, top: Path | None) -> bytes | None:
    if path is None or Path(path).suffix.lower() not in _SUFFIXES:
        return None
    found = blobs.read(name) if name else None
    file = None if top is None else top / path
    return file.read_bytes() if found is None and file is not None and file.is_file() else found


def document(target: str) -> Mapping[str, object]:
    """The plain data behind a target.

    Raises:
        DslError, BuildError: it cannot be read.
    """
    return plain(side(target))
