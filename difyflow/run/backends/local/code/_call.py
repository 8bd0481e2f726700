"""One call from the outside: its folder, its files, the watch over its process, its end."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Protocol

from ._inside import folder
from ._outcome import Remains, Verdict, judge
from ._protocol import CodeFault, CodeOutcome, Limits

_STOP_POLL_S = 0.05
_FOLDER_POLL_S = 0.25
_MOST_ENTRIES = 10_000
_FRAME_SLACK = 64
"""The head of a frame; a fault's frame is far smaller than any sensible limit."""


@dataclass(frozen=True)
class CallFiles:
    """The three files that connect a call to its process. Files, not pipes: they cannot block."""

    request: IO[bytes]
    result: IO[bytes]
    output: IO[bytes]


class Process(Protocol):
    """A started process of one call."""

    def ended(self, timeout_s: float) -> bool:
        """Waits at most that long for its end and says whether it came."""
        ...

    def kill(self) -> None:
        """Kills it and its whole group, dead or alive."""
        ...

    def finish(self) -> int:
        """Releases it, dead, and gives its exit code, negative for a signal."""
        ...


Start = Callable[[CallFiles, Path], Process]


def kernel_limits(limits: Limits) -> dict[str, float]:
    """The limits that the process puts on itself, for `_inside/limits.py`.

    One size bounds all files for the kernel, so it must leave room for the result, too.
    """
    values = asdict(limits)
    largest = max(limits.file_bytes, limits.output_bytes + _FRAME_SLACK, limits.stdout_bytes)
    return {
        "cpu_s": values["cpu_s"],
        "memory_bytes": values["memory_bytes"],
        "file_bytes": largest,
        "open_files": values["open_files"],
    }


def encode_request(source: str, inputs: Mapping[str, object], *, limits: Limits, isolated: bool) -> bytes:
    """The request as `_inside/harness.py` reads it.

    Raises:
        TypeError, ValueError: the inputs are no JSON values.
    """
    request = {
        "source": source,
        "inputs": dict(inputs),
        "result_bytes": limits.output_bytes,
        "stdout_bytes": limits.stdout_bytes,
        "isolated": isolated,
    }
    return json.dumps(request).encode()


def perform(
    start: Start,
    request: bytes,
    *,
    base: Path | None,
    limits: Limits,
    language: str,
    stop: threading.Event | None,
) -> CodeOutcome:
    """Starts a process, watches it to its end and leaves nothing behind.

    Args:
        start: makes the process; it gets the files and its private folder.
        request: see `encode_request`.
        base: the folder for private folders; None for the system's.
        limits: what the call may use.
        language: of the source.
        stop: ends the call when set.
    """
    began = time.monotonic()
    with private_folder(base) as place, _call_files(request) as files:
        process = start(files, place)
        verdict: Verdict = "stopped"
        try:
            verdict = _watch(process, place, limits=limits, stop=stop)
        finally:
            process.kill()
            status = process.finish()
        elapsed_s = time.monotonic() - began
        frame = _content(files.result, limits.output_bytes + _FRAME_SLACK)
        stdout = _content(files.output, limits.stdout_bytes).decode("utf-8", "replace")
    judgement = judge(
        Remains(verdict, status=status, frame=frame, elapsed_s=elapsed_s), limits=limits, language=language
    )
    if isinstance(judgement, CodeFault):
        return CodeOutcome(None, judgement, stdout=stdout, elapsed_s=elapsed_s)
    return CodeOutcome(judgement, None, stdout=stdout, elapsed_s=elapsed_s)


def _watch(process: Process, place: Path, *, limits: Limits, stop: threading.Event | None) -> Verdict:
    now = time.monotonic()
    deadline, measure_at = now + limits.wall_s, now + _FOLDER_POLL_S
    while True:
        if stop is not None and stop.is_set():
            return "stopped"
        if now >= deadline:
            return "timeout"
        pause = _FOLDER_POLL_S if stop is None else _STOP_POLL_S
        if process.ended(min(pause, deadline - now)):
            return "ended"
        now = time.monotonic()
        if now >= measure_at:
            measure_at = now + _FOLDER_POLL_S
            entries, size = folder.measure(str(place), most_entries=_MOST_ENTRIES)
            if entries >= _MOST_ENTRIES or size > limits.file_bytes:
                return "full"


@contextmanager
def private_folder(base: Path | None) -> Iterator[Path]:
    """A fresh folder that only this user can enter; it is gone afterwards, whatever was done in it."""
    path = tempfile.mkdtemp(prefix="difyflow-code-", dir=base)
    try:
        yield Path(path)
    finally:
        folder.remove(path)


@contextmanager
def _call_files(request: bytes) -> Iterator[CallFiles]:
    with ExitStack() as stack:
        files = CallFiles(
            *(stack.enter_context(_open_file(name)) for name in ("request", "result", "output"))
        )
        files.request.write(request)
        files.request.flush()
        files.request.seek(0)
        yield files


def _open_file(name: str) -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create(f"difyflow-{name}", os.MFD_CLOEXEC), "w+b")
    return tempfile.TemporaryFile()


def _content(file: IO[bytes], most: int) -> bytes:
    """What a process wrote, up to one byte more than allowed: enough to see that it is too much."""
    file.seek(0)
    return file.read(most + 1)


class PidFd:
    """A handle on a process that cannot come to mean another one (Linux)."""

    def __init__(self, pid: int) -> None:
        import select

        self._descriptor = os.pidfd_open(pid)
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def ended(self, timeout_s: float) -> bool:
        """Waits for the end of the process without reaping it."""
        return bool(self._poll.poll(max(0.0, timeout_s) * 1000))

    def kill(self) -> None:
        """Kills the process with all its threads; a dead one is fine."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def close(self) -> None:
        """Lets go of the handle."""
        os.close(self._descriptor)
