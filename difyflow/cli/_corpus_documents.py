"""The text of source documents, for what compares samples with them."""

from __future__ import annotations

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
    from difyflow.run.backends.local.documents import extract

    if not folder.is_dir():
        raise UsageError("is no folder of documents", path=str(folder), code="no-documents")
    found: dict[str, str] = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file() and not one.name.startswith(".")):
        name = path.relative_to(folder).as_posix()
        try:
            if path.stat().st_size > _LARGEST:
                raise InputError(f"is larger than {_LARGEST:,} bytes")
            found[name] = extract(path.read_bytes(), name=path.name).text
        except (InputError, OSError) as err:
            said = err.message if isinstance(err, InputError) else err.strerror
            _show.note(f"left out: {path}: {said}")
    if not found:
        raise UsageError("holds no document that can be read", path=str(folder), code="no-documents")
    return found
