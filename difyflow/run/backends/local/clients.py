"""Clients of OpenAI-compatible endpoints, shared by all runs of a backend, and what their faults mean."""

from __future__ import annotations

import threading
import uuid
from typing import Any, Protocol
from weakref import WeakValueDictionary

import openai
from graphon.model_runtime.errors.invoke import (
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeConnectionError,
    InvokeError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
)

from difyflow.run.backends.local.interrupt import Interrupt
from difyflow.run.backends.local.providers import Endpoint
from difyflow.run.backends.local.settings import MODEL_KEY

_RUN_HEADER = "X-Difyflow-Run"  # stays here: taken off before a request leaves
_OF_OPENAI = ("OpenAI-Organization", "OpenAI-Project")  # the library fills them from the environment
_CONNECT_S, _READ_S = 10.0, 600.0
_SHOWN = 300  # characters of a server's own words


class _Request(Protocol):
    """What is used of a request of httpx or httpx2, whichever the library brings."""

    headers: Any
    extensions: Any


class ModelClients:
    """One client per endpoint, made on first use; for any thread."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str], openai.OpenAI] = {}
        self._runs: WeakValueDictionary[str, Interrupt] = WeakValueDictionary()
        self._lock = threading.Lock()

    def client(self, endpoint: Endpoint) -> openai.OpenAI:
        """The client of an endpoint. It never repeats a request: retries are the node's own setting."""
        key = (endpoint.base_url, endpoint.key)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._open(endpoint)
            return self._clients[key]

    def headers(self, interrupt: Interrupt) -> dict[str, str]:
        """Headers of one request, by which it can be stopped together with its run."""
        mark = str(uuid.uuid4())
        with self._lock:
            self._runs[mark] = interrupt
        return {_RUN_HEADER: mark, "Connection": "close"}

    def close(self) -> None:
        """Closes all clients; idempotent."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    def _open(self, endpoint: Endpoint) -> openai.OpenAI:
        def prepare(request: _Request) -> None:
            interrupt = self._runs.get(request.headers.pop(_RUN_HEADER, ""))
            if interrupt is not None:
                request.extensions = {**request.extensions, "trace": interrupt.trace}
            for name in (*_OF_OPENAI, *(() if endpoint.key else ("Authorization",))):
                request.headers.pop(name, None)

        # A proxy of the environment cannot reach this machine.
        local = endpoint.address.partition("://")[2].startswith(("127.", "localhost", "[::1]"))
        return openai.OpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.key or "none",
            max_retries=0,
            timeout=openai.Timeout(_READ_S, connect=_CONNECT_S),
            http_client=openai.DefaultHttpxClient(
                event_hooks={"request": [prepare]}, trust_env=not local, follow_redirects=False
            ),
        )


def fault(err: Exception, endpoint: Endpoint) -> InvokeError:
    """What went wrong in a call, in the engine's terms and in words; the key is never among them.

    The class names are Dify's: a fail branch sees them as `error_type`.
    """
    kind, text = _classify(err, endpoint)
    message = f"model {endpoint.model!r} at {endpoint.address}: {text}"
    return kind(message.replace(endpoint.key, "***") if endpoint.key else message)


def _classify(err: Exception, endpoint: Endpoint) -> tuple[type[InvokeError], str]:
    if isinstance(err, InvokeError):
        return type(err), str(err)
    if isinstance(err, openai.APIStatusError):
        return _of_status(err, endpoint)
    if isinstance(err, openai.APITimeoutError):
        return InvokeConnectionError, f"no answer within {_READ_S:g} s"
    if isinstance(err, openai.APIConnectionError):
        return InvokeConnectionError, f"the connection failed: {err.__cause__ or err}"
    if isinstance(err, openai.APIError):  # an error inside the stream
        return InvokeServerUnavailableError, f"the server broke off: {err.message}"
    if isinstance(err, ValueError):
        return InvokeServerUnavailableError, f"the server sent what is not JSON: {str(err)[:_SHOWN]}"
    return InvokeConnectionError, f"the connection broke off: {err or type(err).__name__}"


def _of_status(err: openai.APIStatusError, endpoint: Endpoint) -> tuple[type[InvokeError], str]:
    status, said = err.status_code, _said(err)
    if status in (401, 403):
        mend = f"check {endpoint.key_env}" if endpoint.key else f"no key was sent; set {_key_name(endpoint)}"
        return InvokeAuthorizationError, f"the key was refused (HTTP {status}); {mend}: {said}"
    if status == 429:
        wait = err.response.headers.get("retry-after")
        asks = f"; it asks to wait {wait} s" if wait else ""
        return InvokeRateLimitError, f"too many requests (HTTP 429{asks}): {said}"
    if status >= 500:
        return InvokeServerUnavailableError, f"the server failed (HTTP {status}): {said}"
    return InvokeBadRequestError, f"the request was refused (HTTP {status}): {said}"


def _key_name(endpoint: Endpoint) -> str:
    return endpoint.key_env or f"{MODEL_KEY} or a `key_env` in the model config"


def _said(err: openai.APIStatusError) -> str:
    body = err.body
    inner = body.get("error", body) if isinstance(body, dict) else None
    text = inner.get("message") if isinstance(inner, dict) else inner
    shown = text if isinstance(text, str) and text else err.response.text
    return shown.strip()[:_SHOWN] or "(it says nothing)"
