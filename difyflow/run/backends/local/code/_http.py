"""`http`: a dify-sandbox service runs the code.

Protocol (dify-sandbox a94a466, `internal/controller/run.go`): POST `/v1/sandbox/run` with `X-Api-Key`, JSON
`{language: python3|nodejs, code, preload, enable_network}`; the answer is
`{code, message, data: {stdout, error}}` with code 0 if the code was run at all. The program that is sent
ends by printing its result between two marks, as Dify's own does (graphon 0.8.0 `dsl/code_runtime.py`).
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from difyflow.errors import ApiError, AuthError, ConnectionLost, ServerError, UsageError

from ._outcome import Judgement, as_dify_reads
from ._protocol import CodeFault, CodeOutcome, HttpSandbox, Limits
from ._runner import Runner

_POLL_S = 0.05
_ENVELOPE_BYTES = 65_536
_ESCAPED = 8
"""A character of the result may be escaped twice: `中` comes as `\\\\u4e2d`."""
_MESSAGE_CHARACTERS = 16_000
_MARK = "<<RESULT>>"
_TIMED_OUT = "error: timeout"
"""What the service itself writes into `error` (`internal/core/runner/output_capture.go`)."""

# A `<` can stand in a JSON text only inside a string: escaped there, the result never holds the mark.
_PYTHON = """{source}

import json
from base64 import b64decode
output = json.dumps(main(**json.loads(b64decode("{inputs}").decode("utf-8"))))
print("\\n{mark}" + output.replace("<", "\\\\u003c") + "{mark}")
"""
_JAVASCRIPT = """{source}

var output = JSON.stringify(main(JSON.parse(Buffer.from("{inputs}", "base64").toString("utf-8"))))
console.log("\\n{mark}" + String(output).replaceAll("<", "\\\\u003c") + "{mark}")
"""
_PROGRAMS = {"python3": ("python3", _PYTHON), "javascript": ("nodejs", _JAVASCRIPT)}


class HttpRunner(Runner):
    """Sends code to the service that a Dify server uses; limits and isolation are the service's own.

    Of `Limits` it uses the wall clock and the sizes of the answer. Proxies of the environment are not used
    and redirects are not followed: the request carries a key.

    Raises:
        UsageError: the endpoint is no URL.
    """

    name = "http"
    isolated = True

    def __init__(self, limits: Limits, sandbox: HttpSandbox) -> None:
        super().__init__(limits)
        self._sandbox = sandbox
        self._path, self._connect = _parse(sandbox)

    def describe(self) -> str:
        """One line for the run header."""
        return f"http (dify-sandbox at {self._sandbox.endpoint})"

    def _language_problem(self, language: str) -> str | None:
        return None if language in _PROGRAMS else f"dify-sandbox takes {' and '.join(_PROGRAMS)}"

    def _perform(
        self, language: str, source: str, inputs: Mapping[str, object], *, stop: threading.Event | None
    ) -> CodeOutcome:
        began = time.monotonic()
        most = self._limits.output_bytes * _ESCAPED + self._limits.stdout_bytes * _ESCAPED + _ENVELOPE_BYTES
        exchange = _Exchange(self._connect(), most)
        fault = exchange.run(
            lambda connection: connection.request(
                "POST", self._path, body=self._payload(language, source, inputs), headers=self._headers()
            ),
            deadline=began + self._limits.wall_s,
            stop=stop,
        )
        if fault is None:
            _check_status(exchange.status, self._sandbox.endpoint)
            judgement, stdout = _read(exchange.body, most=most, limits=self._limits)
        else:
            judgement, stdout = fault, ""
        elapsed_s = time.monotonic() - began
        if isinstance(judgement, CodeFault):
            return CodeOutcome(None, judgement, stdout=stdout, elapsed_s=elapsed_s)
        return CodeOutcome(judgement, None, stdout=stdout, elapsed_s=elapsed_s)

    def _payload(self, language: str, source: str, inputs: Mapping[str, object]) -> bytes:
        dialect, frame = _PROGRAMS[language]
        data = base64.b64encode(json.dumps(dict(inputs)).encode()).decode()
        code = frame.format(source=source.rstrip(), mark=_MARK, inputs=data)
        network = self._sandbox.enable_network
        return json.dumps(
            {"language": dialect, "code": code, "preload": "", "enable_network": network}
        ).encode()

    def _headers(self) -> dict[str, str]:
        return {"X-Api-Key": self._sandbox.api_key, "Content-Type": "application/json", "Connection": "close"}


def _parse(sandbox: HttpSandbox) -> tuple[str, Callable[[], http.client.HTTPConnection]]:
    """The path to post to, and how to connect."""
    hint = "it looks like http://127.0.0.1:8194"
    try:
        url = urlsplit(sandbox.endpoint)
        host, port = url.hostname, url.port
    except ValueError as err:
        raise UsageError(f"{sandbox.endpoint!r} is no URL of a code sandbox: {err}", hint=hint) from err
    if url.scheme not in ("http", "https") or not host:
        raise UsageError(f"{sandbox.endpoint!r} is no URL of a code sandbox", hint=hint)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection

    def connect() -> http.client.HTTPConnection:
        return kind(host, port, timeout=sandbox.connect_timeout_s)

    return f"{url.path.rstrip('/')}/v1/sandbox/run", connect


class _Exchange:
    """One request in a thread of its own, so that waiting for it can be given up."""

    def __init__(self, connection: http.client.HTTPConnection, most: int) -> None:
        self._connection = connection
        self._most = most
        self._done = threading.Event()
        self._error: Exception | None = None
        self.status = 0
        self.body = b""

    def run(
        self,
        send: Callable[[http.client.HTTPConnection], None],
        *,
        deadline: float,
        stop: threading.Event | None,
    ) -> CodeFault | None:
        """Sends and receives; a fault if it was stopped or took too long.

        Raises:
            ConnectionLost: no whole answer came.
        """
        thread = threading.Thread(target=self._exchange, args=(send, deadline), daemon=True)
        thread.start()
        while not self._done.wait(_POLL_S):
            if stop is not None and stop.is_set():
                self._give_up()
                return CodeFault("stopped", "stopped before the code was done")
            if time.monotonic() >= deadline:
                self._give_up()
                return CodeFault("timeout", "the code sandbox did not answer in time")
        if self._error is not None:
            where = f"{self._connection.host}:{self._connection.port}"
            raise ConnectionLost(
                f"the code sandbox at {where} gives no answer: {self._error}",
                code="code-sandbox-unreachable",
                hint="is dify-sandbox running there? Its port is 8194 unless configured otherwise",
            ) from self._error
        return None

    def _exchange(self, send: Callable[[http.client.HTTPConnection], None], deadline: float) -> None:
        try:
            self._connection.connect()
            self._connection.sock.settimeout(max(1.0, deadline - time.monotonic()))
            send(self._connection)
            with self._connection.getresponse() as response:
                self.status = response.status
                self.body = response.read(self._most + 1)
        except (OSError, http.client.HTTPException, ValueError) as err:
            self._error = err
        finally:
            self._connection.close()
            self._done.set()

    def _give_up(self) -> None:
        """Ends the thread's wait by closing its connection under it."""
        sock = self._connection.sock
        if sock is not None:
            with suppress(OSError):  # it may just have closed by itself
                sock.shutdown(socket.SHUT_RDWR)


def _check_status(status: int, endpoint: str) -> None:
    if status == 200:
        return
    if status in (401, 403):
        raise AuthError(
            f"the code sandbox refuses the key ({status})",
            path=endpoint,
            status=status,
            hint="it is the API_KEY that the dify-sandbox service was started with",
        )
    kind = ServerError if status >= 500 else ApiError
    raise kind(
        f"the code sandbox answered {status}",
        path=endpoint,
        status=status,
        transient=status in (429, 502, 503),
    )


def _read(body: bytes, *, most: int, limits: Limits) -> tuple[Judgement, str]:
    """The finding and what the code printed.

    Raises:
        ApiError: the service did not run the code, or this is no dify-sandbox.
    """
    if len(body) > most:
        return CodeFault("output-too-large", "the answer of the code sandbox is larger than allowed"), ""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise ApiError("the code sandbox answered something that is no JSON", code="code-sandbox") from err
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or answer.get("code") != 0 or not isinstance(data, dict):
        shown = answer if not isinstance(answer, dict) else answer.get("message")
        code = answer.get("code") if isinstance(answer, dict) else None
        raise ApiError(
            f"the code sandbox did not run the code: {str(shown)[:500]}",
            code="code-sandbox",
            server_code=str(code),
            transient=code == -429,
        )
    stdout, error = data.get("stdout") or "", data.get("error") or ""
    if not isinstance(stdout, str) or not isinstance(error, str):
        raise ApiError("the code sandbox answered in an unknown form", code="code-sandbox")
    printed, found, result = _split(stdout)
    kept = printed.encode("utf-8", "replace")[: limits.stdout_bytes].decode("utf-8", "ignore")
    if error:
        return _explain(error), kept
    return (_decode(result, limits=limits) if found else _without_result()), kept


def _split(stdout: str) -> tuple[str, bool, str]:
    """What was printed before the result, whether there is one, and the result."""
    parts = stdout.rsplit(_MARK, 2)
    if len(parts) < 3:
        return stdout, False, ""
    return parts[0].removesuffix("\n"), True, parts[1]


def _explain(error: str) -> CodeFault:
    if _TIMED_OUT in error.splitlines():
        return CodeFault("timeout", "the code ran longer than the code sandbox allows")
    return CodeFault("exception", error.strip()[-_MESSAGE_CHARACTERS:])


def _without_result() -> CodeFault:
    return CodeFault("bad-result", "the code ended without a result")


def _decode(text: str, *, limits: Limits) -> Judgement:
    if len(text) > limits.output_bytes:
        return CodeFault(
            "output-too-large", f"the result has more than {limits.output_bytes:,} bytes as JSON"
        )
    try:
        result = json.loads(text)
        if isinstance(result, dict):
            return as_dify_reads(result)
    except (ValueError, RecursionError) as err:
        return CodeFault("bad-result", f"the result cannot be read as JSON: {err}")
    return CodeFault("bad-result", f"`main` must return a dict, it returned {type(result).__name__}")
