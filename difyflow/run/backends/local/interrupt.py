"""Stops what a run waits for: a thread that reads from a socket cannot look at a flag."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from weakref import WeakSet


class Interrupt:
    """The stop signal of one run, and the sockets that must be woken by it.

    Attributes:
        event: set once the run is to stop; for whoever can look.
    """

    def __init__(self) -> None:
        self.event = threading.Event()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()

    @property
    def fired(self) -> bool:
        """True once the run is to stop."""
        return self.event.is_set()

    def fire(self) -> None:
        """Asks everything to stop; idempotent, from any thread."""
        with self._lock:
            self.event.set()
            waiting = list(self._sockets)
        for connection in waiting:
            _shut(connection)

    def trace(self, name: str, info: Mapping[str, object]) -> None:
        """The `trace` extension of an HTTP request (httpx, httpx2): learns of the sockets in use."""
        if not name.endswith(("connect_tcp.complete", "start_tls.complete")):
            return
        extra: Callable[[str], object] | None = getattr(info.get("return_value"), "get_extra_info", None)
        connection = extra("socket") if extra else None
        if not isinstance(connection, socket.socket):
            return
        with self._lock:
            self._sockets.add(connection)
            late = self.event.is_set()
        if late:
            _shut(connection)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may be closed by now, which is just as good
        connection.shutdown(socket.SHUT_RDWR)
