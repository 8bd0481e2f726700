"""Text without a browser: about how wide it is, where it breaks, how it is cut."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import islice

from difyflow.nodes._look import Shown
from difyflow.terms.selector import PLACEHOLDER, Selector

_NARROW = frozenset("iIjl.,:;'|!`ftr()[]{}/\\ ")
_WIDE = frozenset("mwMW@%—…")
_SPACES = re.compile(r"\s+")
_PIECES = re.compile(r"\s+|[!-~]+|.", re.DOTALL)

Titles = Callable[[str], str]
"""The title of the node with an id."""


def one_line(text: str) -> str:
    """Without line ends, tabs and runs of spaces."""
    return _SPACES.sub(" ", text).strip()


def reference(selector: Selector, titles: Titles) -> tuple[str, str]:
    """Where a variable comes from and what it is called; a root such as `sys` stands for itself."""
    return one_line(titles(selector.node_id)), ".".join(selector[1:])


def readable(shown: Shown, titles: Titles) -> str:
    """A text in which references are shown by the titles of their nodes."""
    if isinstance(shown, Selector):
        return "/".join(part for part in reference(shown, titles) if part)

    def named(match: re.Match[str]) -> str:
        return "{" + "/".join(reference(Selector(match[1].split(".")), titles)) + "}"

    return PLACEHOLDER.sub(named, shown)


def width(text: str, size: float) -> float:
    """About how many pixels a line takes in a common sans-serif font of this size; CJK counts double."""
    return sum(map(_em, text)) * size


def _em(char: str) -> float:
    if char in _NARROW:
        return 0.34
    if char < "\x7f":
        return 0.9 if char in _WIDE else 0.69 if char.isupper() else 0.6
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return 0.0
    return 1.02 if unicodedata.east_asian_width(char) in "WF" else 0.9 if char in _WIDE else 0.62


def cut(text: str, room: float, size: float) -> str:
    """A single line of at most `room` pixels; what is cut off is marked by an ellipsis."""
    line = one_line(text[:1000])
    if len(text) <= 1000 and width(line, size) <= room:
        return line
    left = room - width("…", size)
    for end, char in enumerate(line):
        left -= _em(char) * size
        if left < 0:
            return f"{line[:end].rstrip()}…" if room > 0 else ""
    return f"{line}…"


def wrap(text: str, room: float, size: float, lines: int) -> list[str]:
    """At most `lines` lines of at most `room` pixels; an ellipsis ends the last one if there is more."""
    broken = _broken(text[: 400 * (lines + 1)], room, size)
    found = list(islice(broken, lines))
    if found and any(line.strip() for line in broken):
        last = found[-1]
        while last and width(f"{last}…", size) > room:
            last = last[:-1]
        found[-1] = f"{last.rstrip()}…"
    return found


def _broken(text: str, room: float, size: float) -> Iterator[str]:
    """All lines: broken at line ends, else between words or at any character that is not ASCII."""
    for paragraph in text.splitlines():
        line, taken = "", 0.0
        for piece in _fitting(paragraph, room, size):
            wide = width(piece, size)
            if line and taken + wide > room and not piece.isspace():
                yield line.rstrip()
                line, taken = "", 0.0
            if line or not piece.isspace():
                line, taken = line + piece, taken + wide
        yield line.rstrip()


def _fitting(paragraph: str, room: float, size: float) -> Iterator[str]:
    """Words, spaces and single characters; a word that is too long for a line comes in letters."""
    for piece in _PIECES.findall(paragraph):
        if width(piece, size) > room:
            yield from piece
        else:
            yield piece
