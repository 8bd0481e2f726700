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
        UsageError: an element, or a line of the array, is too long to be read whole.
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
    depth, held, size = 0, list[bytes](), 0
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
                begin = token.end() if not depth else begin
                depth += 1
            elif sign in (b"]", b"}") or (sign == b"," and depth == 1):
                depth -= sign != b","
                if depth == 0 or sign == b",":
                    held.append(line[begin : token.start()])
                    yield from _joined(held)
                    held, size, begin = [], 0, token.end()
        held.append(line[begin:])
        size += len(line) - begin
        if size > LONGEST:
            raise UsageError(f"an element has more than {LONGEST:,} bytes", code="line-too-long")
    yield from _joined(held)


def _joined(parts: list[bytes]) -> Iterator[bytes]:
    """An element on one line; nothing for what is blank, as behind the last one."""
    text = b" ".join(part.strip() for part in parts).strip()
    if text:
        yield text + b"\n"
