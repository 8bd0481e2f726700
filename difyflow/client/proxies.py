"""The proxy that a call goes through, as the HTTP library will choose it from the environment."""

from __future__ import annotations

from requests.utils import get_environ_proxies, select_proxy


def proxy_for(url: str) -> str:
    """The proxy for this address by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`; empty = none.

    A user name and password in it are not shown.
    """
    return without_password(select_proxy(url, get_environ_proxies(url)) or "")


def without_password(url: str) -> str:
    """An address without the user name and password that it may hold."""
    before, at, after = url.rpartition("@")
    scheme, sign, _ = before.partition("://")
    return url if not at else f"{scheme}://...@{after}" if sign else f"...@{after}"
