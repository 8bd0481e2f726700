"""Where what is said of conflicts lies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from difyflow.git.repository import Repository


def conflicts_of(repository: Repository) -> Path:
    """The folder for reports of conflicts in a work tree: merging must not make files in the tree itself."""
    return repository.git_dir / "difyflow" / "conflicts"
