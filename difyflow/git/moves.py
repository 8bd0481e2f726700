"""Under which other name a document went before: a file, or a folder made by `split`.

Git pairs files; a document that is a folder has several, and one that was split or joined is none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from difyflow.build import folder
from difyflow.errors import ReadError
from difyflow.git._call import Asker
from difyflow.git.repository import FileChange, parsed_raw
from difyflow.git.sniff import is_named_yaml, may_be_dsl

Read = Callable[[str], bytes | None]
"""The bytes of a file of a state, by its path from the top of the repository."""

INSIDE: Final = frozenset(folder.FOLDERS)
_END: Final = b"difyflow: no more"
"""A line that `git diff-tree` gives back as it is, being no object's id."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document is: a file, or a folder made by `split`; from the top of the repository."""

    path: str
    is_folder: bool = False

    @property
    def name(self) -> str:
        """What it is called in lists; `.` for a folder that is the top itself."""
        return self.path or "."

    def inside(self, name: str) -> str:
        """The path of a file in this folder."""
        return f"{self.path}/{name}" if self.path else name


def split_folder(path: str | None) -> str | None:
    """The folder that a file belongs to if that was made by `split`; None if it cannot be a part of one."""
    if path is None:
        return None
    parts = PurePosixPath(path).parts
    if parts[-1] in folder.PARTS:
        return "/".join(parts[:-1])
    return "/".join(parts[:-2]) if len(parts) > 1 and parts[-2] in INSIDE else None


def is_split(read: Read, path: str) -> bool:
    """Whether a folder was made by `split`."""
    found = read(Place(path, True).inside(folder.DOCUMENT))
    return found is not None and found.startswith((b"$split:", b"document:"))


def text_of(read: Read, place: Place) -> bytes | None:
    """The document at a place; None if there is none.

    Raises:
        ReadError: the folder is not whole.
    """
    if not place.is_folder:
        return read(place.path)
    if not is_split(read, place.path):
        return None
    return folder.join(lambda name: read(place.inside(name)), name=place.name).encode()


def source(place: Place, changes: Sequence[FileChange], old: Read, new: Read) -> Place | None:
    """Where a document was in the state before, that is new at a place.

    Args:
        place: where it is now.
        changes: all files that differ, with renames.
        old: reads the state before.
        new: reads the state in which it is new.
    """
    parts = [place.inside(part) for part in folder.PARTS] if place.is_folder else [place.path]
    moved = {change.new_path: change.old_path for change in changes if change.status == "R"}
    for part in parts:
        before = moved.get(part)
        if before is not None:
            whole = split_folder(before)
            if whole is not None and is_split(old, whole):
                return Place(whole, is_folder=True)
            if is_named_yaml(before):
                return Place(before)
    return _other_kind(place, changes, old, new)


def _other_kind(place: Place, changes: Iterable[FileChange], old: Read, new: Read) -> Place | None:
    """A file of which a folder was made, or the other way round: it is gone, half of its lines are here."""
    gone = [item.old_path for item in changes if item.status in "DR" and item.old_path is not None]
    if place.is_folder:
        found = [Place(path) for path in gone if is_named_yaml(path) and split_folder(path) is None]
    else:
        folders = dict.fromkeys(split_folder(path) for path in gone)
        found = [Place(path, is_folder=True) for path in folders if path is not None]
    mine = _document(new, place) if found else None
    scores = [(alike(_document(old, other) or b"", mine), other) for other in found] if mine else []
    best = max(scores, key=lambda score: score[0], default=(0.0, None))
    return best[1] if best[0] >= 0.5 else None


def _document(read: Read, place: Place) -> bytes | None:
    try:
        found = text_of(read, place)
    except ReadError:  # not whole: like nothing else
        return None
    return found if found is not None and may_be_dsl(found) else None


def alike(one: bytes, other: bytes) -> float:
    """How large a part of the longer text the other one has too, by lines: from 0 to 1."""
    left, right = Counter(one.split(b"\n")), Counter(other.split(b"\n"))
    return (left & right).total() / max(left.total(), right.total())


class Moves(Asker):
    """What differs between a commit and one of its parents, through one `git diff-tree`."""

    def __init__(self, cwd: Path) -> None:
        options = ["--stdin", "-r", "-M", "--raw", "-z", "--no-abbrev", "--no-commit-id", "--no-ext-diff"]
        super().__init__(["diff-tree", *options], cwd)

    def between(self, commit: str, parent: str) -> tuple[FileChange, ...]:
        """The files that differ; renames are found as `git diff -M` finds them.

        Raises:
            UsageError: git gives up.
        """
        return parsed_raw(b"\n".join(self._lines(f"{commit} {parent}")))

    def _lines(self, question: str) -> Iterator[bytes]:
        line = self._pipe.ask(f"{question}\n{_END.decode()}")
        while not line.endswith(_END):
            yield line
            line = self._pipe.line()
        yield line.removesuffix(_END)
