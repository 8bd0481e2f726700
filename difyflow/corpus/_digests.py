"""Digests of many millions of lines, each with a line number: about 26 bytes each, on disk above a limit."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

SIZE = 16
"""Bytes of a digest. Among a billion lines two differing ones have the same with a chance of 1 in 10^20."""

_HEAD = 2
_REST = SIZE - _HEAD
_NUMBER = 5
"""Bytes of a line number."""
_ENTRY = _REST + _NUMBER
_PER_DIGEST = 22
"""Bytes that a digest takes in memory, room to grow included."""
_PER_BUCKET = 80
DEFAULT_MEMORY = 512 * 1024 * 1024
"""Bytes that may be taken before it goes on on disk."""


class Digests:
    """Numbers by 16-byte digest; use it in `with`, so that what was spilled is removed.

    A digest's first two bytes name its bucket, a bytearray of the other bytes and the number, end to end: no
    object per digest. Above the limit what is there stays, and further ones go to a database in a temporary
    folder.

    Args:
        memory: bytes.
    """

    def __init__(self, memory: int = DEFAULT_MEMORY) -> None:
        self._buckets: list[bytearray | None] = [None] * 65536
        self._room = memory - 65536 * 8
        self._spilled: sqlite3.Connection | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def spilled(self) -> bool:
        """True if the limit was reached and the disk is used."""
        return self._spilled is not None

    def add(self, digest: bytes, number: int = 0) -> int | None:
        """Adds a digest with its number; if it was there, nothing changes and its number is given."""
        bucket = self._buckets[digest[0] << 8 | digest[1]]
        rest = digest[_HEAD:]
        if bucket is not None:
            found = _find(bucket, rest)
            if found is not None:
                return found
        if self._room <= 0:
            return self._add_on_disk(digest, number)
        if bucket is None:
            bucket = self._buckets[digest[0] << 8 | digest[1]] = bytearray()
            self._room -= _PER_BUCKET
        bucket += rest + number.to_bytes(_NUMBER)
        self._room -= _PER_DIGEST
        self._count += 1
        return None

    def get(self, digest: bytes) -> int | None:
        """The number of a digest; None if it is not there."""
        bucket = self._buckets[digest[0] << 8 | digest[1]]
        found = None if bucket is None else _find(bucket, digest[_HEAD:])
        return self._on_disk(digest) if found is None else found

    def _on_disk(self, digest: bytes) -> int | None:
        if self._spilled is None:
            return None
        row = self._spilled.execute("select number from seen where digest = ?", (digest,)).fetchone()
        return None if row is None else int(row[0])

    def _add_on_disk(self, digest: bytes, number: int) -> int | None:
        if self._spilled is None:
            self._folder = tempfile.TemporaryDirectory(prefix="difyflow-")
            self._spilled = sqlite3.connect(Path(self._folder.name) / "digests", isolation_level=None)
            for line in (
                "pragma journal_mode = off",
                "pragma synchronous = off",
                "pragma cache_size = -32768",
                "create table seen (digest blob primary key, number integer) without rowid",
                "begin",
            ):
                self._spilled.execute(line)
        row = (digest, number)
        if self._spilled.execute("insert or ignore into seen values (?, ?)", row).rowcount == 1:
            self._count += 1
            return None
        return self._on_disk(digest)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._spilled is not None:
            self._spilled.close()
        if self._folder is not None:
            self._folder.cleanup()


def _find(bucket: bytearray, rest: bytes) -> int | None:
    at = bucket.find(rest)
    while at >= 0:
        if at % _ENTRY == 0:
            return int.from_bytes(bucket[at + _REST : at + _ENTRY])
        at = bucket.find(rest, at + 1)
    return None
