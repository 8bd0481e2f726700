"""Append-only files of JSON lines, by which a watch or a comparison goes on where it was."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from difyflow.corpus.samples import opened
from difyflow.errors import UsageError


class JsonLines:
    """A file with an object a line; a torn last line, as a kill leaves it, is passed over. For one thread.

    Args:
        path: made when the first line is added.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._torn = path, False

    def read(self) -> Iterator[dict[str, Any]]:
        """What is there; lines that are no object are left out.

        Raises:
            UsageError: the file cannot be read.
        """
        if not self._path.exists():
            return
        with opened(self._path) as file:
            data = file.read()
        self._torn = bool(data) and not data.endswith(b"\n")
        for line in data.split(b"\n"):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue  # torn, or not ours
            if isinstance(value, dict):
                yield value

    def add(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Adds lines, which are written before this returns.

        Raises:
            UsageError: the file cannot be written.
        """
        text = "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records)
        data = text.encode("utf-8", "backslashreplace")
        try:
            with self._path.open("ab") as file:
                file.write(b"\n" + data if self._torn else data)
        except OSError as err:
            raise UsageError(
                f"cannot be written: {err.strerror or err}", path=str(self._path), code="not-writable"
            ) from err
        self._torn = False


class Log:
    """Records by key; the last one of a key counts. For any thread.

    Args:
        path: made when the first record is added.
        keys: members that make the key; a record whose key is no text is left out.

    Raises:
        UsageError: the file cannot be read.
    """

    def __init__(self, path: Path, keys: tuple[str, ...]) -> None:
        self._lines, self._keys = JsonLines(path), keys
        self._lock = threading.Lock()
        self._records: dict[tuple[object, ...], dict[str, Any]] = {}
        for record in self._lines.read():
            key = self._key(record)
            if all(isinstance(part, str) for part in key):
                self._records[key] = record

    def get(self, *key: str) -> dict[str, Any] | None:
        """The record of a key."""
        return self._records.get(key)

    def add(self, record: Mapping[str, Any]) -> None:
        """Keeps a record, written before this returns.

        Raises:
            UsageError: the file cannot be written.
        """
        with self._lock:
            self._lines.add([record])
            self._records[self._key(record)] = dict(record)

    def _key(self, record: Mapping[str, Any]) -> tuple[object, ...]:
        return tuple(record.get(name) for name in self._keys)
