"""One card of the canvas as SVG."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.draw._icons import icon_path
from difyflow.draw.scene import Card
from difyflow.draw.text import Titles, cut, one_line, readable, reference, width, wrap
from difyflow.draw.xml import element
from difyflow.nodes._look import HEADER, CanvasRow, card_height
from difyflow.terms.selector import Selector

INK, GREY, FAINT, LINK, PAPER, FIELD = "#354052", "#676F83", "#98A2B2", "#155EEF", "#FFFFFF", "#F2F4F7"
LINE, ALARM = "#D0D5DC", "#DC6803"
_BOLD = 1.1
"""Bold text is about this much wider."""
_SIDE = 12
"""Pixels between the card's edge and its rows."""


def card(what: Card, titles: Titles) -> str:
    """A node; its tooltip says title, type and id."""
    body = _button(what) if what.button else _frame(what) if what.frame else _sheet(what, titles)
    handles = "" if what.button else _dot(what.x, what.arrives, what.y)
    handles += "".join(
        _dot(what.x + what.width, leaves, what.y) for leaves in sorted(set(what.leaves.values()))
    )
    kind = what.node.data.type
    tip = f"{one_line(what.title)} ({kind}) {what.node.id}"
    if what.node.data.desc:
        tip += f"\n{what.node.data.desc}"
    return element("g", {"class": "node"}, element("title", text=tip), *body, handles)


def text(x: float, y: float, said: str, size: int, colour: str, **more: object) -> str:
    """A line of text; `y` is its base line."""
    named = {key.replace("_", "-"): value for key, value in more.items()}
    return element("text", {"x": x, "y": y, "font-size": size, "fill": colour, **named}, text=said)


def box(x: float, y: float, wide: float, high: float, radius: int, fill: str, **more: object) -> str:
    """A rectangle with round corners."""
    named = {key.replace("_", "-"): value for key, value in more.items()}
    return element(
        "rect", {"x": x, "y": y, "width": wide, "height": high, "rx": radius, "fill": fill, **named}
    )


def icon(x: float, y: float, size: int, colour: str, name: str) -> str:
    """The coloured square of a node type."""
    scale = (size - 8) / 16
    strokes = {
        "d": icon_path(name),
        "transform": f"translate({x + 4:g} {y + 4:g}) scale({scale:g})",
        "fill": "none",
        "stroke": "#FFFFFF",
        "stroke-width": 1.6,
        "stroke-linecap": "round",
        "stroke-linejoin": "round",
    }
    return box(x, y, size, size, 6, colour) + element("path", strokes)


def _dot(x: float, below: float | None, y: float) -> str:
    if below is None:
        return ""
    shape = {"cx": x, "cy": y + below, "r": 4, "fill": "#296DFF", "stroke": PAPER, "stroke-width": 1.5}
    return element("circle", shape)


def _button(what: Card) -> Iterator[str]:
    yield box(what.x, what.y, what.width, what.height, 15, PAPER, stroke="#E9EBF0")
    look, size = what.node.data.LOOK, 24
    x, y = what.x + (what.width - size) / 2, what.y + (what.height - size) / 2
    yield icon(x, y, size, look.colour, look.icon)


def _header(what: Card) -> str:
    look, room = what.node.data.LOOK, what.width - 44 - _SIDE
    title = cut(what.title, room, 13 * _BOLD)
    return icon(what.x + _SIDE, what.y + _SIDE, 24, look.colour, look.icon) + text(
        what.x + 44, what.y + 28.5, title, 13, INK, font_weight=600
    )


def _frame(what: Card) -> Iterator[str]:
    x, y, wide, high = what.x, what.y, what.width, what.height
    yield box(x, y + 2, wide, high, 16, "#101828", opacity=0.05)
    yield box(x, y, wide, high, 16, PAPER, stroke="#D5D9E2")
    yield _header(what)
    yield box(x + 4, y + HEADER - 4, wide - 8, max(0.0, high - HEADER), 12, "url(#dots)")


def _sheet(what: Card, titles: Titles) -> Iterator[str]:
    x, y, wide = what.x, what.y, what.width
    yield box(x, y + 2, wide, what.height, 15, "#101828", opacity=0.05)
    yield box(x, y, wide, what.height, 15, PAPER, stroke="#E9EBF0")
    yield _header(what)
    top = y + HEADER
    for row in what.rows:
        yield from _ROWS[row.kind](x + _SIDE, top, wide - 2 * _SIDE, row, titles)
        top += row.height
    spare = int((what.height - card_height(what.rows)) // 16)
    desc = what.node.data.desc
    if desc and spare > 0:
        for number, line in enumerate(wrap(desc, wide - 2 * _SIDE, 12, spare), start=1):
            yield text(x + _SIDE, top + 16 * number - 2, line, 12, GREY)


def _field(x: float, y: float, wide: float, row: CanvasRow, titles: Titles) -> Iterator[str]:
    yield box(x, y, wide, 24, 6, FIELD)
    room = wide - 16
    detail = cut(readable(row.detail, titles), room * (0.62 if isinstance(row.detail, Selector) else 0.5), 11)
    if detail:
        taken = width(detail, 11)
        yield text(x + wide - 8, y + 16, detail, 11, GREY, text_anchor="end")
        room -= taken + 8
    if isinstance(row.text, Selector):
        yield _variable(x + 8, y + 16, row.text, titles, room)
    else:
        yield text(x + 8, y + 16, cut(readable(row.text, titles), room, 12), 12, INK)


def _variable(x: float, y: float, selector: Selector, titles: Titles, room: float) -> str:
    """`title/name`, the title in grey and shortened first."""
    source, name = reference(selector, titles)
    name = cut(name, room, 12)
    source = cut(f"{source}/", room - width(name, 12), 12) if source and name else source
    parts = [element("tspan", {"fill": GREY}, text=source)] if source else []
    parts.append(element("tspan", {"fill": LINK}, text=name))
    return element("text", {"x": x, "y": y, "font-size": 12}, *parts)


def _model(x: float, y: float, wide: float, row: CanvasRow, titles: Titles) -> Iterator[str]:
    yield box(x, y, wide, 28, 8, FIELD)
    provider = cut(readable(row.detail, titles).rpartition("/")[2], wide / 2, 10)
    taken = width(provider, 10) + 10 if provider else 0
    if provider:
        yield box(x + wide - 8 - taken, y + 6, taken, 16, 5, PAPER, stroke="#DFE3EA")
        yield text(x + wide - 8 - taken / 2, y + 17.5, provider, 10, GREY, text_anchor="middle")
    room = wide - 24 - taken
    yield text(x + 8, y + 18.5, cut(readable(row.text, titles), room, 12), 12, INK, font_weight=500)


def _text(x: float, y: float, wide: float, row: CanvasRow, titles: Titles) -> Iterator[str]:
    yield box(x, y, wide, row.height - 4, 6, FIELD)
    top = y + 3
    if row.detail:
        yield text(
            x + 8, top + 11, cut(readable(row.detail, titles), wide - 16, 10), 10, FAINT, font_weight=600
        )
        top += 12
    for line in wrap(readable(row.text, titles).strip(), wide - 16, 12, row.lines):
        yield text(x + 8, top + 13, line, 12, INK)
        top += 16


def _branch(x: float, y: float, wide: float, row: CanvasRow, titles: Titles) -> Iterator[str]:
    said = cut(readable(row.text, titles), wide, 12)
    yield text(x + wide, y + 15, said, 12, INK, font_weight=600, text_anchor="end")


def _label(x: float, y: float, wide: float, row: CanvasRow, titles: Titles) -> Iterator[str]:
    yield text(x, y + 14, cut(readable(row.text, titles), wide, 10), 10, FAINT, font_weight=600)


def _failure(x: float, y: float, wide: float, row: CanvasRow, titles: Titles) -> Iterator[str]:
    yield box(x, y + 4, wide, 26, 6, "#FFFAEB")
    yield text(x + 8, y + 21, cut(readable(row.text, titles), wide / 2, 12), 12, GREY)
    yield text(x + wide - 8, y + 21, readable(row.detail, titles), 12, ALARM, text_anchor="end")


_ROWS = {
    "field": _field,
    "model": _model,
    "text": _text,
    "branch": _branch,
    "label": _label,
    "failure": _failure,
}
