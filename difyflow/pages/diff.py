"""Two versions of an app beside each other, nodes coloured by what happened to them; a click shows what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from difyflow.diff._say import change_of, harmless, is_text
from difyflow.diff._values import Mask
from difyflow.diff.changes import Added, Diff, Key, Removed
from difyflow.diff.formats._how import How
from difyflow.diff.report import Detail, Entry, Report, report
from difyflow.diff.words import Line, Piece, lines
from difyflow.draw.formats.svg import picture
from difyflow.draw.scene import Scene, scene
from difyflow.draw.xml import element, escape
from difyflow.dsl.app import App
from difyflow.layout import place_missing
from difyflow.nodes._record import READING
from difyflow.pages._diff_look import SCRIPT, STYLE
from difyflow.pages._page import page

_WORDS: Final = {"+": "added", "-": "removed", "~": "changed", "=": "renamed"}
_EDGES: Final = ("workflow", "graph", "edges")


def page_of(diff: Diff, how: How = How()) -> str:  # noqa: B008  frozen
    """A diff as an HTML document that loads nothing: both canvases, below them all changes.

    Drag to pan, wheel to zoom, 0 to fit; a click on a node goes to what changed in it, and back.
    """
    found = report(diff, is_secret=how.is_secret, layout=how.layout)
    numbers = _numbers(found)
    old_ids = {new: old for old, new in found.diff.renames.items()}
    old_marks, new_marks = _marks(found, numbers, "-", old_ids), _marks(found, numbers, "+", {})
    figures = (
        _figure(found.diff.before, how.names[0], old_marks, _wires(found, Removed), "removed"),
        _figure(found.diff.after, how.names[1], new_marks, _wires(found, Added), "added"),
    )
    graphs = _tag("div", {"class": "graphs"}, *figures)
    body = f"{_header(found)}\n{graphs}\n{_tag('main', None, *_changes(found, numbers, how))}"
    return page(f"{found.name or 'Dify'}: changes", body, style=STYLE, script=SCRIPT)


def _tag(name: str, attributes: Mapping[str, object] | None = None, *content: str, text: str = "") -> str:
    """An element of HTML, which has no short form for empty ones."""
    made = element(name, attributes, *content, text=text)
    return f"{made[:-2]}></{name}>" if made.endswith("/>") and not text and not any(content) else made


def _numbers(found: Report) -> dict[str, int]:
    """By id of a node, the number under which page and script know what happened to it."""
    names = [entry.node_id for section in found.sections for entry in section.entries if entry.node_id]
    return {name: number for number, name in enumerate(dict.fromkeys(names))}


def _header(found: Report) -> str:
    key = [_tag("i", {"class": word}) + word for word in _WORDS.values()]
    counts = ", ".join(
        f"{len(section.entries)} under {section.heading}" for section in found.sections if section.entries
    )
    return _tag(
        "header",
        None,
        _tag("b", text=found.name or "Dify"),
        _tag("span", text=counts or "no changes"),
        _tag("span", {"class": "key"}, *key),
    )


def _marks(
    found: Report, numbers: Mapping[str, int], sign: str, old_ids: Mapping[str, str]
) -> dict[str, tuple[str, int]]:
    """By id of a node on one side: what happened to it, and its number."""
    marks: dict[str, tuple[str, int]] = {}
    for section in found.sections:
        for entry in section.entries:
            if entry.node_id and entry.sign in ("~", "=", sign):
                name = old_ids.get(entry.node_id, entry.node_id)
                if marks.get(name, ("renamed", 0))[0] == "renamed":
                    marks[name] = (_WORDS[entry.sign], numbers[entry.node_id])
    return marks


def _wires(found: Report, kind: type[Added] | type[Removed]) -> frozenset[tuple[str, str, str]]:
    """The edges that came or went: source, handle, target; on the old side by the old ids."""
    old_ids = {new: old for old, new in found.diff.renames.items()} if kind is Removed else {}
    ends = set()
    for change in found.diff.changes:
        if isinstance(change, kind) and change.path[:3] == _EDGES and len(change.path) == 4:
            key = change.path[3]
            if isinstance(key, Key) and isinstance(key.value, tuple):
                source, handle, target, _ = key.value
                ends.add((old_ids.get(source, source), handle, old_ids.get(target, target)))
    return frozenset(ends)


def _figure(
    document: Mapping[str, object],
    name: str,
    marks: Mapping[str, tuple[str, int]],
    wires: frozenset[tuple[str, str, str]],
    word: str,
) -> str:
    app = App.model_validate(_drawable(document), context=READING)
    if app.workflow is not None:
        graph = place_missing(app.workflow.graph)
        app = app.model_copy(update={"workflow": app.workflow.model_copy(update={"graph": graph})})
    drawn, whole = picture(app), scene(app.graph)
    over = "".join((*_drawn_wires(whole, wires, word), *_drawn_marks(whole, marks)))
    return _tag(
        "figure",
        None,
        _tag("figcaption", text=harmless(name)),
        f"{drawn.removesuffix('</svg>')}{over}</svg>",
    )


def _drawable(value: Any) -> Any:  # noqa: ANN401  plain data
    """Plain data with masks as text."""
    if isinstance(value, Mask):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _drawable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_drawable(item) for item in value]
    return value


def _drawn_marks(whole: Scene, marks: Mapping[str, tuple[str, int]]) -> Iterator[str]:
    for card in sorted(whole.cards, key=lambda card: card.depth):
        if card.node.id in marks:
            word, number = marks[card.node.id]
            place = {"x": card.x - 3, "y": card.y - 3, "width": card.width + 6, "height": card.height + 6}
            kind = f"mark {word}{' frame' if card.frame else ''}"
            yield element("rect", {"class": kind, **place, "rx": 16, "data-entry": number})


def _drawn_wires(whole: Scene, wires: frozenset[tuple[str, str, str]], word: str) -> Iterator[str]:
    for wire in whole.wires:
        if (wire.source.node.id, wire.handle, wire.target.node.id) in wires:
            (x1, y1), (x2, y2) = wire.begin, wire.end
            away = max(40.0, abs(x2 - x1) / 2)
            path = f"M{x1:.1f} {y1:.1f}C{x1 + away:.1f} {y1:.1f} {x2 - away:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
            yield element("path", {"class": f"wire {word}", "d": path})


def _changes(found: Report, numbers: Mapping[str, int], how: How) -> Iterator[str]:
    if found.breaking:
        items = [_tag("li", text=harmless(item.message)) for item in found.breaking]
        yield _tag("h2", text="Breaking") + _tag("ul", {"class": "breaking"}, *items)
    for section in found.sections:
        yield _tag("h2", text=section.heading)
        for entry in section.entries:
            yield _article(entry, numbers)
    if found.layout and not how.layout:
        yield _tag("p", {"class": "quiet"}, text=f"Layout: {found.layout}")


def _article(entry: Entry, numbers: Mapping[str, int]) -> str:
    number = numbers.get(entry.node_id)
    named = {} if number is None else {"data-entry": number}
    title = harmless(entry.title) or "(no title)"
    head = _tag("span", text=title) if number is None else _tag("button", {"type": "button"}, text=title)
    about = _tag("span", text=f" {harmless(entry.about)}") if entry.about else ""
    body = [part for detail in entry.details for part in _detail(detail)]
    more = ", ..." if entry.more else ""
    tail = (
        _tag("p", {"class": "quiet"}, text=f"affects: {harmless(', '.join(entry.affects))}{more}")
        if entry.affects
        else ""
    )
    inside = _tag("dl", None, *body) if body else ""
    return _tag(
        "article", {"class": _WORDS[entry.sign], **named}, _tag("h3", None, head, about), inside, tail
    )


def _detail(detail: Detail) -> Iterator[str]:
    word = {"+": " (new)", "-": " (gone)"}.get(detail.sign, "")
    if detail.label:
        yield _tag("dt", text=f"{harmless(detail.label)}{word}")
    if not is_text(detail):
        yield _tag("dd", text=change_of(detail))
        return
    before, after = (value if isinstance(value, str) else "" for value in (detail.before, detail.after))
    if detail.sign == "~":
        shown = [_line(line) for line in lines(before, after)]
    else:
        kind = "new" if detail.sign == "+" else "old"
        shown = [_tag("span", {"class": kind}, text=harmless(text)) for text in (after or before).split("\n")]
    yield _tag("dd", None, _tag("pre", None, *shown))


def _line(line: Line) -> str:
    if line.kind == "gap":
        text = f"... {line.count} {'line' if line.count == 1 else 'lines'}"
        return _tag("span", {"class": "gap"}, text=text)
    if line.kind in ("old", "new"):
        return _tag("span", {"class": line.kind}, text=harmless(line.text))
    return _tag("span", {"class": line.kind}, *map(_piece, line.pieces))


def _piece(piece: Piece) -> str:
    text = harmless(piece.text)
    if piece.kind == "same":
        return escape(text)
    return _tag("del" if piece.kind == "old" else "ins", text=text) if text else ""
