"""Python expressions as text, set as `ruff format` sets them; every string is a literal, never code."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
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
    """`function(args, key=value)`; keys that are no names go into `**{...}`."""

    function: str
    args: tuple[Expression, ...] = ()
    kwargs: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Then:
    """`value.method(args, key=value)`: a call behind another."""

    value: Expression
    method: str
    args: tuple[Expression, ...] = ()
    kwargs: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compare:
    """`left > right`; where that is too long for a line, `otherwise` stands in its place."""

    left: Expression
    operator: str
    right: Expression
    otherwise: Then


@dataclass(frozen=True, slots=True)
class Item:
    """`value["key"]`."""

    value: Expression
    key: str


@dataclass(frozen=True, slots=True)
class Group:
    """A tuple, list or mapping literal; the items of a mapping are pairs."""

    kind: str
    items: tuple[Expression | tuple[Expression, Expression], ...]


Expression = Raw | Text | Call | Then | Compare | Item | Group
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
    return flat if columns(flat) <= WIDTH else f"{space}{head}{_broken(value, indent, head)}{tail}"


def chain(steps: Sequence[str], *, indent: int = 0) -> str:
    """`a >> b >> c`, in brackets with a line per step where it is too long."""
    space = "    " * indent
    flat = f"{space}{' >> '.join(steps)}"
    if columns(flat) <= WIDTH:
        return flat
    lines = [f"{space}    {'>> ' if index else ''}{step}" for index, step in enumerate(steps)]
    return "\n".join([f"{space}(", *lines, f"{space})"])


def is_name(word: str) -> bool:
    """True for what can stand as a name or keyword argument just as it is."""
    return word.isidentifier() and not keyword.iskeyword(word) and unicodedata.normalize("NFKC", word) == word


def identifier(words: str, *, otherwise: str, taken: set[str], width: int = 30) -> str:
    """A variable name from a title: its letters, digits and underscores; numbered if it is taken."""
    plain = unicodedata.normalize("NFKC", words).strip().lower()
    spaced = "".join(char if f"a{char}".isidentifier() else " " for char in plain)
    name = cut("_".join(spaced.replace("_", " ").split()), width)
    if not is_name(name) or keyword.issoftkeyword(name):
        name = otherwise
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name}_{count}"
    taken.add(found)
    return found


def cut(name: str, width: int) -> str:
    """The first whole words that are not wider than this; of a longer first word, its beginning."""
    while columns(name) > width:
        head, _, _ = name.rpartition("_")
        name = head or name[:-1]
    return name


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


def columns(line: str) -> int:
    """Columns as ruff counts them: wide characters are two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in line
    )


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


def _flat(value: Expression) -> str:
    match value:
        case Raw():
            return value.text
        case Text():
            return quoted(value.parts)
        case Call():
            return f"{value.function}({_flat_items(_arguments(value))})"
        case Then():
            return f"{_flat(value.value)}.{value.method}({_flat_items(_arguments(value))})"
        case Compare():
            return f"{_flat(value.left)} {value.operator} {_flat(value.right)}"
        case Item():
            return f"{_flat(value.value)}[{quoted((value.key,))}]"
        case Group():
            left, right = _BRACKETS[value.kind]
            comma = "," if value.kind == "tuple" and len(value.items) == 1 else ""
            return f"{left}{_flat_items(_entries(value))}{comma}{right}"


def _flat_items(items: Iterable[tuple[str, Expression]]) -> str:
    return ", ".join(f"{head}{_flat(item)}" for head, item in items)


def _arguments(call: Call | Then) -> list[tuple[str, Expression]]:
    """What stands between the brackets: what precedes each expression, and the expression."""
    named = [(f"{key}=", item) for key, item in call.kwargs.items() if is_name(key)]
    others = tuple((literal(key), item) for key, item in call.kwargs.items() if not is_name(key))
    splat: list[tuple[str, Expression]] = [("**", Group("dict", others))] if others else []
    return [*(("", item) for item in call.args), *named, *splat]


def _entries(group: Group) -> list[tuple[str, Expression]]:
    return [
        (f"{_flat(entry[0])}: ", entry[1]) if isinstance(entry, tuple) else ("", entry)
        for entry in group.items
    ]


def _broken(value: Expression, indent: int, head: str) -> str:
    """An item per line with a comma behind each, which the formatter then keeps."""
    match value:
        case Call():
            return _broken_items(f"{value.function}(", _arguments(value), ")", indent)
        case Group():
            left, right = _BRACKETS[value.kind]
            return _broken_items(left, _entries(value), right, indent)
        case Then():
            return _broken_chain(value, indent, head)
        case Compare():
            return _broken(value.otherwise, indent, head)
        case _:
            return _flat(value)


def _broken_chain(value: Then, indent: int, head: str) -> str:
    """The first call stays on its line if it fits there."""
    before = f"{_flat(value.value)}.{value.method}("
    if columns(f"{'    ' * indent}{head}{before}") > WIDTH or not _arguments(value):
        first = _broken(value.value, indent, head)
        return first + statement(".", Call(value.method, value.args, value.kwargs), indent=indent).strip()
    return _broken_items(before, _arguments(value), ")", indent)


def _broken_items(left: str, items: Sequence[tuple[str, Expression]], right: str, indent: int) -> str:
    if not items:
        return f"{left}{right}"
    lines = [statement(head, item, indent=indent + 1, tail=",") for head, item in items]
    return "\n".join([left, *lines, "    " * indent + right])
