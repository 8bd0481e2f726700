"""A JSON array of samples, as trainers also take it, element by element as if each stood on a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from difyflow.corpus._json import examine
from difyflow.corpus.samples import LONGEST, LongLine
from difyflow.errors import UsageError

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{},]')


def elements(lines: Iterable[bytes], *, on_array: Callable[[], None] | None = None) -> Iterator[bytes]:
    r"""The elements of an array, each with a `\n`; lines that are no array pass as they are.

    It is an array if it begins with `[` and its first line is not a whole value with another one below.

    Args:
        lines: physical lines.
        on_array: is called if it is one: what counts lines from then on counts elements.

    Raises:
        UsageError: an element, or a line of the array, is too long to be read whole; or the array is no JSON
            but for its elements: it has no end, a comma too many, or more behind it.
    """
    found = iter(lines)
    head: list[bytes] = []
    for line in found:
        head.append(line)
        if line.strip():
            break
    first = head[-1].lstrip(b"\xef\xbb\xbf \t") if head else b""
    if not first.startswith(b"[") or isinstance(head[-1], LongLine):
        yield from chain(head, found)
        return
    if examine(first).readable:
        rest = next((line for line in found if line.strip()), None)
        if rest is not None:
            yield from chain(head, [rest], found)
            return
    if on_array is not None:
        on_array()
    yield from _elements(chain([first], found))


def _elements(lines: Iterable[bytes]) -> Iterator[bytes]:
    array = _Array()
    for line in lines:
        if isinstance(line, LongLine):
            raise UsageError(
                f"the array has a line of {line.size:,} bytes, more than are read",
                code="line-too-long",
                hint="give it one sample a line, for example with: jq -c '.[]'",
            )
        begin = 0
        for token in _TOKEN.finditer(line):
            sign = token.group()
            if sign in (b"[", b"{"):
                begin = token.end() if not array.depth else begin
                array.opened()
            elif sign in (b"]", b"}") or (sign == b"," and array.depth == 1):
                array.depth -= sign != b","
                if array.depth == 0 or sign == b",":
                    array.hold(line[begin : token.start()])
                    yield from array.element(comma=sign == b",")
                    begin = token.end()
        array.hold(line[begin:])
    yield from array.end()


class _Array:
    """How far an array is read; what no reader of JSON takes as one is refused, not mended in silence."""

    def __init__(self) -> None:
        self.depth = 0
        self._held: list[bytes] = []
        self._size = self._count = 0
        self._comma = self._ended = False

    def hold(self, part: bytes) -> None:
        """Keeps a part of the element that is being read."""
        self._held.append(part)
        self._size += len(part)
        if self._size > LONGEST:
            raise UsageError(f"an element has more than {LONGEST:,} bytes", code="line-too-long")

    def opened(self) -> None:
        """A bracket opens."""
        if self._ended:
            raise self._broken("there is more behind the end of the array")
        self.depth += 1

    def element(self, *, comma: bool) -> Iterator[bytes]:
        """The element that is complete, before a comma or the end."""
        text = self._take()
        if self._ended:
            raise self._broken("there is more behind the end of the array")
        if not text and (comma or self._comma):
            raise self._broken("an element is missing: there is a comma too many")
        self._comma, self._ended = comma, not comma
        yield from (text,) if text else ()

    def end(self) -> Iterator[bytes]:
        """What is left where the file ends."""
        text = self._take()
        if self._ended and text:
            raise self._broken("there is more behind the end of the array")
        yield from (text,) if text else ()
        if not self._ended:
            raise self._broken("the array has no end: the file may be cut")

    def _take(self) -> bytes:
        """An element on one line; empty for what is blank, as behind the last one."""
        text = b" ".join(part.strip() for part in self._held).strip()
        self._held, self._size = [], 0
        self._count += bool(text)
        return text + b"\n" if text else b""

    def _broken(self, what: str) -> UsageError:
        return UsageError(
            f"is no JSON: {what}",
            line=max(self._count, 1),
            code="broken-array",
            hint="`difyflow corpus collect` takes the samples that are whole",
        )
