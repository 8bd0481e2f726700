"""What a batch leaves for its user, made from the log of results: in the order of the input, row by row.

- `results.jsonl`: a line for each row
- `outputs.jsonl`: the corpus that was collected from all outputs
- `outputs.provenance.jsonl`: where each of its lines comes from
- `outputs.rejected.jsonl`: what could not be saved of an output, with reason and raw text
- `errors.csv`: the rows without a good result

Nothing here is held in memory but one row.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from difyflow.errors import UsageError
from difyflow.records.documents import documents_of
from difyflow.records.jsonl import collect
from difyflow.records.result import Result, RunStatus
from difyflow.run.batch.folder import Folder, Spec
from difyflow.run.batch.ledger import FINAL, INVALID, Key, Ledger, user_of
from difyflow.run.output import text_of

_COLUMNS = ("row", "repeat", "line", "status", "error_code", "error", "run_id", "user")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written.

    Attributes:
        files: those that are not empty.
        samples, rejected: of the collected corpus.
        uncollected: why no corpus was collected from some rows; empty if it was from all.
    """

    files: tuple[Path, ...] = ()
    results: int = 0
    samples: int = 0
    rejected: int = 0
    uncollected: str = ""


class _Lines:
    """A file of lines that is there as a whole or not at all; without lines it is absent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._part = path.with_name(f".{path.name}.part")
        self._file: BinaryIO = self._part.open("wb")

    def add(self, line: bytes) -> None:
        self._file.write(line if line.endswith(b"\n") else line + b"\n")
        self.count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        whole = False
        try:
            if kind is None and self.count:
                self._file.flush()
                os.fsync(self._file.fileno())
                whole = True
        finally:
            if whole:
                self._file.close()
                self._part.replace(self.path)
            else:
                self._drop()
        if kind is None and not self.count:
            self.path.unlink(missing_ok=True)

    def _drop(self) -> None:
        with suppress(OSError):  # closing writes what is left, for which there may be no room
            self._file.close()
        self._part.unlink(missing_ok=True)


def write_results(
    folder: Folder, spec: Spec, ledger: Ledger, places: array[int], *, output: str = ""
) -> Written:
    """Writes all result files anew from what is known by now.

    Args:
        folder: of the batch.
        spec: what it is.
        ledger: what became of the rows.
        places: where each row begins.
        output: name of the output to collect the corpus from; empty = the only one.
    """
    with ExitStack() as stack:
        files = [
            stack.enter_context(_Lines(folder.path / name))
            for name in (
                "outputs.rejected.jsonl",
                "outputs.provenance.jsonl",
                "outputs.jsonl",
                "errors.csv",
                "results.jsonl",
            )
        ]
        rejected, provenance, samples, errors, results = files
        rows = stack.enter_context(folder.rows.open("rb"))
        corpus = _Corpus(samples, provenance, rejected, output=output, spec=spec)
        for line in lines_in_order(folder, ledger, places):
            results.add(line)
            value = parsed_result(line, folder)
            if value["status"] in (RunStatus.SUCCEEDED, RunStatus.PARTIAL_SUCCEEDED):
                corpus.add(value, partial(_source, value, rows, places))
            else:
                if not errors.count:
                    errors.add(b"\xef\xbb\xbf" + _csv_line(_COLUMNS))
                errors.add(_csv_line(_error_cells(value, spec)))
    return Written(
        files=tuple(one.path for one in reversed(files) if one.count),
        results=results.count,
        samples=samples.count,
        rejected=rejected.count,
        uncollected=corpus.problem,
    )


def lines_in_order(folder: Folder, ledger: Ledger, places: array[int]) -> Iterator[bytes]:
    """The line of each row that has a result, in the order of the input; rows that do not fit among them."""
    with folder.log.open("rb") as log, folder.rows.open("rb") as rows:
        for index in ledger.all_in(*FINAL, INVALID):
            if ledger.state(index) == INVALID:
                key = ledger.key(index)
                rows.seek(places[key.row - 1])
                yield _invalid_line(json.loads(rows.readline()), key.repeat)
            else:
                log.seek(ledger.at(index))
                yield log.readline()


def parsed_result(line: bytes, folder: Folder) -> Mapping[str, object]:
    """A line of `lines_in_order`.

    Raises:
        UsageError: the log of results is damaged there.
    """
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict) or not {"row", "repeat", "line", "status"} <= value.keys():
        raise UsageError(
            "a result is damaged",
            path=str(folder.log),
            code="bad-batch",
            hint="was the file edited, or is the disk failing? What is still whole stands in results.jsonl",
        )
    return value


def _invalid_line(row: Mapping[str, object], repeat: int) -> bytes:
    problems = row["problems"]
    error = "; ".join(problems) if isinstance(problems, list) else ""
    said = {"row": row["row"], "repeat": repeat, "line": row["line"], "status": INVALID}
    said |= {"error": error, "error_code": "invalid-input"}
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def _source(value: Mapping[str, object], rows: BinaryIO, places: array[int]) -> dict[str, object]:
    """The documents of a row; a piece says itself which one it was cut from."""
    if "piece" in value:
        return {}
    rows.seek(places[int(str(value["row"])) - 1])
    row = json.loads(rows.readline())
    return documents_of(row["values"], str(row.get("folder") or "."))


class _Corpus:
    """Collects chat samples out of the outputs, one row after the other."""

    def __init__(
        self, samples: _Lines, provenance: _Lines, rejected: _Lines, *, output: str, spec: Spec
    ) -> None:
        self._samples, self._provenance, self._rejected = samples, provenance, rejected
        self._output, self._spec = output, spec
        self.problem = ""

    def add(self, value: Mapping[str, object], source_of: Callable[[], Mapping[str, object]]) -> None:
        """Takes what a row gave; `source_of`, asked if there are samples, says from which documents."""
        outputs, answer = value["outputs"], value["answer"]
        result = Result(
            status=RunStatus.SUCCEEDED,
            outputs=outputs if isinstance(outputs, dict) else {},
            answer=answer if isinstance(answer, str) else "",
        )
        try:
            text = text_of(result, output=self._output)
        except UsageError as err:
            self.problem = self.problem or f"row {value['row']}: {err.message}"
            return
        found = collect(text, truncated=bool(value["truncated"]))
        about = {name: value[name] for name in ("row", "repeat", "run_id", "model", "digest")}
        about |= {"piece": value["piece"]} if "piece" in value else {}
        source = source_of() if found.samples else {}
        for sample in found.samples:
            line = sample.to_line().encode()
            self._samples.add(line)
            origin = {
                "line_sha256": hashlib.sha256(line).hexdigest(),
                "batch": self._spec.id,
                **about,
                **source,
                "workflow_sha256": self._spec.workflow_sha256,
            }
            self._provenance.add(json.dumps(origin, ensure_ascii=False).encode("utf-8", "backslashreplace"))
        for item in found.rejects:
            reject = {**about, "reason": item.reason, "detail": item.detail, "line": item.line}
            text = json.dumps({**reject, "raw": item.raw}, ensure_ascii=False)
            self._rejected.add(text.encode("utf-8", "backslashreplace"))


def _error_cells(value: Mapping[str, object], spec: Spec) -> tuple[object, ...]:
    row, repeat, attempt = value["row"], value["repeat"], value.get("attempt", 0)
    assert isinstance(row, int)
    assert isinstance(repeat, int)
    assert isinstance(attempt, int)
    own = user_of(spec.id, Key(row, repeat), attempt) if attempt else ""
    user = value.get("user") or own
    return tuple(user if name == "user" else value.get(name, "") for name in _COLUMNS)


def _csv_line(cells: tuple[object, ...]) -> bytes:
    """One line of CSV; a cell that a spreadsheet would take for a formula gets a `'` before it."""
    text = io.StringIO()
    safe = [f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in cells]
    csv.writer(text, lineterminator="\n").writerow(safe)
    return text.getvalue().encode("utf-8", "backslashreplace")
