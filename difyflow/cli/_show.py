"""What the user sees: results to stdout or a file, talk to stderr, all as UTF-8 bytes with `\\n`.

A file is complete or absent: it is written beside its place, flushed to the disk and then renamed.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from difyflow.errors import UsageError


def write_text(text: str, file: str | None = None) -> None:
    """Writes a result to stdout, or to a file that is then complete or untouched.

    Args:
        text: written as UTF-8 just as it is, without a line end added.
        file: path; None or `-` for stdout. A link is followed; a device or pipe is written to directly.

    Raises:
        UsageError: it cannot be written; says where and why (`code` is `cannot-write`).
        BrokenPipeError: whoever read stdout has gone.
    """
    data = text.encode()
    target = None if file == "-" else file
    try:
        if target is None:
            _send(sys.stdout, data)
        else:
            _write_file(Path(target), data)
    except BrokenPipeError:
        raise
    except OSError as err:
        if target is None:
            discard_stdout()
        raise UsageError(
            f"cannot write: {err.strerror or err}", code="cannot-write", path=target or "stdout"
        ) from err


def note(text: str) -> None:
    """Says a line to the user on stderr; control characters in it are shown and not obeyed."""
    _send(sys.stderr, _harmless(text).encode(errors="backslashreplace") + b"\n")


def discard_stdout() -> None:
    """Sends what stdout still holds nowhere, so that the interpreter does not fail on it again at its end."""
    with suppress(OSError):  # a stream without a file behind it, as in tests, holds nothing back
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _harmless(text: str) -> str:
    """Text of a server or a model could otherwise steer the terminal."""
    return "".join(
        char if char in "\n\t" or not unicodedata.category(char) == "Cc" else f"\\x{ord(char):02x}"
        for char in text
    )


def _send(stream: TextIO, data: bytes) -> None:
    stream.flush()
    buffer = getattr(stream, "buffer", None)
    if buffer is None:  # a StringIO put in its place
        stream.write(data.decode())
    else:
        buffer.write(data)
    stream.flush()


def _write_file(path: Path, data: bytes) -> None:
    place = Path(os.path.realpath(path))
    mode = place.stat().st_mode if place.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        place.write_bytes(data)
        return
    if mode is not None and not os.access(place, os.W_OK):
        raise PermissionError(None, "the file is read-only")
    beside = place.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with beside.open("xb") as stream:
            if mode is not None:
                beside.chmod(stat.S_IMODE(mode))
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(place)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    """Makes the rename durable where the system lets a folder be synced (not on Windows, not on every disk)."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
