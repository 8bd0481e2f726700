"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from difyflow.errors import UsageError


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file so that it is complete or as it was before: beside it, flushed to disk, then renamed.

    A link is followed, and a device or pipe is written to directly: renaming over it would remove it.

    Raises:
        UsageError: it cannot be written; nothing is left behind.
        BrokenPipeError: whoever read the pipe has gone.
    """
    place = Path(os.path.realpath(path))
    try:
        mode = place.stat().st_mode if place.exists() else None
        if mode is not None and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            place.write_bytes(data)
        else:
            _replace(place, data, mode)
    except BrokenPipeError:
        raise
    except OSError as err:
        raise UsageError(
            f"cannot be written: {err.strerror or err}", path=str(path), code="not-writable"
        ) from err


@contextlib.contextmanager
def open_whole(path: Path) -> Iterator[BinaryIO]:
    """Opens a file to be written bit by bit, as `write_whole` writes it: complete or as it was before.

    Args:
        path: followed if it is a link; a device or pipe is written to directly.

    Raises:
        UsageError: it cannot be opened. Whatever is raised while it is written, nothing is left behind.
    """
    place = Path(os.path.realpath(path))
    with contextlib.ExitStack() as stack:
        try:
            mode = place.stat().st_mode if place.exists() else None
            if mode is not None and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                file: BinaryIO = stack.enter_context(place.open("wb"))
            else:
                file = stack.enter_context(_beside(place, mode))
        except OSError as err:
            raise UsageError(
                f"cannot be written: {err.strerror or err}", path=str(path), code="not-writable"
            ) from err
        yield file


def _replace(place: Path, data: bytes, mode: int | None) -> None:
    with _beside(place, mode) as file:
        file.write(data)


@contextlib.contextmanager
def _beside(place: Path, mode: int | None) -> Iterator[BinaryIO]:
    """A file beside a place that takes its name at the end, and vanishes where that is not reached."""
    # Not by `secrets`, which loads eight modules: every command writes files.
    beside = place.with_name(f".{place.name[:80]}.{os.urandom(4).hex()}.part")
    try:
        with beside.open("xb") as file:
            if mode is not None:
                beside.chmod(stat.S_IMODE(mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    except BaseException:
        with contextlib.suppress(OSError):  # the first error is the one to tell
            beside.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # not every system and disk lets a folder be synced
        handle = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


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
    import tempfile  # loads twenty modules, and every command writes files

    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".difyflow.", suffix=".part")
        os.close(handle)
        Path(name).unlink()
    except OSError as err:
        raise UsageError(
            f"cannot be written: {err.strerror or err}", path=str(path), code="not-writable"
        ) from err
