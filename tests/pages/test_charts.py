"""Charts: the drawing says what the numbers say, and nothing in it needs a `style` attribute."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.pages import _charts as charts

NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=32)
SERIES = charts.Series("a", [1.0, 2.0, 3.0])


def tree(markup: Any) -> Any:
    return ET.fromstring(markup)


def cells(markup: Any) -> Any:
    """Rows of the table, without its head."""
    return [[cell.text or "" for cell in row] for row in tree(markup).iter("tr")][1:]


def rects(markup: Any) -> Any:
    found = [one for one in tree(markup).iter("rect") if one.find("title") is not None]
    return [(float(one.get("x")), float(one.get("width")), one.find("title").text) for one in found]


def test_bars_are_as_long_as_their_numbers() -> None:
    (_, first, hint), (_, second, _) = rects(charts.bars("t", [("a", 10), ("b", 5)], unit="runs"))
    assert first == pytest.approx(2 * second, abs=0.02)
    assert hint == "a: 10 runs"


def test_bars_below_zero_go_to_the_left_of_it() -> None:
    (left, wide, _), (right, _, _) = rects(charts.bars("t", [("a", -3), ("b", 3)]))
    assert left + wide == pytest.approx(right, abs=0.02)


def test_parts_of_a_bar_stand_beside_each_other_and_the_sum_behind_it() -> None:
    markup = charts.stacked_bars("t", ["x"], [part(2), part(3)])
    (first, wide, _), (second, _, _) = rects(markup)
    assert first + wide == pytest.approx(second, abs=0.02)
    assert "5" in [one.text for one in tree(markup).iter("text")]
    assert cells(markup) == [["x", "2", "3"]]


def part(value: Any) -> Any:
    return charts.Series(f"s{value}", [value])


def test_each_series_has_a_colour_and_stands_in_the_legend() -> None:
    look = charts.Series("failed", [1, 1, 1], "bad")
    markup = charts.lines("t", [0, 1, 2], [SERIES, look])
    assert "edge-0" in markup
    assert "edge-bad" in markup
    assert [one.find("span").text for one in tree(markup).iter("li")] == ["a", "failed"]


@given(st.lists(NUMBERS, max_size=30), st.integers(2, 60))
def test_a_histogram_counts_each_finite_value_once(values: Any, bins: Any) -> None:
    counts = [int(count.replace(",", "")) for _name, count in cells(charts.histogram("t", values, bins=bins))]
    assert sum(counts) == sum(map(math.isfinite, values))


@pytest.mark.parametrize("values", [[21] * 40, [28, 29, 29], [0, 1, 2, 3], [5, 4000]])
def test_whole_numbers_have_no_steps_between_them(values: list[float]) -> None:
    markup = charts.histogram("t", values)
    names = [name.replace(",", "") for name, _count in cells(markup)]
    assert all(edge.isdigit() for name in names for edge in name.split(" to "))
    shown = [one.text for one in tree(markup).iter("text") if "mid" in one.get("class", "")]
    assert len(shown) == len(set(shown))


@given(st.lists(NUMBERS | st.none(), max_size=8))
def test_any_values_make_a_well_formed_drawing_of_finite_places(values: Any) -> None:
    labels = [f"<{number}&\x00语" for number in range(len(values))]
    one = charts.Series("<b>", values)
    for markup in (
        charts.lines("<t>", list(range(len(values))), [one, one], unit="s", x_unit="step"),
        charts.stacked_bars("<t>", labels, [one, one]),
        charts.bars("t", [(label, value) for label, value in zip(labels, values, strict=True) if value]),
    ):
        for place in tree(markup).iter():
            assert "style" not in place.attrib
            for name in ("x", "y", "width", "height", "x1", "y1", "points"):
                assert "nan" not in place.get(name, "")
                assert "inf" not in place.get(name, "")


def test_a_value_that_is_none_is_stepped_over_and_one_that_is_no_number_is_a_gap() -> None:
    def pieces(values: Any) -> Any:
        markup = charts.lines("t", range(len(values)), [charts.Series("a", values)])
        return [one.get("points").count(",") for one in tree(markup).iter("polyline")]

    assert pieces([1, None, 2, 3]) == [3]
    assert pieces([1, 2, math.nan, 3, 4]) == [2, 2]


def test_many_points_are_thinned_and_the_peak_stays() -> None:
    values = [0.0] * 50_000
    values[31_234] = 9.0
    markup = charts.lines("t", range(len(values)), [charts.Series("a", values)])
    points = next(tree(markup).iter("polyline")).get("points").split()
    assert len(points) <= 1300
    assert min(float(point.split(",")[1]) for point in points) < 50
    assert len(cells(markup)) <= 200


@pytest.mark.parametrize(
    "markup",
    [
        charts.bars("t", []),
        charts.stacked_bars("t", [], []),
        charts.histogram("t", [math.nan]),
        charts.lines("t", [], []),
    ],
)
def test_without_values_it_says_so(markup: Any) -> None:
    assert tree(markup).find("p").text == "There is nothing to show."
    assert tree(markup).find("svg") is None


def test_the_drawing_has_a_name_and_its_classes_have_a_style() -> None:
    markup = charts.lines("Loss", [0, 1, 2], [SERIES]) + charts.bars("Causes", [("a", 1)], look="warn")
    assert re.findall(r'role="img" aria-label="(\w+)"', markup) == ["Loss", "Causes"]
    for look in re.findall(r"\b(?:fill|edge)-\w+", markup):
        assert f".{look} {{" in charts.STYLE


def test_a_label_that_is_cut_can_be_read_whole() -> None:
    label = "a very long label " * 5
    assert label in [one.text for one in tree(charts.bars("t", [(label, 1)])).iter("title")]


def test_the_last_number_under_the_drawing_stays_inside() -> None:
    markup = charts.histogram("t", [1, 2_000, 5_999])
    last = [one for one in tree(markup).iter("text") if one.text == "6,000"]
    assert [(one.get("x"), one.get("class")) for one in last] == [("660", "end")]
