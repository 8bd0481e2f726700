"""Small charts for pages: bars, stacked bars, histograms and lines, as markup without script or `style`.

    body = bars("Failures by cause", [("timeout", 12), ("rate limited", 3)], unit="runs")
    text = page("Batch", body, style=charts.STYLE)

Each function takes values and gives a `<figure>`: a caption, a drawing that scales with the page, and the
same numbers as a table behind "Numbers", for those who cannot see the drawing. Colours come from the classes
of `STYLE`. What is not a finite number is left out, or is a gap in a line.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from difyflow.draw.text import cut, width
from difyflow.draw.xml import element

STYLE = """
figure.chart { margin: 0 0 20px; padding: 12px 16px 8px; background: #fff; border: 1px solid #e9ebf0;
  border-radius: 10px; max-width: 720px; box-sizing: border-box; break-inside: avoid; }
figure.chart figcaption { font-weight: 600; margin-bottom: 6px; }
figure.chart svg { display: block; width: 100%; height: auto; }
figure.chart text { font-size: 12px; fill: #676f83; }
figure.chart .end { text-anchor: end; }
figure.chart .mid { text-anchor: middle; }
figure.chart .strong { fill: #354052; }
figure.chart .rule { stroke: #e9ebf0; stroke-width: 1; }
figure.chart .axis { stroke: #98a2b2; stroke-width: 1; }
figure.chart .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
figure.chart p { margin: 8px 0; color: #676f83; }
figure.chart ul { list-style: none; margin: 4px 0; padding: 0; display: flex; flex-wrap: wrap;
  gap: 2px 16px; }
figure.chart li svg { display: inline-block; width: 10px; height: 10px; margin-right: 6px; }
figure.chart details { color: #676f83; font-size: 12px; }
figure.chart table { border-collapse: collapse; margin: 6px 0; }
figure.chart th, figure.chart td { padding: 1px 10px 1px 0; text-align: right; font-weight: 400; }
figure.chart th:first-child { text-align: left; overflow-wrap: anywhere; }
.fill-0 { fill: #296dff; } .fill-1 { fill: #f79009; } .fill-2 { fill: #17b26a; } .fill-3 { fill: #875bf7; }
.fill-4 { fill: #ee46bc; } .fill-5 { fill: #06aed4; } .fill-6 { fill: #b54708; } .fill-7 { fill: #667085; }
.fill-good { fill: #17b26a; } .fill-bad { fill: #d92d20; } .fill-warn { fill: #f79009; }
.fill-idle { fill: #98a2b2; }
.edge-0 { stroke: #296dff; } .edge-1 { stroke: #f79009; } .edge-2 { stroke: #17b26a; }
.edge-3 { stroke: #875bf7; } .edge-4 { stroke: #ee46bc; } .edge-5 { stroke: #06aed4; }
.edge-6 { stroke: #b54708; } .edge-7 { stroke: #667085; } .edge-good { stroke: #17b26a; }
.edge-bad { stroke: #d92d20; } .edge-warn { stroke: #f79009; } .edge-idle { stroke: #98a2b2; }
"""
"""CSS of all charts, for `page(style=...)`."""

_LOOKS = 8
_WIDE = 660.0
_SIZE = 12.0
_ROW = 24.0
_HIGH = 200.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 12.0, 10.0, 34.0
_TABLE = 200
_COLUMNS = 600  # points of a line that can be told apart
_NOTHING = "There is nothing to show."


@dataclass(frozen=True, slots=True)
class Series:
    """Values under one name.

    Attributes:
        name: for the legend; any text.
        values: one for each label or x; None = there is none, and a line goes on to the next one.
        look: `good`, `bad`, `warn`, `idle`; empty = the next colour.
    """

    name: str
    values: Sequence[float | None]
    look: str = ""


def bars(title: str, items: Iterable[tuple[str, float]], *, unit: str = "", look: str = "") -> str:
    """Horizontal bars from zero, one under the other, each with its label and number.

    Args:
        title: caption.
        items: label and value, in the order of the drawing; negative values go to the left.
        unit: of the values, shown behind the caption.
        look: of all bars, as in `Series`.
    """
    pairs = [(label, value) for label, value in items if _drawable(value)]
    one = Series(unit or "value", [value for _label, value in pairs], look)
    return stacked_bars(title, [label for label, _value in pairs], [one], unit=unit)


def stacked_bars(title: str, labels: Sequence[str], series: Sequence[Series], *, unit: str = "") -> str:
    """Horizontal bars, each made of one part for each series, with the sum behind it.

    Args:
        title: caption.
        labels: one for each bar.
        series: parts of the bars; values before zero go to the left.
        unit: of the values.
    """
    rows = [[_finite(one, index) for one in series] for index in range(len(labels))]
    if not rows or not series:
        return _figure(title, unit, "", "", "")
    low = min(0.0, *(sum(min(0.0, value) for value in row) for row in rows))
    high = max(0.0, *(sum(max(0.0, value) for value in row) for row in rows))
    sums = [_number(math.fsum(row)) for row in rows]
    left = min(240.0, max(width(label, _SIZE) for label in labels) + 10)
    after = max(width(text, _SIZE) for text in sums) + 8
    scale = (_WIDE - left - after) / ((high - low) or 1.0)
    zero = left - low * scale
    drawn: list[str] = []
    for index, (label, row, shown) in enumerate(zip(labels, rows, sums, strict=True)):
        y = index * _ROW
        drawn.append(_text(left - 8, y + 16, cut(label, left - 10, _SIZE), "end strong", label))
        right, back = zero, zero
        for number, (one, value) in enumerate(zip(series, row, strict=True)):
            long = abs(value) * scale
            back -= long if value < 0 else 0.0
            x = back if value < 0 else right
            right += long if value > 0 else 0.0
            hint = f"{label}: {_number(value)} {one.name if len(series) > 1 else unit}".rstrip()
            drawn.append(_bar(x, y + 4, long, _ROW - 8, _look("fill", one, number), hint))
        drawn.append(_text(right + 6, y + 16, shown))
    high_px = len(labels) * _ROW
    drawn.append(element("line", {"class": "axis", "x1": zero, "x2": zero, "y1": 0, "y2": high_px}))
    table = _table(
        ("", *_names(series, unit)), ((label, *row) for label, row in zip(labels, rows, strict=True))
    )
    return _figure(title, unit, _svg(title, high_px, drawn), _legend(series, "fill"), table)


def histogram(title: str, values: Iterable[float], *, unit: str = "", bins: int = 24) -> str:
    """How many values lie in each of some equally wide steps.

    Args:
        title: caption.
        values: in any order.
        unit: of the values.
        bins: about how many steps; they are round numbers, so there may be fewer or more.
    """
    found = sorted(value for value in values if _drawable(value))
    if not found:
        return _figure(title, unit, "", "", "")
    whole = all(float(value).is_integer() for value in found)
    edges = _edges(found[0], found[-1], bins, whole=whole)
    starts = [0, *(bisect.bisect_left(found, edge) for edge in edges[1:-1])]
    counts = [end - start for start, end in zip(starts, [*starts[1:], len(found)], strict=True)]
    plot = _Plot(edges[0], edges[-1], 0.0, float(max(counts)), whole=(whole, True))
    drawn = plot.ground()
    rows: list[tuple[str, float]] = []
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        name = f"{_number(low)} to {_number(high)}"
        rows.append((name, count))
        x, y = plot.x(low), plot.y(count)
        hint = f"{name} {unit}: {count}".replace("  ", " ")
        drawn.append(_bar(x + 0.5, y, max(0.5, plot.x(high) - x - 1), plot.bottom - y, "fill-0", hint))
    drawn.append(plot.base())
    return _figure(title, unit, _svg(title, plot.high, drawn), "", _table((unit or "values", "count"), rows))


def lines(
    title: str, xs: Sequence[float], series: Sequence[Series], *, unit: str = "", x_unit: str = ""
) -> str:
    """Lines over a common x; a value that is not finite makes a gap.

    Args:
        title: caption.
        xs: ascending, one for each value of each series.
        series: the lines.
        unit: of the values.
        x_unit: of `xs`, shown under the axis.
    """
    points = [_points(xs, one) for one in series]
    shown = [value for one in points for _x, value in one if value is not None]
    if not shown:
        return _figure(title, unit, "", "", "")
    plot = _Plot(min(xs), max(xs), min(shown), max(shown))
    drawn = plot.ground(x_unit)
    for number, (one, found) in enumerate(zip(series, points, strict=True)):
        look = _look("edge", one, number)
        for stretch in _stretches(_thinned(found)):
            path = " ".join(f"{plot.x(x):.1f},{plot.y(y):.1f}" for x, y in stretch)
            if len(stretch) == 1:  # a line of one point would not be seen
                path = f"{path} {path}"
            drawn.append(
                element(
                    "polyline", {"class": f"line {look}", "points": path}, element("title", text=one.name)
                )
            )
    drawn.append(plot.base())
    every = max(1, math.ceil(len(xs) / _TABLE))
    rows = (
        (_number(xs[index]), *(one.values[index] for one in series)) for index in range(0, len(xs), every)
    )
    table = _table((x_unit or "x", *_names(series, unit)), rows)
    return _figure(title, unit, _svg(title, plot.high, drawn), _legend(series, "edge"), table)


class _Plot:
    """A field with a vertical and a horizontal scale."""

    high = _TOP + _HIGH + _BOTTOM
    bottom = _TOP + _HIGH

    def __init__(
        self, x0: float, x1: float, y0: float, y1: float, *, whole: tuple[bool, bool] = (False, False)
    ) -> None:
        if y0 > 0 and y0 < 0.5 * y1:
            y0 = 0.0
        self._whole_x, whole_y = whole
        self._ys = _ticks(y0, y1, 5, whole=whole_y)
        self._x0, self._x1 = _apart(x0, x1)
        self._y0, self._y1 = min(y0, self._ys[0]), max(y1, self._ys[-1])

    def x(self, value: float) -> float:
        return _LEFT + (value - self._x0) / (self._x1 - self._x0) * (_WIDE - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _TOP + (self._y1 - value) / (self._y1 - self._y0) * _HIGH

    def ground(self, x_unit: str = "") -> list[str]:
        """Lines and numbers behind the drawing."""
        drawn = []
        for value in self._ys:
            y = self.y(value)
            rule = {"class": "rule", "x1": _LEFT, "x2": _WIDE - _RIGHT, "y1": y, "y2": y}
            drawn += [element("line", rule), _text(_LEFT - 8, y + 4, _short(value), "end")]
        for value in _ticks(self._x0, self._x1, 8, whole=self._whole_x):
            if self._x0 <= value <= self._x1:
                x, shown = self.x(value), _short(value)
                if x + width(shown, _SIZE) / 2 > _WIDE:  # the last number stays inside
                    drawn.append(_text(_WIDE, self.bottom + 16, shown, "end"))
                else:
                    drawn.append(_text(x, self.bottom + 16, shown, "mid"))
        if x_unit:
            drawn.append(_text(_WIDE - _RIGHT, self.bottom + 30, x_unit, "end"))
        return drawn

    def base(self) -> str:
        """The line at the bottom."""
        y = self.bottom
        return element("line", {"class": "axis", "x1": _LEFT, "x2": _WIDE - _RIGHT, "y1": y, "y2": y})


def _ticks(low: float, high: float, count: int, *, whole: bool = False) -> list[float]:
    """Round numbers from at most `low` to at least `high`, about `count` of them."""
    low, high = _apart(low, high)
    step = _round_step((high - low) / count)
    if whole:
        step = max(1.0, step)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def _apart(low: float, high: float) -> tuple[float, float]:
    """The same if there is room for ticks between them."""
    least = max(abs(low), abs(high)) * 1e-12 or 1.0
    return (low, high) if high - low >= least else (low - least, high + least)


def _edges(low: float, high: float, bins: int, *, whole: bool) -> list[float]:
    """Borders of steps, of which the last lies behind `high`; whole values have no steps between them."""
    found = _ticks(low, high + 1, bins, whole=True) if whole else _ticks(low, high, bins)
    return [*found, found[-1] + (found[-1] - found[-2])] if found[-1] <= high else found


def _round_step(raw: float) -> float:
    """1, 2 or 5 times a power of ten, not less than `raw`."""
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= raw * (1 - 1e-9))


def _points(xs: Sequence[float], one: Series) -> list[tuple[float, float | None]]:
    """Where the line goes; None for a gap."""
    return [
        (x, value if _drawable(value) else None)
        for x, value in zip(xs, one.values, strict=True)
        if value is not None
    ]


def _thinned(points: list[tuple[float, float | None]]) -> list[tuple[float, float | None]]:
    """Of many points, the lowest and the highest of each stretch: what is left looks the same."""
    size = math.ceil(len(points) / _COLUMNS)
    if size <= 2:
        return points
    kept: list[tuple[float, float | None]] = []
    for start in range(0, len(points), size):
        group = [(value, x) for x, value in points[start : start + size] if value is not None]
        ends = sorted({min(group), max(group)}, key=lambda one: one[1]) if group else []
        kept += [(x, value) for value, x in ends] or [(points[start][0], None)]
    return kept


def _stretches(points: list[tuple[float, float | None]]) -> Iterator[list[tuple[float, float]]]:
    """The points between two gaps."""
    stretch: list[tuple[float, float]] = []
    for x, value in points:
        if value is not None:
            stretch.append((x, value))
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _drawable(value: float) -> bool:
    return abs(value) < 1e300  # false for NaN too; the difference of two is finite


def _finite(one: Series, index: int) -> float:
    value = one.values[index]
    return value if value is not None and _drawable(value) else 0.0


def _look(kind: str, one: Series, number: int) -> str:
    return f"{kind}-{one.look or number % _LOOKS}"


def _names(series: Sequence[Series], unit: str) -> list[str]:
    return [one.name for one in series] if len(series) > 1 else [series[0].name or unit]


def _number(value: float) -> str:
    """With thousands in groups and no more digits than tell something."""
    if value == 0:
        return "0"
    if abs(value) >= 1e15 or abs(value) < 1e-4:
        return f"{value:.3g}"
    digits = max(0, 3 - math.floor(math.log10(abs(value)))) if abs(value) < 1000 else 0
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _short(value: float) -> str:
    """A number of at most some six characters, for an axis."""
    for power, sign in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if power <= abs(value) < 1e15:
            return _number(value / (1e3 if sign == "k" else power)) + sign
    return _number(value)


def _text(x: float, y: float, text: str, look: str = "", whole: str = "") -> str:
    """Text in the drawing; with all of it as a hint where it was cut."""
    hint = [element("title", text=whole)] if whole and whole != text else []
    return element("text", {"x": x, "y": y, **({"class": look} if look else {})}, *hint, text=text)


def _bar(x: float, y: float, wide: float, high: float, look: str, hint: str) -> str:
    shape = {"class": look, "x": x, "y": y, "width": wide, "height": high, "rx": 1}
    return element("rect", shape, element("title", text=hint))


def _svg(title: str, high: float, drawn: Sequence[str]) -> str:
    about = {"viewBox": f"0 0 {_WIDE:.0f} {high:.0f}", "role": "img", "aria-label": title}
    return element("svg", about, *drawn)


def _legend(series: Sequence[Series], kind: str) -> str:
    if len(series) < 2:
        return ""
    entries = []
    for number, one in enumerate(series):
        look = _look("fill", one, number)
        if kind == "edge":
            mark = element("rect", {"class": look, "y": 4, "width": 10, "height": 3})
        else:
            mark = element("rect", {"class": look, "width": 10, "height": 10})
        svg = element("svg", {"viewBox": "0 0 10 10", "aria-hidden": "true"}, mark)
        entries.append(element("li", None, svg, element("span", text=one.name)))
    return element("ul", None, *entries)


def _table(head: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> str:
    def line(row: Sequence[str | float | None]) -> str:
        first, *rest = row
        cells = [element("td", text=_cell(one)) for one in rest]
        return element("tr", None, element("th", {"scope": "row"}, text=_cell(first)), *cells)

    top = element("tr", None, *(element("th", {"scope": "col"}, text=one) for one in head))
    table = element("table", None, element("thead", None, top), element("tbody", None, *map(line, rows)))
    return element("details", None, element("summary", text="Numbers"), table)


def _cell(value: str | float | None) -> str:
    if isinstance(value, str):
        return value
    return _number(value) if value is not None and _drawable(value) else ""


def _figure(title: str, unit: str, svg: str, legend: str, table: str) -> str:
    caption = element("figcaption", text=f"{title} ({unit})" if unit else title)
    inside = [svg, legend, table] if svg else [element("p", text=_NOTHING)]
    return element("figure", {"class": "chart"}, caption, *inside)
