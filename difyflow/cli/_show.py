"""What the user sees: results to stdout or a file, talk to stderr, all as UTF-8 bytes with LF.

A file is complete or as it was before.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from difyflow.errors import UsageError
from difyflow.records.files import write_whole


def write_text(text: str, file: str | None = None) -> None:
    """Writes a result to stdout, or to a file that is then complete or untouched.

    Args:
        text: written as UTF-8 just as it is, without a line end added.
        file: path; None or `-` for stdout. A link is followed; a device or pipe is written to directly.

    Raises:
        UsageError: it cannot be written; says where and why (`code` is `not-writable`).
        BrokenPipeError: whoever read it has gone.
    """
    data = text.encode()
    if file is not None and file != "-":
        write_whole(Path(file), data)
        return
    try:
        _send(sys.stdout, data)
    except BrokenPipeError:
        raise
    except OSError as err:
        discard_stdout()
        raise UsageError(
            f"cannot be written: {err.strerror or err}", path="stdout", code="not-writable"
        ) from err


def check_same(text: str, file: str) -> int:
    """Exit code 0 if the file holds this text, else 1 and a word about the first line that differs."""
    try:
        there = Path(file).read_bytes().decode("utf-8", "replace")
    except OSError as err:
        note(f"{file}: {err.strerror or err}")
        return 1
    if there == text:
        return 0
    pairs = zip([*there.splitlines(keepends=True), ""], [*text.splitlines(keepends=True), ""], strict=False)
    line = next((number for number, (old, new) in enumerate(pairs, 1) if old != new), 1)
    note(f"{file}:{line}: differs from what the target renders; write it with: difyflow render ... -o {file}")
    return 1


def note(text: str) -> None:
    """Says a line to the user on stderr; control characters in it are shown and not obeyed."""
    _send(sys.stderr, harmless(text).encode(errors="backslashreplace") + b"\n")


def discard_stdout() -> None:
    """Sends what stdout still holds nowhere, so that the interpreter does not fail on it again at its end."""
    with suppress(OSError):  # a stream without a file behind it, as in tests, holds nothing back
        stdout = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stdout)
        os.close(nowhere)


def harmless(text: str) -> str:
    """A text with its control characters shown: that of a server or a model could steer the terminal."""
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) != "Cc" else f"\\x{ord(char):02x}"
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
