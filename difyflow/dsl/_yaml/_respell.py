"""A new value for a scalar that stands in a text: as much of its spelling as possible stays.

In this order: the file's own habits if the old value was written by them; a literal block stays one; the
parts of a text that did not change keep their line breaks and escapes; the same quotes; the file's habits.
What a way gives is taken only if it reads as the value that is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from difyflow.dsl._yaml import _scalars
from difyflow.dsl._yaml._equal import same
from difyflow.dsl._yaml._fresh import Fresh, Spot, can_be_literal, literal
from difyflow.dsl._yaml._habits import Quoting

Reads = Callable[[str], object]
"""The data of a YAML text; raises ValueError if it is none."""

_HEADER: Final = re.compile(r"([|>])[-+0-9]*([ \t]+#[^\n]*)?[ \t]*(?:\n|$)")
_FOLD: Final = re.compile(r"[ \t]*((?:\n[ \t]*)+)")
_ESCAPE: Final = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\n[ \t]*|.)")
_ESCAPED: Final = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028",
    "P": "\u2029",
}  # fmt: skip
_QUOTES: Final[dict[str, _scalars.Style]] = {"'": "single", '"': "double"}
_SIMILAR: Final = 0.5
"""Share of the longer text that must be common to both ends for the rest to be replaced alone."""


def respelled(source: str, old: object, new: object, spot: Spot, *, fresh: Fresh, reads: Reads) -> str:
    """The text of `new` in place of `source`, which is the text of `old`; all lines end in a line feed.

    Raises:
        ValueError: no way of writing it reads as `new` there.
    """
    if not isinstance(new, str):
        return fresh.scalar(new, spot)
    for text in _ways(source, old, new, spot, fresh):
        if _reads_as(text, new, spot, reads):
            return text
    raise ValueError("a text that cannot be written here")


def _ways(source: str, old: object, new: str, spot: Spot, fresh: Fresh) -> Iterator[str]:
    if isinstance(old, str):
        # Double quotes show that the author likes them; single ones may be there because they were needed.
        likes = fresh.quoting(spot)
        quoting = Quoting(likes.literal, "single" if likes.plain == "single" else "plain", "single")
        if source == fresh.string(old, spot, quoting):
            yield fresh.string(new, spot, quoting)
        elif source[:1] in ("|", ">"):
            yield from _block(source, old, new, spot, fresh)
        else:
            yield from _patched(source, old, new, _QUOTES.get(source[:1], "plain"), fresh)
            yield from _same_quotes(source, new, spot)
    yield fresh.string(new, spot)
    yield fresh.escaped(new)


def _reads_as(text: str, wanted: str, spot: Spot, reads: Reads) -> bool:
    if spot.flow:
        document = f"[{text}]"
    else:
        # A block that keeps its line ends would take a blank line after it too.
        after = "\n\n" if spot.before_blank else "\n"
        document = f"{' ' * max(spot.outer, 0)}- {text}{after}"
    try:
        return same(reads(document), [wanted])
    except ValueError:
        return False


def _same_quotes(source: str, new: str, spot: Spot) -> Iterator[str]:
    style = _QUOTES.get(source[:1], "plain")
    needed = _scalars.style_of(new)
    if (style == "plain" and needed != "plain") or (style == "single" and needed == "double"):
        return
    if "\n" in source or ("\n" in new and style == "single"):
        yield _scalars.in_style(new, style, spot.column, spot.indent)
    else:
        yield _scalars.unfolded(new, style)


def _block(source: str, old: str, new: str, spot: Spot, fresh: Fresh) -> Iterator[str]:
    header = _HEADER.match(source)
    if header is None or not can_be_literal(new):
        return
    lines = source[header.end() :].split("\n")
    filled = [line for line in lines if line.strip(" ")]
    margin = len(filled[0]) - len(filled[0].lstrip(" ")) if filled else spot.indent
    spot = replace(spot, indent=margin)
    if header[1] == ">":
        yield from _patched(source, old, new, "plain", fresh)
        paragraphs = new.rstrip("\n")
        if not re.search(r"^[ \t]|\n[ \t\n]|[ \t]$", paragraphs):
            ends = new[len(paragraphs) :]
            folded = _filled(paragraphs, max(map(len, filled), default=0) - margin, wraps=len(filled) > 1)
            yield _with_comment(literal(folded + ends, spot, head=">"), header[2])
    yield _with_comment(_kept_lines(literal(new, spot), lines, margin), header[2])


def _with_comment(text: str, comment: str | None) -> str:
    first, line_end, rest = text.partition("\n")
    return f"{first}{comment or ''}{line_end}{rest}"


def _kept_lines(text: str, old_lines: list[str], margin: int) -> str:
    """A literal whose blank lines have the spaces of the old one's, where both agree."""
    header, *lines = text.split("\n")
    bare = ["" if line.isspace() and len(line) <= margin else line for line in old_lines]
    first = _common(bare, lines)
    last = min(_common(bare[::-1], lines[::-1]), len(bare) - first, len(lines) - first)
    middle = lines[first : len(lines) - last]
    return "\n".join([header, *old_lines[:first], *middle, *old_lines[len(bare) - last :]])


def _filled(text: str, width: int, *, wraps: bool) -> str:
    """The lines that a folded block of this text has: a line end of the text becomes an empty line."""
    paragraphs = []
    for paragraph in text.split("\n"):
        lines, line = [], ""
        for word in re.split(r"(?<! ) (?! )", paragraph) if wraps else [paragraph]:
            if line and len(line) + 1 + len(word) > width:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        paragraphs.append("\n".join([*lines, line]))
    return "\n\n".join(paragraphs)


def _patched(source: str, old: str, new: str, style: _scalars.Style, fresh: Fresh) -> Iterator[str]:
    """The source with only what lies between the common beginning and the common end replaced."""
    if source[:1] == ">":
        if _ends(old) != _ends(new):
            return
        old, new = old.rstrip("\n"), new.rstrip("\n")
    pieces = _pieces(source, style)
    if not pieces or "".join(piece for piece, _, _ in pieces) != old:
        return
    first = _common(old, new)
    last = min(_common(old[::-1], new[::-1]), len(old) - first, len(new) - first)
    start, first = _boundary(pieces, first)
    end, last = _boundary_from_end(pieces, last)
    if start > end or first + last < _SIMILAR * max(len(old), len(new)):
        return
    middle = new[first : len(new) - last]
    if style == "double":
        yield source[:start] + fresh.escaped(middle)[1:-1] + source[end:]
    elif "\n" not in middle:
        yield source[:start] + (middle.replace("'", "''") if style == "single" else middle) + source[end:]


def _ends(text: str) -> int:
    """How many line feeds it ends with."""
    return len(text) - len(text.rstrip("\n"))


def _pieces(source: str, style: _scalars.Style) -> list[tuple[str, int, int]]:
    """What each stretch of a scalar's source stands for: (text, start, end)."""
    at, end = 0, len(source)
    if source[:1] == ">":
        header = _HEADER.match(source)
        at = header.end() if header else end
        at += len(source[at:]) - len(source[at:].lstrip(" \n"))
        end = len(source.rstrip("\n"))
    elif style != "plain":
        at, end = 1, end - 1
    pieces = []
    while at < end:
        piece, after = _piece(source, at, style)
        pieces.append((piece, at, after))
        at = after
    return pieces


def _piece(source: str, at: int, style: _scalars.Style) -> tuple[str, int]:
    char = source[at]
    if style == "single" and source.startswith("''", at):
        return "'", at + 2
    if style == "double" and char == "\\" and (escape := _ESCAPE.match(source, at)):
        return _unescaped(escape[0]), escape.end()
    if char in " \t\n" and (fold := _FOLD.match(source, at)):
        breaks = fold[1].count("\n")
        return " " if breaks == 1 else "\n" * (breaks - 1), fold.end()
    return char, at + 1


def _unescaped(escape: str) -> str:
    kind = escape[1]
    if kind in "xuU" and len(escape) > 2:
        code = int(escape[2:], 16)
        return chr(code) if code <= 0x10FFFF else ""
    return "" if kind == "\n" else _ESCAPED.get(kind, "")


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many characters, or lines, both begin with."""
    if one == other[: len(one)]:
        return len(one)
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (first, second) in pairs if first != second), len(other))


def _boundary(pieces: list[tuple[str, int, int]], length: int) -> tuple[int, int]:
    """Where in the source the first `length` characters end, or a few fewer, and how many these are."""
    count = 0
    for piece, start, _ in pieces:
        if count + len(piece) > length:
            return start, count
        count += len(piece)
    return pieces[-1][2], count


def _boundary_from_end(pieces: list[tuple[str, int, int]], length: int) -> tuple[int, int]:
    """Where in the source the last `length` characters begin, or a few fewer, and how many these are."""
    count = 0
    for piece, _, end in reversed(pieces):
        if count + len(piece) > length or count == length:
            return end, count
        count += len(piece)
    return pieces[0][1], count
