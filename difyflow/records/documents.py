"""Which of a run's inputs are documents: what the provenance of its samples names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

_LONGEST = 1000
"""Characters of a path; a longer text is none."""


def documents_of(values: Mapping[str, object], folder: str) -> dict[str, object]:
    """`documents`, the names of the files among inputs, and `paths`, where the local ones lie; empty without.

    Args:
        values: inputs by name: texts, several files of one input with line breaks or as a list.
        folder: that relative paths begin at.
    """
    found = list(dict.fromkeys(_files(values, folder)))
    if not found:
        return {}
    paths = [path for _, path in found if path]
    said: dict[str, object] = {"documents": list(dict.fromkeys(name for name, _ in found))}
    return {**said, "paths": paths} if paths else said


def _files(values: Mapping[str, object], folder: str) -> Iterator[tuple[str, str]]:
    """Names, with the paths of local files."""
    for value in values.values():
        for item in value if isinstance(value, list) else str(value).splitlines():
            text = str(item).strip().removeprefix("@")
            name = text.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
            if text.startswith(("http://", "https://")):
                yield name, ""
            elif 0 < len(text) < _LONGEST and _is_file(text, folder):
                yield name, str((Path(folder) / text).absolute())


def _is_file(text: str, folder: str) -> bool:
    try:
        return (Path(folder) / text).is_file()
    except (OSError, ValueError):
        return False
