"""Rows out of Excel workbooks and Parquet files, through the one door to their libraries.

Of a workbook one sheet is read, the first one if none is named: its first row that is not empty names the
columns, and cells are text, as they are in CSV: `7`, `1.5`, `2026-01-31`, `true`. Parquet keeps its types, as
JSONL does; dates are text.
"""

from __future__ import annotations

import datetime
import io
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from difyflow.errors import InputError, MissingExtra, UsageError
from difyflow.run.backends.local.documents import archive
from difyflow.run.batch.rows import Row, column_names

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

_BATCH = 1000
_SHEETS = 20  # that are named
# `catch_warnings` changes a setting of the whole process; openpyxl warns about harmless extensions.
_WARNINGS = threading.Lock()


def of_xlsx(
    path: Path, *, sheet: str = "", on_note: Callable[[str], None] = lambda _note: None
) -> Iterator[Row]:
    """The rows of one sheet; `line` is Excel's row number.

    Args:
        path: of the workbook.
        sheet: its name; empty = the first one.
        on_note: told of the other sheets if none was named.

    Raises:
        UsageError: no workbook, no such sheet, or no names of columns.
        MissingExtra: openpyxl is not installed.
    """
    try:
        import openpyxl
    except ImportError as err:
        raise _missing("openpyxl", "Excel workbooks (.xlsx)") from err
    data = _content(path)
    try:
        archive.check(data, name=path.name, what="Excel workbook")
        # Formulas without a result read as empty, and only a look at the formulas themselves tells them.
        books = [
            openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False, data_only=results)
            for results in (True, False)
        ]
        with closing(books[0]), closing(books[1]), _WARNINGS, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results, formulas = (_named(book.worksheets, sheet, path) for book in books)
            others = [one.title for one in books[0].worksheets if one.title != results.title]
            if others and not sheet:
                told = f"{results.title!r} of {len(others) + 1} sheets is read"
                on_note(f"{told}; --sheet NAME reads another one: {_listed(others)}")
            yield from _of_sheets(results, formulas, name=str(path))
    except UsageError:
        raise
    except InputError as err:
        raise UsageError(err.message, path=str(path), code=err.code, hint=err.hint) from err
    except Exception as err:
        # A damaged file can make the library raise anything; the cause stays attached.
        raise _damaged(path, "an Excel workbook", err) from err


def _named(sheets: Sequence[ReadOnlyWorksheet], name: str, path: Path) -> ReadOnlyWorksheet:
    if not sheets:
        raise UsageError("holds no sheet", path=str(path), code="no-rows")
    found = next((one for one in sheets if name in ("", one.title)), None)
    if found is None:
        raise UsageError(
            f"has no sheet {name!r}",
            path=str(path),
            code="no-sheet",
            hint=f"it has: {_listed([one.title for one in sheets])}",
        )
    found.reset_dimensions()  # the file may state them wrongly
    return found


def _listed(names: Sequence[str]) -> str:
    more = [f"and {len(names) - _SHEETS} more"] if len(names) > _SHEETS else []
    return ", ".join([*map(repr, names[:_SHEETS]), *more])


def _of_sheets(results: ReadOnlyWorksheet, formulas: ReadOnlyWorksheet, *, name: str) -> Iterator[Row]:
    columns: list[str] = []
    number = head = 0
    pairs = zip(results.iter_rows(), formulas.iter_rows(values_only=True), strict=False)
    for line, (cells, said) in enumerate(pairs, 1):
        texts, problem = _texts(cells, said)
        if not texts and not problem:
            continue
        if not columns:
            columns, head = column_names(texts, name, line), line
            continue
        number += 1
        if len(texts) > len(columns):
            problem = problem or f"{len(texts)} cells, and the header names {len(columns)} columns"
        texts += [""] * (len(columns) - len(texts))
        values: dict[str, object] = {} if problem else dict(zip(columns, texts, strict=True))
        yield Row(number, line, values, problem, head=head)
    if not columns:
        raise UsageError("is empty: the first row must name the columns", path=name, code="no-rows")


def _texts(cells: Sequence[Any], formulas: Sequence[object]) -> tuple[list[str], str]:
    """The cells as text, without empty ones at the end, and what is wrong with one of them."""
    texts, problem = [], ""
    for cell, formula in zip(cells, formulas, strict=False):
        value = cell.value
        texts.append(_text(value))
        if cell.data_type == "e":
            problem = problem or f"cell {cell.coordinate} is an error: {value}"
        elif value is None and isinstance(formula, str) and formula.startswith("="):
            problem = problem or "a formula without a result: open the file in Excel once and save it"
    while texts and not texts[-1]:
        texts.pop()
    return texts, problem


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime.datetime() if value.time() == datetime.time():
            return value.date().isoformat()
        case datetime.datetime():
            return value.isoformat(sep=" ")
    return str(value)


def of_parquet(path: Path) -> Iterator[Row]:
    """The rows of a Parquet file, some thousand at a time; `line` counts them from 1.

    Raises:
        UsageError: no Parquet file, or a name of a column twice.
        MissingExtra: pyarrow is not installed.
    """
    try:
        from pyarrow import parquet
    except ImportError as err:
        raise _missing("pyarrow", "Parquet files") from err
    number = 0
    try:
        with path.open("rb") as stream, closing(parquet.ParquetFile(stream)) as file:
            column_names(file.schema_arrow.names, str(path), 1)
            for batch in file.iter_batches(batch_size=_BATCH):
                for values in batch.to_pylist():
                    number += 1
                    yield _typed(number, values)
    except UsageError:
        raise
    except OSError as err:
        if err.errno is None:  # pyarrow's word for what it cannot make sense of
            raise _damaged(path, "a Parquet file", err) from err
        raise UsageError(
            f"cannot be read: {err.strerror or err}", path=str(path), code="unreadable-rows"
        ) from err
    except Exception as err:
        raise _damaged(path, "a Parquet file", err) from err  # as above


def _typed(number: int, values: dict[str, object]) -> Row:
    try:
        return Row(number, number, {name: _json_value(value) for name, value in values.items()})
    except InputError as err:
        return Row(number, number, {}, err.message)


def _json_value(value: object) -> object:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime.date() | datetime.time():
            return str(value)
        case list():
            return [_json_value(one) for one in value]
        case dict():
            return {str(name): _json_value(one) for name, one in value.items()}
    raise InputError(f"a value of the type {type(value).__name__} fits no input")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise UsageError(
            f"cannot be read: {err.strerror or err}", path=str(path), code="unreadable-rows"
        ) from err


def _damaged(path: Path, what: str, err: Exception) -> UsageError:
    reason = f"{type(err).__name__}: {err}".splitlines()[0][:200]
    return UsageError(f"not readable as {what}: {reason}", path=str(path), code="unreadable-rows")


def _missing(library: str, what: str) -> MissingExtra:
    return MissingExtra(
        f"rows in {what} need {library}, which is not installed", hint="pip install 'difyflow[tables]'"
    )
