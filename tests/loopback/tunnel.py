"""An HTTP proxy that tunnels `CONNECT`, as `HTTPS_PROXY` names one."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

_LIMIT_S = 10.0


class Tunnel:
    """A proxy on the loopback interface; use it in `with`.

    Attributes:
        asked: the heads of the requests that came.
    """

    def __init__(self, *, refuse: int = 0) -> None:
        self.asked: list[str] = []
        self._refuse = refuse
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        """Takes no more connections, and waits for the open ones."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(_LIMIT_S)

    def __enter__(self) -> Tunnel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                thread = threading.Thread(target=self._tunnel, args=(client,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _tunnel(self, client: socket.socket) -> None:
        with client:
            client.settimeout(_LIMIT_S)
            head = b""
            while b"\r\n\r\n" not in head and (more := client.recv(4096)):
                head += more
            self.asked.append(head.decode("latin-1"))
            if self._refuse:
                client.sendall(f"HTTP/1.1 {self._refuse} No\r\nContent-Length: 0\r\n\r\n".encode())
                return
            host, _, port = head.split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port)), _LIMIT_S) as server, suppress(OSError):
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join(_LIMIT_S)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
