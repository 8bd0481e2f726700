"""Python expressions as text, set as `ruff format` sets them; every string is a literal, never code."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WIDTH = 88
"""Ruff's default line length."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A name, or names joined by dots."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A string. `parts` alternate between text and the expressions of an f-string: text, code, text, ..."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """`function(args, key=value)`."""

    function: str
    args: tuple[Expression, ...] = ()
    kwargs: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """A tuple, list or mapping literal; the items of a mapping are pairs."""

    kind: str
    items: tuple[Expression | tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class Also:
    """`value.also(key=...)`: a call behind another."""

    value: Expression
    kwargs: Mapping[str, Expression]


Expression = Raw | Text | Call | Group | Also
_BRACKETS = {"tuple": ("(", ")"), "list": ("[", "]"), "dict": ("{", "}")}


def literal(value: object) -> Expression:
    """Plain data as a literal.

    Raises:
        TypeError: something that has no literal, such as a date.
    """
    match value:
        case None | bool() | int():
            return Raw(repr(value))
        case float():
            finite = value == value and value not in (float("inf"), float("-inf"))
            return Raw(repr(value)) if finite else Call("float", (Text((repr(value),)),))
        case str():
            return Text((value,))
        case list():
            return Group("list", tuple(literal(item) for item in value))
        case tuple():
            return Group("tuple", tuple(literal(item) for item in value))
        case dict():
            return Group("dict", tuple((literal(key), literal(item)) for key, item in value.items()))
        case _:
            raise TypeError(f"no literal for {type(value).__name__}")


def statement(head: str, value: Expression, *, indent: int = 0, tail: str = "") -> str:
    """`head` and an expression, broken over lines where it is too long."""
    space = "    " * indent
    flat = f"{space}{head}{_flat(value)}{tail}"
    return flat if _width(flat) <= WIDTH else f"{space}{head}{_broken(value, indent)}{tail}"


def identifier(words: str, *, otherwise: str, taken: set[str]) -> str:
    """A variable name from a title: its letters, digits and underscores; numbered if it is taken."""
    plain = unicodedata.normalize("NFKC", words).strip().lower()
    name = "_".join("".join(char if f"a{char}".isidentifier() else " " for char in plain).split())[:30]
    name = name.strip("_")
    if not name.isidentifier() or keyword.iskeyword(name) or keyword.issoftkeyword(name):
        name = otherwise
    found, count = name, 1
    while found in taken or unicodedata.normalize("NFKC", found) != found:
        count += 1
        found = f"{name}_{count}" if unicodedata.normalize("NFKC", name) == name else f"{otherwise}_{count}"
    taken.add(found)
    return found


def quoted(parts: Sequence[str]) -> str:
    """A string literal, or an f-string where there are expressions."""
    texts, plain = parts[::2], len(parts) == 1
    whole = "".join(texts)
    quote = "'" if whole.count('"') > whole.count("'") else '"'
    shown = []
    for index, part in enumerate(parts):
        if index % 2:
            shown.append("{" + part + "}")
        else:
            text = "".join(_char(char, quote) for char in part)
            shown.append(text if plain else text.replace("{", "{{").replace("}", "}}"))
    return f"{'' if plain else 'f'}{quote}{''.join(shown)}{quote}"


def _char(char: str, quote: str) -> str:
    """A character inside of a literal: escaped if it cannot be seen, or would mislead who reads it."""
    known = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", quote: f"\\{quote}"}
    if char in known:
        return known[char]
    if char.isprintable() and not unicodedata.combining(char):
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _flat(value: Expression | tuple[Expression, Expression]) -> str:
    match value:
        case (key, item):
            return f"{_flat(key)}: {_flat(item)}"
        case Raw():
            return value.text
        case Text():
            return quoted(value.parts)
        case Call():
            inside = [_flat(item) for item in value.args]
            inside += [f"{key}={_flat(item)}" for key, item in value.kwargs.items()]
            return f"{value.function}({', '.join(inside)})"
        case Also():
            return f"{_flat(value.value)}.{_flat(Call('also', (), value.kwargs))}"
        case Group():
            left, right = _BRACKETS[value.kind]
            comma = "," if value.kind == "tuple" and len(value.items) == 1 else ""
            return f"{left}{', '.join(_flat(item) for item in value.items)}{comma}{right}"


def _broken(value: Expression, indent: int) -> str:
    """An item per line with a comma behind each, which the formatter then keeps."""
    items: list[tuple[str, Expression]] = []
    if isinstance(value, Also):
        return (
            _broken(value.value, indent)
            + statement(".", Call("also", (), value.kwargs), indent=indent).strip()
        )
    match value:
        case Call():
            left, right = f"{value.function}(", ")"
            items += [("", item) for item in value.args]
            items += [(f"{key}=", item) for key, item in value.kwargs.items()]
        case Group():
            left, right = _BRACKETS[value.kind]
            for entry in value.items:
                items.append((f"{_flat(entry[0])}: ", entry[1]) if isinstance(entry, tuple) else ("", entry))
        case _:
            return _flat(value)
    if not items:
        return f"{left}{right}"
    lines = [statement(head, item, indent=indent + 1, tail=",") for head, item in items]
    return "\n".join([left, *lines, "    " * indent + right])


def _width(line: str) -> int:
    """Columns as ruff counts them: wide characters are two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in line
    )
