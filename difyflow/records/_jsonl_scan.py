"""Finds the samples in a text: where one may begin, how far it goes, where to go on after a broken one.

Only objects count. Arrays, wrappers, fences, bullets and prose around them are passed over, so that a cut
or broken wrapper costs none of the samples in it. Each offset is looked at a bounded number of times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from difyflow.records._jsonl_encoded import ENCODED_HEAD, decode_stretch
from difyflow.records._jsonl_reader import Reader
from difyflow.records._jsonl_shape import Shape, shape_of
from difyflow.records._jsonl_signs import (
    ANY_KEY,
    BETWEEN,
    GAP,
    PART_KEY,
    QUOTES,
    SAMPLE_HEAD,
    UNFINISHED,
    S,
    Unreadable,
    Value,
    line_before,
)
from difyflow.records._jsonl_strict import strict_value
from difyflow.records._jsonl_thinking import ANY_TAG, Tags, is_closing

NOTHING = Shape("other")
Kind = Literal["sample", "message", "broken", "other", "draft", "thinking", "thinking-end", "wrapper"]


@dataclass(frozen=True, slots=True)
class Item:
    """Something found in `text[start:end]`; `shape` for samples and messages, `reason` for broken ones."""

    kind: Kind
    start: int
    end: int
    shape: Shape = NOTHING
    reason: str = ""
    detail: str = ""


_BARE_KEY = rf"(?i:role|content|messages?){S}[:：]"
_HEAD = rf"(?:[{{｛]{S}(?:{ANY_KEY}|{_BARE_KEY})|{ENCODED_HEAD})"
_START = re.compile(
    rf"(?P<tag>{ANY_TAG})"
    rf"|(?P<encoded>{ENCODED_HEAD})"
    rf"|(?P<list>[\[［]{S}[{{｛]{S}{PART_KEY})"
    rf"|(?P<object>[{{｛]{S}(?:[{QUOTES}]|{_BARE_KEY}|//|/\*|#))"
)
_START_IN_JSON = re.compile(rf'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(?P<list>\[{S}\{{{S}{PART_KEY})|(?P<object>\{{)')
_NO_SAMPLE = re.compile(
    rf"[{{｛]{S}{ANY_KEY}{S}[\[［]{S}{SAMPLE_HEAD}|{SAMPLE_HEAD}{S}[\[［]?{S}[{{｛]?{S}(?:\.\.\.|…)"
)
"""A wrapper, to be looked into; or `{"messages": [...]}`, which speaks of samples and is none."""
_FIRST_QUOTE = re.compile(rf"[{{｛\[［{GAP}\s]*+(.)")
_MESSAGE = re.compile(rf"[{{｛]{S}{PART_KEY}")
_PARTIAL = re.compile(rf"[{{｛]{S}(?:[{QUOTES}][^{QUOTES}{{}}\[\]\n]{{0,60}}[{QUOTES}]?{S}[:：]?{S})?\Z")

_MARKER = r"^[ \t>*+\-•·#|`\d.)）(（、,，:：\[［]{0,24}?"
_LEAD = rf"(?:(?<=[}}｝\]］]){BETWEEN}{{0,24}}|^{BETWEEN}{{0,40}}|^[ \t]*<[^<>\n]{{0,80}}>[ \t]*)"
_NEXT_SAMPLE = rf"{_MARKER}(?=[{{｛])(?!{_MESSAGE.pattern}){_HEAD}|{_LEAD}{SAMPLE_HEAD}|^[ \t]*{ANY_TAG}"
_NEXT = {
    "object": re.compile(_NEXT_SAMPLE, re.MULTILINE),
    "list": re.compile(rf"{_NEXT_SAMPLE}|{_MARKER}[\[［]{S}{_MESSAGE.pattern}", re.MULTILINE),
    "message": re.compile(
        rf"{_NEXT_SAMPLE}|^[ \t]*\r?\n(?=[ \t]*{_MESSAGE.pattern})"
        rf"|{_MARKER}(?=[{{｛]{S}{PART_KEY}{S}[{QUOTES}]?(?i:system|系统)[{QUOTES}])",
        re.MULTILINE,
    ),
}
"""Where to go on behind a broken sample: at the start of a line or behind the end of an object, where
something begins that cannot be a part of the broken one."""


def scan(text: str, *, thinking: bool = True, level: int = 0) -> Iterator[Item]:
    """Yields what stands in `text`, in order and without overlaps.

    Args:
        text: what a model printed.
        thinking: False takes thinking tags for prose (inside of thinking).
        level: how many encodings were undone to get `text`.
    """
    return _Scan(text, thinking, level).items()


class _Scan:
    def __init__(self, text: str, thinking: bool, level: int) -> None:
        self._text = text
        self._tags = Tags(text) if thinking else None
        self._level = level
        self._json_until = 0
        self._cut_at: int | None = None
        self._allowance = 4 * len(text) + 200_000
        """Characters that failed readings may still cost; then broken regions are skipped as a whole."""

    def items(self) -> Iterator[Item]:
        at = last = 0
        while (found := self._next(at)) is not None:
            items, at = self._try(found)
            yield from items
            if items:
                last, self._cut_at = at, None
        cut = _PARTIAL.search(self._text, max(last, len(self._text) - 200))
        cut_at = self._cut_at if self._cut_at is not None else cut.start() if cut else None
        if cut_at is not None:
            detail = "the text ends where a sample begins"
            yield Item("broken", cut_at, len(self._text), reason=UNFINISHED, detail=detail)

    def _next(self, at: int) -> re.Match[str] | None:
        while at < self._json_until:
            found = _START_IN_JSON.search(self._text, at, self._json_until)
            if found is None:
                at = self._json_until
            elif found.lastgroup:
                return found
            else:
                at = found.end()
        return _START.search(self._text, at)

    def _try(self, found: re.Match[str]) -> tuple[list[Item], int]:
        """What begins at `found`, and where to look on."""
        at = found.start()
        if found.lastgroup == "tag":
            return self._tag(found)
        if found.lastgroup == "encoded":
            return self._encoded(at)
        if found.lastgroup == "object" and _NO_SAMPLE.match(self._text, at):
            return [], at + 1
        value, end, far = strict_value(self._text, at)
        repairs = frozenset[str]()
        strict = end is not None
        if end is None:
            reader = Reader(self._text, at)
            try:
                value, end = reader.read()
            except Unreadable as err:
                return self._failed(found, err, reader, max(far, reader.far))
            repairs = frozenset(reader.repairs)
        return self._read(at, end, value, repairs, strict)

    def _read(
        self, at: int, end: int, value: Value, repairs: frozenset[str], strict: bool
    ) -> tuple[list[Item], int]:
        try:
            shape = shape_of(value)
            if shape.kind in ("sample", "message"):
                self._refuse_string_in_string(at, end)
        except Unreadable as err:
            return [Item("broken", at, end, reason=err.reason, detail=err.detail)], end
        if shape.kind == "wrapper":
            if strict:
                self._json_until = max(self._json_until, end)
            # Read again from the inside, at most MAX_DEPTH times.
            return [Item("wrapper", at, end)] if strict else [], at + 1
        return [Item(shape.kind, at, end, replace(shape, repairs=shape.repairs | repairs))], end

    def _inside(self, at: int, far: int) -> int:
        """Where to look on when what begins at `at` is none; what was looked at in vain is paid for."""
        return at + 1 if self._allowance >= 0 else max(far, at + 1)

    def _refuse_string_in_string(self, at: int, end: int) -> None:
        r"""An object in quotes, like `'{"a": "x\\ny"}'`: its escapes may be the outer string's or its own."""
        outer = self._text[at - 1] if at else ""
        first = _FIRST_QUOTE.match(self._text, at)
        if outer in ('"', "'") and first and first.group(1) != outer and "\\" in self._text[at:end]:
            raise Unreadable("ambiguous-escape", "escapes in an object that stands in a string")

    def _failed(
        self, found: re.Match[str], err: Unreadable, reader: Reader, far: int
    ) -> tuple[list[Item], int]:
        at = found.start()
        self._allowance -= far - at
        if not reader.recognised:
            if err.reason == UNFINISHED and self._cut_at is None:
                self._cut_at = at
            return [], far if err.reason == "too-deep" else self._inside(at, far)
        kind = "message" if _MESSAGE.match(self._text, at) else found.lastgroup or "object"
        onward = far if err.reason == "too-deep" or self._allowance < 0 else at + 1
        following = _NEXT[kind].search(self._text, onward)
        end = following.start() if following else len(self._text)
        reason = err.reason
        if reason == UNFINISHED and following:
            reason = "unclosed-string"
        return [Item("broken", at, end, reason=reason, detail=err.detail)], end

    def _tag(self, found: re.Match[str]) -> tuple[list[Item], int]:
        """Thinking: what stands in it are drafts. A tag that is only spoken of does not count."""
        at, end = found.span()
        if self._tags is None or self._text[at - 1 : at] == "`":
            return [], end
        first = not line_before(self._text, at).strip()
        if is_closing(found.group()):
            last = not self._text[end : end + 200].split("\n", 1)[0].strip()
            return ([Item("thinking-end", at, end)] if first or last else []), end
        close = self._tags.close(found.group(), end)
        if close is None:
            if not first:
                return [], end
            close = (len(self._text), len(self._text))
        drafts = [
            Item("draft", end + item.start, end + item.end, item.shape, "in-thinking")
            for item in scan(self._text[end : close[0]], thinking=False, level=self._level)
            if item.kind == "sample"
        ]
        return [*drafts, Item("thinking", at, close[1])], close[1]

    def _encoded(self, at: int) -> tuple[list[Item], int]:
        """A stretch whose quotes are escaped, or written as HTML: decoded as a whole, then scanned."""
        if self._level >= 3:
            return [], at + 1
        stretch = decode_stretch(self._text, at)
        self._allowance -= stretch.end - at
        items: list[Item] = []
        for item in scan(stretch.text, thinking=False, level=self._level + 1):
            shape = replace(item.shape, repairs=item.shape.repairs | {stretch.repair})
            item = replace(item, shape=shape, start=stretch.offset(item.start), end=stretch.offset(item.end))
            if item.kind != "broken" and not stretch.encoded_at(item.start):
                return items, self._inside(max(item.start - 1, at), stretch.end)
            doubt = stretch.doubt(item.start, item.end, shape.repairs)
            if item.kind in ("sample", "message") and doubt:
                item = Item("broken", item.start, item.end, reason="ambiguous-escape", detail=doubt)
            items.append(item)
        return items, stretch.end
