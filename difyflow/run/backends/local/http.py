"""HTTP for nodes: a workflow file from others must not reach what only this machine can reach.

Every connection, redirects included, goes to an address that was looked up and checked here, so that a name
which answers differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import httpx
from graphon.http.client import HttpxHttpClient
from graphon.http.response import HttpResponse

from difyflow.run.backends.local.interrupt import Interrupt

_MAX_BYTES = 10 * 1024 * 1024  # Dify's limit for binary answers
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_HINT = "--allow-private-network lets it"


class _Guarded(httpx.BaseTransport):
    """Connects to public addresses only, to the address that was checked."""

    def __init__(self, *, verify: bool) -> None:
        self._inner = httpx.HTTPTransport(verify=verify, trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        checked = httpx.Request(
            request.method,
            request.url.copy_with(host=_public_address(host, request)),
            headers=request.headers,  # with the `Host` of the name
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return self._inner.handle_request(checked)

    def close(self) -> None:
        self._inner.close()


def _public_address(host: str, request: httpx.Request) -> str:
    """The first address of a host; refused if any of its addresses is not a public one."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as err:
        raise httpx.ConnectError(f"cannot find {host}: {err}", request=request) from err
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    for address in addresses:
        if not _is_public(address):
            message = f"{host} is {address}, not a public address; {_HINT}"
            raise httpx.ConnectError(message, request=request)
    return addresses[0]


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = _inner(parsed)
        if inner is not None:
            return _is_public(str(inner))
    return parsed.is_global and not parsed.is_multicast


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a gateway would make of an IPv6 address."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


class NodeHttpClient(HttpxHttpClient):
    """What `http-request` nodes and remote files are fetched with; one per run.

    Args:
        interrupt: stops a request that is under way.
        allow_private: True lets it reach every address, and use the proxies of the environment.
    """

    def __init__(self, interrupt: Interrupt, *, allow_private: bool = False) -> None:
        self._interrupt = interrupt
        self._allow_private = allow_private

    def _request(self, method: str, url: str, *, max_retries: int = 0, **kwargs: Any) -> HttpResponse:  # noqa: ANN401, ARG002  # the engine's own signature
        """One request, without retries: those are the engine's affair (`max_retries` is 0 there)."""
        if self._interrupt.fired:
            raise httpx.RequestError("the run was stopped")
        options = self._normalize_request_kwargs(kwargs)
        verify = bool(options.pop("verify", True))
        timeout = options.pop("timeout", httpx.Timeout(10.0, read=600.0, write=600.0))
        follow = bool(options.pop("follow_redirects", True))
        transport = None if self._allow_private else _Guarded(verify=verify)
        with httpx.Client(
            transport=transport, verify=verify, timeout=timeout, follow_redirects=follow
        ) as client:
            options["extensions"] = {"trace": self._interrupt.trace}
            try:
                with client.stream(method, url, **options) as response:
                    return _read(response)
            except httpx.InvalidURL as err:
                raise httpx.RequestError(f"not a URL: {err}") from err


def _read(response: httpx.Response) -> HttpResponse:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > _MAX_BYTES:
            raise httpx.RequestError(f"the answer is larger than {_MAX_BYTES >> 20} MB")
    return HttpResponse(
        status_code=response.status_code,
        headers=dict(response.headers),
        content=bytes(body),
        url=str(response.url),
        reason_phrase=response.reason_phrase,
        fallback_text=bytes(body).decode(response.encoding or "utf-8", errors="replace"),
    )
