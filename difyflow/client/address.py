"""The address of a server as people paste it, and the key as it may be shown."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from difyflow.errors import UsageError

# First path segments of the web front end, which is what people copy from the browser.
_PAGES = frozenset(
    {
        "account", "activate", "app", "apps", "chat", "chatbot", "completion", "console", "datasets",
        "device", "explore", "install", "signin", "signup", "tools", "workflow",
    }
)  # fmt: skip
_CLOUD_CONSOLE = {
    "api.dify.ai": "cloud.dify.ai",
    "dify.ai": "cloud.dify.ai",
    "www.dify.ai": "cloud.dify.ai",
}
_CLOUD = {"cloud.dify.ai": "api.dify.ai", "dify.ai": "api.dify.ai", "www.dify.ai": "api.dify.ai"}


def base_url(text: str) -> str:
    """The base URL of the service API: `https://HOST[/PREFIX]/v1`, without a slash at the end.

    Takes it with or without `/v1`, with slashes at the end, as the address of one call, or as the address of
    a page of the web front end.

    Raises:
        UsageError: no http(s) address, or one that holds a password.
    """
    return _place(text, _CLOUD) + "/v1"


def console_url(text: str) -> str:
    """The base URL of the console API: `https://HOST[/PREFIX]/console/api`; takes what `base_url` takes.

    Raises:
        UsageError: as `base_url`.
    """
    return _place(text, _CLOUD_CONSOLE) + "/console/api"


def app_id_of(text: str) -> str:
    """The id of an app from the id itself, or from the address of its page in the console.

    Raises:
        UsageError: there is no id (a UUID) in it.
    """
    segments = urlsplit(text.strip()).path.split("/") if "://" in text else [text.strip()]
    for segment in segments:
        with suppress(ValueError):
            return str(uuid.UUID(segment))
    raise UsageError(
        f"no id of an app: {text!r}",
        code="bad-id",
        hint="the id stands in the address of the app's page: https://HOST/app/ID/workflow",
    )


def _place(text: str, cloud: Mapping[str, str]) -> str:
    """Scheme, host, port and prefix of a server, without the part that names one of its APIs or pages."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as err:
        raise UsageError(f"not an address: {err}", code="bad-url") from None
    if parts.scheme.lower() not in ("http", "https") or not host:
        raise UsageError(
            f"not the address of a server: {text!r}",
            code="bad-url",
            hint="write it with http:// or https://, such as https://dify.example.com/v1",
        )
    if parts.username is not None or parts.password is not None:
        raise UsageError(f"the address of {host} holds a user name or password; remove it", code="bad-url")
    segments = [segment for segment in parts.path.split("/") if segment]
    if segments and segments[-1] == "v1":
        segments.pop()
    elif "v1" in segments:
        del segments[segments.index("v1") :]
    page = next((i for i, segment in enumerate(segments) if segment in _PAGES), None)
    if page is not None:
        del segments[page:]
    host = cloud.get(host, host)
    host = f"[{host}]" if ":" in host else host
    place = host if port is None else f"{host}:{port}"
    return "/".join([f"{parts.scheme.lower()}://{place}", *segments])


def checked_key(key: str) -> str:
    """The key without surrounding white space.

    Raises:
        UsageError: empty, or with characters that no header can carry. The key is not in the message.
    """
    key = key.strip()
    if not key:
        raise UsageError("the API key is empty", code="missing-key")
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise UsageError("the API key holds spaces or characters that no key has", code="bad-key")
    return key


def shown_key(key: str) -> str:
    """How a key may be shown: its last four characters at most, nothing of a short one."""
    return f"...{key[-4:]}" if len(key) >= 12 else "..."
