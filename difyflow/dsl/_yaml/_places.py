"""Where the entries of a collection begin and end in a text, and what removing and adding entries means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from difyflow.dsl._yaml._marks import BOM, Composed, end_of

Splice = tuple[int, int, str]
"""Start and end of a stretch of the text, and what takes its place; lines end in a line feed."""

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|(?:(?<=[ \t\r\n])|^)#[^\r\n]*)*", re.MULTILINE)
_REST: Final = re.compile(r"[ \t]*(?:(?<=[ \t])#[^\r\n]*)?(?=(\r\n|[\r\n]|\Z))")
_LAST_BREAK: Final = re.compile(r"(?:\r\n|[\r\n])[ \t]*\Z")
_LAST_BREAKS: Final = re.compile(r"(?:(?:\r\n|[\r\n])[ \t]*)+\Z")
_BLANK_LINE: Final = re.compile(r"(?:\r\n|[\r\n])[ \t]*(?:\r\n|[\r\n]|\Z)")
_KEEPING: Final = re.compile(r"[|>][0-9]?\+")


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of a collection, from its key or dash to the end of its value."""

    start: int
    end: int


class Places:
    """Answers about one text; all offsets are in characters, columns count from 0."""

    __slots__ = ("_composed", "_text")

    def __init__(self, composed: Composed) -> None:
        self._composed = composed
        self._text = composed.text

    def source(self, start: int, end: int) -> str:
        """What stands there, with line feeds as line ends."""
        return self._text[start:end].replace("\r\n", "\n")

    def start(self, node: Node) -> int:
        """Where the node begins, with its anchor or tag if it has one."""
        return self._composed.lines.index(node.start_mark)

    def end(self, node: Node) -> int:
        """Where the node ends; the line end after a block scalar is not part of it."""
        end = self._composed.lines.index(end_of(node))
        leaf = _last_leaf(node)
        if not isinstance(leaf, ScalarNode) or leaf.style not in ("|", ">"):
            return end
        start = self.start(leaf)
        source = self._text[start:end]
        found = (_LAST_BREAK if _KEEPING.match(source) else _LAST_BREAKS).search(source)
        return start + found.start() if found else end

    def line_start(self, at: int) -> int:
        """Where the line of an offset begins."""
        begin = max(self._text.rfind("\n", 0, at), self._text.rfind("\r", 0, at)) + 1
        return len(BOM) if begin == 0 and self._text.startswith(BOM) else begin

    def column(self, at: int) -> int:
        """Characters before the offset on its line."""
        return at - self.line_start(at)

    def rest_of_line(self, at: int) -> tuple[str, int]:
        """The comment behind a value, if there is one, and where the line ends."""
        found = _REST.match(self._text, at)
        return ("", at) if found is None else (found[0].strip(), found.end())

    def before_blank(self, at: int) -> bool:
        """True if the next line is blank."""
        return _BLANK_LINE.match(self._text, self.rest_of_line(at)[1]) is not None

    def after_key(self, key: Node, value: Node) -> int:
        """The offset behind the colon that follows a key."""
        at = self._skip(self.end(key))
        start = self.start(value)
        return at + 1 if self._text.startswith(":", at) and at < start else start

    def after_dashes(self, node: SequenceNode) -> list[int]:
        """The offsets behind the dashes of a block list."""
        return [entry.start + 1 for entry in self._block_entries(node)]

    def dash_width(self, node: SequenceNode) -> int:
        """Characters from the dash to what follows it, in a block list; 2 unless the file spaces it out."""
        dash, item = self.start(node), self.start(node.value[0])
        return max(2, item - dash) if not self._text[dash + 1 : item].strip(" ") else 2

    def entry_text(self, node: SequenceNode, index: int) -> str:
        """An item with its dash and the comment on its last line, or in a flow list without comma."""
        if node.flow_style:
            entry = self._flow_entries(node)[index]
            return self.source(entry.start, entry.end)
        entry = self._block_entries(node)[index]
        return self.source(entry.start, self.rest_of_line(entry.end)[1])

    def rework_block(
        self, node: CollectionNode, kept: list[bool], inserts: list[tuple[int, str]]
    ) -> list[Splice]:
        """The splices that remove entries from a block collection and add new ones.

        Args:
            node: the collection.
            kept: for each entry whether it stays; at least one does.
            inserts: new entries without margin, each with the index of the kept one that it follows, or -1.

        Raises:
            ValueError: something else stands on their lines.
        """
        entries = self._block_entries(node)
        first = kept.index(True)
        inline = bool(self._text[self.line_start(entries[0].start) : entries[0].start].strip())
        splices: list[Splice] = []
        for index, entry in enumerate(entries):
            if kept[index]:
                continue
            if inline and index < first:
                splices.append(self._inline_removal(entries, index))
            else:
                splices.append(self._removal(entry))
        margin = " " * self.column(entries[0].start)
        for anchor, text in inserts:
            splices.append(
                self._behind(entries[anchor].end, margin + text)
                if anchor >= 0
                else (entries[first].start, entries[first].start, f"{text}\n{margin}")
            )
        return splices

    def rework_flow(
        self, node: CollectionNode, kept: list[bool], inserts: list[tuple[int, str]]
    ) -> list[Splice]:
        """As `rework_block`, between brackets: with the commas."""
        entries = self._flow_entries(node)
        gaps = [self.source(one.end, other.start) for one, other in pairwise(entries)]
        splices = [self._flow_removal(entries, gaps, first, last) for first, last in _runs(kept)]
        begin = entries[0].start
        own_line = not self._text[self.line_start(begin) : begin].strip()
        for anchor, text in inserts:
            # Behind a comment on its line, a new line would take the comment from the entry that it is about.
            commented = 0 <= anchor < len(gaps) and "#" in gaps[anchor]
            between = f",\n{' ' * self.column(begin)}" if own_line and not commented else ", "
            at = entries[anchor].end if anchor >= 0 else entries[kept.index(True)].start
            splices.append((at, at, between + text if anchor >= 0 else text + between))
        return splices

    def _flow_removal(self, entries: list[_Entry], gaps: list[str], first: int, last: int) -> Splice:
        """Removes neighbours with the comma before them, which leaves what stood behind them as it was.

        Comments decide otherwise: one before them is about an entry that stays, and one behind an entry on a
        line of its own is about that entry and goes with it.
        """
        with_next = last < len(gaps) and (
            first == 0 or "#" in gaps[first - 1] or ("\n" in gaps[first - 1] and "#" in gaps[last])
        )
        if with_next:
            return entries[first].start, entries[last + 1].start, ""
        return entries[first - 1].end, entries[last].end, ""

    def _block_entries(self, node: CollectionNode) -> list[_Entry]:
        entries: list[_Entry] = []
        at = self.start(node)
        for child in node.value:
            start = self._skip(at) if entries else at
            if isinstance(node, MappingNode):
                key, value = child
                # An entry may begin with `? `, and the first one of a mapping with a tag.
                start = start if self._text.startswith("?", start) else self.start(key)
                end = max(self.end(key), self.end(value))
            elif self._text.startswith("-", start):
                end = max(self.end(child), start + 1)
            else:
                raise ValueError("the list has an anchor (&) or a tag (!)")
            entries.append(_Entry(start, end))
            at = end
        return entries

    def _flow_entries(self, node: CollectionNode) -> list[_Entry]:
        pairs = node.value if isinstance(node, MappingNode) else [(item, item) for item in node.value]
        return [_Entry(self.start(key), max(self.end(key), self.end(value))) for key, value in pairs]

    def _inline_removal(self, entries: list[_Entry], index: int) -> Splice:
        """Removes an entry that shares its line with what it lies in: `- key: value`."""
        start, end, after = entries[index].start, entries[index].end, entries[index + 1].start
        return (start, end, "") if self._text[end:after].strip() else (start, after, "")

    def _removal(self, entry: _Entry) -> Splice:
        """Removes the lines of an entry."""
        start = self.line_start(entry.start)
        if self._text[start : entry.start].strip():
            raise ValueError("something else stands on the same line")
        return start, self._line_end(entry.end).end(1), ""

    def _behind(self, at: int, line: str) -> Splice:
        """Adds a line behind the one where an entry ends."""
        end = self._line_end(at)
        return (end.end(1), end.end(1), line + "\n") if end[1] else (end.end(), end.end(), "\n" + line)

    def _line_end(self, at: int) -> re.Match[str]:
        found = _REST.match(self._text, at)
        if found is None:
            raise ValueError("something else stands behind it on the same line")
        return found

    def _skip(self, at: int) -> int:
        """Past spaces, line ends and comments."""
        found = _BLANK.match(self._text, at)
        return found.end() if found else at


def _runs(kept: list[bool]) -> Iterator[tuple[int, int]]:
    """First and last index of each stretch of entries that do not stay."""
    for stays, run in groupby(range(len(kept)), key=lambda index: kept[index]):
        if not stays:
            indexes = list(run)
            yield indexes[0], indexes[-1]


def nodes_of(node: Node) -> list[Node]:
    """What lies in a collection, keys too."""
    if isinstance(node, MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _last_leaf(node: Node) -> Node:
    while isinstance(node, CollectionNode) and not node.flow_style and node.value:
        node = node.value[-1][1] if isinstance(node, MappingNode) else node.value[-1]
    return node
