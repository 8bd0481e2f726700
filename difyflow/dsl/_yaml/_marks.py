"""What reading gives: the data, and on request where each value stands in the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from yaml.error import Mark as YamlMark
from yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode

from difyflow.dsl._yaml._build import Builder
from difyflow.dsl._yaml._tags import MERGE

_LINE_END: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
BOM: Final = "\ufeff"
ANEW: Final = "write the file anew with --reformat: as Dify exports it, without comments"
"""What to do if a text does not take a change."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a text. Lines and columns count from 1, `index` from 0, all in characters."""

    line: int
    column: int
    end_line: int
    """Line of the first character after it."""
    end_column: int
    """Column of the first character after it."""
    index: int
    """Offset in `Composed.text`, so that `text[index:end_index]` is what stands there."""
    end_index: int


class _Lines:
    """Where the lines of a text begin; found out at the first question."""

    __slots__ = ("_starts", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: list[int] | None = None

    def index(self, mark: YamlMark) -> int:
        # libyaml's own index counts CR LF inside a scalar as one character, so lines and columns are used.
        if self._starts is None:
            first = len(BOM) if self._text.startswith(BOM) else 0
            self._starts = [first, *(found.end() for found in _LINE_END.finditer(self._text))]
        if mark.line >= len(self._starts):
            return len(self._text)
        return min(self._starts[mark.line] + mark.column, len(self._text))


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """One YAML text, read.

    Made by `compose` only; `root` and `lines` are its own business.
    """

    name: str
    """The file or other source that it came from, for messages."""
    text: str
    """The decoded text, with its byte order mark and line ends as they were."""
    encoding: str
    """`text.encode(encoding)` gives back the bytes that were read: `utf-8`, `utf-16-le` or `utf-16-be`."""
    data: object
    """Plain data, as `yaml.safe_load` gives it, but without shared objects."""
    root: Node
    lines: _Lines

    def mark(self, path: Sequence[str | int]) -> Mark | None:
        """Where the value at `path` stands; None if there is no such value.

        Args:
            path: keys and list indexes from the root; `()` is the whole document.

        Returns:
            For a quoted or block scalar, quotes and header belong to the stretch. A block mapping or list
            ends with its last value. What came by an alias or `<<` is marked where it was written.
        """
        found = self._find(path)
        return None if found is None else self._mark(found[1])

    def key_mark(self, path: Sequence[str | int]) -> Mark | None:
        """Where the key of the value at `path` stands; None if that value is no mapping's value."""
        found = self._find(path)
        return None if found is None or found[0] is None else self._mark(found[0])

    def _find(self, path: Sequence[str | int]) -> tuple[Node | None, Node] | None:
        builder = Builder(name=self.name)
        found: tuple[Node | None, Node] = (None, self.root)
        for step in path:
            child = _child(builder, found[1], step)
            if child is None:
                return None
            found = child
        return found

    def _mark(self, node: Node) -> Mark:
        start: YamlMark = node.start_mark
        end = end_of(node)
        return Mark(
            line=start.line + 1,
            column=start.column + 1,
            end_line=end.line + 1,
            end_column=end.column + 1,
            index=self.lines.index(start),
            end_index=self.lines.index(end),
        )


def make(name: str, text: str, encoding: str, *, data: object, root: Node) -> Composed:
    """Put a `Composed` together."""
    return Composed(name, text, encoding, data, root, _Lines(text))


def _child(builder: Builder, node: Node, step: str | int) -> tuple[Node | None, Node] | None:
    if isinstance(node, MappingNode):
        for key, value in reversed(builder.pairs(node)):
            if key.tag != MERGE and builder.key(key) == step:
                return key, value
    elif isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        return None, node.value[step]
    return None


def end_of(node: Node) -> YamlMark:
    """End of a node; PyYAML ends a block collection where the next token begins, lines further down."""
    while isinstance(node, CollectionNode) and not node.flow_style and node.value:
        parts: list[Node] = (
            [part for pair in node.value for part in pair] if isinstance(node, MappingNode) else node.value
        )
        latest = max(_place(part.start_mark) for part in (node, *parts[:-1]))
        if _place(parts[-1].start_mark) < latest or parts[-1] in parts[:-1]:
            # An alias, whose node stands elsewhere.
            break
        node = parts[-1]
    return node.end_mark


def _place(mark: YamlMark) -> tuple[int, int]:
    return mark.line, mark.column
