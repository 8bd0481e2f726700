"""What an exception of the HTTP library means: was the call sent, and what is to be done? Pure."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
import urllib3.exceptions as u3

from difyflow.client.faults import UNREACHABLE
from difyflow.errors import ConnectionLost, DifyflowError, UsageError

# Parts of OpenSSL's reasons that stand for a failed handshake: nothing of the call was sent.
_HANDSHAKE = ("CERTIFICATE", "HANDSHAKE", "VERSION", "PROTOCOL", "HTTP_REQUEST", "UNRECOGNIZED_NAME")
_NEVER_MADE = (u3.NewConnectionError, u3.ConnectTimeoutError, u3.ProxyError, requests.ConnectTimeout)
_TIMED_OUT = (u3.ReadTimeoutError, requests.ReadTimeout, TimeoutError)
_BAD_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidProxyURL,
)


def lost(err: Exception, *, url: str, starts_run: bool, limit_s: float) -> DifyflowError:
    """The error to raise in place of one of `requests` or `urllib3`.

    Args:
        err: the exception; its text is not shown, because it can hold addresses with passwords.
        url: what was called, without query.
        starts_run: True if the call starts a run, so that a lost answer is an unknown outcome.
        limit_s: the read limit that was set, in seconds.
    """
    causes = tuple(_causes(err))
    place = urlsplit(url).netloc
    if isinstance(err, _BAD_ADDRESS):
        return UsageError(
            f"not a usable address: {place or url}", code="bad-url", hint="also look at HTTPS_PROXY"
        )
    handshake = _handshake(causes)
    if handshake is not None:
        return ConnectionLost(
            f"no safe connection to {place}: {handshake}",
            code="tls",
            path=url,
            hint="check the address; for an authority of your own give its PEM file with --ca-file",
            transient=False,
        )
    if any(isinstance(cause, _NEVER_MADE) for cause in causes):
        proxy = any(isinstance(cause, u3.ProxyError) for cause in causes)
        via = "the proxy for " if proxy else ""
        return ConnectionLost(
            f"cannot connect to {via}{place}: {_words(causes)}",
            code=UNREACHABLE,
            path=url,
            hint="check HTTPS_PROXY and NO_PROXY" if proxy else "check the address and that the server runs",
        )
    timed_out = any(isinstance(cause, _TIMED_OUT) for cause in causes)
    said = f"no byte came for {limit_s:g} s" if timed_out else f"the connection broke off: {_words(causes)}"
    return ConnectionLost(
        f"{place}: {said}",
        code="timeout" if timed_out else "connection-lost",
        path=url,
        hint="a run may have been started; look for it before sending it again" if starts_run else None,
        may_have_run=starts_run,
    )


def _causes(err: BaseException) -> Iterator[BaseException]:
    """The exception and all that it was made from; urllib3 keeps them in `reason` and `args`."""
    seen: set[int] = set()
    waiting: list[object] = [err]
    while waiting:
        item = waiting.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        waiting += [getattr(item, "reason", None), item.__cause__, item.__context__, *item.args]


def _handshake(causes: tuple[BaseException, ...]) -> str | None:
    """Why TLS could not begin; None if it did, or was not used."""
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message or "the certificate is not trusted"
        reason = cause.reason if isinstance(cause, ssl.SSLError) else None
        if reason and any(part in reason for part in _HANDSHAKE):
            return reason.replace("_", " ").lower()
    return None


def _words(causes: tuple[BaseException, ...]) -> str:
    """The operating system's words for the fault."""
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "the name cannot be resolved"
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
    if any(isinstance(cause, u3.ConnectTimeoutError | requests.ConnectTimeout) for cause in causes):
        return "no answer in time"
    if any(isinstance(cause, u3.IncompleteRead | u3.ProtocolError) for cause in causes):
        return "the answer is not complete"
    return type(causes[0]).__name__
