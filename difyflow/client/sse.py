"""Server-sent events: bytes in, frames out; knows neither HTTP nor Dify's events.

Dify puts the name of an event into the JSON of its `data` line; only the keep-alive is a bare `event: ping`
without data, which a strict parser would drop (recorded on 0.15.3, 1.12.1 and 1.15-dev).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

_BOM = b"\xef\xbb\xbf"
_CR = 13


class Frame(NamedTuple):
    """One event of the stream; a tuple, because a stream has many and a frozen dataclass costs more.

    Attributes:
        event: the SSE name; empty for all of Dify's events but `ping`.
        data: the data lines, joined with newlines; empty for a bare ping.
        whole: False for the last frame of a stream that ended without its empty line.
    """

    event: str
    data: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class BadLine:
    """What could not be read, as a value: `reason` in words, `sample` the first characters, printable."""

    reason: str
    sample: str


class Decoder:
    """Turns the bytes of one stream into frames; the chunks may be cut anywhere, also inside a character.

    The work is linear in the bytes, whatever the length of a line: a line is joined once, when it is
    complete. Lines end with LF or CR LF. Comments, `id` and `retry` are ignored.
    """

    def __init__(self) -> None:
        self._tail: list[bytes] = []
        self._event = ""
        self._data: list[str] = []
        self._bad: BadLine | None = None
        self._begun = False

    def feed(self, chunk: bytes) -> list[Frame | BadLine]:
        """The frames that this chunk completes."""
        if b"\n" not in chunk:
            if chunk:
                self._tail.append(chunk)
            return []
        lines = chunk.split(b"\n")
        if self._tail:
            lines[0] = b"".join((*self._tail, lines[0]))
            self._tail.clear()
        if lines[-1]:
            self._tail.append(lines[-1])
        del lines[-1]
        frames: list[Frame | BadLine] = []
        for line in lines:
            if line and line != b"\r":
                self._line(line[:-1] if line[-1] == _CR else line)
            elif self._data or self._event or self._bad:
                frames.append(self._frame(whole=True))
        return frames

    def end(self) -> list[Frame | BadLine]:
        """What is left when the bytes have ended: at most one frame, with `whole` False."""
        rest = b"".join(self._tail)
        self._tail.clear()
        if rest:
            self._line(rest.removesuffix(b"\r"))
        return [self._frame(whole=False)] if self._data or self._bad else []

    def _line(self, line: bytes) -> None:
        if not self._begun:
            self._begun = True
            line = line.removeprefix(_BOM)
        if line[:5] == b"data:":
            value = line[6:] if line[5:6] == b" " else line[5:]
            try:
                self._data.append(value.decode())
            except UnicodeDecodeError:
                self._bad = BadLine("not UTF-8", sample(value.decode(errors="backslashreplace")))
        elif line.startswith(b"event:"):
            self._event = line[6:].strip().decode("utf-8", "replace")

    def _frame(self, *, whole: bool) -> Frame | BadLine:
        data = self._data
        frame = self._bad or Frame(self._event, data[0] if len(data) == 1 else "\n".join(data), whole)
        self._event, self._data, self._bad = "", [], None
        return frame


def payload(frame: Frame) -> Mapping[str, object] | BadLine:
    """The JSON object of a frame; a bare `event: ping` is `{"event": "ping"}`."""
    if not frame.data:
        return {"event": frame.event}
    try:
        value = json.loads(frame.data)
    except (ValueError, RecursionError) as err:
        return BadLine(f"not JSON: {err}", sample(frame.data))
    if not isinstance(value, dict):
        return BadLine("not a JSON object", sample(frame.data))
    return value


def sample(text: str, length: int = 80) -> str:
    """The first characters of a text, made safe to show on one line."""
    safe = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:length])
    return safe + ("..." if len(text) > length else "")
