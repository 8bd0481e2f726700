"""The signs of JSON as models write them, and the values that are read from them.

A sign is syntax only where the reader expects one, so nothing in here looks inside strings.
"""

from __future__ import annotations

import re
from typing import TypeAlias

Value: TypeAlias = "str | int | float | bool | Members | list[Value] | None"
"""One JSON value as read."""


class Members(tuple[tuple[str, "Value"], ...]):
    """The members of a JSON object in their order, repeated keys included."""

    __slots__ = ()


class Unreadable(Exception):
    """A reading that is given up; becomes a `Reject`, never reaches a caller of this package.

    Args:
        reason: stable kebab-case name.
        detail: what was found, in one line.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


UNFINISHED = "unfinished"
"""Reason: the text ends inside the sample."""

MAX_DEPTH = 32
"""Levels of nesting that are read; a sample in an array in an object takes four."""

DOUBLE_QUOTES = '"“”„‟＂'
SINGLE_QUOTES = "'‘’‛＇"
QUOTES = DOUBLE_QUOTES + SINGLE_QUOTES
OPEN_OBJECT, CLOSE_OBJECT = "{｛", "}｝"
OPEN_LIST, CLOSE_LIST = "[［", "]］"
COMMA = ",，"

_BLANK = r"\s\x00\ufeff\u200b-\u200f\u2060"
S = rf"(?:[{_BLANK}]++|\\[nrt]|(?<=\n)>)*+"
r"""Pattern: blanks, byte order marks, zero-width signs, `\n` written out, the mark of a quoted line.

Possessive, so that it cannot go quadratic.
"""

GAP = r" \t\xa0\u3000\ufeff\u200b-\u200f\u2060"
"""Inside of a character class: blanks and invisible signs that do not end a line."""

_NAME = rf"[^{QUOTES}\\\n{{}}\[\],:：]{{1,60}}"
_CORE = r"(?i:role|content|messages?|角色|内容|消息)"
_PART = r"(?i:role|content|角色|内容|from)"

ANY_KEY = rf"(?:[{DOUBLE_QUOTES}]{_NAME}[{DOUBLE_QUOTES}]|[{SINGLE_QUOTES}]{_NAME}[{SINGLE_QUOTES}]){S}[:：]"
"""Pattern: a quoted key with its colon."""
CORE_KEY = rf"[{QUOTES}] ?{_CORE} ?[{QUOTES}]{S}[:：]"
"""Pattern: a quoted key that only a sample or a message has."""
MESSAGE_KEY = rf"[{QUOTES}] ?{_PART} ?[{QUOTES}]{S}[:：]"
"""Pattern: a quoted key that a message has."""
PART_KEY = rf"[{QUOTES}]? ?{_PART} ?[{QUOTES}]?{S}[:：]"
"""Pattern: a key that a message has, with or without quotes."""

SAMPLE_HEAD = rf"[{{｛]{S}[{QUOTES}]?(?i:messages?|消息)[{QUOTES}]?{S}[:：]"
"""Pattern: an object that begins with its messages."""
BETWEEN = rf"[^\n{{}}｛｝{QUOTES}]"
"""Pattern: a character that may stand between two objects on a line, and in no structure."""

SPACES = re.compile(S)
KEY = re.compile(rf"(?P<quoted>{ANY_KEY})|(?P<bare>\w{{1,20}}){S}[:：]")
CORE_KEY_HERE = re.compile(CORE_KEY)
NEXT_MESSAGE = re.compile(rf"[{{｛]{S}{MESSAGE_KEY}")
CORE_NAME = re.compile(_CORE)

BARE = re.compile(
    r"[-+]?\d[\d.eE+-]{0,63}|true|false|null|True|False|None|[A-Za-z]{2,12}|系统|用户|助手|助理"
)
"""A value without quotes: a number, a literal or the word of a role."""


def key_parts(key: re.Match[str]) -> tuple[str, str]:
    """The quotes around a match of `KEY`, and the name in between."""
    if key.group("bare"):
        return "", key.group("bare")
    _, name, *_ = re.split(f"[{QUOTES}]", key.group())
    return key.group()[0] + key.group()[len(name) + 1], name.strip()


def full_width(sign: str) -> bool:
    """True if `sign` is the full-width form of a JSON sign."""
    return sign in "｛｝［］：，"


def line_before(text: str, at: int) -> str:
    """What stands before `at` on its line, or the last 300 characters of it."""
    start = max(0, at - 300)
    return text[max(start, text.rfind("\n", start, at) + 1) : at]
