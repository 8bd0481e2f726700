"""An HTTP server on the loopback interface that answers as it is told, badly if it is told so."""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from loopback.recordings import Recording

CERTIFICATE = Path(__file__).with_name("localhost.pem")
HANG_S = 60.0  # longer than any time limit of a test; `Server.close` ends it at once


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server sends, and how it misbehaves while it does.

    Attributes:
        headers: a list is sent as several headers of one name.
        chunks: parts of the body.
        stream: send the parts one by one in chunked encoding, each when the iterable gives it.
        headers_after_s: wait before the status line, in seconds.
        between_s: wait before each chunk.
        reset: drop the connection in place of an answer.
        cut_at: drop the connection after so many bytes of the body.
        end_at: end the body properly after so many bytes.
        hang_at: send so many bytes of the body, then nothing more until the server closes.
        done: told True when everything was sent, False when it broke off or the client had gone.
    """

    status: int = 200
    headers: dict[str, Any] = field(default_factory=dict)
    chunks: Iterable[bytes] = ()
    stream: bool = False
    headers_after_s: float = 0.0
    between_s: float = 0.0
    reset: bool = False
    cut_at: int | None = None
    end_at: int | None = None
    hang_at: int | None = None
    done: Callable[[bool], None] | None = None

    @staticmethod
    def of(recording: Recording) -> Answer:
        """The recorded answer."""
        parts = tuple(recording.events) if recording.streaming else (recording.body,)
        return Answer(
            status=recording.status, headers=recording.headers, chunks=parts, stream=recording.streaming
        )

    @staticmethod
    def json(value: object, status: int = 200, **headers: str) -> Answer:
        """A JSON answer; header names with underscores for hyphens."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        body = json.dumps(value).encode()
        return Answer(status=status, headers={"Content-Type": "application/json", **named}, chunks=(body,))

    @staticmethod
    def html(status: int, title: str, **headers: str) -> Answer:
        """A page as proxies make them: long, and without `X-Version`."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        body = f"<html><head><title>{title}</title></head><body>{'<p>secret page</p>' * 500}</body></html>"
        return Answer(status=status, headers={"Content-Type": "text/html", **named}, chunks=(body.encode(),))

    @property
    def body(self) -> bytes:
        """All bytes of the body."""
        return b"".join(self.chunks)

    def but(self, **changes: Any) -> Answer:
        """A copy with changes."""
        return replace(self, **changes)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The JSON body."""
        return json.loads(self.body)

    def parts(self) -> dict[str, Any]:
        """The parts of a multipart body by name, as `email.message.EmailMessage`."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.body)
        return {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}


Reply = Answer | Callable[[Seen], Answer]


class Server:
    """A server of scripted answers; use it in `with`.

    Attributes:
        seen: the requests in the order of their arrival.
        connections: how many clients have made.
    """

    def __init__(self, *, tls: bool = False, port: int = 0) -> None:
        self.seen: list[Seen] = []
        self.connections = 0
        self.closing = threading.Event()
        self._routes: list[tuple[str, re.Pattern[str], list[Reply]]] = []
        self._lock = threading.Lock()
        self._http = _Threads(("127.0.0.1", port), _Handler)
        self._http.owner = self
        self._scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Address without a path."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """Its port."""
        return int(self._http.server_address[1])

    def on(self, method: str, path: str, *replies: Reply) -> None:
        """Answers a method and a path (a regular expression) with the replies in turn; the last one stays.

        A later `on` goes before an earlier one.
        """
        with self._lock:
            self._routes.insert(0, (method, re.compile(path), list(replies)))

    def play(self, *recordings: Recording) -> None:
        """Answers the recorded method and path of each recording with its answer."""
        for recording in recordings:
            self.on(recording.method, re.escape(recording.path), Answer.of(recording))

    def calls(self, method: str, path: str) -> list[Seen]:
        """The requests of a method to a path (a regular expression)."""
        with self._lock:
            return [one for one in self.seen if one.method == method and re.fullmatch(path, one.path)]

    def reply(self, seen: Seen) -> Answer:
        """What to answer; also keeps the request."""
        with self._lock:
            self.seen.append(seen)
            for method, pattern, replies in self._routes:
                if method == seen.method and pattern.fullmatch(seen.path):
                    reply = replies.pop(0) if len(replies) > 1 else replies[0]
                    break
            else:
                reply = Answer.html(404, "404 Not Found")
        return reply(seen) if callable(reply) else reply

    def close(self) -> None:
        """Ends all answers and connections under way and stops; idempotent."""
        if self.closing.is_set():
            return
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._http.drop_all()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Threads(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    owner: Server

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        self.owner.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def drop_all(self) -> None:
        """Ends the connections that clients keep open."""
        for request in list(self._open):
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Threads
    timeout = 60

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().setup()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        target = urlsplit(self.path)
        seen = Seen(
            method=self.command,
            path=target.path,
            query=dict(parse_qsl(target.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        answer = self.server.owner.reply(seen)
        sent = False
        try:
            sent = self._answer(answer)
        finally:
            if answer.done is not None:
                answer.done(sent)

    do_GET = do_POST = do_PUT = do_DELETE = _handle

    def _answer(self, answer: Answer) -> bool:
        """Sends an answer; True if the client got it to its end."""
        self._wait(answer.headers_after_s)
        if answer.reset:
            self._drop(hard=True)
            return False
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            for one in value if isinstance(value, list) else [value]:
                self.send_header(name, one)
        if answer.stream:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        return self._body(answer)

    def _body(self, answer: Answer) -> bool:
        stops = [at for at in (answer.cut_at, answer.end_at, answer.hang_at) if at is not None]
        left = min(stops) if stops else None
        for chunk in answer.chunks:
            self._wait(answer.between_s)
            if left is not None:
                chunk, left = chunk[:left], left - len(chunk[:left])
            if chunk:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if answer.stream else chunk)
            if left == 0:
                break
        if answer.hang_at is not None:
            self._wait(HANG_S)
        if answer.cut_at is not None or answer.hang_at is not None:
            self._drop()
            return False
        if answer.stream:
            self.wfile.write(b"0\r\n\r\n")
        return answer.end_at is None

    def _wait(self, seconds: float) -> None:
        if seconds and self.server.owner.closing.wait(seconds):
            self._drop()

    def _drop(self, *, hard: bool = False) -> None:
        """Ends the connection in mid-answer; `hard` resets it, and what was not read may be lost."""
        self.close_connection = True
        if hard:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()


def unused_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
