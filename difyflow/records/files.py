"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from difyflow.errors import UsageError


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file so that it is complete or as it was before: beside it, flushed to disk, then renamed.

    Raises:
        UsageError: it cannot be written; nothing is left behind.
    """
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:80]}.", suffix=".part")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
    except OSError as err:
        if temporary is not None:
            with contextlib.suppress(OSError):  # the first error is the one to tell
                temporary.unlink(missing_ok=True)
        raise UsageError(
            f"cannot be written: {err.strerror or err}", path=str(path), code="not-writable"
        ) from err


def check_writable(path: Path, *, force: bool) -> None:
    """Makes sure, before anything costs money, that a file can be written at this path.

    Raises:
        UsageError: it exists and `force` is not given, or its folder takes no files.
    """
    if path.is_dir():
        raise UsageError("is a folder; name a file in it", path=str(path), code="is-a-folder")
    if path.exists() and not force:
        raise UsageError(
            "exists already", path=str(path), code="exists", hint="overwrite it with --force, or name another"
        )
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".difyflow.", suffix=".part")
        os.close(handle)
        Path(name).unlink()
    except OSError as err:
        raise UsageError(
            f"cannot be written: {err.strerror or err}", path=str(path), code="not-writable"
        ) from err


def _umask() -> int:
    """The process's umask; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
