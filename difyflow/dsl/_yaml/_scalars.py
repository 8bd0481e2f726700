"""How PyYAML writes one string: which quotes, which escapes, where the line breaks.

The rules are those of `yaml.emitter.Emitter` (PyYAML 6.0.2 to 6.0.4) for `allow_unicode=True`, width 80, in
block context. They are stated here for whole stretches of text instead of character by character; the
positions where the statement would need more cases than it is worth go to PyYAML's own emitter.
"""

from __future__ import annotations

import io
import re
from typing import Final, Literal

from yaml.emitter import Emitter

from difyflow.dsl._yaml._tags import STR, implicit_tag

Style = Literal["plain", "single", "double"]

WIDTH: Final = 80
"""A line may be broken at a space that stands right of this column (in characters)."""

_BREAKS: Final = "\n\x85\u2028\u2029"
_BREAK: Final = re.compile(f"[{_BREAKS}]")
_BREAK_RUN: Final = re.compile(f"([{_BREAKS}]+)")
_SPACE_AT_BREAK: Final = re.compile(f" [{_BREAKS}]|[{_BREAKS}] ")
# What is not allowed, and not what is: the wide ranges of the latter take twenty times as long to compile.
# U+10FFFF is left out of the allowed range by PyYAML, so it is not allowed here.
_SPECIAL: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff\U0010ffff]"
)
_ESCAPED: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe-\U0010ffff]")
_FIRST_FORBIDDEN: Final = frozenset(" #,[]{}&*!|>'\"%@`")
_SPACE_OR_ESCAPE: Final = re.compile(r"[ \\]")
_ESCAPE_LENGTHS: Final = {"x": 4, "u": 6, "U": 10}
_LONGEST_ESCAPE: Final = 10

# Right of these the first escape of a text may itself stand beyond the width, which has rules of its own.
_FAR_COLUMN: Final = 68
_FAR_INDENT: Final = 40


def style_of(text: str) -> Style:
    """The quotes that PyYAML chooses for the string `text` where a value may take several lines."""
    if text.isprintable():
        return _one_line_style(text)
    # For str.isprintable, what is printable is allowed; what is not may still be (U+3000, U+00A0).
    if not text.replace("\n", "").isprintable():
        if _SPECIAL.search(text):
            return "double"
        if not _BREAK.search(text):
            return _one_line_style(text)
    return "double" if _SPACE_AT_BREAK.search(text) else "single"


def _one_line_style(text: str) -> Style:
    if not text or text[0] in _FIRST_FORBIDDEN or text[-1] in " :":
        return "single"
    if ": " in text or " #" in text or text.startswith(("---", "...", "? ", "- ")) or text in ("?", "-"):
        return "single"
    return "plain" if implicit_tag(text) == STR else "single"


def is_simple_key(text: str) -> bool:
    """Whether the string `text` may stand before a colon (else it is written after `? `)."""
    # PyYAML counts the tag `!!str` although it does not write it.
    return 0 < len(text) < 128 - len("!!str") and not _BREAK.search(text)


def simple_key(text: str) -> str:
    """The string `text` as a key before a colon, never broken."""
    style = style_of(text)
    if style == "plain":
        return text
    return _quoted(text) if style == "single" else f'"{_escaped(text)}"'


def one_line(text: str) -> str | None:
    """The string `text` as a value, if all of it is on one line wherever that line has room; else None."""
    style = style_of(text)
    if style == "plain":
        return text
    if style == "double":
        return f'"{_escaped(text)}"'
    return None if _BREAK.search(text) else _quoted(text)


def in_place(text: str, column: int, indent: int) -> str:
    """The string `text` as a value that starts at `column` and continues at `indent`.

    Args:
        text: the string itself.
        column: characters before it on its first line.
        indent: spaces before it on further lines.
    """
    return in_style(text, style_of(text), column, indent)


def in_style(text: str, style: Style, column: int, indent: int) -> str:
    """As `in_place`, in quotes that are given; they must be able to hold the text."""
    if style == "plain":
        return _folded(text, column, indent)
    return _single(text, column, indent) if style == "single" else _double(text, column, indent)


def unfolded(text: str, style: Style) -> str:
    """The string `text` as a value on one line, however long; it holds a line break only in double quotes."""
    if style == "plain":
        return text
    return _quoted(text) if style == "single" else f'"{_escaped(text)}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _folded(line: str, column: int, indent: int) -> str:
    """Break `line` at every single space right of the width; not at its first or last character."""
    last = len(line) - 1
    start = 0
    parts: list[str] = []
    at = line.find(" ", max(1, WIDTH + 1 - column))
    while -1 < at < last:
        if line[at + 1] == " " or line[at - 1] == " ":
            at = line.find(" ", at + 1)
            continue
        parts.append(line[start:at])
        start, column = at + 1, indent
        at = line.find(" ", max(start, start + WIDTH + 1 - column))
    parts.append(line[start:])
    return f"\n{' ' * indent}".join(parts)


def _single(text: str, column: int, indent: int) -> str:
    body = text.replace("'", "''")
    column += 1
    if not _BREAK.search(body):
        return f"'{_folded(body, column, indent)}'"
    parts = _BREAK_RUN.split(body)
    out = ["'", _folded(parts[0], column, indent)]
    pad = " " * indent
    for breaks, line in zip(parts[1::2], parts[2::2], strict=True):
        # A first line feed is doubled, since one alone would be read as a space.
        out.append(f"\n{breaks}{pad}" if breaks[0] == "\n" else breaks + pad)
        out.append(_folded(line, indent, indent))
    out.append("'")
    return "".join(out)


def _double(text: str, column: int, indent: int) -> str:
    if column > _FAR_COLUMN or indent > _FAR_INDENT:
        return _double_by_pyyaml(text, column, indent)
    body = _escaped(text)
    column += 1
    end = len(body)
    margin = "\\\n" + " " * indent
    out = ['"']
    start = 0
    at = _double_break(body, start, start + WIDTH + 1 - column)
    while 0 < at < end:
        out.append(body[start:at])
        out.append(margin)
        column = indent
        if body[at] == " ":
            out.append("\\")
            column += 1
        start = at
        at = _double_break(body, start, start + WIDTH + 1 - column)
    out.append(body[start:])
    out.append('"')
    return "".join(out)


def _double_break(body: str, start: int, edge: int) -> int:
    """Where the output line of escaped text that begins at `start` ends; `edge` is its first index too far.

    Lines end before a space, or after an escape; never before the last character. Gives -1, or the length
    of `body`, if there is no such place.
    """
    end = len(body)
    if edge >= end:
        return -1
    stop = _escape_end(body, start, edge)
    if stop > edge:
        return stop
    if stop == edge and body[edge] != "\\":
        # An escape that ends exactly at the edge: the line may end here, whatever comes next.
        return edge if edge < end - 1 else -1
    found = _SPACE_OR_ESCAPE.search(body, edge)
    if found is None:
        return -1
    at = found.start()
    if body[at] == "\\":
        return at + _ESCAPE_LENGTHS.get(body[at + 1], 2)
    return at if at < end - 1 else -1


def _escape_end(body: str, start: int, edge: int) -> int:
    """End of the last escape that begins in `body[start:edge]` near `edge`; -1 if there is none."""
    slash = body.rfind("\\", max(start, edge - _LONGEST_ESCAPE), edge)
    if slash < 0:
        return -1
    first = slash
    while first > start and body[first - 1] == "\\":
        first -= 1
    if (slash - first) % 2:
        # The second half of an escaped backslash.
        return slash + 1
    return slash + _ESCAPE_LENGTHS.get(body[slash + 1], 2)


def _escaped(text: str) -> str:
    body = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    if body.isascii() and body.isprintable():
        return body
    return _ESCAPED.sub(_escape, body)


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    name = Emitter.ESCAPE_REPLACEMENTS.get(char)
    if name is not None:
        return "\\" + name
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _double_by_pyyaml(text: str, column: int, indent: int) -> str:
    stream = io.StringIO()
    emitter = Emitter(stream, allow_unicode=True)
    emitter.column = column
    emitter.indent = indent
    emitter.write_double_quoted(text)
    return stream.getvalue()
