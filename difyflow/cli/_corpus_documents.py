"""The text of source documents, for what compares samples with them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from difyflow.cli import _show
from difyflow.errors import InputError, UsageError

_LARGEST = 200 * 1024 * 1024


def read_documents(folder: Path) -> dict[str, str]:
    """The text of every document in a folder, by its path below it; what cannot be read is told on stderr.

    Raises:
        UsageError: it is no folder, or no document in it can be read.
        MissingExtra: the library for a type of document is not installed.
    """
    if not folder.is_dir():
        raise UsageError("is no folder of documents", path=str(folder), code="no-documents")
    files = sorted(one for one in folder.rglob("*") if one.is_file() and not one.name.startswith("."))
    found = {path.relative_to(folder).as_posix(): text for path in files if (text := _text(path)) is not None}
    if not found:
        raise UsageError("holds no document that can be read", path=str(folder), code="no-documents")
    return found


def read_files(paths: Iterable[str]) -> dict[str, str]:
    """The text of documents by their paths; what cannot be read is told on stderr, gone ones are not."""
    files = sorted({Path(path) for path in paths if _is_file(path)})
    return {str(path): text for path in files if (text := _text(path)) is not None}


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def _text(path: Path) -> str | None:
    from difyflow.run.backends.local.documents import extract

    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"is larger than {_LARGEST:,} bytes")
        return extract(path.read_bytes(), name=path.name).text
    except (InputError, OSError) as err:
        _show.note(f"left out: {path}: {err.message if isinstance(err, InputError) else err.strerror}")
        return None
