"""The login schemes of the console (api.md 5.1): tokens in the body up to 1.9.1, then cookies and CSRF.

Which scheme a server has is seen in its answer; only how it wants the password follows from its version.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

import requests
from requests.auth import AuthBase

from difyflow.client import answers
from difyflow.client.abilities import version_tuple
from difyflow.client.transport import Answer
from difyflow.errors import AuthError

LOGIN = "/login"
REFRESH = "/refresh-token"
_BASE64_SINCE = (1, 11, 2)
_SHORTEST = 4  # characters of a secret that is looked for in texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a login gave.

    Attributes:
        cookies: by their names, which can have the prefix `__Host-`; empty in the old scheme.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    csrf: str = field(default="", repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)


class SessionAuth(AuthBase):
    """Signs the calls of the console with what the login gave. Holds the password to log in again."""

    def __init__(self, email: str, password: str) -> None:
        self.email = email
        self._password = password
        self.tokens: Tokens | None = None

    def __repr__(self) -> str:
        return f"SessionAuth({self.email!r})"

    @property
    def shown(self) -> str:
        """See `difyflow.client.auth.Auth`."""
        return self.email

    def passwords(self, version: str) -> tuple[str, ...]:
        """The password as the server may want it, in the order to try; one spelling if its version is known.

        Base64 since 1.11.2, plain before. More than one wrong try is avoided, since a few of them lock the
        account for a day.
        """
        coded = base64.b64encode(self._password.encode()).decode()
        at = version_tuple(version)
        if at is None:
            return (self._password, coded)
        return (coded,) if at >= _BASE64_SINCE else (self._password,)

    def hide(self, data: bytes) -> bytes:
        """See `difyflow.client.auth.Auth`."""
        tokens = self.tokens
        secrets = [*self.passwords("")]
        if tokens is not None:
            secrets += [tokens.access, tokens.refresh, tokens.csrf, *tokens.cookies.values()]
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                data = data.replace(secret.encode(), b"...")
        return data

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """See `difyflow.client.auth.Auth`."""
        tokens, path = self.tokens, request.path_url.partition("?")[0]
        if tokens is None or path.endswith(LOGIN):
            return request
        if not tokens.cookies:
            if not path.endswith(REFRESH):
                request.headers["Authorization"] = f"Bearer {tokens.access}"
            return request
        sent = tokens.cookies
        if path.endswith(REFRESH):  # an access token that has expired is not shown
            sent = {name: value for name, value in sent.items() if value == tokens.refresh}
        else:
            request.headers["X-CSRF-Token"] = tokens.csrf
        request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in sent.items())
        return request


def tokens_of(answer: Answer) -> Tokens:
    """The tokens out of the answer to a login or a refresh.

    Raises:
        AuthError: HTTP 200 that says `fail` (no workspace), or an answer without tokens.
    """
    said = answers.obj(answer.value)
    if said.get("result") != "success":
        words = said.get("data") or said.get("message") or said.get("code") or "no reason given"
        raise AuthError(f"the console refused the login: {words}", code="login-refused", status=answer.status)
    data = answers.obj(said.get("data"))
    if access := answers.text(data, "access_token"):
        return Tokens(access=access, refresh=answers.text(data, "refresh_token"))
    cookies = {name: value for name, value in answer.cookies.items() if name.endswith("_token")}
    tokens = Tokens(
        access=_ending(cookies, "access_token"),
        refresh=_ending(cookies, "refresh_token"),
        csrf=_ending(cookies, "csrf_token"),
        cookies=cookies,
    )
    if not tokens.access or not tokens.csrf:
        raise AuthError(
            "the answer to the login holds no tokens",
            code="login-refused",
            status=answer.status,
            hint="a proxy may have taken the cookies away, or this Dify is newer than difyflow knows",
        )
    return tokens


def _ending(cookies: Mapping[str, str], name: str) -> str:
    return next((value for key, value in cookies.items() if key.endswith(name)), "")
