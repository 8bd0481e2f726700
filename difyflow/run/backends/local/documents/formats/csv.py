"""CSV and TSV as one Markdown table, the first row as its head.

As in Dify, cells are separated by commas whatever the file uses, `|` in a cell is not escaped, and rows
keep their own number of cells. TSV is ours: a Dify server refuses it.
"""

from __future__ import annotations

import csv
import io

from difyflow.run.backends.local.documents import encodings, faults
from difyflow.run.backends.local.documents.values import Extracted, Format, Source, Stretch, assemble

_LONGEST_CELL = 131_072
"""Characters; a quote without its partner makes one cell of the rest of a file."""


def read(source: Source) -> Extracted:
    """The table; line breaks inside cells become spaces."""
    decoded = encodings.decode(source.data, name=source.name, encoding=source.encoding)
    tabs = source.name.lower().endswith(".tsv")
    rows = csv.reader(io.StringIO(decoded.text, newline=""), delimiter="\t" if tabs else ",")
    try:
        text = _table([_checked(row) for row in rows])
    except csv.Error as err:
        raise faults.damaged(source.name, "CSV", f"{err} (line {rows.line_num})") from err
    notes = [*decoded.notes, *(("a Dify server does not read .tsv",) if tabs else ())]
    return assemble([Stretch(text)], notes=notes)


def _checked(row: list[str]) -> list[str]:
    """Holds the limit of Python, and so of Dify, also where this process reads longer cells elsewhere."""
    if any(len(cell) > _LONGEST_CELL for cell in row):
        raise csv.Error(f"field larger than field limit ({_LONGEST_CELL})")
    return row


def _table(rows: list[list[str]]) -> str:
    if not rows:
        return ""
    lines = [_row(rows[0]), "| " + " | ".join("-" * len(cell) for cell in rows[0]) + " |\n"]
    return "".join([*lines, *(_row(row) for row in rows[1:])])


def _row(row: list[str]) -> str:
    return "| " + " | ".join(cell.replace("\n", " ").replace("\r", "") for cell in row) + " |\n"


FORMAT = Format(
    extensions=(".csv", ".tsv"),
    mime_types=("text/csv",),
    holds="text",
    read=read,
)
