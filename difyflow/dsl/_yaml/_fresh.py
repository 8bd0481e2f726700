"""New YAML text in the habits of the file that it goes into."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeGuard

from difyflow.dsl._yaml import _dump, _scalars
from difyflow.dsl._yaml._habits import Habits, Quoting

_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_NOT_ASCII: Final = re.compile("[^\x00-\x7f]")
_NO_LITERAL: Final = re.compile(  # what is not allowed: what is, takes twenty times as long to compile
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff\U0010ffff]"
)
_FLOW_SIGNS: Final = re.compile(r"[,\[\]{}]|:$|^[?:-]")
_MAX_INDICATOR: Final = 9


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a scalar is to stand.

    Attributes:
        column: characters before it on its first line.
        indent: spaces before it on further lines.
        outer: column of the mapping or list that it belongs to; -1 for none.
        flow: it stands inside `[...]` or `{...}`.
        json: what is inside these brackets is written as in JSON.
        before_blank: a blank line follows.
        key: what it is the value of; None for an item of a list.
    """

    column: int
    indent: int
    outer: int
    flow: bool = False
    json: bool = False
    before_blank: bool = False
    key: object = None


@dataclass(frozen=True, slots=True)
class Fresh:
    """Writes values of plain data; lines end in a line feed, and none after the last one."""

    habits: Habits

    def scalar(self, value: object, spot: Spot) -> str:
        """A value that is no collection, or an empty one."""
        if isinstance(value, str):
            return self.string(value, spot)
        if value is None:
            return "null" if spot.flow else self.habits.null
        if isinstance(value, Mapping):
            return "{}"
        if isinstance(value, list | tuple):
            return "[]"
        return _dump.dump([value]).removeprefix("- ").rstrip("\n")

    def quoting(self, spot: Spot) -> Quoting:
        """The quotes that the file prefers there."""
        return self.habits.quoting_at.get(spot.key, self.habits.quoting)

    def string(self, text: str, spot: Spot, quoting: Quoting | None = None) -> str:
        """A string in these quotes, or those that the file prefers, if they can hold it."""
        quoting = quoting or self.quoting(spot)
        style = self._style(text, quoting)
        if spot.flow:
            if spot.json or "\n" in text or style == "double":
                return self.escaped(text)
            return _scalars.unfolded(text, "single" if _FLOW_SIGNS.search(text) else style)
        if "\n" in text and quoting.literal and can_be_literal(text):
            return literal(text, spot)
        if style == "double":
            folded = self.habits.folds and not self._to_escape(text)
            return _scalars.in_style(text, style, spot.column, spot.indent) if folded else self.escaped(text)
        if self.habits.folds or "\n" in text:
            return _scalars.in_style(text, style, spot.column, spot.indent)
        return _scalars.unfolded(text, style)

    def escaped(self, text: str) -> str:
        """A string in double quotes, on one line; what the file escapes besides the necessary is escaped."""
        quoted = _scalars.unfolded(text, "double")
        pattern = self._to_escape(quoted)
        return pattern.sub(_escape, quoted) if pattern else quoted

    def block(self, value: Mapping[object, object] | list[object], column: int) -> str:
        """A collection that is not empty; its first line begins at `column`, the margin is not written."""
        margin = "\n" + " " * column
        if isinstance(value, Mapping):
            return margin.join(self.entry(key, value[key], column) for key in self.ordered(value))
        return margin.join(self.item(item, column) for item in value)

    def entry(self, key: object, value: object, column: int) -> str:
        """`key: value` in a block mapping at `column`."""
        head = self.key(key)
        if is_filled(value):
            inner = column + self.offset(value)
            return f"{head}:\n{' ' * inner}{self.block(value, inner)}"
        spot = Spot(column + len(head) + 2, column + self.habits.step, column, key=key)
        written = self.scalar(value, spot)
        return f"{head}: {written}" if written else f"{head}:"

    def item(self, value: object, column: int, width: int = 2) -> str:
        """`- value` in a block list at `column`; `width` is that of the dash and the spaces after it."""
        inner = column + width
        dash = "-".ljust(width)
        if is_filled(value):
            return dash + self.block(value, inner)
        return dash + (self.scalar(value, Spot(inner, inner, column)) or "null")

    def flow(self, value: object, *, json: bool = False) -> str:
        """Any value as it stands inside brackets, on one line."""
        if isinstance(value, Mapping):
            return "{" + ", ".join(self.flow_entry(key, value[key], json=json) for key in value) + "}"
        if isinstance(value, list | tuple):
            return "[" + ", ".join(self.flow(item, json=json) for item in value) + "]"
        return self.scalar(value, Spot(0, 0, 0, flow=True, json=json))

    def flow_entry(self, key: object, value: object, *, json: bool = False) -> str:
        """`key: value` in braces."""
        return f"{self.flow(key, json=json)}: {self.flow(value, json=json)}"

    def offset(self, value: object) -> int:
        """How far a collection is indented under its key."""
        return self.habits.step if isinstance(value, Mapping) else self.habits.list_offset

    def ordered(self, value: Mapping[object, object]) -> Iterable[object]:
        """The keys of a new mapping in the order in which they are written."""
        return _dump.ordered(value) if self.habits.sorted_keys else value

    def key(self, key: object) -> str:
        """A key before its colon.

        Raises:
            ValueError: it can only be written after `? `.
        """
        if isinstance(key, str):
            if not _scalars.is_simple_key(key):
                raise ValueError("a key that is empty, very long or of several lines")
            return _scalars.simple_key(key)
        return self.scalar(key, Spot(0, 0, 0, flow=True))

    def _style(self, text: str, quoting: Quoting) -> _scalars.Style:
        style = _scalars.style_of(text)
        if self._to_escape(text):
            return "double"
        if style == "plain":
            return quoting.plain
        return quoting.quoted if style == "single" and "\n" not in text and text else style

    def _to_escape(self, text: str) -> re.Pattern[str] | None:
        escapes = self.habits.escapes
        if not escapes:
            return None
        pattern = _ASTRAL if escapes == "astral" else _NOT_ASCII
        return pattern if pattern.search(text) else None


def is_filled(value: object) -> TypeGuard[Mapping[object, object] | list[object]]:
    """True for a collection that holds something: it is written on lines of its own."""
    return isinstance(value, Mapping | list | tuple) and bool(value)


def can_be_literal(text: str) -> bool:
    """True if `|` can hold the text."""
    return bool(text.strip("\n ")) and _NO_LITERAL.search(text) is None


def literal(text: str, spot: Spot, *, head: str = "|") -> str:
    """The text in `|` or, if its lines are given as they are to stand, in `>`: no line end after the last."""
    ends = len(text) - len(text.rstrip("\n"))
    chomp = "-" if ends == 0 else "" if ends == 1 else "+"
    body = text[:-1] if ends else text
    # Spaces at the beginning of the first line would be taken for the margin.
    begins_with_space = body.lstrip("\n").startswith(" ")
    width = spot.indent - spot.outer if spot.outer >= 0 else spot.indent
    indicator = str(min(width, _MAX_INDICATOR)) if begins_with_space else ""
    margin = " " * spot.indent
    lines = [margin + line if line else "" for line in body.split("\n")]
    return "\n".join([f"{head}{indicator}{chomp}", *lines])


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
