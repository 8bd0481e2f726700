"""A text that should be a document and cannot be read, with what looks like a secret taken out.

Where git is shown such a text, no field of it is known; so each line is looked at for itself, and as many
lines are left as there were.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from difyflow.diff._values import Mask
from difyflow.terms.secrets import find_secrets, is_secret, is_secret_name, looks_real

_FIELD: Final = re.compile(r"""([ \t]*(?:-[ \t]+)*["']?([\w.-]+)["']?[ \t]*:[ \t]+)(\S.*)""")
"""What stands before the value, the key, the value."""
_KEY_BEGINS: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_KEY_ENDS: Final = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")


def hidden(data: bytes) -> bytes:
    """The text, line by line, with a mask for each secret; whatever is no UTF-8 is kept."""
    lines = data.decode(errors="surrogateescape").split("\n")
    secret = {number for place in _secret_variables(lines) for number in _value_of(lines, place)}
    shown: list[str] = []
    in_key = False
    for number, line in enumerate(lines):
        begins = _KEY_BEGINS.search(line) is not None
        if in_key or begins:
            shown.append(_of_key(line, whole=not begins))
            in_key = _KEY_ENDS.search(line) is None
        else:
            shown.append(_line(line, is_secret_value=number in secret))
    return "\n".join(shown).encode(errors="surrogateescape")


def _of_key(line: str, *, whole: bool) -> str:
    """A line of a private key, or with the begin of one."""
    match = _KEY_BEGINS.search(line)
    if whole or match is None:
        return str(Mask.of(line.strip()))
    return f"{line[: match.start()]}{Mask.of(line[match.start() :].strip())}"


def _line(line: str, *, is_secret_value: bool) -> str:
    field = _FIELD.fullmatch(line)
    if field is not None:
        head, key, rest = field.groups()
        whole = rest.rstrip(" \t\r,")
        value = whole.strip("\"'")
        if is_secret_value or is_secret((key,), value) or (is_secret_name(key) and looks_real(value)):
            return f"{head}{Mask.of(value)}{rest[len(whole) :]}"
    elif is_secret_value and line.strip():
        return str(Mask.of(line.strip()))
    parts, end = [], 0
    for span in find_secrets(line, place="code"):
        parts += [line[end : span.start], str(Mask.of(line[span.start : span.end]))]
        end = span.end
    return "".join((*parts, line[end:]))


def _secret_variables(lines: list[str]) -> Iterator[int]:
    """The numbers of the lines that make a variable a secret one."""
    return (number for number, line in enumerate(lines) if _field(line) == ("value_type", "secret"))


def _field(line: str) -> tuple[str, str] | None:
    found = _FIELD.fullmatch(line)
    return None if found is None else (found[2], found[3].strip(" \t\r,\"'"))


def _value_of(lines: list[str], place: int) -> Iterator[int]:
    """The lines of the value that belongs to such a line: fields of one item begin in the same column."""
    column = _column(lines[place])
    first = place
    while first > 0 and not _is_item(lines[first]) and _column(lines[first - 1]) >= column:
        first -= 1
    last = place
    while last + 1 < len(lines) and _column(lines[last + 1]) >= column and not _is_item(lines[last + 1]):
        last += 1
    is_value = False
    for number in range(first, last + 1):
        if _column(lines[number]) == column:
            field = _field(lines[number])
            is_value = field is not None and field[0] == "value"
        if is_value:
            yield number


def _column(line: str) -> int:
    """Where the text of a line begins, after spaces and the mark of an item; far right for an empty one."""
    return len(line) - len(line.lstrip(" -")) if line.strip() else 1 << 30


def _is_item(line: str) -> bool:
    return line.lstrip(" ").startswith("- ")
