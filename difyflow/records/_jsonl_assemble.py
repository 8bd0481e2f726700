"""From the things found in a text to samples and rejects: what stands around them decides with.

Every doubt ends in a reject. A sample is taken back if the text behind it looks like the rest of a string
that it, or a broken sample before it, should have held.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from difyflow.records._jsonl_scan import Item
from difyflow.records._jsonl_shape import Shape, Turn, check_turns, conversations
from difyflow.records._jsonl_signs import (
    ANY_KEY,
    DOUBLE_QUOTES,
    PART_KEY,
    QUOTES,
    UNFINISHED,
    S,
    Unreadable,
    line_before,
)

_STRAY_END = re.compile(r"[\"“”'’][\s]*+[}｝][\s,，]*+[\]］}｝]|[\"”'’]\s*+[\]］]\s*+[}｝]")
_STRAY_MESSAGE_END = re.compile(r"[\"“”'’]\s*+[}｝]\s*+[,，]?\s*+\Z")
_FENCE = re.compile(r"^[ \t>]*(?:```|~~~)[\w.+-]*[ \t]*$", re.MULTILINE)
_WRAPPER = re.compile(rf"{ANY_KEY}{S}[\[［{{｛]")
_MARK = re.compile(
    r"^[ \t>]*(?:[-*+•·]|(?:\(|（|第)?\d+(?:[.)、:：）|]|条[:：]?)+)[ \t]*(?=\S|$)", re.MULTILINE
)
_SIGNS = re.compile(r"[\s\x00\ufeff\u200b-\u200f\u2060,，\[\]［］{}｛｝`]+")
_SYSTEM = re.compile(rf"[{{｛]{S}{PART_KEY}{S}[{QUOTES}]?(?i:system|系统)[{QUOTES}]")
_NO_START = "\"“”'’}｝"
"""Signs that do not stand before the first of some loose messages on its line."""
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")


@dataclass(frozen=True, slots=True)
class Entry:
    """A sample (`reason` is empty) or a reject, at `text[start:end]`."""

    start: int
    end: int
    turns: tuple[Turn, ...] = ()
    extra: tuple[tuple[str, object], ...] = ()
    repairs: frozenset[str] = frozenset()
    reason: str = ""
    detail: str = ""


@dataclass(slots=True)
class _State:
    text: str
    truncated: bool
    entries: list[Entry] = field(default_factory=list)
    group: list[Item] = field(default_factory=list)
    """Messages that stand alone, not yet put together."""
    pending: frozenset[str] = frozenset()
    """Repairs of what stands before the next sample."""
    behind: int = 0
    """Where the last item ended."""
    doubtful_from: int | None = None
    """Index of the first entry behind a broken sample."""
    trusted_until: int = 0
    """End of a wrapper that is strict JSON: what stands between the samples in it holds no surprise."""
    tainted: bool = False
    """True while messages may be pieces of a broken sample."""
    answer_from: int = 0
    """Index of the first entry that is not thinking."""


def assemble(text: str, items: Iterable[Item], *, truncated: bool) -> list[Entry]:
    """Puts `items` of `text` together; `truncated` says that the model was cut."""
    state = _State(text, truncated)
    for item in items:
        if item.kind == "draft":
            state.entries.append(_reject(item, item.reason, "a draft inside of thinking"))
            continue
        gap = text[state.behind : item.start]
        _look_at_gap(state, item.start, before_message=item.kind == "message")
        if state.group and not _goes_on(state, item, gap):
            _close_group(state, broken=_breaks(state, item, gap))
        _take(state, item, gap)
        state.behind = max(state.behind, item.start if item.kind == "wrapper" else item.end)
    _look_at_gap(state, len(text))
    _close_group(state, at_end=True)
    if state.pending and state.entries and not state.entries[-1].reason:
        last = state.entries[-1]
        state.entries[-1] = replace(last, repairs=last.repairs | state.pending)
    return state.entries


def _take(state: _State, item: Item, gap: str) -> None:
    if item.kind == "message":
        _take_message(state, item, gap)
    elif item.kind == "sample":
        repairs = item.shape.repairs | state.pending | _layout(state, item, gap)
        state.pending = frozenset()
        parts = conversations(item.shape.turns)
        repairs |= {"split-sample"} if len(parts) > 1 else set()
        extra = item.shape.extra
        state.entries.extend(Entry(item.start, item.end, turns, extra, repairs) for turns in parts)
    elif item.kind == "broken":
        _take_broken(state, item, gap)
    elif item.kind == "wrapper":
        state.trusted_until = max(state.trusted_until, item.end)
    elif item.kind == "other":
        state.entries.append(_reject(item, "not-a-sample", "an object without messages"))
    else:
        _take_thinking(state, item)


def _take_broken(state: _State, item: Item, gap: str) -> None:
    if state.behind and "\n" not in gap and _SIGNS.sub("", gap):
        _take_back(state, len(state.entries) - 1, "closed-early", "behind it stands something broken")
    at_end = not state.text[item.end :].strip()
    if item.reason == UNFINISHED and at_end and state.truncated:
        state.entries.append(_reject(item, "cut-off", "the model was stopped inside this sample"))
    else:
        state.entries.append(_reject(item, item.reason, item.detail))
    state.doubtful_from = len(state.entries)


def _take_thinking(state: _State, item: Item) -> None:
    state.pending |= {"thinking"}
    if item.kind == "thinking-end":
        answered = max(state.text.rfind("{"), state.text.rfind("｛")) >= item.end
        if answered or state.truncated:
            _take_back(state, state.answer_from, "in-thinking", "what stood before was thinking")
            drafts = [entry for entry in state.entries[state.answer_from :] if entry.reason == "in-thinking"]
            state.entries[state.answer_from :] = drafts
    state.answer_from = len(state.entries)
    state.doubtful_from = None


def _look_at_gap(state: _State, end: int, *, before_message: bool = False) -> None:
    """Names what stands before `end`; takes samples back if it looks like the rest of one."""
    if state.behind < state.trusted_until:
        state.pending |= {"wrapper"}
    gap = state.text[max(state.behind, min(state.trusted_until, end)) : end]
    stray = _STRAY_END.search(gap) or (_STRAY_MESSAGE_END.search(gap) if before_message else None)
    if stray and state.doubtful_from is not None:
        _take_back(state, state.doubtful_from, "inside-broken-sample", "it may be quoted in a broken one")
        state.doubtful_from = None
    elif stray or _is_rest_of_string(state, gap):
        _take_back(state, len(state.entries) - 1, "closed-early", "behind it stands the rest of a string")
    state.tainted = bool(stray) or (state.tainted and before_message and not _BLANK_LINE.search(gap))
    if _FENCE.search(gap):
        state.pending |= {"code-fence"}
        gap = _FENCE.sub("", gap)
    if _MARK.search(gap):
        state.pending |= {"list-marker"}
        gap = _MARK.sub("", gap)
    if _WRAPPER.search(gap):
        state.pending |= {"wrapper"}
        gap = _WRAPPER.sub("", gap)
    if _SIGNS.sub("", gap):
        state.pending |= {"prose"}
    if any(sign in gap for sign in "\x00\ufeff\u200b\u200c\u200d\u2060"):
        state.pending |= {"invisible-sign"}


def _is_rest_of_string(state: _State, gap: str) -> bool:
    """True if what follows on the line of the last sample may be the rest of its last content."""
    rest = _SIGNS.sub("", gap.split("\n", 1)[0])
    return bool(
        state.behind >= state.trusted_until
        and state.behind
        and rest.strip('"')
        and not set(rest).isdisjoint(DOUBLE_QUOTES)
    )


def _take_back(state: _State, first: int, reason: str, detail: str) -> None:
    for index in range(max(first, 0), len(state.entries)):
        entry = state.entries[index]
        if not entry.reason:
            state.entries[index] = Entry(entry.start, entry.end, reason=reason, detail=detail)


def _layout(state: _State, item: Item, gap: str) -> set[str]:
    names = set[str]()
    if "\n" in state.text[item.start : item.end].strip():
        names.add("several-lines")
    if any(sign in gap for sign in "[［"):
        names.add("array")
    if state.behind and "\n" not in state.text[state.behind - 1 : item.start]:
        names.add("shared-line")
    return names


def _reject(item: Item, reason: str, detail: str) -> Entry:
    return Entry(item.start, item.end, reason=reason, detail=detail)


# Messages that stand alone: {"role": ..., "content": ...} without a list around them.


def _goes_on(state: _State, item: Item, gap: str) -> bool:
    """True if `item` belongs to the messages before it."""
    if item.kind != "message" or _SIGNS.sub("", gap):
        return False
    if state.group[-1].shape.turns[0][0] != "assistant":
        return True
    return item.shape.turns[0][0] != "system" and not _BLANK_LINE.search(gap)


def _breaks(state: _State, item: Item, gap: str) -> bool:
    """True if `item` is a broken message that belongs to those before it."""
    if item.kind != "broken" or _SIGNS.sub("", gap) or _BLANK_LINE.search(gap):
        return False
    return _SYSTEM.match(state.text, item.start) is None


def _take_message(state: _State, item: Item, gap: str) -> None:
    if not state.group:
        before = line_before(state.text, item.start)
        if state.behind and "\n" not in gap:
            _take_back(state, len(state.entries) - 1, "closed-early", "behind it stands one more message")
        if state.tainted or not set(before).isdisjoint(_NO_START):
            state.entries.append(
                _reject(item, "loose-message", "a message behind something else on its line")
            )
            return
    state.group.append(item)


def _close_group(state: _State, *, at_end: bool = False, broken: bool = False) -> None:
    group, state.group = state.group, []
    if not group:
        return
    start, end = group[0].start, group[-1].end
    try:
        if broken:
            raise Unreadable("loose-message", "a broken message belongs to these")
        shape = _together(state, group, at_end)
    except Unreadable as err:
        state.entries.append(Entry(start, end, reason=err.reason, detail=err.detail))
        return
    entry = Entry(start, end, shape.turns, (), shape.repairs | state.pending)
    state.pending = frozenset()
    state.entries.append(entry)


def _together(state: _State, group: list[Item], at_end: bool) -> Shape:
    turns = tuple(turn for item in group for turn in item.shape.turns)
    check_turns(turns)
    if len(conversations(turns)) > 1:
        raise Unreadable("ambiguous-grouping", "one sample or several?")
    start, end = group[0].start, group[-1].end
    rest = state.text[end:].strip() if at_end else "more"
    if rest in (",", "，") or (state.truncated and not rest):
        raise Unreadable("cut-off" if state.truncated else UNFINISHED, "the text ends between two messages")
    if len(turns) > 3 and "\n" in state.text[start:end]:
        raise Unreadable("ambiguous-grouping", "one sample or several?")
    repairs = frozenset[str]().union(*(item.shape.repairs for item in group))
    return Shape("sample", turns, (), repairs | {"loose-messages"})
