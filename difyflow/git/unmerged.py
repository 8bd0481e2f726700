"""Files that a merge of git left undecided: their versions in the index, and our report on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from difyflow.errors import UsageError
from difyflow.git._call import attempt
from difyflow.git._reports import conflicts_of
from difyflow.git.repository import open_repository


@dataclass(frozen=True, slots=True)
class Unmerged:
    """A file that git has in several versions.

    Attributes:
        path: from the top of the work tree, with `/`.
        stages: which there are: 1 base, 2 ours, 3 theirs.
        report: where our report on its conflicts is, without suffix.
    """

    path: str
    stages: frozenset[int]
    report: Path

    def target(self, stage: int) -> str:
        """What a version is called, as git has it: `:2:flows/app.yml`."""
        return f":{stage}:{self.path}"


def unmerged(file: Path) -> Unmerged | None:
    """The versions that git has of a file; None if there is no conflict in it, no repository, or no git."""
    folder = file.absolute().parent
    if not folder.is_dir():
        return None
    try:
        repository = open_repository(folder)
        code, out, _ = attempt(["ls-files", "--unmerged", "-z", "--full-name", "--", file.name], cwd=folder)
    except UsageError:  # no repository, or no git: then it is a file like any other
        return None
    lines = [line.split(b"\t", 1) for line in out.split(b"\0") if b"\t" in line]
    if code or not lines:
        return None
    path = lines[0][1].decode(errors="surrogateescape")
    stages = frozenset(int(head.split()[2]) for head, name in lines if name == lines[0][1])
    return Unmerged(path, stages, conflicts_of(repository).joinpath(*path.split("/")))
