"""HTTP to one Dify server: sessions, time limits, retries, a clear error for whatever goes wrong on the way.

`requests` is used here only. It never retries by itself and never follows a redirect; every repeated call is
decided by `faults.retry_delay`.
"""

from __future__ import annotations

import json
import logging
import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TypeVar

import requests
import urllib3.exceptions as u3

from difyflow.client.address import base_url as normal_url
from difyflow.client.answers import moment
from difyflow.client.auth import Auth, Bearer
from difyflow.client.faults import Retries, classify, retry_delay
from difyflow.client.lost import lost
from difyflow.client.open_answer import OpenAnswer
from difyflow.client.sessions import Sessions
from difyflow.errors import ApiError, ConnectionLost, InputError

_log = logging.getLogger(__name__)
_ERROR_BYTES = 65536  # of an error answer, enough for any message

_T = TypeVar("_T")


class Effect(Enum):
    """What a call does to the server, which decides whether it may be repeated."""

    NONE = "none"
    """Reads, and calls that may happen twice (stop, delete, upload)."""
    ONCE = "once"
    """Changes something and must not happen twice."""
    RUN = "run"
    """Starts a run: must not happen twice, and after a lost answer nobody knows whether it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Time limits in seconds; each of the read limits counts from the last byte that came.

    Attributes:
        end_s: for the end of an answer of which all that matters was read.
    """

    connect_s: float = 10.0
    read_s: float = 30.0
    stream_s: float = 60.0
    upload_s: float = 300.0
    blocking_s: float = 90.0
    end_s: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to talk to a server.

    Attributes:
        ca_file: PEM file of the authorities to trust instead of the usual ones.
        insecure: do not check certificates. Never a default; whoever sets it says so to the user.
        new_session: makes the `requests` session of a thread.
        sleep: waits for so many seconds between tries.
        jitter: random number from 0 to 1.
        clock: seconds that never go back, for how long a connection was idle.
    """

    timeouts: Timeouts = field(default_factory=Timeouts)
    retries: Retries = field(default_factory=Retries)
    ca_file: Path | None = None
    insecure: bool = False
    new_session: Callable[[], requests.Session] = requests.Session
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the API.

    Attributes:
        path: below the base URL, beginning with a slash.
        params: query; None values are left out.
        body: JSON body.
        form: fields of a multipart body, used with `file`.
        file: (name, content, MIME type) of the one part `file`.
        read_s: time limit, in seconds; None = the usual one.
        raw: the answer is a file, not JSON.
        also: a status besides 2xx whose JSON is an answer and no error.
    """

    method: str
    path: str
    params: Mapping[str, str | int | None] = field(default_factory=dict)
    body: Mapping[str, object] | None = field(default=None, repr=False)
    form: Mapping[str, str] = field(default_factory=dict)
    file: tuple[str, bytes, str] | None = field(default=None, repr=False)
    effect: Effect = Effect.NONE
    read_s: float | None = None
    raw: bool = False
    also: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer with a 2xx status (or one that the call takes too).

    `value` is its JSON, None for a raw or empty body; `cookies` are those that it sets.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    value: object = field(default=None, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)


class Transport:
    """Sends calls to one server; may be used from many threads, each has its own session.

    It keeps no cookies: a call carries its credential and nothing of an earlier answer.

    Args:
        base_url: of the service API, as people write it; with an `Auth`, the exact address of another API.
        key: of an app, or what signs the calls in its place.
        connection: time limits, retries, certificates.

    Raises:
        UsageError: no usable address, key or certificate file.
    """

    def __init__(self, base_url: str, key: str | Auth, *, connection: Connection | None = None) -> None:
        self.base_url = normal_url(base_url) if isinstance(key, str) else base_url
        self.server_version = ""
        """`X-Version` of the last answer that had one."""
        self.clock_skew_s: float | None = None
        """By how many seconds the server's clock is ahead of ours, by the last answer that had a date."""
        self._how = connection or Connection()
        self._auth: Auth = Bearer(key) if isinstance(key, str) else key
        self._sessions = Sessions(
            self.base_url,
            self._how.new_session,
            ca_file=self._how.ca_file,
            insecure=self._how.insecure,
            clock=self._how.clock,
        )

    def __repr__(self) -> str:
        return f"Transport({self.base_url!r}, key={self.shown_key!r})"

    @property
    def shown_key(self) -> str:
        """How the credential may be shown."""
        return self._auth.shown

    @property
    def insecure(self) -> bool:
        """True if certificates are not checked."""
        return self._how.insecure

    def close(self) -> None:
        """Closes the connections of all threads; idempotent."""
        self._sessions.close()

    def send(self, call: Call, *, sleep: Callable[[float], None] | None = None) -> Answer:
        """Sends a call and reads the whole answer.

        Args:
            call: what to send.
            sleep: waits between tries in place of the usual sleep.

        Raises:
            ApiError: the server answered with an error.
            ConnectionLost: no answer, or it broke off.
        """
        return self._tried(call, self._once, sleep)

    def open(self, call: Call, *, sleep: Callable[[float], None] | None = None) -> OpenAnswer:
        """Sends a call and gives back the answer with its body unread; the caller closes it.

        Raises:
            ApiError: as in `send`, also when the answer is no event stream.
            ConnectionLost: no answer.
        """
        return self._tried(call, self._opened, sleep)

    def _tried(
        self, call: Call, once: Callable[[Call, str], _T], sleep: Callable[[float], None] | None
    ) -> _T:
        attempt = 0
        trace_id = uuid.uuid4().hex
        while True:
            attempt += 1
            try:
                return once(call, trace_id)
            except (ApiError, ConnectionLost) as fault:
                fault.trace_id = trace_id
                delay = retry_delay(
                    fault,
                    attempt,
                    repeatable=call.effect is Effect.NONE,
                    jitter=self._how.jitter(),
                    retries=self._how.retries,
                )
                if delay is None:
                    raise
                _log.info("%s %s: %s; next try in %.1f s", call.method, call.path, fault.code, delay)
            (sleep or self._how.sleep)(delay)

    def _once(self, call: Call, trace_id: str) -> Answer:
        response = self._respond(call, trace_id)
        try:
            body = response.content
        except (requests.RequestException, OSError) as err:
            raise self._lost(call, err) from err
        finally:
            response.close()
        self._sessions.of_thread().used()
        if call.raw or not body.strip():
            return Answer(status=response.status_code, headers=response.headers, body=body)
        try:
            value = json.loads(body)
        except (ValueError, RecursionError) as err:
            raise self._refusal(call, response, body) from err
        cookies = {cookie.name: cookie.value or "" for cookie in response.cookies}
        return Answer(
            status=response.status_code, headers=response.headers, body=body, value=value, cookies=cookies
        )

    def _opened(self, call: Call, trace_id: str) -> OpenAnswer:
        response = self._respond(call, trace_id)
        answer = OpenAnswer(
            response,
            url=self._url(call),
            starts_run=call.effect is Effect.RUN,
            limit_s=self._read_limit_s(call),
            end_s=self._how.timeouts.end_s,
            kept=self._sessions.of_thread(),
        )
        if "event-stream" not in response.headers.get("Content-Type", ""):
            with answer:
                raise self._refusal(call, response, self._beginning(response))
        return answer

    def _respond(self, call: Call, trace_id: str) -> requests.Response:
        """The answer with its body unread, or the error that it is."""
        data, files, headers = _content(call)
        headers["X-Trace-Id"] = trace_id
        kept = self._sessions.of_thread()
        if call.effect is not Effect.NONE:  # what is lost cannot be sent again
            kept.forget_idle()
        try:
            response = kept.session.request(
                call.method,
                self._url(call),
                params={name: value for name, value in call.params.items() if value is not None},
                data=data,
                files=files,
                headers=headers,
                auth=self._auth,
                timeout=(self._how.timeouts.connect_s, self._read_limit_s(call)),
                stream=True,
                allow_redirects=False,
            )
        except (requests.RequestException, OSError) as err:
            raise self._lost(call, err) from err
        self.server_version = response.headers.get("X-Version") or self.server_version
        date = moment(response.headers.get("Date"))
        self.clock_skew_s = self.clock_skew_s if date is None else date - time.time()
        if 200 <= response.status_code < 300 or response.status_code == call.also:
            return response
        with response:
            raise self._refusal(call, response, self._beginning(response))

    def _refusal(self, call: Call, response: requests.Response, body: bytes) -> ApiError:
        return classify(
            response.status_code,
            response.headers,
            self._auth.hide(body),
            url=self._url(call),
            key=self.shown_key,
            starts_run=call.effect is Effect.RUN,
        )

    def _beginning(self, response: requests.Response) -> bytes:
        try:
            return bytes(response.raw.read(_ERROR_BYTES, decode_content=True))
        except (u3.HTTPError, OSError) as err:
            # The status says enough; why the page behind it broke off does not matter.
            _log.debug("the body of an error answer broke off: %s", type(err).__name__)
            return b""

    def _lost(self, call: Call, err: Exception) -> Exception:
        request = getattr(err, "request", None)
        if request is not None and request.headers is not None:
            # Whoever dumps the exception must not find a key, a token or the password of a login.
            for name in ("Authorization", "Cookie", "X-CSRF-Token"):
                request.headers.pop(name, None)
            request.body = None
        return lost(
            err,
            url=self._url(call),
            starts_run=call.effect is Effect.RUN,
            limit_s=self._read_limit_s(call),
        )

    def _read_limit_s(self, call: Call) -> float:
        return self._how.timeouts.read_s if call.read_s is None else call.read_s

    def _url(self, call: Call) -> str:
        return self.base_url + call.path


def _content(
    call: Call,
) -> tuple[bytes | Mapping[str, str] | None, Mapping[str, tuple[str, bytes, str]] | None, dict[str, str]]:
    """Body, multipart file and headers of a call."""
    headers: dict[str, str] = {}
    if call.file is not None:
        return call.form, {"file": call.file}, headers
    if call.body is None:
        return None, None, headers
    try:
        text = json.dumps(call.body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as err:
        raise InputError(f"cannot be sent as JSON: {err}") from err
    headers["Content-Type"] = "application/json"
    return text, None, headers
