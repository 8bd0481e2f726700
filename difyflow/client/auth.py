"""How a call is signed: by the key of an app, or by what a console login gave. No secret is ever shown."""

from __future__ import annotations

from typing import Protocol

import requests
from requests.auth import AuthBase

from difyflow.client.address import checked_key, shown_key


class Auth(Protocol):
    """Signs the calls of one transport.

    It is handed to `requests` as an auth object, because a `~/.netrc` overrules a plain header.
    """

    @property
    def shown(self) -> str:
        """How the credential may be named in a message."""
        ...

    def hide(self, data: bytes) -> bytes:
        """Bytes of a server, which may echo what it was sent, without the credential."""
        ...

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Puts the credential into a request that is about to be sent."""
        ...


class Bearer(AuthBase):
    """The key of an app, shown by its last four characters at most.

    Raises:
        UsageError: no key that a header can carry.
    """

    def __init__(self, key: str) -> None:
        self._key = checked_key(key)
        self.shown = shown_key(self._key)

    def __repr__(self) -> str:
        return f"Bearer({self.shown!r})"

    def hide(self, data: bytes) -> bytes:
        """See `Auth`."""
        return data.replace(self._key.encode(), self.shown.encode())

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """See `Auth`."""
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request
