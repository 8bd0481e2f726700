"""Opens the service API of the app that a key belongs to; the key is read from the environment here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from difyflow.cli import _show
from difyflow.cli._targets import server_url
from difyflow.client.app_api import AppApi
from difyflow.client.transport import Connection
from difyflow.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The options that say which server and which app; `server` None = `DIFY_BASE_URL`."""

    server: str | None = None
    key_env: str = "DIFY_API_KEY"
    ca_file: str | None = None
    insecure: bool = False


def open_app(where: Where, environ: Mapping[str, str]) -> AppApi:
    """The app on its server; nothing is asked of it yet.

    Raises:
        UsageError: no address, no key, or a certificate file that is none.
    """
    url = server_url(where.server or "server", environ)
    if url is None:
        raise UsageError(
            f"not the address of a server: {where.server!r}",
            code="bad-url",
            hint="write it with http:// or https://, such as https://dify.example.com/v1",
        )
    key = environ.get(where.key_env, "").strip()
    if not key:
        raise UsageError(
            f"no key: {where.key_env} is not set",
            code="no-key",
            hint="an app's key is made in Dify under API Access > API Key; keys are never arguments",
        )
    return AppApi(url, key, connection=connection(where))


def connection(where: Where) -> Connection:
    """How to talk to the server; says loudly that certificates are not checked, if that is wanted."""
    if where.insecure:
        _show.note("WARNING: --insecure: the server's certificate is NOT checked")
    return Connection(ca_file=Path(where.ca_file) if where.ca_file else None, insecure=where.insecure)
