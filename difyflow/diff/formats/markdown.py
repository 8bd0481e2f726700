"""A diff as Markdown for a comment on a pull request: headings, a list, texts in fenced blocks that fold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from difyflow.diff._say import change_of, harmless, is_text
from difyflow.diff.changes import Diff
from difyflow.diff.formats._how import How
from difyflow.diff.formats._inline import code
from difyflow.diff.formats._inline import plain as plain
from difyflow.diff.report import Detail, Entry, report
from difyflow.diff.words import Line, Piece, lines

_SIGNS: Final = {"+": "➕", "-": "➖", "~": "✏️", "=": "🏷️"}
_MOST_LINES: Final = 200
"""Lines of a text that are shown; a comment on GitHub may have 65,536 characters."""

_LARGEST: Final = 60_000
"""Characters of the whole; what comes after is left out, and that is said."""


def show(diff: Diff, how: How = How()) -> str:  # noqa: B008  frozen
    """A diff as Markdown; says so if nothing differs."""
    if not diff:
        return "No changes.\n"
    text, size = [], 0
    for block in _blocks(diff, how):
        size += len(block)
        if size > _LARGEST:
            text.append("\n*The rest is left out: this comment would be too long.*\n")
            break
        text.append(block)
    return "".join(text)


def _blocks(diff: Diff, how: How) -> Iterator[str]:
    """Parts that may be cut between: each is whole Markdown."""
    found = report(diff, is_secret=how.is_secret, layout=how.layout)
    yield f"### {plain(found.name or how.names[1])}\n\n{code(how.names[0])} → {code(how.names[1])}\n"
    if found.breaking:
        items = "".join(f"- ⚠️ {plain(item.message)}\n" for item in found.breaking)
        yield f"\n#### Breaking\n\n{items}"
    for section in found.sections:
        yield f"\n#### {section.heading}\n\n"
        for entry in section.entries:
            yield "".join(_entry(entry))
    if found.layout and not how.layout:
        yield f"\n*Layout: {plain(found.layout)}*\n"


def _entry(entry: Entry) -> Iterator[str]:
    about = f" {code(entry.about)}" if entry.about else ""
    unnamed = [detail for detail in entry.details if not detail.label]
    if unnamed and not is_text(unnamed[0]):
        yield f"- {_SIGNS[entry.sign]} {code(entry.title)}: {_change(unnamed[0])}\n"
        return
    yield f"- {_SIGNS[entry.sign]} **{plain(entry.title) or '(no title)'}**{about}\n"
    for detail in entry.details:
        yield from _detail(detail)
    if entry.affects:
        more = ", ..." if entry.more else ""
        yield f"  - *affects: {', '.join(map(plain, entry.affects))}{more}*\n"


def _change(detail: Detail) -> str:
    before, arrow, after = change_of(detail).partition(" -> ")
    return f"{code(before)} → {code(after)}" if arrow and detail.sign == "~" else code(change_of(detail))


def _detail(detail: Detail) -> Iterator[str]:
    word = {"+": "new: ", "-": "gone: "}.get(detail.sign, "")
    label = f"{code(detail.label)} " if detail.label else ""
    if not is_text(detail):
        yield f"  - {label}{word}{_change(detail)}\n"
        return
    before, after = (value if isinstance(value, str) else "" for value in (detail.before, detail.after))
    if detail.sign == "~":
        shown = [text for line in lines(before, after) for text in _text_line(line)]
    else:
        shown = [f"{detail.sign}{text}" for text in (after or before).split("\n")]
    if len(shown) > _MOST_LINES:
        shown = [*shown[:_MOST_LINES], f" ... {len(shown) - _MOST_LINES} more lines"]
    body = [harmless(text) for text in shown]
    fence = "`" * max(3, 1 + max((len(run) for text in body for run in re.findall("`+", text)), default=0))
    block = "".join(f"    {text}\n" for text in (f"{fence}diff", *body, fence))
    yield f"  - {label}{word}<details><summary>{_counted(shown)}</summary>\n\n{block}\n    </details>\n"


def _counted(shown: list[str]) -> str:
    added = sum(text.startswith("+") for text in shown)
    removed = sum(text.startswith("-") for text in shown)
    return f"+{added} −{removed} lines"


def _text_line(line: Line) -> Iterator[str]:
    match line.kind:
        case "gap":
            yield f"@@ {line.count} {'line' if line.count == 1 else 'lines'} the same @@"
        case "same":
            yield f" {line.text}"
        case "both":
            yield f"-{_side(line.pieces, 'old')}"
            yield f"+{_side(line.pieces, 'new')}"
        case "old":
            yield f"-{line.text}"
        case "new":
            yield f"+{line.text}"


def _side(pieces: tuple[Piece, ...], kind: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind in ("same", kind))
