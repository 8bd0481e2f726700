"""A text that should be a document and cannot be read, with what looks like a secret taken out.

Where git is shown such a text, no field of it is known; so it is looked at line by line, and as many lines
are left as there were.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from difyflow.diff._values import Mask
from difyflow.terms.secrets import find_secrets, is_secret, is_secret_name, looks_real

_FIELD: Final = re.compile(r"""(?m)^([ \t]*(?:-[ \t]+)*["']?([\w.-]+)["']?[ \t]*:[ \t]+)(\S.*)""")
"""What stands before the value, the key, the value."""
_TOLD_BY_KEY: Final = frozenset(("credential_id", "api_key", "password", "headers", "params"))
_KEY: Final = re.compile(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)")
_LINE: Final = re.compile(r"[^\s\n](?:[^\n]*[^\s\n])?")
_OUTSIDE: Final = " \t\r,"

Span = tuple[int, int]
"""Where a secret begins and ends; never more than a line."""


def hidden(data: bytes) -> bytes:
    """The text with a mask for each secret; whatever is no UTF-8 is kept."""
    text = data.decode(errors="surrogateescape")
    found = [*_keys(text), *_fields(text), *_values_of_secrets(text)]
    found += ((span.start, span.end) for span in find_secrets(text, place="code"))
    shown, end = [], 0
    for start, stop in sorted(found, key=lambda span: (span[0], -span[1])):
        if start >= end:
            value = text[start:stop]
            shown += [text[end:start], str(Mask.of(value.strip("\"'")))]
            end = stop
    return "".join((*shown, text[end:])).encode(errors="surrogateescape")


def _keys(text: str) -> Iterator[Span]:
    """The lines of private keys."""
    for match in _KEY.finditer(text):
        yield from (line.span() for line in _LINE.finditer(text, *match.span()))


def _fields(text: str) -> Iterator[Span]:
    for match in _FIELD.finditer(text):
        key = match[2]
        if not _promises(key):
            continue
        whole = match[3].rstrip(_OUTSIDE)
        value = whole.strip("\"'")
        if is_secret((key,), value) or (is_secret_name(key) and looks_real(value)):
            yield match.start(3), match.start(3) + len(whole)


@cache
def _promises(key: str) -> bool:
    return key in _TOLD_BY_KEY or is_secret_name(key)


def _values_of_secrets(text: str) -> Iterator[Span]:
    """The values of variables that are said to be secret, whatever they look like."""
    if "secret" not in text:
        return
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    for number in sorted({number for number in _lines_of_values(lines) if lines[number].strip()}):
        field = _FIELD.fullmatch(lines[number])
        begin = field.start(3) if field is not None else len(lines[number]) - len(lines[number].lstrip())
        yield starts[number] + begin, starts[number] + len(lines[number].rstrip(_OUTSIDE))


def _lines_of_values(lines: list[str]) -> Iterator[int]:
    done: tuple[int, int] = (-1, -1)
    for place, line in enumerate(lines):
        if "value_type" not in line or _field(line) != ("value_type", "secret"):
            continue
        column = _column(line)
        if place <= done[0] and column == done[1]:
            continue  # of an item that was looked at
        first, last = _item(lines, place)
        done = (last, column)
        is_value = False
        for number in range(first, last + 1):
            if _column(lines[number]) == column:
                field = _field(lines[number])
                is_value = field is not None and field[0] == "value"
            if is_value:
                yield number


def _field(line: str) -> tuple[str, str] | None:
    found = _FIELD.fullmatch(line)
    return None if found is None else (found[2], found[3].strip(f"{_OUTSIDE}\"'"))


def _item(lines: list[str], place: int) -> tuple[int, int]:
    """The first and the last line of the item that a line is in: its fields begin in the same column."""
    column = _column(lines[place])
    first = last = place
    while first > 0 and not _begins(lines[first]) and _column(lines[first - 1]) >= column:
        first -= 1
    while last + 1 < len(lines) and _column(lines[last + 1]) >= column and not _begins(lines[last + 1]):
        last += 1
    return first, last


def _column(line: str) -> int:
    """Where the text of a line begins, after spaces and the mark of an item; far right for an empty one."""
    return len(line) - len(line.lstrip(" -")) if line.strip() else 1 << 30


def _begins(line: str) -> bool:
    return line.lstrip(" ").startswith("- ")
