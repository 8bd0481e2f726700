"""The report of a batch as a page: counts, latency, tokens, failures by cause, slowest rows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from difyflow.draw.xml import element
from difyflow.pages import _charts as charts
from difyflow.pages._page import page
from difyflow.run.batch import Case, Summary

_STYLE = """
main { max-width: 720px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 22px; margin: 0 0 2px; }
h2 { font-size: 16px; margin: 24px 0 8px; }
.about { color: #676f83; margin: 0 0 16px; overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: 10px; margin: 0 0 20px; padding: 0; list-style: none; }
.facts li { background: #fff; border: 1px solid #e9ebf0; border-radius: 10px; padding: 8px 14px; }
.facts b { display: block; font-size: 18px; }
.facts span { color: #676f83; }
.wide { overflow-x: auto; margin: 0 0 20px; }
table.rows { border-collapse: collapse; background: #fff; border: 1px solid #e9ebf0; width: 100%;
  min-width: 560px; }
table.rows th, table.rows td { text-align: left; padding: 4px 10px; border-bottom: 1px solid #f2f4f7;
  vertical-align: top; overflow-wrap: anywhere; }
table.rows thead th, table.rows .number, table.rows .state { white-space: nowrap; }
table.rows .number { text-align: right; }
.note { color: #676f83; }
"""
_LOOKS = {
    "succeeded": "good",
    "partial-succeeded": "warn",
    "paused": "warn",
    "failed": "bad",
    "stopped": "bad",
    "unknown": "warn",
    "invalid": "bad",
    "sent": "idle",
    "new": "idle",
}
_STEPS = 120  # points of the line over time
_CAUSES = 20
_Cells = tuple[tuple[str, str], ...]  # text and class


def report(summary: Summary) -> str:
    """The whole page.

    Args:
        summary: from `difyflow.run.batch.status`.
    """
    parts = [
        element("h1", text=f"Batch {summary.batch}"),
        element("p", {"class": "about"}, text=_about(summary)),
        element("ul", {"class": "facts"}, *(_fact(name, value) for name, value in _facts(summary))),
        _states(summary),
        _spread("How long a run took", summary.took_s, unit="s"),
        _spread("Tokens of a run", summary.used_tokens),
        _over_time(summary.ended_at),
        *_slowest(summary.slowest),
        *_failures(summary),
    ]
    return page(f"Batch {summary.batch}", element("main", None, *parts), style=charts.STYLE + _STYLE)


def _about(summary: Summary) -> str:
    parts = [f"rows of {summary.source}"] + ([f"run on {summary.target}"] if summary.target else [])
    if summary.created_at > 0:
        parts.append(f"begun {datetime.fromtimestamp(summary.created_at, UTC):%Y-%m-%d %H:%M} UTC")
    return ", ".join(parts)


def _facts(summary: Summary) -> Iterable[tuple[str, str]]:
    good = sum(summary.counts.get(state, 0) for state in ("succeeded", "partial-succeeded"))
    yield "runs", f"{summary.total:,}"
    yield "good", f"{good:,} ({good / summary.total:.1%})" if summary.total else "0"
    yield "tokens", f"{summary.tokens:,}"
    if summary.median_s is not None and summary.p95_s is not None and summary.longest_s is not None:
        yield "median", _seconds(summary.median_s)
        yield "95 % within", _seconds(summary.p95_s)
        yield "longest", _seconds(summary.longest_s)
    if len(summary.ended_at) > 1:
        yield "from first to last end", _seconds(summary.ended_at[-1] - summary.ended_at[0])
    if summary.recovered:
        yield "found again", f"{summary.recovered:,}"
    if summary.samples is not None:
        yield "samples collected", f"{summary.samples:,}"
    if summary.rejected:
        yield "could not be saved", f"{summary.rejected:,}"


def _fact(name: str, value: str) -> str:
    return element("li", None, element("b", text=value), element("span", text=name))


def _states(summary: Summary) -> str:
    series = [
        charts.Series(f"{state}: {count:,}", [count], _LOOKS.get(state, ""))
        for state, count in sorted(summary.counts.items(), key=lambda one: list(_LOOKS).index(one[0]))
    ]
    # One state alone gets no legend, so the bar itself is named.
    name = next(iter(summary.counts)) if len(series) == 1 else "runs"
    return charts.stacked_bars("Runs by state", [name], series)


def _spread(title: str, values: Sequence[float], *, unit: str = "") -> str:
    """A histogram; none of values that are all the same, which the facts tell."""
    if values and min(values) == max(values):
        return ""
    return charts.histogram(title, values, unit=unit)


def _over_time(ended: Sequence[float]) -> str:
    """How many runs had ended by when."""
    if len(ended) < 2 or ended[-1] <= ended[0]:
        return ""
    width = ended[-1] - ended[0]
    name, size = ("h", 3600) if width >= 3 * 3600 else ("min", 60) if width >= 180 else ("s", 1)
    places = [width * step / _STEPS for step in range(_STEPS + 1)]
    counts = [float(bisect_right(ended, ended[0] + place)) for place in places]
    xs = [place / size for place in places]
    return charts.lines(
        "Runs that have ended", xs, [charts.Series("runs", counts)], x_unit=f"{name} since the first end"
    )


def _failures(summary: Summary) -> Iterable[str]:
    if not summary.failures:
        return
    causes = list(summary.failures.items())
    shown = causes[:_CAUSES]
    if rest := sum(count for _name, count in causes[_CAUSES:]):
        shown.append((f"{len(causes) - _CAUSES} other causes", rest))
    yield charts.bars("Rows without a good result, by cause", shown, look="bad")
    yield element("h2", text="Rows without a good result")
    yield _table(("row", "state", "cause", "what was said"), summary.bad, _bad_cells)
    left = sum(summary.failures.values()) - len(summary.bad)
    if left > 0:
        yield element("p", {"class": "note"}, text=f"and {left:,} more; errors.csv has them all")


def _slowest(cases: Sequence[Case]) -> Iterable[str]:
    if cases:
        yield element("h2", text="Slowest runs")
        yield _table(("row", "took", "tokens", "run"), cases, _slow_cells)


def _bad_cells(case: Case) -> _Cells:
    return (_where(case), "state"), (case.status, "state"), (case.cause, ""), (case.said, "")


def _slow_cells(case: Case) -> _Cells:
    took, tokens = (_seconds(case.took_s), "number"), (f"{case.tokens:,}", "number")
    return (_where(case), "state"), took, tokens, (case.run_id, "")


def _table(head: Sequence[str], cases: Sequence[Case], cells: Callable[[Case], _Cells]) -> str:
    rows = [
        element(
            "tr",
            None,
            *(element("td", {"class": look} if look else None, text=text) for text, look in cells(case)),
        )
        for case in cases
    ]
    top = element("tr", None, *(element("th", {"scope": "col"}, text=one) for one in head))
    table = element("table", {"class": "rows"}, element("thead", None, top), element("tbody", None, *rows))
    return element("div", {"class": "wide"}, table)


def _where(case: Case) -> str:
    """The row, its repeat if there are several, and the line that an editor shows."""
    text = f"{case.row}" + (f" ({case.repeat})" if case.repeat > 1 else "")
    return f"{text}, line {case.line}" if case.line else text


def _seconds(value: float) -> str:
    if value < 120:
        return f"{value:.2f} s"
    minutes, seconds = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
