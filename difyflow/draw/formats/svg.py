"""SVG that looks like Dify's canvas: cards, handles, curved edges, containers, notes. Needs no browser."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from difyflow.draw._card import ALARM, LINE, box, card, text
from difyflow.draw.scene import Card, Scene, Wire, scene
from difyflow.draw.text import wrap
from difyflow.draw.xml import element
from difyflow.dsl.app import App
from difyflow.nodes.note import Note

MARGIN = 60
_FONTS = "Inter, system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans', sans-serif"
_PAPER = {
    "blue": ("#EFF8FF", "#84CAFF", "#D1E9FF"),
    "cyan": ("#ECFDFF", "#67E3F9", "#CFF9FE"),
    "green": ("#EDFCF2", "#73E2A3", "#D3F8DF"),
    "yellow": ("#FEFBE8", "#FDE272", "#FEF7C3"),
    "pink": ("#FDF2FA", "#FAA7E0", "#FCE7F6"),
    "violet": ("#F5F3FF", "#C3B5FD", "#ECE9FE"),
}
"""By theme: paper, edge, strip at the top."""


def draw(app: App) -> str:
    """The canvas of an app as an SVG document; loads nothing, and any text in it is escaped."""
    return f"{picture(app)}\n"


def picture(app: App) -> str:
    """As `draw`, for standing inside a page: one `svg` element."""
    whole = scene(app.graph)
    left, top, wide, high = _bounds(whole.cards)
    outside = {
        "xmlns": "http://www.w3.org/2000/svg",
        "width": wide,
        "height": high,
        "viewBox": f"{left:g} {top:g} {wide:g} {high:g}",
        "font-family": _FONTS,
        "role": "img",
    }
    ground = [
        element("title", text=app.name or "Dify"),
        _dots(),
        box(left, top, wide, high, 0, "url(#dots)", **{"class": "ground"}),
    ]
    return element("svg", outside, *ground, *_layers(whole))


def _bounds(cards: Sequence[Card]) -> tuple[float, float, float, float]:
    left = min((item.x for item in cards), default=0) - MARGIN
    top = min((item.y for item in cards), default=0) - MARGIN
    right = max((item.x + item.width for item in cards), default=240) + MARGIN
    bottom = max((item.y + item.height for item in cards), default=100) + MARGIN
    return left, top, right - left, bottom - top


def _dots() -> str:
    size = {"id": "dots", "width": 14, "height": 14, "patternUnits": "userSpaceOnUse"}
    dot = element("circle", {"cx": 7, "cy": 7, "r": 1, "fill": "#8585AD", "fill-opacity": 0.25})
    return element("defs", None, element("pattern", size, box(0, 0, 14, 14, 0, "#F2F4F7"), dot))


def _layers(whole: Scene) -> list[str]:
    """What lies in a container comes over it; edges lie under the cards of their container, notes too."""
    levels: dict[int, list[list[str]]] = {}
    for item in whole.cards:
        notes, _, cards = levels.setdefault(item.depth, [[], [], []])
        if item.note:
            notes.append(_note(item))
        else:
            cards.append(card(item, whole.title_of))
    for wire in whole.wires:
        levels[wire.depth][1].append(_wire(wire))
    return [part for depth in sorted(levels) for layer in levels[depth] for part in layer]


def _wire(wire: Wire) -> str:
    """A curve that leaves to the right and arrives from the left, as React Flow draws it."""
    (x1, y1), (x2, y2) = wire.begin, wire.end
    away = (x2 - x1) / 2 if x2 >= x1 else 4 * sqrt(x1 - x2)
    path = f"M{_n(x1)} {_n(y1)}C{_n(x1 + away)} {_n(y1)} {_n(x2 - away)} {_n(y2)} {_n(x2)} {_n(y2)}"
    colour = ALARM if wire.handle == "fail-branch" else LINE
    return element("path", {"d": path, "fill": "none", "stroke": colour, "stroke-width": 2})


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _note(what: Card) -> str:
    data = what.node.data
    theme = data.theme if isinstance(data, Note) else "blue"
    paper, edge, strip = _PAPER.get(theme, _PAPER["blue"])
    x, y, wide, high = what.x, what.y, what.width, what.height
    author = data.author if isinstance(data, Note) and data.showAuthor else ""
    parts = [
        box(x, y, wide, high, 8, paper, stroke=edge),
        box(x + 1, y + 1, wide - 2, 8, 7, strip),
    ]
    said = data.plain_text() if isinstance(data, Note) else None
    room = int((high - 26 - (18 if author else 0)) // 16)
    for number, line in enumerate(wrap(said or "", wide - 24, 12, max(1, room)), start=1):
        parts.append(text(x + 12, y + 14 + 16 * number, line, 12, "#354052"))
    if author:
        parts.append(text(x + 12, y + high - 10, author, 11, "#98A2B2"))
    return element("g", {"class": "note"}, element("title", text=said or ""), *parts)
