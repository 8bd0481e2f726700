r"""Lines and samples of a corpus, read without trusting either.

A line ends at `\n` and nowhere else: U+2028 and its like are legal in JSON strings. A line that is longer
than allowed is cut and marked (`LongLine`), so that 200 MB without a line break cost no memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from difyflow.corpus._json import MAX_DEPTH, Fault, dump, examine, fast_loads
from difyflow.errors import UsageError

LONGEST = 16 * 1024 * 1024
"""Bytes of the longest line that is read; the longest context of a model is a fraction of it."""

_KEPT = 256
"""Bytes of a longer line that are kept to show it."""


class LongLine(bytes):
    """The beginning of a line that was longer than allowed; `size` is its length in bytes."""

    size: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """One message. `content` is None where a message holds only tool calls."""

    role: str
    content: str | None
    extra: Mapping[str, object] = field(default_factory=dict, hash=False)
    """Members besides role and content: `weight`, `name`, `tool_calls` and what is not known here."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One training sample, whatever format it was read from."""

    turns: tuple[Turn, ...]
    """With the preferred answer at the end, if there is a rejected one."""
    rejected: tuple[Turn, ...] = ()
    """The answer that is not wanted, in preference data; else empty."""
    extra: Mapping[str, object] = field(default_factory=dict, hash=False)
    """Members besides the messages: `tools` and what is not known here."""
    line: int = 0
    """Line of the file, from 1."""
    raw: bytes = b""
    """The line as it stands, without its line break."""
    joined: bool = False
    """True if two members of the line became one text, whose border no other format knows (alpaca)."""

    @property
    def system(self) -> str:
        """The text of the system message; empty if there is none."""
        return next((turn.content or "" for turn in self.turns if turn.role in ("system", "developer")), "")

    @property
    def question(self) -> str:
        """The first thing that the user says."""
        return next((turn.content or "" for turn in self.turns if turn.role == "user"), "")

    @property
    def answers(self) -> tuple[str, ...]:
        """What the assistant says."""
        return tuple(turn.content for turn in self.turns if turn.role == "assistant" and turn.content)

    @property
    def said(self) -> str:
        """Everything but the system message, one message a line: what two samples are compared by."""
        return "\n".join(
            turn.content or "" for turn in self.turns if turn.role not in ("system", "developer")
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the line in hex: the key of its provenance."""
        return line_digest(self.raw)


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that is no sample, and why."""

    line: int
    faults: tuple[Fault, ...]
    raw: bytes


def line_digest(line: bytes) -> str:
    """SHA-256 in hex of a line without its line break."""
    return hashlib.sha256(line.rstrip(b"\r\n")).hexdigest()


def opened(path: Path) -> BinaryIO:
    """A file to read.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return path.open("rb")
    except OSError as err:
        raise UsageError(
            f"cannot be read: {err.strerror or err}", path=str(path), code="not-readable"
        ) from err


def read_lines(stream: BinaryIO, *, longest: int = LONGEST) -> Iterator[bytes]:
    r"""The lines of a stream with their `\n`; of a longer one a `LongLine`.

    Args:
        stream: binary, buffered.
        longest: bytes of a line that are held at most.
    """
    for line in iter(partial(stream.readline, longest), b""):
        if len(line) < longest or line.endswith(b"\n"):
            yield line
            continue
        size, rest = len(line), line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(1 << 16)
            size += len(rest)
        if size == len(line):
            yield line  # the last line, exactly as long as allowed
            continue
        marked = LongLine(line[:_KEPT])
        marked.size = size
        yield marked


def read_samples(
    lines: Iterable[bytes], *, format_: str = "", careful: bool = False
) -> Iterator[Sample | Unread]:
    """The sample of each line; lines that hold none come as `Unread`, in place.

    Args:
        lines: physical lines.
        format_: `messages`, `alpaca`, ...; empty = each line tells by its keys.
        careful: a line that gives a key twice is `Unread` too; takes several times as long.
    """
    from difyflow.corpus.formats import reader

    loads, read = (None if careful else fast_loads()), reader(format_)
    for number, line in enumerate(lines, start=1):
        raw = line.rstrip(b"\r\n")
        value, faults = _value(line, loads)
        if faults:
            yield Unread(number, faults, raw)
            continue
        found = read(value)
        if isinstance(found, Fault):
            yield Unread(number, (found,), raw)
        else:
            yield Sample(found.turns, found.rejected, found.extra, number, raw, found.joined)


def _value(line: bytes, loads: Callable[[bytes], object] | None) -> tuple[object, tuple[Fault, ...]]:
    if isinstance(line, LongLine):
        return None, (long_fault(line),)
    try:
        if loads is not None and line.count(b"[") + line.count(b"{") <= MAX_DEPTH:
            return loads(line), ()
    except ValueError:
        pass  # `examine` says what it is
    examined = examine(line)
    if not examined.readable:
        return None, examined.faults
    return examined.value, tuple(one for one in examined.faults if one.id != "bom")


def long_fault(line: LongLine) -> Fault:
    """What is wrong with a line that was cut."""
    return Fault("line-too-long", f"has {line.size:,} bytes; more than {LONGEST:,} are not read")


def whole_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Passes lines on that will be written as they are.

    Raises:
        UsageError: a line was too long to be read whole.
    """
    for number, line in enumerate(lines, start=1):
        if isinstance(line, LongLine):
            raise UsageError(
                long_fault(line).message,
                line=number,
                code="line-too-long",
                hint="`difyflow corpus collect` leaves it out and tells it",
            )
        yield line


def to_line(value: object) -> bytes:
    """A JSON value as a line with its line break."""
    return dump(value).encode() + b"\n"
