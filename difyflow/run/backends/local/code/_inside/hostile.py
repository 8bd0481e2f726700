"""Tries to break out. The probe sends this text through a runner as the source of a Code node."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable


def main(
    secret_files: list[str], write_to: list[str], name: str, parent: int, memory_bytes: int
) -> dict[str, str]:
    """Returns `{check: what got through}`; an empty text means that the check held.

    Args:
        secret_files: must not be readable.
        write_to: folders in which nothing may be made.
        name: of the file to make there.
        parent: the process that must not be signalled.
        memory_bytes: more than the limit.
    """
    files = [*secret_files, f"/proc/{parent}/environ", f"/proc/{os.getppid()}/environ"]
    return {
        "reading files": _through(files, _read),
        "writing files": _through([f"{folder}/{name}" for folder in write_to], _write),
        "network": _through(["AF_INET SOCK_STREAM", "AF_INET SOCK_DGRAM", "AF_UNIX SOCK_STREAM"], _socket),
        "new processes": _through(["fork", "exec"], lambda way: _fork() if way == "fork" else _spawn()),
        "signals to others": _through([str(parent)], lambda pid: os.kill(int(pid), 0)),
        "memory": _through([f"{memory_bytes:,} bytes"], lambda _: _allocate(memory_bytes)),
        "ordinary work": _work(),
    }


def _through(targets: Iterable[str], attempt: Callable[[str], object]) -> str:
    got = []
    for target in targets:
        try:
            attempt(target)
        except (OSError, MemoryError):
            continue
        got.append(target)
    return ", ".join(got)


def _read(path: str) -> None:
    with open(path, "rb") as file:  # noqa: PTH123 - the shortest way to the kernel
        file.read(1)


def _write(path: str) -> None:
    with open(path, "xb") as file:  # noqa: PTH123
        file.write(b"x")
    os.unlink(path)  # noqa: PTH108


def _socket(kind: str) -> None:
    import socket

    family, style = kind.split()
    socket.socket(getattr(socket, family), getattr(socket, style)).close()


def _fork() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _spawn() -> None:
    for program in (sys.executable, "/bin/sh"):
        if os.path.exists(program):  # noqa: PTH110
            os.waitpid(os.posix_spawn(program, [program, "-c", ""], {}), 0)
            return
    raise FileNotFoundError("there is no program to start")


def _allocate(size: int) -> None:
    import mmap

    kept = [mmap.mmap(-1, size // 8) for _ in range(8)]  # asked for, not touched
    del kept


def _work() -> str:
    """What honest code does must go on working."""
    try:
        import decimal
        import hashlib
        import json
        import sqlite3  # noqa: F401 - compiled, and rarely loaded before
        import threading

        thread = threading.Thread(target=signal.getsignal, args=(signal.SIGTERM,))
        thread.start()
        thread.join()
        with open("probe.txt", "w") as file:  # noqa: PTH123
            file.write(json.dumps([hashlib.sha256(b"").hexdigest(), str(decimal.Decimal(1) / 3)]))
        os.unlink("probe.txt")  # noqa: PTH108
    except (OSError, ImportError, RuntimeError) as err:
        return f"fails: {err}"
    return ""
