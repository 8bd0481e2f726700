"""Where what is said of conflicts lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from difyflow.git.repository import Repository


_INSIDE: Final = ("difyflow", "conflicts")


def conflicts_of(repository: Repository) -> Path:
    """The folder for reports of conflicts in a work tree: merging must not make files in the tree itself."""
    return repository.git_dir.joinpath(*_INSIDE)


def may_be_there() -> bool:
    """Whether there may be reports, in a process that git started for a merge: at the top of the work tree.

    False if there are none for sure. Git knows where its folder is, but asking it takes a tenth of a merge.
    """
    inside = Path(".git")
    return "GIT_DIR" in os.environ or not inside.is_dir() or inside.joinpath(*_INSIDE).exists()
