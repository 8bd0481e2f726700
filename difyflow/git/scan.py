"""Which files of a repository hold Dify documents, and the patterns that name them for git."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from difyflow.errors import UsageError
from difyflow.git._call import git
from difyflow.git.repository import Repository
from difyflow.git.sniff import is_named_yaml, may_be_dsl

_LARGEST = 64 * 1024 * 1024
"""Bytes of a file above which nobody looks into it."""
_GLOB = re.compile(r"([\\*?\[\]])")
_QUOTED = re.compile(r'[\s"\\#!]|^-')
_TOO_WIDE = re.compile(r"(/|\*\*/|/\*\*/)*(\*\*?)(\.[\w*]+)?")


def patterns(repository: Repository) -> tuple[str, ...]:
    """Patterns for the documents that the work tree holds now: each ends in a suffix of YAML.

    A folder in which every YAML file is a document is named as a whole, so that new ones in it count too;
    elsewhere, and at the top of the repository, each file is named. Files that git ignores, links and
    submodules are not looked into.
    """
    by_folder: dict[str, list[str]] = defaultdict(list)
    others: set[str] = set()
    for name in _yaml_files(repository):
        folder, _, _ = name.rpartition("/")
        path = repository.top / name
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            continue
        if may_be_dsl(path.read_bytes()):
            by_folder[folder].append(name)
        else:
            others.add(folder)
    found: list[str] = []
    for folder, names in sorted(by_folder.items()):
        if not folder or folder in others:
            found += (f"/{_literal(name)}" for name in sorted(names))
        else:
            suffixes = sorted({PurePosixPath(name).suffix for name in names})
            found += (f"/{_literal(folder)}/*{suffix}" for suffix in suffixes)
    return tuple(found)


def checked(globs: Iterable[str]) -> tuple[str, ...]:
    """Patterns that a person asks for.

    Raises:
        UsageError: one would match every YAML file of the repository, or is none.
    """
    found = tuple(globs)
    for glob in found:
        if _TOO_WIDE.fullmatch(glob):
            raise UsageError(
                f"--path {glob}: would match every file of the repository",
                code="too-wide",
                hint="name a folder: --path 'workflows/**/*.yml'",
            )
        if not glob.strip() or glob.startswith(("!", "#")) or "\n" in glob:
            raise UsageError(f"--path {glob!r} is no pattern of git's attributes", code="bad-pattern")
    return found


def attribute_line(pattern: str) -> str:
    """The line of `.gitattributes` for a pattern."""
    return f"{_quoted(pattern)} diff=difyflow merge=difyflow\n"


def _yaml_files(repository: Repository) -> list[str]:
    out = git(["ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=repository.top)
    names = {name for name in out.decode(errors="surrogateescape").split("\0") if is_named_yaml(name)}
    return sorted(names)


def _literal(path: str) -> str:
    return _GLOB.sub(r"\\\1", path)


def _quoted(pattern: str) -> str:
    if not _QUOTED.search(pattern):
        return pattern
    shown = pattern.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{shown}"'
