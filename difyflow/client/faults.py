"""What a server's error means, and whether the call may be repeated. Pure; nothing here sleeps or sends.

`classify` is the only place that looks at a message, and only where Dify gives one code to different faults;
each such pattern names the recording that it was seen in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from difyflow.client.sse import sample
from difyflow.errors import ApiError, AuthError, ConnectionLost, DifyflowError, RateLimited, ServerError

UNREACHABLE = "unreachable"
"""Code of a `ConnectionLost` whose request was never sent."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a fault is: our code, how to mend it, and whether it may pass by itself."""

    code: str
    hint: str | None = None
    cls: type[ApiError] = ApiError
    transient: bool = False
    ran: bool = False  # a run exists although the call failed


_LIMITED = _Kind(
    "rate-limited",
    "too many runs at a time for this app or server; nothing was started. Lower the concurrency. "
    "On Dify 1.14+ an app limit of 1 refuses every streaming run",
    RateLimited,
    transient=True,
)
_NOT_PUBLISHED = _Kind("not-published", "open the app in Dify and press Publish")
_WRONG_MODE = _Kind(
    "wrong-app-mode", "this key belongs to an app of another kind; use the key of the app you mean"
)
_PROVIDER = _Kind("model-setup", "mend the model provider in Dify: Settings, Model Provider")
_FORM_CLOSED = _Kind("form-closed", "the form was answered or has expired")
_UNSUPPORTED = _Kind("unsupported-media-type", "the server does not take this content type")
_KEY = _Kind(
    "unauthorized", "make a key on the app's API Access page and put it into the key variable", AuthError
)

_LOGIN = _Kind("login-refused", "check the e-mail address and the password", AuthError)

# (code, beginning of the message or None, what it is); the first that fits wins.
_BY_CODE: tuple[tuple[str, str | None, _Kind], ...] = (
    ("too_many_requests", None, _LIMITED),
    # dify-1.12.1 errors/rate-limited-*, dify-1.15-dev errors/rate-limited-*: HTTP 400
    ("invalid_param", "Too many requests", _LIMITED),
    ("rate_limit_error", None, _Kind("quota-exceeded", "the workspace's quota is used up", RateLimited)),
    # dify-0.15.3 service-errors/01-run-unpublished, dify-1.12.1 errors/run-unpublished-*
    ("invalid_param", "Workflow not published", _NOT_PUBLISHED),
    # dify-1.12.1 chat/blocking-llm-fail, dify-1.15-dev chat/blocking-llm-fail
    ("invalid_param", "Run failed:", _Kind("run-failed", ran=True)),
    ("app_unavailable", None, _NOT_PUBLISHED),
    ("agent_not_published", None, _NOT_PUBLISHED),
    ("not_workflow_app", None, _WRONG_MODE),
    ("not_chat_app", None, _WRONG_MODE),
    ("not_completion_app", None, _WRONG_MODE),
    ("provider_not_initialize", None, _PROVIDER),
    ("provider_quota_exceeded", None, _PROVIDER),
    ("model_currently_not_support", None, _PROVIDER),
    ("completion_request_error", None, _Kind("model-call-failed", ran=True)),
    # dify-0.15.3 service-errors/71-run-api-disabled, dify-1.12.1 errors/api-disabled
    (
        "forbidden",
        "The app's API service has been disabled",
        _Kind("api-access-off", "switch API access on in the app's overview in Dify", AuthError),
    ),
    # dify-0.15.3 service-errors/73-run-app-deleted
    ("forbidden", "The app no longer exists", _Kind("app-deleted", None, AuthError)),
    ("human_input_form_submitted", None, _FORM_CLOSED),
    ("human_input_form_expired", None, _FORM_CLOSED),
    # The console: dify-0.15.3 console/05*, 22, 28; dify-1.12.1 auth/login-*, draft/sync-stale-hash
    ("authentication_failed", None, _LOGIN),
    ("email_or_password_mismatch", None, _LOGIN),
    ("account_not_found", None, _LOGIN),
    ("account_banned", None, _LOGIN),
    (
        "email_code_login_limit",
        None,
        _Kind("login-locked", "too many wrong passwords: the server takes none for up to a day", RateLimited),
    ),
    ("not_setup", None, _Kind("not-set-up", "open the server in a browser and make its first account")),
    ("draft_workflow_not_sync", None, _Kind("conflict", "somebody else changed the draft: read it again")),
    ("max_keys_exceeded", None, _Kind("too-many-keys", "an app has at most 10 keys: delete one in Dify")),
    ("unsupported_file_type", None, _Kind("unsupported-media-type", "an uploaded file needs a MIME type")),
)

_BY_STATUS: Mapping[int, _Kind] = {
    401: _KEY,
    403: _Kind("forbidden", "the key may not do this", AuthError),
    404: _Kind("not-found", "no such object for this app, or the server is older than this call"),
    405: _Kind("method-not-allowed", "this server version does not take the call"),
    409: _Kind("conflict", "somebody else changed it: read it again"),
    412: _FORM_CLOSED,
    413: _Kind("too-large", "the file or request is larger than the server (or a proxy before it) allows"),
    415: _UNSUPPORTED,
    429: _LIMITED,
}

_STOPPING = frozenset(
    {
        "unauthorized", "forbidden", "api-access-off", "app-deleted", "not-published", "wrong-app-mode",
        "model-setup", "quota-exceeded", "wrong-base-url", "redirected", "no-such-route",
        "method-not-allowed", "tls",
    }
)  # fmt: skip

_TITLE = re.compile(rb"<title[^>]*>(.{1,200}?)</title>", re.IGNORECASE | re.DOTALL)


def stops_everything(fault: DifyflowError) -> bool:
    """True if the next run would fail in the same way: wrong key, app, address or set-up."""
    return fault.code in _STOPPING


def classify(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    url: str = "",
    key: str = "",
    starts_run: bool = False,
) -> ApiError:
    """The error that an answer stands for; also for a 2xx or 3xx answer that was not what was asked for.

    Args:
        status: HTTP status.
        headers: of the answer, names in any case. `X-Version` tells Dify's own answers from a proxy's.
        body: at least its beginning; a page of HTML never gets into the message.
        url: what was called, without query.
        key: how to name the key that was sent, at most its last four characters.
        starts_run: True for calls that start a run; only then `may_have_run` can become True.
    """
    names = {name.lower(): value for name, value in headers.items()}
    version = names.get("x-version")
    said = _said(body)
    code, message = said.get("code"), said.get("message")
    server_code = code if isinstance(code, str) else None
    text = _cleaned(message) if isinstance(message, str) else ""
    if said and server_code is not None:
        kind = _of_dify(status, server_code, text)
        shown = _dify_message(status, server_code, text, said.get("params"))
    else:
        kind = _of_page(status, version, names, is_json=bool(said))
        shown = _page_message(status, version, names, body)
    ran = kind.ran or (kind.cls is ServerError) or (200 <= status < 300 and version is not None)
    return kind.cls(
        shown,
        code=kind.code,
        path=url or None,
        hint=f"the key {key} was refused: {kind.hint}" if kind is _KEY and key else kind.hint,
        transient=kind.transient,
        status=status,
        server_code=server_code,
        server_version=version,
        may_have_run=starts_run and ran,
        retry_after_s=retry_after_s(names.get("retry-after")),
    )


def _said(body: bytes) -> Mapping[str, object]:
    """The JSON object of an error answer, or nothing."""
    if body.lstrip()[:1] != b"{":
        return {}
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _cleaned(message: str) -> str:
    """A message of Dify on one line, without what says nothing."""
    # dify-1.15-dev human-input/form-get-unknown: the framework's guess at another route
    message = message.partition(" You have requested this URI")[0]
    # dify-0.15.3 service-errors/50-upload-too-large, dify-1.12.1 files/upload-too-large: a template unfilled
    message = message.replace(" {message}", "")
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    # dify-1.12.1 errors/inputs-missing: the last line of a validation report advertises its library
    return "; ".join(line for line in lines if "errors.pydantic.dev" not in line)


def _of_dify(status: int, code: str, message: str) -> _Kind:
    for known, start, kind in _BY_CODE:
        if code == known and (start is None or message.startswith(start)):
            return kind
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return _Kind("server-error", "the server's own log says more", ServerError, transient=True)
    return _Kind(code.replace("_", "-"))


def _of_page(status: int, version: str | None, headers: Mapping[str, str], *, is_json: bool) -> _Kind:
    """An answer that is not Dify's error object: a proxy's, the web front end's, or a redirect."""
    if 300 <= status < 400:
        return _Kind("redirected", _redirect_hint(headers.get("location", "")))
    if status >= 500:
        return _Kind("gateway-error", None, ServerError, transient=True)
    if status in (413, 429):
        return _BY_STATUS[status]
    if is_json and status in _BY_STATUS:
        return _BY_STATUS[status]
    if version is not None:  # Dify's own HTML: dify-1.12.1 errors/unknown-route
        return _Kind(
            "no-such-route" if status == 404 else "unexpected-answer",
            "the server may be too old for this call",
        )
    if 200 <= status < 300 and is_json:
        return _Kind("unexpected-answer")
    return _Kind(
        "wrong-base-url",
        "this is not Dify's API: use the address of the API, such as https://HOST/v1",
    )


def _redirect_hint(location: str) -> str:
    target = re.sub(r"/v1(/.*)?$", "/v1", location.partition("?")[0])
    return (
        f"use {target} as the base URL"
        if target
        else "the server sends the call elsewhere; check the base URL"
    )


def _dify_message(status: int, code: str, message: str, params: object) -> str:
    where = f" ({params})" if isinstance(params, str) and params else ""
    return (
        f"HTTP {status} {code}{where}: {sample(message, 500)}" if message else f"HTTP {status} {code}{where}"
    )


def _page_message(status: int, version: str | None, headers: Mapping[str, str], body: bytes) -> str:
    by = f"Dify {version}" if version else "no Dify (a proxy or a web page)"
    if 300 <= status < 400:
        return f"HTTP {status}: redirected to {headers.get('location', 'nowhere').partition('?')[0]}"
    title = _TITLE.search(body)
    line = title.group(1) if title else b"" if b"<" in body else body.strip().partition(b"\n")[0]
    said = sample(" ".join(line.decode("utf-8", "replace").split()))
    return f"HTTP {status} from {by}" + (f": {said}" if said else "")


def retry_after_s(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds of a `Retry-After` header, which is a number or an HTTP date; None if there is none."""
    if value is None:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value.strip()):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often a call is tried altogether, and how long may be waited once.

    Attributes:
        unreachable: tries when no connection could be made.
        broken: tries when an answer was lost or a server failed; only for calls that may be repeated.
        rate_limited: tries when the server said "too many".
        longest_s: a `Retry-After` beyond this is not waited for, in seconds.
    """

    unreachable: int = 3
    broken: int = 3
    rate_limited: int = 8
    longest_s: float = 120.0


def retry_delay(
    fault: ApiError | ConnectionLost,
    attempt: int,
    *,
    repeatable: bool,
    jitter: float,
    retries: Retries,
) -> float | None:
    """Seconds to wait before the next try, or None if there must be none.

    A call that must not happen twice is sent again only if it was never sent or was refused as one too many.

    Args:
        fault: what the last try ended with.
        attempt: number of tries made so far, from 1.
        repeatable: True if the call may safely happen twice.
        jitter: random number from 0 to 1 (full jitter).
        retries: how often.
    """
    if not fault.transient or fault.may_have_run:
        return None
    if isinstance(fault, RateLimited):
        tries, base, cap = retries.rate_limited, 1.0, 60.0
    elif fault.code == UNREACHABLE:
        tries, base, cap = retries.unreachable, 0.5, 8.0
    elif repeatable:
        tries, base, cap = retries.broken, 0.5, 8.0
    else:
        return None
    if attempt >= tries:
        return None
    delay = jitter * min(cap, base * 2.0 ** (attempt - 1))
    asked = fault.retry_after_s if isinstance(fault, ApiError) else None
    if asked is not None:
        delay += asked
    return delay if delay <= max(retries.longest_s, cap) else None
