"""Rows out of workbooks and Parquet files."""

import datetime
import sys
from decimal import Decimal

import pytest

from difyflow.errors import MissingExtra, UsageError
from difyflow.run.batch.rows import open_source

pytestmark = pytest.mark.local  # openpyxl and pyarrow


@pytest.fixture
def workbook(tmp_path):
    """`workbook(rows, ...)`: the path of a workbook with these sheets."""
    import openpyxl

    def make(*sheets):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for rows in sheets:
            sheet = book.create_sheet()
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / "rows.xlsx")
        return tmp_path / "rows.xlsx"

    return make


@pytest.fixture
def parquet(tmp_path):
    """`parquet(columns)`: the path of a Parquet file."""
    import pyarrow
    from pyarrow import parquet

    def make(columns, **options):
        parquet.write_table(pyarrow.table(columns), tmp_path / "rows.parquet", **options)
        return tmp_path / "rows.parquet"

    return make


def rows_of(path):
    return list(open_source(str(path)).rows())


def test_cells_of_a_workbook_are_text_as_they_are_in_csv(workbook):
    day, moment = datetime.date(2026, 1, 31), datetime.datetime(2026, 1, 31, 8, 30)
    row = ["消防", "007", 7, 1.5, True, day, moment, None, "end"]
    (one,) = rows_of(workbook([list("abcdefghi"), row]))
    assert one.values == {
        "a": "消防",
        "b": "007",
        "c": "7",
        "d": "1.5",
        "e": "true",
        "f": "2026-01-31",
        "g": "2026-01-31 08:30:00",
        "h": "",
        "i": "end",
    }


def test_rows_of_a_workbook_are_told_by_the_number_that_excel_shows(workbook):
    rows = rows_of(workbook([[], ["a", "b", None], ["1"], [], ["2", "3"], ["4", "5", "6"]]))
    assert [(row.number, row.line, row.values) for row in rows[:2]] == [
        (1, 3, {"a": "1", "b": ""}),
        (2, 5, {"a": "2", "b": "3"}),
    ]
    assert (rows[2].line, rows[2].problem) == (6, "3 cells, and the header names 2 columns")


def test_the_first_sheet_is_read_and_the_others_are_told(workbook):
    notes = []
    source = open_source(str(workbook([["a"], ["x"]], [["b"], ["y"]])), on_note=notes.append)
    assert [row.values for row in source.rows()] == [{"a": "x"}]
    assert notes == ["'Sheet' of 2 sheets is read; --sheet NAME reads another one: 'Sheet1'"]


def test_a_sheet_that_is_named_is_read(workbook):
    notes = []
    path = str(workbook([["a"], ["x"]], [["b"], ["=1+1"], ["y"]]))
    rows = list(open_source(path, sheet="Sheet1", on_note=notes.append).rows())
    assert "a formula without a result" in rows[0].problem
    assert (rows[1].values, notes) == ({"b": "y"}, [])


def test_a_sheet_that_is_not_there_is_told_with_those_that_are(workbook):
    with pytest.raises(UsageError, match=r"rows\.xlsx: has no sheet '数据'") as caught:
        list(open_source(str(workbook([["a"], ["x"]], [["b"], ["y"]])), sheet="数据").rows())
    assert caught.value.hint == "it has: 'Sheet', 'Sheet1'"


def test_only_workbooks_have_sheets(tmp_path):
    with pytest.raises(UsageError, match="only a workbook"):
        open_source(str(tmp_path / "rows.csv"), sheet="数据")


def test_formulas_without_a_result_and_errors_are_problems_of_their_row(workbook):
    rows = rows_of(workbook([["a"], ["=1+1"], ["#N/A"], ["ok"]]))
    assert "a formula without a result" in rows[0].problem
    assert rows[1].problem == "cell A3 is an error: #N/A"
    assert rows[2].values == {"a": "ok"}


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ([["a", "b", "a"], ["x"]], r"rows\.xlsx:1: columns 1 and 3 have the same name: 'a'"),
        ([["a", None, "b"], ["x"]], r"rows\.xlsx:1: column 2 has no name"),
        ([], "is empty: the first row must name the columns"),
    ],
)
def test_a_head_that_names_no_columns_is_told(workbook, sheet, said):
    with pytest.raises(UsageError, match=said):
        rows_of(workbook(sheet))


def test_a_workbook_is_read_row_by_row(workbook):
    rows = open_source(str(workbook([["a"], *([str(number)] for number in range(1_000))]))).rows()
    assert next(rows).values == {"a": "0"}
    assert sum(1 for _ in rows) == 999


def test_parquet_keeps_its_types_and_dates_are_text(parquet):
    path = parquet(
        {
            "text": ["消防", None],
            "number": [7, None],
            "price": [Decimal("1.50"), Decimal("2")],
            "day": [datetime.date(2026, 1, 31), None],
            "files": [["a.pdf", "b.pdf"], []],
            "object": [{"a": 1}, None],
        }
    )
    first, second = rows_of(path)
    assert first.values == {
        "text": "消防",
        "number": 7,
        "price": 1.5,
        "day": "2026-01-31",
        "files": ["a.pdf", "b.pdf"],
        "object": {"a": 1},
    }
    assert (first.number, second.line, second.values["price"]) == (1, 2, 2)


def test_parquet_is_read_piece_by_piece(parquet):
    rows = open_source(str(parquet({"a": list(range(5_000))}, row_group_size=500))).rows()
    assert next(rows).values == {"a": 0}
    assert sum(1 for _ in rows) == 4_999


def test_a_value_that_fits_no_input_is_a_problem_of_its_row(parquet):
    (row,) = rows_of(parquet({"a": [b"\x00\xff"]}))
    assert row.problem == "a value of the type bytes fits no input"


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no", b"PAR1 no PAR1", b"\x00" * 5_000])
def test_a_file_that_is_none_is_told_without_a_traceback(tmp_path, kind, data):
    path = tmp_path / f"rows.{kind}"
    path.write_bytes(data)
    with pytest.raises(UsageError, match="not readable as"):
        rows_of(path)


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_a_file_that_cannot_be_read_is_told(tmp_path, kind):
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        rows_of(tmp_path / f"none.{kind}")
    (tmp_path / f"folder.{kind}").mkdir()
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        rows_of(tmp_path / f"folder.{kind}")


@pytest.mark.parametrize(("kind", "library"), [("xlsx", "openpyxl"), ("parquet", "pyarrow")])
def test_a_library_that_is_not_installed_is_named_with_its_extra(monkeypatch, tmp_path, kind, library):
    monkeypatch.setitem(sys.modules, library, None)
    (tmp_path / f"rows.{kind}").write_bytes(b"x")
    with pytest.raises(MissingExtra, match=library) as caught:
        rows_of(tmp_path / f"rows.{kind}")
    assert "difyflow[tables]" in caught.value.hint
