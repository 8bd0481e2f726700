"""A diff for a terminal: a line per change, long texts by lines and words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from difyflow.diff._say import change_of, harmless, is_text
from difyflow.diff.changes import Diff
from difyflow.diff.formats._how import How
from difyflow.diff.report import Detail, Entry, report
from difyflow.diff.words import Line, Piece, lines

_COLOURS: Final = {"+": "32", "-": "31", "~": "33", "=": "36", "!": "1;31", "head": "1", "dim": "2"}
_MOST_LINES: Final = 60
"""Lines of a text that is new as a whole; of more, the number is said."""


def show(diff: Diff, how: How = How()) -> str:  # noqa: B008  frozen
    """A diff as text; empty if nothing differs."""
    if not diff:
        return ""
    return "".join(f"{line}\n" for line in _lines(diff, how))


def _lines(diff: Diff, how: How) -> Iterator[str]:
    found = report(diff, is_secret=how.is_secret, layout=how.layout)
    paint = _Paint(how.colour)
    yield paint("head", f"--- {harmless(how.names[0])}")
    yield paint("head", f"+++ {harmless(how.names[1])}")
    if found.breaking:
        yield from ("", paint("head", "Breaking"))
        yield from (paint("!", f"  ! {harmless(item.message)}") for item in found.breaking)
    for section in found.sections:
        yield from ("", paint("head", section.heading))
        for entry in section.entries:
            yield from _entry(entry, paint)
    if found.layout and not how.layout:
        yield from ("", paint("dim", f"Layout: {found.layout}"))


class _Paint:
    """Puts a text in the colour of a sign, or leaves it."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def __call__(self, what: str, text: str) -> str:
        return f"\x1b[{_COLOURS[what]}m{text}\x1b[0m" if self._on else text

    def piece(self, piece: Piece) -> str:
        text = harmless(piece.text)
        if piece.kind == "same":
            return text
        old = piece.kind == "old"
        if self._on:
            return f"\x1b[{'31;9' if old else '32'}m{text}\x1b[0m"
        return f"[-{text}-]" if old else f"{{+{text}+}}"


def _entry(entry: Entry, paint: _Paint) -> Iterator[str]:
    title = harmless(f'"{entry.title}"' if entry.node_id else entry.title)
    about = f" ({harmless(entry.about)})" if entry.about else ""
    plain = [detail for detail in entry.details if not detail.label]
    if plain and not is_text(plain[0]):
        yield f"  {paint(entry.sign, entry.sign)} {title}: {change_of(plain[0])}"
        return
    yield f"  {paint(entry.sign, f'{entry.sign} {title}')}{about}"
    for detail in entry.details:
        yield from _detail(detail, paint)
    if entry.affects:
        more = ", ..." if entry.more else ""
        yield paint("dim", f"      affects: {harmless(', '.join(entry.affects))}{more}")


def _detail(detail: Detail, paint: _Paint) -> Iterator[str]:
    sign = "" if detail.sign == "~" else f"{detail.sign} "
    label = harmless(detail.label)
    if not is_text(detail):
        yield f"      {paint(detail.sign, sign + label) if sign else label} {change_of(detail)}"
        return
    if label:
        yield f"      {paint(detail.sign, sign + label) if sign else label}"
    if detail.sign == "~":
        yield from (_text_line(line, paint) for line in lines(str(detail.before), str(detail.after)))
        return
    whole = str(detail.after if detail.sign == "+" else detail.before).split("\n")
    for text in whole[:_MOST_LINES]:
        yield "        " + paint(detail.sign, f"{detail.sign} {harmless(text)}".rstrip())
    if len(whole) > _MOST_LINES:
        yield paint("dim", f"        ... {len(whole) - _MOST_LINES} more lines")


def _text_line(line: Line, paint: _Paint) -> str:
    match line.kind:
        case "gap":
            return paint("dim", f"        ... {line.count} {'line' if line.count == 1 else 'lines'}")
        case "same":
            return f"          {harmless(line.text)}".rstrip()
        case "both":
            return f"        {paint('~', '~')} {''.join(map(paint.piece, line.pieces))}"
        case "old":
            return "        " + paint("-", f"- {harmless(line.text)}".rstrip())
        case "new":
            return "        " + paint("+", f"+ {harmless(line.text)}".rstrip())
