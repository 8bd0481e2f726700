"""From rows to checked inputs: every row is checked before the first call.

The checked rows are kept in the batch's own folder, so that a resumed batch needs neither the file of rows
nor standard input again, and works on what was checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from difyflow.errors import InputError
from difyflow.run.batch.rows import Row, Source
from difyflow.run.batch.sheet import Checked, Sheet, Volume
from difyflow.terms.form import LocalFile


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that does not fit."""

    number: int
    line: int
    problems: tuple[str, ...]


def check_all(source: Source, sheet: Sheet, *, limit: int | None = None) -> Iterator[bytes | Bad]:
    """Checks rows one by one.

    Args:
        source: the rows.
        sheet: checks them.
        limit: so many rows and no more.

    Yields:
        For each row its line for the batch's own file of rows, or what is wrong with it.

    Raises:
        UsageError: the file cannot be used at all.
    """
    known = False
    for row in source.rows():
        if limit is not None and row.number > limit:
            return
        if row.problem:
            yield Bad(row.number, row.line, (row.problem,))
            continue
        if not known:
            sheet.check_columns(row.values, source.name, line=row.head)
            known = True
        try:
            checked = sheet.checked(row.values, source.folder)
        except InputError as err:
            yield Bad(row.number, row.line, tuple(_placed_in(row, one, sheet) for one in err.problems))
        else:
            sheet.volume += volume_of(checked)
            yield row_line(row, checked, source.folder)


def volume_of(checked: Checked) -> Volume:
    """How much a row holds."""
    values = [
        one for value in checked.inputs.values() for one in (value if isinstance(value, list) else [value])
    ]
    files = [_size(one.path) for one in values if isinstance(one, LocalFile)]
    texts = [one for one in (*values, checked.query) if isinstance(one, str)]
    return Volume(characters=sum(map(len, texts)), files=len(files), bytes=sum(files))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # gone since it was checked, which its run will tell
        return 0


def _placed_in(row: Row, problem: str, sheet: Sheet) -> str:
    """A problem of an input with the column that it stands in."""
    variable = problem.partition(":")[0]
    column = sheet.column_of(variable, row.columns)
    if column is None:
        return problem
    name = f" ({column})" if column != variable else ""
    return f"column {row.columns.index(column) + 1}{name}: {problem}"


def row_line(row: Row, checked: Checked, folder: Path) -> bytes:
    """The line that keeps a checked row."""
    values = {name: value for name, value in row.values.items() if value is not None and value != ""}
    kept = {
        "row": row.number,
        "line": row.line,
        "digest": checked.digest,
        "folder": str(folder.absolute()),
        "values": values,
        **({"piece": row.origin} if row.origin else {}),
        **({"user": checked.user} if checked.user else {}),
    }
    return json.dumps(kept, separators=(",", ":")).encode()


def bad_line(bad: Bad) -> bytes:
    """The line that keeps a row which does not fit."""
    kept = {"row": bad.number, "line": bad.line, "problems": bad.problems}
    return json.dumps(kept, separators=(",", ":")).encode()
