"""How the author of a file writes YAML, found out by counting, so that an addition looks like the rest."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from difyflow.dsl._yaml import _scalars
from difyflow.dsl._yaml._tags import NULL, STR

_T = TypeVar("_T")

Style = _scalars.Style
_STYLES: Final[dict[str, Style]] = {"'": "single", '"': "double"}
_ASTRAL_ESCAPE: Final = re.compile(r"\\U000[1-9A-Fa-f]")
_LONG: Final = 40


@dataclass(frozen=True, slots=True)
class Quoting:
    """How texts are written.

    Attributes:
        literal: those of several lines as `|`.
        plain: quotes of those that need none.
        quoted: quotes of those of one line that need some.
    """

    literal: bool = False
    plain: Style = "plain"
    quoted: Style = "single"


@dataclass(frozen=True, slots=True)
class Habits:
    """The defaults are those of Dify's exporter; each gives way to what most of a file does.

    Attributes:
        newline: line feed, or carriage return and line feed.
        step: spaces by which a mapping is indented under its key.
        list_offset: spaces by which a list is indented under its key.
        folds: long texts are broken at the width.
        quoting: of texts in general.
        quoting_at: of the texts under a key, where the file has some.
        escapes: what double quotes escape besides the necessary: emoji, or all that is not ASCII.
        null: how null is spelled.
        sorted_keys: keys stand in alphabetical order.
    """

    newline: str = "\n"
    step: int = 2
    list_offset: int = 0
    folds: bool = True
    quoting: Quoting = Quoting()
    quoting_at: Mapping[object, Quoting] = field(default_factory=dict)
    escapes: Literal["", "astral", "all"] = ""
    null: str = "null"
    sorted_keys: bool = True


@dataclass(slots=True)
class _TextVotes:
    literal: Counter[bool] = field(default_factory=Counter)
    plain: Counter[Style] = field(default_factory=Counter)
    quoted: Counter[Style] = field(default_factory=Counter)

    def result(self, default: Quoting) -> Quoting:
        return Quoting(
            _most(self.literal, default.literal),
            _most(self.plain, default.plain),
            _most(self.quoted, default.quoted),
        )


@dataclass(slots=True)
class _Votes:
    steps: Counter[int] = field(default_factory=Counter)
    offsets: Counter[int] = field(default_factory=Counter)
    folds: Counter[bool] = field(default_factory=Counter)
    nulls: Counter[str] = field(default_factory=Counter)
    in_order: Counter[bool] = field(default_factory=Counter)
    texts: defaultdict[object, _TextVotes] = field(default_factory=lambda: defaultdict(_TextVotes))
    """By key; `None` for all."""


def habits_of(text: str, root: Node) -> Habits:
    """The habits that `text`, whose nodes hang from `root`, shows."""
    votes = _Votes()
    for node in _all(root):
        if isinstance(node, MappingNode):
            _of_mapping(node, votes)
        for key, value in _values(node):
            if isinstance(value, ScalarNode):
                _of_scalar(key, value, votes)
    quoting = votes.texts[None].result(Quoting())
    crlf = text.count("\r\n")
    return Habits(
        newline="\r\n" if crlf > text.count("\n") - crlf else "\n",
        step=_most(votes.steps, 2),
        list_offset=_most(votes.offsets, 0),
        folds=_most(votes.folds, True),
        quoting=quoting,
        quoting_at={key: found.result(quoting) for key, found in votes.texts.items() if key is not None},
        escapes=_escapes(text),
        null=_most(votes.nulls, "null"),
        sorted_keys=_most(votes.in_order, True),
    )


def _most(counts: Counter[_T], default: _T) -> _T:
    """The value with most votes; the default wins a tie."""
    best = max(counts.values(), default=0)
    return default if counts[default] == best else max(counts, key=lambda value: counts[value])


def _all(root: Node) -> Iterator[Node]:
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        waiting.extend(value for _, value in _values(node))


def _values(node: Node) -> Iterator[tuple[str | None, Node]]:
    """The values of a collection, with their keys if these are texts."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield key.value if isinstance(key, ScalarNode) else None, value
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield None, item


def _of_mapping(node: MappingNode, votes: _Votes) -> None:
    if node.flow_style:
        return
    keys = [key.value for key, _ in node.value if isinstance(key, ScalarNode)]
    if len(keys) > 2:
        votes.in_order[keys == sorted(keys)] += 1
    for key, value in node.value:
        if not isinstance(value, CollectionNode) or value.flow_style:
            continue
        if value.start_mark.line > key.start_mark.line:
            offset = value.start_mark.column - key.start_mark.column
            if isinstance(value, MappingNode):
                votes.steps[max(offset, 1)] += 1
            else:
                votes.offsets[max(offset, 0)] += 1


def _of_scalar(key: str | None, node: ScalarNode, votes: _Votes) -> None:
    text = node.value
    if node.tag == NULL:
        votes.nulls[text] += 1
    if node.tag != STR or not text:
        return
    _of_text(node, votes.texts[None])
    if key is not None:
        _of_text(node, votes.texts[key])
    if "\n" not in text and node.style not in ("|", ">"):
        column, style = node.start_mark.column, _STYLES.get(node.style or "", "plain")
        if len(text) > _LONG and "\n" in _scalars.in_style(text, style, column, 2):
            votes.folds[node.end_mark.line > node.start_mark.line] += 1


def _of_text(node: ScalarNode, votes: _TextVotes) -> None:
    block = node.style in ("|", ">")
    if "\n" in node.value:
        votes.literal[block] += 1
    elif not block:
        style = _STYLES.get(node.style or "", "plain")
        needed = _scalars.style_of(node.value)
        if needed == "plain":
            votes.plain[style] += 1
        elif needed == "single":
            votes.quoted[style] += 1


def _escapes(text: str) -> Literal["", "astral", "all"]:
    if "\\" not in text or not _ASTRAL_ESCAPE.search(text):
        return "all" if text.isascii() and "\\u" in text else ""
    if text.isascii():
        return "all"
    return "" if any(char > "\uffff" for char in text) else "astral"
