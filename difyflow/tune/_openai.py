"""The door to the `openai` package: a client that repeats nothing by itself, and what its faults mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from difyflow.errors import (
    ApiError,
    AuthError,
    ConnectionLost,
    DifyflowError,
    MissingExtra,
    RateLimited,
    ServerError,
    UsageError,
)

if TYPE_CHECKING:
    import openai

_CONNECT_S = 10.0
_SHOWN = 300  # characters of a server's own words
_TRACES = ("x-siliconcloud-trace-id", "x-request-id")

_OF_OPENAI = ("OpenAI-Organization", "OpenAI-Project")  # the library fills them from the environment

Value = TypeVar("Value")


class _Request(Protocol):
    """What is used of a request of httpx or httpx2, whichever the library brings."""

    headers: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where a service is, and the key; `key` is never shown.

    Attributes:
        base_url: as in `https://api.example.com/v1`.
        key: empty = none is sent.
        key_env: variable that it came from, for messages.
        read_s: how long to wait for an answer, in seconds.
    """

    base_url: str
    key: str = ""
    key_env: str = ""
    read_s: float = 120.0

    def __repr__(self) -> str:
        return f"Access({self.host})"

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a call that may be repeated is repeated, and who waits.

    Attributes:
        tries: in all.
        first_s: before the second try; doubled each time, up to `most_s`.
        sleep: waits so many seconds.
    """

    sleep: Callable[[float], None]
    tries: int = 5
    first_s: float = 1.0
    most_s: float = 60.0

    def wait_s(self, attempt: int, asked_s: float | None) -> float:
        """Seconds before the try after `attempt` (from 1): what the server asks for, at most `most_s`."""
        return min(self.most_s, asked_s if asked_s is not None else self.first_s * 2 ** (attempt - 1))

    def repeat(self, call: Callable[[], Value]) -> Value:
        """Makes a call, and makes it again while its faults are transient.

        Raises:
            DifyflowError: the last fault.
        """
        for attempt in range(1, self.tries + 1):
            try:
                return call()
            except (ApiError, ConnectionLost) as err:
                if not err.transient or attempt == self.tries:
                    raise
                self.sleep(self.wait_s(attempt, getattr(err, "retry_after_s", None)))
        raise AssertionError("tries is at least 1")


def open_client(access: Access) -> openai.OpenAI:
    """A client of the `openai` package. What goes wrong in its calls, `faults` puts into our words.

    Raises:
        MissingExtra: the package is not installed.
        UsageError: the base URL is none, or the key cannot be one.
    """
    parts = urlsplit(access.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            f"not a base URL: {access.base_url!r}", code="no-base-url", hint="it looks like https://host/v1"
        )
    if not (access.key.isascii() and access.key.isprintable()) or " " in access.key:
        raise UsageError(
            f"{access.key_env} holds no key: a key has no spaces and only ASCII signs", code="no-key"
        )
    try:
        import openai
    except ImportError as err:
        raise MissingExtra(
            "the package `openai` is not installed", hint="pip install 'difyflow[tune]'"
        ) from err

    def prepare(request: _Request) -> None:
        for name in (*_OF_OPENAI, *(() if access.key else ("Authorization",))):
            request.headers.pop(name, None)

    # A proxy of the environment cannot reach this machine.
    local = parts.hostname in ("localhost", "::1") or parts.hostname.startswith("127.")
    return openai.OpenAI(
        base_url=access.base_url,
        api_key=access.key or "none",
        max_retries=0,
        timeout=openai.Timeout(access.read_s, connect=_CONNECT_S),
        http_client=openai.DefaultHttpxClient(
            event_hooks={"request": [prepare]},
            trust_env=not local,
            follow_redirects=False,
            verify=parts.scheme == "https",  # reading certificates takes longer than a call
        ),
    )


@contextmanager
def faults(access: Access, what: str, *, sends: bool = False) -> Iterator[None]:
    """Turns what the client raises into our errors; the key is in none of them.

    Args:
        access: where the call goes.
        what: is done, for messages: "upload train.jsonl".
        sends: True for a call that starts something: where its outcome is unknown, the error says so.
    """
    try:
        yield
    except DifyflowError:
        raise
    except Exception as err:
        found = _fault(err, access, what, sends=sends)
        if found is None:
            raise
        if access.key:
            found.message = found.message.replace(access.key, "***")
            found.args = (found.message,)
        raise found from err


def _fault(err: Exception, access: Access, what: str, *, sends: bool) -> DifyflowError | None:
    import openai

    if isinstance(err, openai.APIStatusError):
        return _of_status(err, access, what, sends=sends)
    if isinstance(err, openai.APITimeoutError):
        unsent = type(err.__cause__).__name__ in ("ConnectTimeout", "PoolTimeout")
        return _lost(access, what, f"no answer within {access.read_s:g} s", sends=sends and not unsent)
    if isinstance(err, openai.APIConnectionError):
        unsent = type(err.__cause__).__name__ == "ConnectError"
        return _lost(access, what, f"{err.__cause__ or err}", sends=sends and not unsent)
    if isinstance(err, openai.APIError):  # inside a stream, or an answer of another shape
        return _lost(access, what, f"the server broke off: {err.message}"[:_SHOWN], sends=sends)
    if type(err).__module__.partition(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2"):
        return _lost(access, what, f"the answer broke off: {err or type(err).__name__}", sends=sends)
    if isinstance(err, ValueError | TypeError | AttributeError):
        return _lost(access, what, "the answer is not what OpenAI's API answers", sends=sends, again=False)
    return None


def _lost(access: Access, what: str, why: str, *, sends: bool, again: bool = True) -> ConnectionLost:
    return ConnectionLost(f"{what} at {access.host}: {why}", may_have_run=sends, transient=again)


def _of_status(err: openai.APIStatusError, access: Access, what: str, *, sends: bool) -> ApiError:
    status = err.status_code
    trace = next((err.response.headers[name] for name in _TRACES if name in err.response.headers), "")
    tail = f" (trace {trace})" if trace else ""
    message = f"{what} at {access.host}: HTTP {status}: {_said(err)}{tail}"
    if status in (401, 403):
        hint = (
            f"check {access.key_env}" if access.key else f"no key was sent: set {access.key_env or 'a key'}"
        )
        return AuthError(message, status=status, hint=hint)
    if status == 429:
        wait = _seconds(err.response.headers.get("retry-after"))
        return RateLimited(message, status=status, transient=True, retry_after_s=wait)
    if status >= 500:
        return ServerError(message, status=status, transient=True, may_have_run=sends)
    if status == 404:
        hint = f"does {access.base_url} have this API? OpenAI's is /fine_tuning/jobs behind the base URL"
        return ApiError(message, status=status, hint=hint)
    return ApiError(message, status=status)


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds; a date is not read."""
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None


def _said(err: openai.APIStatusError) -> str:
    """The server's own words: a body may be an object, a JSON string or plain text."""
    body = err.body
    inner = body.get("error", body) if isinstance(body, dict) else body
    text = inner.get("message") if isinstance(inner, dict) else inner
    try:
        shown = text if isinstance(text, str) and text else err.response.text
    except Exception as broken:  # the body of a stream that was not read
        shown = type(broken).__name__
    return " ".join(shown.split())[:_SHOWN] or "(it says nothing)"
