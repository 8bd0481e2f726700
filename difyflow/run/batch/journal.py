r"""The append-only journal of a batch, and the file of results that it points into.

    {"batch":"5f2c0d9a1b","rows":"<sha256>","workflow":"<sha256>","v":1}
    {"k":[12,1],"s":"sending","a":1,"d":"0123456789abcdef","t":1795345366.123}
    {"k":[12,1],"s":"started","run":"...","task":"...","t":1795345366.534}
    {"k":[12,1],"s":"succeeded","at":40960,"t":1795345377.812}

`k` is row and repeat. `sending` is on the disk before the run is sent, with `"b":1` if it is a blocking one,
and `stopping` before we ask for it to stop; the other states may be lost with the machine's power and are
then learned again from the server. `unsent`: it was refused before a run existed; `again`: the user wants it
run anew, as attempt `a`. A final state says at which byte of the results its line begins; that line is on the
disk before it.
"""

from __future__ import annotations

import json
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from difyflow.errors import UsageError
from difyflow.run.batch.ledger import FINAL, Key, Ledger, Sent

VERSION = 1
_CHUNK = 1 << 20
_LINE = re.compile(rb'^\{"k":\[(\d+,\d+)\],"s":"([a-z-]+)"(?:,"at":(\d+))?([^\n]*)\}\n', re.MULTILINE)
_FINAL = frozenset(name.encode() for name in FINAL)
_USUAL = _FINAL | {b"sending", b"started"}

_T = TypeVar("_T")


@dataclass(slots=True)
class _Line:
    """Text on its way to the journal.

    Attributes:
        waiter: set when it is on the disk, or cannot be; `safe` says which.
    """

    text: bytes
    waiter: threading.Event | None = None
    safe: bool = False


@dataclass(frozen=True, slots=True)
class _Done:
    """A result on its way to the disk, and the line of the journal that is to point to it.

    Attributes:
        head, tail: beginning and end of that line; `,"at":` and the place go between them.
        written: called with the place of the result.
    """

    head: bytes
    tail: bytes
    result: bytes
    written: Callable[[int], None]


class Journal:
    """Writes a journal from many threads; two of its own bring all that waits to the disk at once.

    One has the journal, for whose lines runs wait; the other has the results, for which nobody waits, so that
    no run is held up by the results of others. After an error of the disk nothing more is written, and every
    call raises it.
    """

    def __init__(self, journal: Path, results: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._journal = journal.open("ab", buffering=0)
        self._results = results.open("ab", buffering=0)
        self._clock = clock
        self._place = self._results.tell()
        self._fault: OSError | None = None
        self._lines: queue.SimpleQueue[_Line | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[_Done | None] = queue.SimpleQueue()
        self._writers = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (("difyflow-journal", self._write_lines), ("difyflow-log", self._write_results))
        ]
        for writer in self._writers:
            writer.start()

    def sending(self, key: Key, sent: Sent) -> None:
        """A run is about to be sent; returns when that is on the disk.

        Raises:
            OSError: it could not be written, so the run must not be sent.
        """
        mode = ',"b":1' if sent.blocking else ""
        text = f',"a":{sent.attempt},"d":"{sent.digest}"{mode},"t":{sent.at:.3f}'
        self._put_and_wait(_line(key, "sending", text.encode()))

    def stopping(self, key: Key) -> None:
        """A run is about to be stopped; returns when that is on the disk.

        Raises:
            OSError: it could not be written, so the run must not be stopped.
        """
        self._put_and_wait(_line(key, "stopping", self._now()))

    def started(self, key: Key, run_id: str, task_id: str) -> None:
        """The server has named a run."""
        ids = f',"run":{json.dumps(run_id)},"task":{json.dumps(task_id)}'
        self._put(_Line(_line(key, "started", ids.encode() + self._now())))

    def note(self, key: Key, state: str, *, attempt: int | None = None) -> None:
        """`unsent` or `again`."""
        given = b"" if attempt is None else b',"a":%d' % attempt
        self._put(_Line(_line(key, state, given + self._now())))

    def done(self, key: Key, status: str, result: bytes, *, written: Callable[[int], None]) -> None:
        """A run has ended.

        Args:
            key: of the run.
            status: its final state.
            result: its line for the file of results, without a line end.
            written: called from a thread of the journal with the line's place.
        """
        self._check()
        self._done.put(_Done(_head(key, status), self._now(), result, written))

    def close(self) -> None:
        """Writes what is left; idempotent.

        Raises:
            OSError: it could not be written.
        """
        lines, results = self._writers
        self._done.put(None)
        results.join()  # the journal's last lines come from there
        self._lines.put(None)
        lines.join()
        self._journal.close()
        self._results.close()
        self._check()

    def _now(self) -> bytes:
        return b',"t":%.3f' % self._clock()

    def _check(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _put(self, line: _Line) -> None:
        self._check()
        self._lines.put(line)

    def _put_and_wait(self, text: bytes) -> None:
        waiter = threading.Event()
        line = _Line(text, waiter)
        self._put(line)
        waiter.wait()
        if not line.safe:
            self._check()

    def _write_lines(self) -> None:
        """The work of the journal's thread."""
        for lines in _groups(self._lines):
            waiting = [line for line in lines if line.waiter is not None]
            with self._noticing():
                self._check()
                _write(self._journal, b"".join(line.text for line in lines))
                if waiting:
                    os.fsync(self._journal.fileno())
                for line in waiting:
                    line.safe = True
            for line in waiting:
                assert line.waiter is not None
                line.waiter.set()

    def _write_results(self) -> None:
        """The work of the thread for results: first they, then the lines that point to them."""
        for items in _groups(self._done):
            results = [item.result + b"\n" for item in items]
            places = list(accumulate(map(len, results), initial=self._place))
            with self._noticing():
                self._check()
                _write(self._results, b"".join(results))
                os.fsync(self._results.fileno())
                self._place = places.pop()
                for item, at in zip(items, places, strict=True):
                    self._lines.put(_Line(b'%b,"at":%d%b}\n' % (item.head, at, item.tail)))
                    item.written(at)

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        """Keeps an error of the disk for all that comes later."""
        try:
            yield
        except OSError as err:
            self._fault = self._fault or err


def _groups(waiting: queue.SimpleQueue[_T | None]) -> Iterator[list[_T]]:
    """What waits in a queue, all of it at once each time, until a None comes."""
    while (first := waiting.get()) is not None:
        group = [first]
        while not waiting.empty():
            more = waiting.get()
            if more is None:
                yield group
                return
            group.append(more)
        yield group


def _write(file: BinaryIO, data: bytes) -> None:
    """All of it; an unbuffered file may take a part only, as when the disk is nearly full."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _line(key: Key, state: str, rest: bytes) -> bytes:
    return _head(key, state) + rest + b"}\n"


def _head(key: Key, state: str) -> bytes:
    return b'{"k":[%d,%d],"s":"%b"' % (key.row, key.repeat, state.encode())


def begin(path: Path, *, batch: str, rows: str, workflow: str) -> None:
    """Makes a new journal with its first line, on the disk.

    Args:
        path: where; must not exist.
        batch: id of the batch.
        rows: SHA-256 of the file of rows.
        workflow: SHA-256 of the workflow or of what is known of it.
    """
    line = json.dumps({"batch": batch, "rows": rows, "workflow": workflow, "v": VERSION})
    with path.open("xb") as file:
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def replay(path: Path, results: Path, ledger: Ledger, *, batch: str, mend: bool = True) -> None:
    """Brings the ledger to where the journal ends.

    Args:
        path: the journal.
        results: the file of results.
        ledger: new, with the invalid rows marked.
        batch: id that the journal must have.
        mend: cut off torn last lines of both files; False: only leave them out, as another process may be
            writing there.

    Raises:
        UsageError: it is the journal of another batch, or damaged before its last line.
    """
    end, size = _end_of_lines(path), _end_of_lines(results)
    if mend:
        os.truncate(path, end)
        os.truncate(results, size)
    with path.open("rb") as file:
        head = file.readline() if end else b""
        if head and _batch_of(head, path) != batch:
            raise UsageError("is the journal of another batch", path=str(path), line=1, code="other-batch")
        _replay_lines(file, end, ledger, str(path))
    for index in ledger.all_in(*FINAL):
        if ledger.at(index) >= size:
            ledger.lost_result(index)


def _end_of_lines(path: Path) -> int:
    """The byte behind the last line end; what stands there is torn."""
    with path.open("rb") as file:
        at = file.seek(0, os.SEEK_END)
        while at > 0:
            start = max(0, at - _CHUNK)
            file.seek(start)
            found = file.read(at - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            at = start
    return 0


def _batch_of(head: bytes, path: Path) -> object:
    try:
        value = json.loads(head)
    except ValueError:
        value = None
    if not isinstance(value, dict) or value.get("v") != VERSION:
        raise UsageError("is no journal of this version", path=str(path), line=1, code="bad-journal")
    return value.get("batch")


def _chunks(file: BinaryIO, end: int) -> Iterator[bytes]:
    """Pieces that end with a line end, up to a byte behind one."""
    while (left := end - file.tell()) > 0:
        chunk = file.read(min(_CHUNK, left))
        yield chunk if chunk.endswith(b"\n") else chunk + file.readline()


def _replay_lines(file: BinaryIO, end: int, ledger: Ledger, name: str) -> None:
    """Takes all lines in; those of finished runs, which are nearly all, without reading them as JSON."""
    open_: dict[bytes, list[tuple[bytes, bytes]]] = {}
    line = 1
    for chunk in _chunks(file, end):
        found = _LINE.findall(chunk)
        if len(found) != chunk.count(b"\n"):
            wrong = next(
                number for number, one in enumerate(chunk.split(b"\n"), 1) if not _LINE.match(one + b"\n")
            )
            raise _damaged(name, line + wrong)
        line += len(found)
        for key, state, at, rest in found:
            if at and state in _FINAL:
                ledger.done(_index(ledger, key, name), state.decode(), int(at))
                if state != b"unknown":
                    open_.pop(key, None)
            elif key in open_:
                open_[key].append((state, rest))
            else:
                open_[key] = [(state, rest)]
            if state not in _USUAL:
                _replay_some(ledger, _index(ledger, key, name), open_.pop(key, []), name)
    for key, lines in open_.items():
        _replay_some(ledger, _index(ledger, key, name), lines, name)


def _index(ledger: Ledger, key: bytes, name: str) -> int:
    row, _, repeat = key.partition(b",")
    index = (int(row) - 1) * ledger.repeat + int(repeat) - 1
    if not 0 <= index < len(ledger):
        raise _damaged(name, None)
    return index


def _replay_some(ledger: Ledger, index: int, lines: list[tuple[bytes, bytes]], name: str) -> None:
    """The states of one row that are not final, which are few: read as the JSON that they are."""
    status = ledger.state(index)
    for state, rest in lines:
        try:
            said = json.loads(b"{" + rest.lstrip(b",") + b"}")
        except ValueError as err:
            raise _damaged(name, None) from err
        match state:
            case b"sending":
                ledger.sending(index, _sent(said))
            case b"started":
                ledger.started(index, said["run"], said["task"])
            case b"stopping":
                ledger.stopping(index)
            case b"unsent":
                ledger.unsent(index)
            case b"again":
                ledger.again(index, said["a"])
            case _:
                raise _damaged(name, None)
    if status == "unknown" and ledger.open.get(index) and ledger.state(index) == "sent":
        ledger.done(index, status, ledger.at(index))


def _sent(said: Mapping[str, Any]) -> Sent:
    return Sent(attempt=said["a"], digest=said["d"], at=said["t"], blocking=bool(said.get("b")))


def _damaged(name: str, line: int | None) -> UsageError:
    return UsageError(
        "the journal is damaged here",
        path=name,
        line=line,
        code="bad-journal",
        hint="only its last line may be torn; was it edited, or is the disk failing?",
    )
