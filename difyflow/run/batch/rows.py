"""Rows out of a file, of standard input or of a glob; one at a time, with their lines.

A fault of one row is a value (`Row.problem`), so that all of them can be told at once; what makes the whole
file unusable is a `UsageError` with line and column.
"""

from __future__ import annotations

import codecs
import csv
import glob
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, cast

from difyflow.errors import UsageError

KINDS = (".csv", ".tsv", ".jsonl", ".ndjson", ".xlsx", ".parquet")
"""Endings of the files that rows are read from."""

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_WIDE = ("utf-16", "utf-32")
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EXCEL_SEP = re.compile(r"\"?sep=([,;\t|])\"?", re.IGNORECASE)
_LONGEST_CELL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was read.

    Attributes:
        number: from 1, header and blank lines not counted.
        line: physical line in which it begins, from 1; 0 for rows of a glob.
        values: cells by column: text in CSV, JSON values in JSONL.
        problem: why it cannot be used; empty if it can.
        origin: where a piece of a document comes from; empty for whole rows.
        head: line that names its columns; 0 where they have no line: rows of a glob, or of a Parquet file.
    """

    number: int
    line: int
    values: dict[str, object]
    problem: str = ""
    origin: Mapping[str, object] = field(default_factory=dict)
    head: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns in their order; empty if they have none, as in JSONL."""
        return tuple(self.values) if 0 < self.head < self.line else ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from; `rows` may be called once for standard input, else any number of times.

    Attributes:
        name: for messages.
        folder: where relative paths in cells begin.
        rows: reads them.
    """

    name: str
    folder: Path
    rows: Callable[[], Iterator[Row]]


def open_source(
    path: str,
    *,
    encoding: str = "",
    sheet: str = "",
    stdin: BinaryIO | None = None,
    on_note: Callable[[str], None] = lambda _note: None,
) -> Source:
    """A file of rows, or standard input for `-`.

    Args:
        path: its ending says what it is, see `KINDS`; of standard input that is seen from its beginning.
        encoding: of the text; empty = UTF-8, with or without a byte order mark.
        sheet: name of a workbook's sheet; empty = its first one.
        stdin: what `-` reads.
        on_note: told what is worth saying once the rows are read, such as other sheets.

    Raises:
        UsageError: an unknown encoding, an unknown kind of file, or it cannot be read.
    """
    _check_encoding(encoding)
    if sheet and Path(path).suffix.lower() != ".xlsx":
        raise UsageError(f"--sheet {sheet!r}: only a workbook (.xlsx) has sheets", path=path)
    if path == "-":
        if stdin is None:
            raise UsageError("no standard input to read rows from")
        return Source("standard input", Path(), lambda: _of_stdin(stdin, encoding))
    place = Path(path)
    kind = place.suffix.lower()
    if kind not in KINDS:
        raise UsageError(
            f"rows of this kind cannot be read: {kind or 'no suffix'}",
            path=path,
            hint=f"give a file ({' '.join(KINDS)}), - for standard input, a folder, or --each INPUT=GLOB",
        )
    if kind == ".xlsx":
        return Source(path, place.parent, lambda: _tables().of_xlsx(place, sheet=sheet, on_note=on_note))
    if kind == ".parquet":
        return Source(path, place.parent, lambda: _tables().of_parquet(place))
    return Source(path, place.parent, lambda: _of_file(place, kind, encoding))


def each(variable: str, pattern: str) -> Source:
    """A row for each file of a glob (`**` for all depths) or of a folder, in the order of their names.

    Hidden files are left out, as the shell leaves them out.

    Raises:
        UsageError: no file matches.
    """
    whole = Path(pattern).is_dir()
    # Not Path.glob, which takes no absolute pattern. A name may hold what a glob takes for a sign.
    names = glob.iglob(f"{glob.escape(pattern)}/**" if whole else pattern, recursive=True)  # noqa: PTH207  see above
    found = sorted(one for one in names if Path(one).is_file())
    if not found:
        raise UsageError(
            f"no file in {pattern!r}" if whole else f"no file matches {pattern!r}", code="no-rows"
        )

    def rows() -> Iterator[Row]:
        for number, name in enumerate(found, 1):
            yield Row(number, 0, {variable: str(Path(name).absolute())})

    return Source(f"{variable}={pattern}", Path(), rows)


def one_row(name: str) -> Source:
    """A row without cells, for a batch whose inputs all come from elsewhere; `name` is for messages."""
    return Source(name, Path(), lambda: iter([Row(1, 0, {})]))


def _check_encoding(encoding: str) -> None:
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError as err:
        raise UsageError(
            f"no such encoding: {encoding!r}", hint="for example utf-8, gb18030, utf-16, cp1252"
        ) from err


def _of_file(path: Path, kind: str, encoding: str) -> Iterator[Row]:
    try:
        stream = path.open("rb", buffering=0)
    except OSError as err:
        raise UsageError(
            f"cannot be read: {err.strerror or err}", path=str(path), code="unreadable-rows"
        ) from err
    with closing(stream), closing(_Lines(stream, str(path), encoding)) as lines:
        if kind in (".csv", ".tsv"):
            yield from _of_csv(lines, "\t" if kind == ".tsv" else "")
        else:
            yield from _of_jsonl(lines)


def _tables() -> ModuleType:
    from difyflow.run.batch import tables

    return tables


def _of_stdin(stdin: BinaryIO, encoding: str) -> Iterator[Row]:
    with closing(_Lines(stdin, "standard input", encoding)) as lines:
        yield from _of_jsonl(lines) if lines.peek().lstrip().startswith("{") else _of_csv(lines, "")


class _Lines:
    """Decoded lines with their line ends, split at LF only; knows the number of the last one."""

    def __init__(self, stream: BinaryIO, name: str, encoding: str) -> None:
        self.name, self.number = name, 0
        self._encoding = encoding
        self._ahead: list[str] = []
        self._raw = self._open(stream)

    def peek(self) -> str:
        """The next line, which is given again; empty at the end."""
        if not self._ahead:
            line = next(self._raw, "")
            if not line:
                return ""
            self._ahead.append(line)
        return self._ahead[0]

    def close(self) -> None:
        """Lets go of the stream, which stays open."""
        self._raw.close()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._ahead.pop() if self._ahead else next(self._raw)
        self.number += 1
        return line

    def _open(self, stream: BinaryIO) -> Generator[str, None, None]:
        buffered = io.BufferedReader(cast("io.RawIOBase", stream))  # any binary stream will do
        try:
            yield from self._decoded(buffered)
        finally:
            buffered.detach()  # whoever opened the stream closes it

    def _decoded(self, buffered: io.BufferedReader[io.RawIOBase]) -> Iterator[str]:
        start = buffered.peek(4)[:4]
        marked = next((name for bom, name in _BOMS if start.startswith(bom)), "")
        encoding = self._encoding or marked or "utf-8-sig"
        if codecs.lookup(encoding).name == "utf-8":
            encoding = "utf-8-sig"
        if codecs.lookup(encoding).name.startswith(_WIDE):
            yield from self._wide(buffered, encoding)
            return
        for number, raw in enumerate(buffered, 1):
            try:
                yield raw.decode(encoding if number == 1 or encoding != "utf-8-sig" else "utf-8")
            except UnicodeDecodeError as err:
                raise self._not_text(encoding, number, err.start + 1) from err

    def _wide(self, stream: io.BufferedReader[io.RawIOBase], encoding: str) -> Iterator[str]:
        text = io.TextIOWrapper(stream, encoding=encoding, newline="\n")
        number = 0
        try:
            for line in text:
                number += 1
                yield line
        except UnicodeError as err:
            raise self._not_text(encoding, number + 1, None) from err
        finally:
            text.detach()

    def _not_text(self, encoding: str, line: int, byte: int | None) -> UsageError:
        name = "UTF-8" if encoding == "utf-8-sig" else encoding
        where = f" at byte {byte} of the line" if byte else ""
        return UsageError(
            f"not {name}{where}",
            path=self.name,
            line=line,
            code="bad-encoding",
            hint="name the encoding with --encoding; Excel in Chinese writes gb18030",
        )


def _of_csv(lines: _Lines, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)  # whole documents may stand in a cell
    while lines.peek() and not lines.peek().strip():
        next(lines)
    named = _EXCEL_SEP.fullmatch(lines.peek().rstrip("\r\n"))
    if named:  # Excel's own first line, which is no row
        delimiter = named[1]
        next(lines)
    head = lines.peek()
    if not head:
        raise UsageError("is empty: the first line must name the columns", path=lines.name, code="no-rows")
    _check_head(head, lines)
    reader = csv.reader(lines, delimiter=delimiter or _sniffed(head), strict=True)
    header_line = lines.number + 1
    columns = column_names(next(_records(reader, lines))[1], lines.name, header_line)
    number = 0
    for line, cells in _records(reader, lines):
        if not any(cells):
            continue
        number += 1
        if len(cells) != len(columns):
            problem = f"{len(cells)} cells, and the header names {len(columns)} columns"
            yield Row(number, line, {}, problem)
        else:
            yield Row(number, line, dict(zip(columns, cells, strict=True)), head=header_line)


def _check_head(head: str, lines: _Lines) -> None:
    """Tells what the reader of CSV would tell in a way that does not help."""
    if "\0" in head:
        raise UsageError(
            "holds NUL characters, so it is no CSV in this encoding",
            path=lines.name,
            line=lines.number + 1,
            code="bad-encoding",
            hint="if it is text, name its encoding, for example --encoding utf-16-le",
        )
    if "\r" in head.removesuffix("\n").removesuffix("\r") and '"' not in head:
        raise UsageError(
            "its lines end with CR alone, as those of old Macintosh programs",
            path=lines.name,
            line=lines.number + 1,
            code="bad-csv",
            hint="save it again as CSV UTF-8",
        )


def _records(reader: Iterator[list[str]], lines: _Lines) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line in which it begins."""
    while True:
        first = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as err:
            raise UsageError(
                f"not CSV: {err}",
                path=lines.name,
                line=first,
                code="bad-csv",
                hint='a quote in a quoted cell is doubled: "say ""hi"""; every quoted cell needs its end',
            ) from err
        yield first, cells


def _sniffed(header: str) -> str:
    """The delimiter that the header uses most, outside of quotes; a comma if there is one column."""
    outside = "".join(part for number, part in enumerate(header.split('"')) if number % 2 == 0)
    return max(_DELIMITERS, key=lambda one: outside.count(one))


def column_names(cells: Sequence[str], name: str, line: int) -> list[str]:
    """The names of the columns, each once.

    Raises:
        UsageError: a column without a name, or with the name of another one.
    """
    columns = [cell.strip() for cell in cells]
    for at, column in enumerate(columns, 1):
        if not column:
            raise UsageError(f"column {at} has no name", path=name, line=line, code="bad-columns")
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        places = [str(at) for at, column in enumerate(columns, 1) if column == twice[0]]
        raise UsageError(
            f"columns {' and '.join(places)} have the same name: {twice[0]!r}",
            path=name,
            line=line,
            code="bad-columns",
        )
    return columns


def _of_jsonl(lines: _Lines) -> Iterator[Row]:
    number = 0
    for text in lines:
        if not text.strip():
            continue
        number += 1
        try:
            value = json.loads(text.rstrip("\r\n"), object_pairs_hook=_object, parse_constant=_no_number)
        except json.JSONDecodeError as err:
            yield Row(number, lines.number, {}, f"column {err.colno}: not JSON: {err.msg}")
            continue
        except (ValueError, RecursionError) as err:
            yield Row(number, lines.number, {}, f"not JSON: {err}")
            continue
        if isinstance(value, dict):
            yield Row(number, lines.number, value, head=lines.number)
        else:
            yield Row(number, lines.number, {}, f"a JSON {_kind(value)}, and a row is an object")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"{twice!r} stands twice in an object")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _kind(value: object) -> str:
    return {list: "array", str: "string", bool: "boolean", type(None): "null"}.get(type(value), "number")
