"""Excel workbooks: the cells as they are."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from difyflow.errors import InputError
from difyflow.run.backends.local.documents import extract

Refusal = Callable[..., InputError]

# What pandas leaves alone: words that are no numbers, whole numbers, fractions, a column of one kind each.
text_cells = st.text("abz字，", min_size=2, max_size=6).filter(lambda text: text not in ("nan", "NA"))
number_cells = st.integers(-(10**9), 10**9)
fraction_cells = st.integers(-9999, 9999).map(lambda number: number + 0.25)


@st.composite
def sheets(draw: st.DrawFn) -> list[list[object]]:
    kinds = [
        text_cells,
        *draw(st.lists(st.sampled_from([text_cells, number_cells, fraction_cells]), max_size=3)),
    ]
    head: list[object] = [f"列{number}" for number in range(len(kinds))]
    return [head, *draw(st.lists(st.tuples(*kinds).map(list), min_size=1, max_size=5))]


@pytest.mark.long
@settings(max_examples=100)
@given(st.lists(sheets(), min_size=1, max_size=3))
def test_a_sheet_without_gaps_reads_as_in_the_engine(
    make: Any, engine: Callable[[bytes, str], str], tables: list[list[list[object]]]
) -> None:
    data = make.xlsx(**{f"表{number}": rows for number, rows in enumerate(tables)})
    found = extract(data, name="a.xlsx")
    assert found.text == engine(data, "a.xlsx")
    assert found.notes == ()
    assert [part.heading for part in found.parts] == [f"表{number}" for number in range(len(tables))]


def test_cells_say_what_they_hold_where_a_server_guesses(
    make: Any, engine: Callable[[bytes, str], str]
) -> None:
    data = make.xlsx(
        名单=[
            ["姓名", "工号", "数量", None],
            ["张三", "007", 1, "x"],
            [None] * 4,
            ["NA", "012", None, "a\nb"],
        ]
    )
    found = extract(data, name="a.xlsx")
    assert found.text == (
        "| 姓名 | 工号 | 数量 |  |\n| -- | -- | -- |  |\n| 张三 | 007 | 1 | x |\n| NA | 012 |  | a b |\n\n"
    )
    assert found.notes == (
        "2 empty cells: a Dify server writes nan, and whole numbers beside them as 1.0",
        "2 numbers stored as text (007): a Dify server drops zeros and digits",
    )
    assert "| 张三 | 7.0 | 1.0 | x |" in engine(data, "a.xlsx")


def test_dates_truth_values_and_errors_are_written_out(make: Any) -> None:
    row = [datetime.datetime(2024, 1, 2), datetime.time(3, 4), True, 12.0, 0.5, "#N/A"]
    text = extract(make.xlsx(表=[["a"] * 6, row]), name="a.xlsx").text
    assert "| 2024-01-02 00:00:00 | 03:04:00 | True | 12 | 0.5 | #N/A |" in text


def test_empty_sheets_and_rows_before_the_table_are_left_out(make: Any) -> None:
    found = extract(make.xlsx(空=[], 表=[[None], [None, None], ["甲"], ["乙"]]), name="a.xlsx")
    assert found.text == "| 甲 |\n| - |\n| 乙 |\n\n"
    assert [part.heading for part in found.parts] == ["表"]


def test_a_formula_that_was_never_computed_is_told(make: Any) -> None:
    found = extract(make.xlsx(表=[["a", "sum"], [1, "=A2+1"], [2, "=A3+1"]]), name="a.xlsx")
    assert any(note.startswith("2 formulas hold no result") for note in found.notes)


def test_an_empty_workbook_is_refused(refusal: Refusal, make: Any) -> None:
    assert refusal(make.xlsx(空=[]), "a.xlsx").code == "document-no-text"


def test_a_row_number_beyond_all_sheets_is_refused_in_time(refusal: Refusal, make: Any) -> None:
    def far(name: str, data: bytes) -> tuple[str, bytes]:
        return name, re.sub(rb'r="(A?)2"', rb'r="\g<1>999999999"', data)

    data = make.edited(make.xlsx(表=[["a"], ["b"]]), far)
    assert refusal(data, "a.xlsx").code in ("document-too-large", "document-damaged")


def test_warnings_of_the_library_reach_nobody(make: Any) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "甲"
    buffer = io.BytesIO()
    book.save(buffer)

    def unstyled(name: str, data: bytes) -> tuple[str, bytes]:
        return name, re.sub(rb"<cellStyles.*?</cellStyles>", b"", data) if name == "xl/styles.xml" else data

    assert extract(make.edited(buffer.getvalue(), unstyled), name="a.xlsx").text.startswith("| 甲 |")
