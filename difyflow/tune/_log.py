"""An append-only file of JSON lines, by which a comparison goes on where it was."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from difyflow.errors import UsageError


class Log:
    """Records by key; the last one of a key counts, a torn last line is dropped. For any thread.

    Args:
        path: made when the first record is added.
        keys: members that make the key.

    Raises:
        UsageError: the file cannot be read.
    """

    def __init__(self, path: Path, keys: tuple[str, ...]) -> None:
        self._path, self._keys = path, keys
        self._lock = threading.Lock()
        self.records: dict[tuple[str, ...], dict[str, Any]] = {}
        try:
            data = path.read_bytes() if path.exists() else b""
        except OSError as err:
            raise UsageError(
                f"cannot be read: {err.strerror or err}", path=str(path), code="not-readable"
            ) from err
        self._torn = bool(data) and not data.endswith(b"\n")
        for line in data.split(b"\n"):
            try:
                record = json.loads(line)
                self.records[self._key(record)] = record
            except (ValueError, TypeError, KeyError, RecursionError):
                continue  # torn, or not ours

    def get(self, *key: str) -> dict[str, Any] | None:
        """The record of a key."""
        return self.records.get(key)

    def add(self, record: Mapping[str, Any]) -> None:
        """Keeps a record, on disk before this returns.

        Raises:
            UsageError: the file cannot be written.
        """
        line = json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        with self._lock:
            try:
                with self._path.open("ab") as file:
                    file.write(b"\n" + line if self._torn else line)
            except OSError as err:
                raise UsageError(
                    f"cannot be written: {err.strerror or err}", path=str(self._path), code="not-writable"
                ) from err
            self._torn = False
            self.records[self._key(record)] = dict(record)

    def _key(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        key = tuple(record[name] for name in self._keys)
        if not all(isinstance(part, str) for part in key):
            raise TypeError("a key is text")
        return key
