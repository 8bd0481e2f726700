"""Plain data to the text that Dify's exporter would write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import yaml
from yaml.representer import RepresenterError

from difyflow.dsl._yaml import _scalars

_SHORT: Final = 80
"""Strings up to this length (in characters) are looked at once per document and remembered."""


def dump(data: object) -> str:
    """Write `data` as pure-Python PyYAML's `yaml.dump(data, allow_unicode=True)` does, byte for byte.

    Meant for what a DSL file holds: mappings, lists, strings, numbers, booleans and None; `date`,
    `datetime`, `bytes` and sets are written too. In three things it departs from PyYAML, because our values
    are frozen and shared: tuples are written as lists; every mapping is written as a dict, and a subclass
    of `str`, `int` or `float` as its base; an object that occurs twice is written out twice, never as an
    anchor.

    Args:
        data: any nesting of the types above. Keys are sorted where they can be compared.

    Returns:
        The document, ending in a line feed.

    Raises:
        TypeError: `data` holds something that YAML has no standard form for.
        ValueError: `data` contains itself, or nests deeper than Python's stack.
    """
    try:
        if isinstance(data, (Mapping, list, tuple)) and data:
            return _Writer().document(data)
        return _by_pyyaml(data)
    except RecursionError as err:
        raise ValueError("cannot be written as YAML: it contains itself or is nested too deeply") from err


class _Writer:
    """Writes one document; remembers how its short strings are written."""

    __slots__ = ("_heads", "_lines", "_short")

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._heads: dict[str, str] = {}
        self._short: dict[str, str | None] = {}

    def document(self, data: Mapping[object, object] | list[object] | tuple[object, ...]) -> str:
        if isinstance(data, Mapping):
            self._mapping(data, 0, "")
        else:
            self._sequence(data, 0, "")
        return "".join(self._lines)

    # `lead` is the text of the line so far. Its length is the column, as it is always the whole line.

    def _mapping(self, data: Mapping[object, object], indent: int, lead: str) -> None:
        pad = " " * indent
        inner = indent + 2
        write = self._lines.append
        for key in ordered(data):
            value = data[key]
            head = self._head(key)
            if not head:
                self._node(key, indent, lead + "? ")
                self._node(value, indent, pad + ": ")
            elif type(value) is str:
                line = lead + head
                write(f"{line}{self._string(value, len(line), inner)}\n")
            elif isinstance(value, (dict, Mapping)) and value:
                write(f"{lead}{head[:-1]}\n")
                self._mapping(value, inner, pad + "  ")
            elif isinstance(value, (list, tuple)) and value:
                write(f"{lead}{head[:-1]}\n")
                self._sequence(value, indent, pad)
            else:
                self._leaf(value, indent, lead + head, {key: value})
            lead = pad

    def _sequence(self, items: Iterable[object], indent: int, lead: str) -> None:
        pad = " " * indent
        for item in items:
            self._node(item, indent, lead + "- ")
            lead = pad

    def _node(self, value: object, indent: int, lead: str) -> None:
        """Write what follows `- `, `? ` or `: `; block collections begin on the same line."""
        if type(value) is str:
            self._lines.append(f"{lead}{self._string(value, len(lead), indent + 2)}\n")
        elif isinstance(value, (dict, Mapping)) and value:
            self._mapping(value, indent + 2, lead)
        elif isinstance(value, (list, tuple)) and value:
            self._sequence(value, indent + 2, lead)
        else:
            self._leaf(value, indent, lead, [value])

    def _leaf(self, value: object, indent: int, lead: str, alone: object) -> None:
        """Write a scalar, an empty collection or a rare type; `alone` is its container without the others."""
        if isinstance(value, str):
            text = self._string(str.__str__(value), len(lead), indent + 2)
        elif value is None:
            text = "null"
        elif isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, int):
            text = int.__repr__(value)
        elif isinstance(value, float):
            text = _float(value)
        elif isinstance(value, (Mapping, list, tuple)):
            text = "{}" if isinstance(value, Mapping) else "[]"
        else:
            self._lines.append(lead + _node_by_pyyaml(alone, len(lead), indent))
            return
        self._lines.append(f"{lead}{text}\n")

    def _head(self, key: object) -> str:
        """The key with its colon and a space; empty if it must be written after `? `."""
        if not isinstance(key, str):
            return _head_by_pyyaml(key)
        head = self._heads.get(key)
        if head is None:
            text = str.__str__(key)
            head = f"{_scalars.simple_key(text)}: " if _scalars.is_simple_key(text) else ""
            self._heads[text] = head
        return head

    def _string(self, text: str, column: int, indent: int) -> str:
        if len(text) <= _SHORT:
            try:
                short = self._short[text]
            except KeyError:
                short = self._short[text] = _scalars.one_line(text)
            if short is not None and column + len(short) <= _scalars.WIDTH:
                return short
        return _scalars.in_place(text, column, indent)


def ordered(data: Mapping[object, object]) -> Iterable[object]:
    """The keys, sorted where they can be compared."""
    try:
        return sorted(data)  # type: ignore[type-var]  # keys that cannot be compared are what we ask about
    except TypeError:
        return data


def _float(value: float) -> str:
    text = float.__repr__(value)
    if text in ("inf", "-inf", "nan"):
        return text.replace("inf", ".inf").replace("nan", ".nan")
    return text.replace("e", ".0e", 1) if "." not in text else text


class _Dumper(yaml.SafeDumper):
    """PyYAML's own dumper, with our three departures; for what is too rare to write ourselves."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True

    def text(self, data: str) -> yaml.Node:
        return self.represent_str(str.__str__(data))

    def number(self, data: float) -> yaml.Node:
        return self.represent_float(float(data))

    def integer(self, data: int) -> yaml.Node:
        return self.represent_int(int(data))

    def mapping(self, data: Mapping[object, object]) -> yaml.Node:
        return self.represent_dict(dict(data))


_Dumper.add_multi_representer(str, _Dumper.text)
_Dumper.add_multi_representer(float, _Dumper.number)
_Dumper.add_multi_representer(int, _Dumper.integer)
_Dumper.add_multi_representer(tuple, _Dumper.represent_list)
_Dumper.add_multi_representer(list, _Dumper.represent_list)
_Dumper.add_multi_representer(frozenset, _Dumper.represent_set)
_Dumper.add_multi_representer(dict, _Dumper.mapping)
_Dumper.add_multi_representer(MappingProxyType, _Dumper.mapping)


def _by_pyyaml(data: object) -> str:
    try:
        text = yaml.dump(data, Dumper=_Dumper, allow_unicode=True)
    except RepresenterError as err:
        value = err.args[1] if len(err.args) > 1 else data
        raise TypeError(f"cannot be written as YAML: {type(value).__name__}") from err
    assert isinstance(text, str)
    return text


def _node_by_pyyaml(alone: object, column: int, indent: int) -> str:
    """What is written from `column` on, when the container `alone` stands at `indent`."""
    nest = alone
    for _ in range(indent // 2):
        nest = [nest]
    return _by_pyyaml(nest)[column:]


def _head_by_pyyaml(key: object) -> str:
    text = _by_pyyaml({key: None})
    return "" if text.startswith("? ") else text.removesuffix("null\n")
