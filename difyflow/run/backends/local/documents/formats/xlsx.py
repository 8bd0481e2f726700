"""Excel workbooks: each sheet as a Markdown table, the first row as its head.

Sheets follow each other with an empty line between them and without their names (those are in the parts),
rows without any value are left out, line breaks in cells become spaces, dates are written as
`2024-01-02 00:00:00`: as Dify does. For a sheet of text and numbers without gaps the text is the same.

Dify reads the cells through pandas, which guesses a type for each column. It loses leading zeros (`007`
becomes `7`), writes `nan` for empty cells and for words like `NA`, and turns whole numbers beside a gap or
a fraction into `1.0`. Here a cell says what it holds, an empty one nothing, a heading its own text (no
`Unnamed: 3`, no `name.1`), empty rows before the table are skipped and empty sheets are left out; notes
count where a server's text differs.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from difyflow.run.backends.local.documents import archive, faults
from difyflow.run.backends.local.documents.values import Extracted, Format, Source, Stretch, assemble

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MAX_ROWS = 1_048_576
"""Rows of a sheet, Excel's own limit; a row number in the file may claim more."""
MAX_CELLS = 10_000_000

# `catch_warnings` changes a setting of the whole process; openpyxl warns about harmless extensions.
_WARNINGS = threading.Lock()
_NUMBER_AS_TEXT = re.compile(r"0\d+|\d{16,}")
_NO_VALUE = re.compile(rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>")


def read(source: Source) -> Extracted:
    """All sheets in order, hidden ones too; a part per sheet."""
    names = archive.check(source.data, name=source.name, what="Excel workbook")
    stretches = []
    gaps = as_text = 0
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workbook = _open(source)
        try:
            for title, rows in _sheets(workbook, source.name):
                width = max(map(len, rows))
                gaps += sum(width - len(row) + row.count("") for row in rows)
                as_text += sum(bool(_NUMBER_AS_TEXT.fullmatch(cell)) for row in rows for cell in row)
                stretches.append(Stretch(_table(rows, width) + "\n\n", heading=title))
        finally:
            workbook.close()
    return assemble(stretches, notes=_notes(source, names, gaps, as_text))


def _open(source: Source) -> Workbook:
    try:
        import openpyxl
    except ImportError as err:
        raise faults.missing("openpyxl", "Excel workbooks (.xlsx)") from err
    return openpyxl.load_workbook(io.BytesIO(source.data), read_only=True, data_only=True, keep_links=False)


def _sheets(workbook: Workbook, name: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Title and rows of each sheet that holds anything; rows without a value are dropped."""
    cells = 0
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()  # the file may state them wrongly
        rows: list[list[str]] = []
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            cells += len(values)
            if number > MAX_ROWS or cells > MAX_CELLS:
                raise faults.too_large(name, f"more than {MAX_ROWS:,} rows in a sheet or {MAX_CELLS:,} cells")
            row = _row(values)
            if row:
                rows.append(row)
        if rows:
            yield sheet.title, rows


def _row(values: Iterable[object]) -> list[str]:
    row = [_cell(value) for value in values]
    while row and not row[-1]:
        row.pop()
    return row


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return " ".join(str(value).splitlines())


def _table(rows: list[list[str]], width: int) -> str:
    full = [[*row, *[""] * (width - len(row))] for row in rows]
    rule = ["-" * len(cell) for cell in full[0]]
    return "\n".join("| " + " | ".join(row) + " |" for row in (full[0], rule, *full[1:]))


def _notes(source: Source, names: tuple[str, ...], gaps: int, as_text: int) -> list[str]:
    notes = []
    if gaps:
        notes.append(f"{gaps} empty cells: a Dify server writes nan, and whole numbers beside them as 1.0")
    if as_text:
        notes.append(f"{as_text} numbers stored as text (007): a Dify server drops zeros and digits")
    formulas = 0
    with zipfile.ZipFile(io.BytesIO(source.data)) as workbook:
        for name in names:
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                formulas += len(_NO_VALUE.findall(workbook.read(name)))
    if formulas:
        notes.append(
            f"{formulas} formulas hold no result and read as empty: open and save the file in Excel once"
        )
    pictures = sum(name.startswith("xl/media/") for name in names)
    if pictures:
        notes.append(f"{pictures} pictures not read, as on a Dify server")
    return notes


FORMAT = Format(
    extensions=(".xlsx",),
    mime_types=("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",),
    holds="xlsx",
    read=read,
)
