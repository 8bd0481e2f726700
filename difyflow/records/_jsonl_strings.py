r"""Strings as models write them: where one ends, and what it says.

A string ends at the first quote of its kind that is not escaped, if what follows is JSON. Where it is
not, the text holds quotes that should have been escaped; then the string ends at the first quote behind
which the structure of a chat sample goes on, provided that no key of a sample or message stands in
between: with one, part of the structure could be taken for content, and the reading is given up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from difyflow.records._jsonl_signs import (
    ANY_KEY,
    BETWEEN,
    CORE_KEY,
    DOUBLE_QUOTES,
    GAP,
    MESSAGE_KEY,
    QUOTES,
    SAMPLE_HEAD,
    SINGLE_QUOTES,
    UNFINISHED,
    S,
    Unreadable,
)

Place = Literal["inner", "outer", "element"]
"""Where a string stands: member of an object inside the sample, of the outermost object, or in a list."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string that was read."""

    content: str
    end: int
    """Offset behind the closing quote."""
    repairs: frozenset[str]


_CLOSERS = {
    '"': '"', "“": "”", "”": "”", "„": "“”", "‟": "”", "＂": "＂",
    "'": "'", "‘": "’", "’": "’", "‛": "’", "＇": "＇",
}  # fmt: skip

_MIXED = {DOUBLE_QUOTES: '"”＂', SINGLE_QUOTES: "'’＇"}
"""Quotes that may end a string of the other kind; never a left one."""

_LINE_END = rf"[{GAP}]*+(?=$|[\r\n])"
_AFTER_COMMA = rf"[,，]{S}(?:{ANY_KEY}|(?i:role|content|messages?){S}[:：]|[}}｝\]］,，{{｛#]|//|/\*|\Z)"
_AFTER_LIST = rf"[\]］](?:{S}(?:[}}｝,，]|\Z)|{_LINE_END})"
_AFTER_MESSAGE = (
    rf"(?:[,，}}｝{{｛#]|[\]］](?!{S}[}}｝]{S}[{DOUBLE_QUOTES}](?![ \t]*+(?:[,，\]）)\r\n]|\Z)))|//|/\*|\Z)"
)
_BEHIND: dict[Place, re.Pattern[str]] = {
    "inner": re.compile(
        rf"{S}(?:{_AFTER_COMMA}|[}}｝]{S}{_AFTER_MESSAGE}|{_AFTER_LIST}|{CORE_KEY}|//|/\*|#|\Z)"
    ),
    "outer": re.compile(
        rf"{S}(?:{_AFTER_COMMA}|[}}｝](?!{S}[{QUOTES}])|{_AFTER_LIST}|{CORE_KEY}|//|/\*|#|\Z)"
    ),
    "element": re.compile(rf"{S}(?:[,，\]］#]|//|/\*|\Z)"),
}
"""What may stand behind a string that ends at the first quote of its kind."""

_T = rf"{S}(?:(?://|#)[^\n{DOUBLE_QUOTES}]{{0,200}}\n{S})*+"
"""Pattern: blanks, and comments up to the end of their lines."""
_C = rf"(?:[,，]{_T})?"
_SAMPLE_END = rf"[}}｝][{GAP}]*+(?=\Z|[\r\n,，\]］}}｝{{｛`*<|;；)）/#]|{BETWEEN}{{1,24}}{SAMPLE_HEAD})"
_MESSAGE_END = (
    rf"{_C}[}}｝]{_T}(?:{_C}[{{｛]{_T}{MESSAGE_KEY}"
    rf"|{_C}[\]］](?:{_T}{_C}{_SAMPLE_END}|{_LINE_END}|{_T}[,，]{_T}{ANY_KEY}))"
)
_STRUCTURE: dict[Place, str] = {
    "inner": rf"{_T}(?:[,，]{_T}{CORE_KEY}|{_MESSAGE_END})",
    "outer": rf"{_T}(?:[,，]{_T}{CORE_KEY}|{_MESSAGE_END}|{_C}[}}｝]{_LINE_END})",
}
"""What must stand behind a string that holds unescaped quotes."""

_BODY = {
    closers: re.compile(rf"[^{closers}\\]*+(?:\\[\s\S][^{closers}\\]*+)*+")
    for closers in set(_CLOSERS.values())
}
_FAMILY_KEY = {
    family: re.compile(rf"(?<!\\)(?=[{family}]){CORE_KEY}") for family in (DOUBLE_QUOTES, SINGLE_QUOTES)
}


@cache
def _ends(closers: str, place: Place) -> re.Pattern[str]:
    """Where a string with unescaped quotes may end; compiled when first needed, for it takes its time."""
    return re.compile(rf"[{closers}](?={_STRUCTURE[place]})", re.MULTILINE)


def read_string(text: str, at: int, *, place: Place, python: bool) -> Text:
    """Reads the string whose opening quote stands at `at`.

    Args:
        text: the whole text.
        at: offset of the opening quote.
        place: where the string stands; decides what may follow it.
        python: True inside a Python literal, whose escapes are Python's.

    Raises:
        Unreadable: it does not end, or its end or an escape in it can be read in two ways.
    """
    opener = text[at]
    if opener in "\"'" and text.startswith(opener * 3, at):
        return _triple_quoted(text, at, place, python)
    closers = _CLOSERS[opener]
    body = _BODY[closers].match(text, at + 1)
    end = body.end() if body else at + 1
    if text[end : end + 1] in (*closers,) and _BEHIND[place].match(text, end + 1):
        return _text(text, at, end, python=python, inner_quotes=False)
    if place == "element":
        raise _unclosed(end < len(text))
    return _string_with_quotes(text, at, place, python)


def _triple_quoted(text: str, at: int, place: Place, python: bool) -> Text:
    mark = text[at] * 3
    end = text.find(mark, at + 3)
    if end < 0:
        raise _unclosed(False)
    closed = _BEHIND[place].match(text, end + 3) and text[end - 1] != "\\"
    raw = text[at + 3 : end]
    if not closed or "\n" not in raw or raw.strip(mark) != raw or re.search(CORE_KEY, raw):
        # On one line it may as well be a string whose quotes were doubled.
        raise Unreadable("ambiguous-quotes", f"a string in {mark} whose end is not clear")
    content, repairs = unescape(raw, python=python)
    return Text(content, end + 3, repairs | {"triple-quotes"})


def _string_with_quotes(text: str, at: int, place: Place, python: bool) -> Text:
    family = DOUBLE_QUOTES if text[at] in DOUBLE_QUOTES else SINGLE_QUOTES
    key = _FAMILY_KEY[family].search(text, at + 1)
    stop, limit = (key.start(), key.end()) if key else (len(text), len(text))
    own = _CLOSERS[text[at]]
    mixed = "" if text[at] in "”’" or place == "outer" else _MIXED[family]
    for closers in (own, mixed):
        if not closers:
            break
        end = _structural_end(_ends(closers, place), text, at + 1, stop, limit)
        if end is not None:
            if text[end] not in own and not set(own).isdisjoint(text[at + 1 : end]):
                raise Unreadable("ambiguous-quotes", "two kinds of quotes, either of which may be the end")
            return _text(text, at, end, python=python, inner_quotes=True)
    raise _unclosed(key is not None)


def _unclosed(text_goes_on: bool) -> Unreadable:
    if text_goes_on:
        return Unreadable("unclosed-string", "a string whose end cannot be told")
    return Unreadable(UNFINISHED, "the text ends inside a string")


def _structural_end(ends: re.Pattern[str], text: str, start: int, stop: int, limit: int) -> int | None:
    found = ends.search(text, start, limit)
    while found and found.start() < stop:
        if not _escaped(text, start, found.start()):
            return found.start()
        found = ends.search(text, found.start() + 1, limit)
    return None


def _escaped(text: str, start: int, at: int) -> bool:
    first = at
    while first > start and text[first - 1] == "\\":
        first -= 1
    return (at - first) % 2 == 1


def _text(text: str, at: int, end: int, *, python: bool, inner_quotes: bool) -> Text:
    opener, closer, raw = text[at], text[end], text[at + 1 : end]
    if not _balanced(opener + closer, raw):
        raise Unreadable("ambiguous-quotes", "a curly quote inside has no partner: it may be the end")
    content, repairs = unescape(raw, python=python)
    if inner_quotes and closer in raw:
        _refuse_odd_quotes(closer, raw)
        repairs |= {"inner-quotes"}
    if opener not in "\"'" or closer not in "\"'":
        repairs |= {"curly-quotes"}
    elif opener == "'":
        repairs |= {"single-quotes"}
    return Text(content, end + 1, repairs)


def _refuse_odd_quotes(closer: str, raw: str) -> None:
    """Quotes that should have been escaped come in pairs; else one of them may be the string's own end."""
    if re.search(rf"{closer}\s*+[+.]?\s*+{closer}", raw):
        raise Unreadable(
            "ambiguous-quotes", "quotes side by side: a doubled quote, or two strings put together?"
        )
    if f"\\\\{closer}" in raw:
        raise Unreadable("ambiguous-escape", "a quote behind two backslashes: is it escaped twice?")
    quotes = _BARE_QUOTE[closer].findall(raw) if closer in _BARE_QUOTE else []
    if len(quotes) % 2:
        raise Unreadable("ambiguous-quotes", "a quote inside has no partner: it may be the end")


def _balanced(marks: str, raw: str) -> bool:
    """True unless the marks are curly and the same kind stands inside without its partner."""
    for left, right in ("“”", "‘’"):
        if left not in marks and right not in marks:
            continue
        depth = 0
        for sign in re.findall(f"[{left}{right}]", raw):
            depth += 1 if sign == left else -1
            if depth < 0:
                return False
        if depth:
            return False
    return True


_BARE_QUOTE = {
    '"': re.compile(r'(?<!\\)(?:\\\\)*"'),
    "'": re.compile(r"(?<!\\)(?:\\\\)*(?<![A-Za-z])'|(?<!\\)(?:\\\\)*'(?![A-Za-z])"),
}
"""A quote that is not escaped; an apostrophe between letters is none."""
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[\s\S])")
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", '"': '"', "'": "'"}
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f]")
_WORDLIKE = re.compile(r"\\(?:[^bfnrtuxUNav0-9\W_]|[avuxUN](?=[A-Za-z])|[()\[\]{}])", re.ASCII)
_SHORT_UNICODE = re.compile(r"\\u[0-9a-fA-F]{1,3}(?![0-9a-zA-Z])")


def unescape(raw: str, *, python: bool) -> tuple[str, frozenset[str]]:
    r"""Undoes the escapes of JSON, or of a Python literal, in `raw`.

    A backslash before a letter that means nothing (`\alpha`, `\d`) or before a bracket (`\(`) stays: it
    is LaTeX or a pattern. `\'` is a quote in every language that knows it. Everything else that JSON
    does not define has two readings.

    Raises:
        Unreadable: an escape can be read in two ways.
    """
    repairs = frozenset({"raw-control"}) if _CONTROL.search(raw) else frozenset[str]()
    if "\\" not in raw:
        return raw, repairs
    kept = False

    def one(match: re.Match[str]) -> str:
        nonlocal kept
        said = match.group(1)
        if said in _SIMPLE or (said == "/" and not python):
            kept = kept or (said == "'" and not python)
            return _SIMPLE.get(said, "/")
        if len(said) > 1 and (said[0] == "u" or python):
            return _code_point(said)
        if len(said) == 1 and _stands_for_itself(raw, match.start(), python):
            kept = True
            return match.group()
        raise Unreadable("ambiguous-escape", f"{match.group()!r} can be read in two ways")

    content = _ESCAPE.sub(one, raw)
    if content.endswith("\\") and (len(raw) - len(raw.rstrip("\\"))) % 2:
        raise Unreadable("ambiguous-escape", "a backslash at the end")
    if kept:
        _refuse_half_escaped(raw)
        repairs |= {"invalid-escape"}
    return join_surrogates(content), repairs


def _stands_for_itself(raw: str, at: int, python: bool) -> bool:
    if python and raw[at + 1] in "av":
        return False
    return bool(_WORDLIKE.match(raw, at)) and not _SHORT_UNICODE.match(raw, at)


_HALF_ESCAPED = re.compile(r"(?<!\\)(?:\\\\)*\\[bfnrt](?=[A-Za-z])")


def _refuse_half_escaped(raw: str) -> None:
    r"""Where `\alpha` is meant as it stands, `\theta` may be meant so too, and is not a tab."""
    if _WORDLIKE.search(raw) and _HALF_ESCAPED.search(raw):
        raise Unreadable("ambiguous-escape", "backslashes that stand for themselves beside real escapes")


def _code_point(said: str) -> str:
    number = int(said[1:], 16)
    if number > 0x10FFFF:
        raise Unreadable("ambiguous-escape", f"\\{said} is no character")
    return chr(number)


def join_surrogates(content: str) -> str:
    """Joins surrogate pairs that were escaped one by one; lone ones stay."""
    return _PAIR.sub(lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), content)
