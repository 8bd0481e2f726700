"""The folder of one batch: what is in it, that one process works on it, and that it is the same batch.

- `batch.json`: what was asked for, without keys
- `rows.jsonl`: the rows as they were checked
- `journal.jsonl`: what became of them, see `journal`
- `pieces/`: documents that were cut, see `pieces`
- `results.log`: results in the order in which they came
- `results.jsonl`, `outputs.jsonl`, `errors.csv` and more: made from these, see `results`
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from array import array
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Self

from difyflow.errors import UsageError
from difyflow.records.files import write_whole
from difyflow.run.batch import journal
from difyflow.run.batch.checking import Bad, bad_line
from difyflow.run.batch.ledger import Ledger

_VERSION = 1
MOST_REPEATS = 999
"""Runs of one row, at most; part of their `user`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What a batch is; written once.

    Attributes:
        id: ten hex digits.
        source: where the rows came from, for people.
        rows: how many, those that do not fit among them.
        rows_sha256, workflow_sha256: of the kept rows, and of the workflow or what a server says of it.
        settings: whatever whoever began the batch needs to open its target again.
    """

    id: str
    source: str
    rows: int
    invalid: int
    repeat: int
    rows_sha256: str
    workflow_sha256: str
    created_at: float
    settings: Mapping[str, object] = field(default_factory=dict)
    version: int = _VERSION


_EXAMPLE = Spec(
    id="",
    source="",
    rows=0,
    invalid=0,
    repeat=1,
    rows_sha256="",
    workflow_sha256="",
    created_at=0.0,
    settings={},
)


def _is(value: object, kind: type) -> bool:
    """True if a value that was read from JSON can be of this type."""
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is kind


class Folder:
    """The open folder of a batch, locked against other processes; use it in `with`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.path / "journal.jsonl"

    @property
    def log(self) -> Path:
        """Results in the order in which they came."""
        return self.path / "results.log"

    @property
    def rows(self) -> Path:
        """The rows as they were checked."""
        return self.path / "rows.jsonl"

    @property
    def pieces(self) -> Path:
        """Folder of the pieces of documents that were cut."""
        return self.path / "pieces"

    @property
    def _spec(self) -> Path:
        return self.path / "batch.json"

    def __enter__(self) -> Self:
        """Locks it.

        Raises:
            UsageError: another process works on it.
        """
        self._lock = _locked(self.path / "lock")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def begin(
        self,
        rows: Iterable[bytes | Bad],
        *,
        source: str,
        repeat: int,
        workflow_sha256: str,
        created_at: float,
        settings: Mapping[str, object],
        on_bad: Callable[[Bad], None],
    ) -> Spec:
        """Keeps the rows and makes the files of a new batch; `batch.json`, written last, makes it one.

        Args:
            rows: from `checking.check_all`.
            source: name of the rows.
            repeat: runs of each row.
            workflow_sha256: of the workflow.
            created_at: Unix seconds.
            settings: to be kept.
            on_bad: told of each row that does not fit; may raise to refuse the batch.

        Raises:
            UsageError: no rows.
        """
        try:
            count, invalid, digest = self._keep(rows, on_bad)
            if count == invalid:
                raise UsageError("there are no rows to run", path=source, code="no-rows")
        except BaseException:
            self.rows.unlink(missing_ok=True)
            shutil.rmtree(self.pieces, ignore_errors=True)
            raise
        spec = Spec(
            id=secrets.token_hex(5),
            source=source,
            rows=count,
            invalid=invalid,
            repeat=repeat,
            rows_sha256=digest,
            workflow_sha256=workflow_sha256,
            created_at=created_at,
            settings=settings,
        )
        self.log.write_bytes(b"")
        self.journal.unlink(missing_ok=True)
        self._begin_journal(spec)
        write_whole(self._spec, json.dumps(asdict(spec), indent=2, ensure_ascii=False).encode() + b"\n")
        return spec

    def _keep(self, rows: Iterable[bytes | Bad], on_bad: Callable[[Bad], None]) -> tuple[int, int, str]:
        """Writes the rows down; how many, how many that do not fit, and the digest of the file."""
        digest, count, invalid = hashlib.sha256(), 0, 0
        with self.rows.open("wb") as file:
            for row in rows:
                if isinstance(row, Bad):
                    invalid += 1
                    on_bad(row)
                line = (bad_line(row) if isinstance(row, Bad) else row) + b"\n"
                count += 1
                digest.update(line)
                file.write(line)
            file.flush()
            os.fsync(file.fileno())
        return count, invalid, digest.hexdigest()

    def spec(self) -> Spec:
        """What the batch is.

        Raises:
            UsageError: there is none here, or it is of another version of difyflow.
        """
        try:
            said = json.loads(self._spec.read_bytes())
        except FileNotFoundError as err:
            raise UsageError(
                "there is no batch in this folder", path=str(self.path), code="no-batch"
            ) from err
        except (OSError, ValueError) as err:
            why = (err.strerror if isinstance(err, OSError) else None) or err
            raise UsageError(f"cannot be read: {why}", path=str(self._spec), code="bad-batch") from err
        if not isinstance(said, dict) or said.get("version") != _VERSION:
            raise UsageError("is no batch of this version", path=str(self._spec), code="bad-batch")
        wanted = {one.name: type(getattr(_EXAMPLE, one.name)) for one in fields(Spec)}
        good = said.keys() == wanted.keys() and all(_is(said[name], kind) for name, kind in wanted.items())
        if not good or not 1 <= said["repeat"] <= MOST_REPEATS:
            raise UsageError("says not what a batch is", path=str(self._spec), code="bad-batch")
        return Spec(**said)

    def lines_of(self, name: str) -> int | None:
        """How many lines a file of results has; None if there is no such file."""
        try:
            with (self.path / name).open("rb") as file:
                return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
        except FileNotFoundError:
            return None

    def replay(self, spec: Spec, *, mend: bool = True) -> tuple[Ledger, array[int]]:
        """What became of each row, and where in the file each row begins.

        Args:
            spec: of this batch.
            mend: cut off what is torn; False: change nothing, for looking at a batch that runs.

        Raises:
            UsageError: rows or journal are not those of this batch.
        """
        try:
            places, invalid = self._places(spec)
            ledger = Ledger(spec.rows, spec.repeat)
            for number in invalid:
                ledger.invalid(number)
            journal.replay(self.journal, self.log, ledger, batch=spec.id, mend=mend)
        except FileNotFoundError as err:
            raise UsageError(
                "a file of the batch is missing", path=str(err.filename), code="bad-batch"
            ) from err
        if mend and not self.journal.stat().st_size:  # torn in its first line
            self.journal.unlink()
            self._begin_journal(spec)
        return ledger, places

    def _places(self, spec: Spec) -> tuple[array[int], array[int]]:
        """Where each row begins, and the numbers of those that do not fit."""
        places, invalid, digest, place = array("q"), array("q"), hashlib.sha256(), 0
        with self.rows.open("rb") as file:
            for number, line in enumerate(file, 1):
                places.append(place)
                place += len(line)
                digest.update(line)
                with suppress(ValueError):  # a damaged one makes another digest
                    if b'"problems":' in line and "problems" in json.loads(line):
                        invalid.append(number)
        if digest.hexdigest() != spec.rows_sha256 or len(places) != spec.rows:
            raise UsageError("the rows were changed", path=str(self.rows), code="other-batch")
        return places, invalid

    def _begin_journal(self, spec: Spec) -> None:
        journal.begin(self.journal, batch=spec.id, rows=spec.rows_sha256, workflow=spec.workflow_sha256)


def new_folder(path: Path) -> Folder:
    """A folder for a new batch.

    Raises:
        UsageError: it holds something already, or cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        there = sorted(one.name for one in path.iterdir())
    except OSError as err:
        raise UsageError(
            f"cannot be made: {err.strerror or err}", path=str(path), code="not-writable"
        ) from err
    if "batch.json" in there:
        raise UsageError(
            "holds another batch",
            path=str(path),
            code="other-batch",
            hint=f"go on with it: difyflow batch --resume {path}; or name another folder",
        )
    left = ("lock", "rows.jsonl", "results.log", "journal.jsonl", "pieces")  # by one that ended too early
    strange = [name for name in there if name not in left]
    if strange:
        raise UsageError(
            f"is not empty: {strange[0]}", path=str(path), code="exists", hint="name a folder of its own"
        )
    return Folder(path)


def old_folder(path: Path) -> Folder:
    """The folder of a batch that was begun.

    Raises:
        UsageError: there is none.
    """
    folder = Folder(path)
    folder.spec()
    return folder


def _locked(path: Path) -> int:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as err:
        raise UsageError(
            f"cannot be written: {err.strerror or err}", path=str(path), code="not-writable"
        ) from err
    try:
        _lock(handle)
    except OSError as err:
        owner = os.read(handle, 20).decode("ascii", "replace")
        os.close(handle)
        raise UsageError(
            f"another process works on this batch (process {owner or '?'})",
            path=str(path.parent),
            code="in-use",
        ) from err
    with suppress(OSError):  # the number is for people; the lock holds without it
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
    return handle


def _lock(handle: int) -> None:
    """Locks an open file until it is closed or the process ends, however it ends."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # exists on Windows only
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
