"""What a batch folder knows about its runs: the workflow, and the documents of each row."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from difyflow.corpus import provenance
from difyflow.corpus.samples import read_lines
from difyflow.records.documents import documents_of


def json_object(line: bytes) -> dict[str, object] | None:
    """The JSON object of a line; None if it holds none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def workflow_of(path: Path) -> dict[str, object]:
    """The digest of the workflow that a `batch.json` names; empty if it names none."""
    try:
        digest = json.loads(path.read_bytes()).get("workflow_sha256")
    except (OSError, ValueError, RecursionError, AttributeError):
        return {}  # an old or partly copied folder: its samples are good all the same
    return {"workflow_sha256": digest} if isinstance(digest, str) and digest else {}


class Rows:
    """The documents of the rows of a batch: read once where results come in the order of the rows."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("rb") if path.is_file() else io.BytesIO()
        self._lines = read_lines(self._file)
        self._row: Mapping[str, object] = {}

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def of(self, result: Mapping[str, object]) -> dict[str, object]:
        """The documents of the row that a result belongs to, and the piece; empty if there are none."""
        whole = provenance.document_of_piece(result)
        if whole:
            return {"documents": [whole], "piece": result["piece"]}
        wanted, here = result.get("row"), self._row.get("row")
        if isinstance(wanted, int) and isinstance(here, int) and here > wanted:
            self._file.seek(0)
            self._lines = read_lines(self._file)
        while isinstance(wanted, int) and self._row.get("row") != wanted:
            line = next(self._lines, None)
            if line is None:
                return {}
            self._row = json_object(line) or {}
        values = self._row.get("values")
        folder = str(self._row.get("folder") or ".")
        return documents_of(values, folder) if isinstance(values, dict) else {}
