"""Python expressions as text, set as `ruff format` sets them; every string is a literal, never code."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

WIDTH = 88
"""Ruff's default line length."""
LIMIT = 110
"""A text that is wider than this is wrapped; a narrower one stays on its line at any line length up to it."""


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


def names(value: Expression) -> Iterator[str]:
    """The names that an expression begins with or has in it: `llm` of `llm.text`."""
    match value:
        case Raw():
            yield value.text.partition(".")[0]
        case Text():
            yield from (code.partition(".")[0] for code in value.parts[1::2])
        case Call():
            yield value.function.partition(".")[0]
    for item in _inside(value):
        yield from names(item)


def _inside(value: Expression) -> Iterator[Expression]:
    """The expressions that one is made of."""
    match value:
        case Call() | Then():
            yield from (item for _, item in _arguments(value))
        case Compare():
            yield from (value.left, value.right)
        case Group():
            for entry in value.items:
                yield from entry if isinstance(entry, tuple) else (entry,)
    if isinstance(value, Then | Item):
        yield value.value


def is_name(word: str) -> bool:
    """True for what can stand as a name or keyword argument just as it is."""
    return word.isidentifier() and not keyword.iskeyword(word) and unicodedata.normalize("NFKC", word) == word


def identifier(
    words: str, *, otherwise: str, taken: set[str], width: int = 30, apart: Callable[[str], str] = str
) -> str:
    """A variable name from a title: its letters, digits and underscores.

    Args:
        words: the title.
        otherwise: the name if nothing of the title can stand in one.
        taken: names that it may not have; it is added to them.
        width: columns.
        apart: what a name becomes that is taken; if that is taken too it gets a number.
    """
    plain = unicodedata.normalize("NFKC", words).strip().lower()
    spaced = "".join(char if f"a{char}".isidentifier() else " " for char in plain)
    name = cut("_".join(spaced.replace("_", " ").split()), width)
    if not is_name(name) or keyword.issoftkeyword(name):
        name = otherwise
    name = apart(name) if name in taken else name
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
        case Text() if lines := _wrapped(value, indent + 1):
            return "\n".join(["(", *lines, f"{'    ' * indent})"])
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
    if len(items) == 1 and left[:-1] and (alone := _wrapped(items[0][1], indent + 1)) and not items[0][0]:
        return "\n".join([left, *alone[:-1], f"{alone[-1]},", "    " * indent + right])
    lines = [statement(head, item, indent=indent + 1, tail=",") for head, item in items]
    return "\n".join([left, *lines, "    " * indent + right])


def _wrapped(value: Expression, indent: int) -> list[str]:
    """A text over several lines, each a literal of its own; nothing if it fits on one, or cannot be cut."""
    if not isinstance(value, Text):
        return []
    space = "    " * indent
    if columns(f"{space[4:]}({quoted(value.parts)})") <= LIMIT:  # the formatter would join it again
        return []
    lines = [f"{space}{quoted(parts)}" for parts in _cut(value.parts, WIDTH - len(space) - 1)]
    return lines if len(lines) > 1 else []


def _cut(parts: Sequence[str], width: int) -> Iterator[tuple[str, ...]]:
    """The parts of a text in pieces of at most this width where they can be cut: at line ends and words."""
    line: tuple[str, ...] = ("",)
    for index, part in enumerate(parts):
        if index % 2:
            longer = (*line, part, "")
            if line != ("",) and columns(quoted(longer)) > width:
                yield line
                longer = ("", part, "")
            line = longer
            continue
        for word in _words(part):
            longer = (*line[:-1], line[-1] + word)
            if line[-1].endswith("\n") or (line != ("",) and columns(quoted(longer).rstrip()) > width):
                yield line
                longer = (word,)
            line = longer
    yield line


def _words(text: str) -> Iterator[str]:
    """A text in steps between which a line may end: behind spaces, line ends and wide characters."""
    start = 0
    for at, char in enumerate(text, start=1):
        behind = text[at : at + 1]
        ends = char in " \n" or (unicodedata.east_asian_width(char) in "WF" and not _clings(behind))
        if ends and not (behind.isspace() and char != "\n"):
            yield text[start:at]
            start = at
    if start < len(text):
        yield text[start:]


def _clings(char: str) -> bool:
    """True for what does not begin a line: closing brackets and full stops of any script."""
    return char != "" and unicodedata.category(char) in ("Pe", "Pf", "Po", "Mn")
