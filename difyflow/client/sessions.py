"""The `requests` sessions that serve the calls to one server: one a thread, which keeps its connection."""

from __future__ import annotations

import ssl
import threading
import weakref
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import requests

from difyflow.errors import UsageError

_TRUSTED_S = 1.0
"""So long an idle connection is taken for open. Servers close theirs after 2 s (gunicorn, which Dify runs on)
to 75 s (nginx), and a run that meets such a close is lost without an answer."""


class Kept:
    """The session of one thread."""

    def __init__(self, session: requests.Session, clock: Callable[[], float]) -> None:
        self.session = session
        self._clock = clock
        self._used_at = clock()

    def used(self) -> None:
        """An answer has ended; its connection, if it was kept, is known to be open now."""
        self._used_at = self._clock()

    def forget_idle(self) -> None:
        """Closes connections that were idle for so long that the server may be about to close them."""
        if self._clock() - self._used_at > _TRUSTED_S:
            self.session.close()


class Sessions:
    """Makes the session of each thread. It keeps no cookies and follows no `~/.netrc`.

    Args:
        base_url: of all calls.
        new_session: makes a session.
        ca_file: PEM file of the authorities to trust instead of the usual ones.
        insecure: do not check certificates.
        clock: seconds that never go back.

    Raises:
        UsageError: no usable certificate file.
    """

    def __init__(
        self,
        base_url: str,
        new_session: Callable[[], requests.Session],
        *,
        ca_file: Path | None,
        insecure: bool,
        clock: Callable[[], float],
    ) -> None:
        self._base_url, self._new_session, self._clock = base_url, new_session, clock
        self._verify = _verify(ca_file, insecure=insecure)
        self._found: Mapping[str, Any] | None = None
        self._local = threading.local()
        self._all: weakref.WeakSet[requests.Session] = weakref.WeakSet()

    def of_thread(self) -> Kept:
        """The session of this thread."""
        kept: Kept | None = getattr(self._local, "kept", None)
        if kept is None:
            kept = self._local.kept = Kept(self._made(), self._clock)
        return kept

    def close(self) -> None:
        """Closes the connections of all threads; idempotent."""
        for session in list(self._all):
            session.close()

    def _made(self) -> requests.Session:
        session = self._new_session()
        session.headers.update({"User-Agent": "difyflow", "Accept-Encoding": "identity"})
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        if self._found is None:
            # All calls go to one server, so the environment (proxies, certificates) is asked once. Left to
            # itself `requests` reads all of it for each call.
            self._found = session.merge_environment_settings(
                self._base_url, {}, stream=None, verify=self._verify, cert=None
            )
        session.proxies, session.verify = dict(self._found["proxies"]), self._found["verify"]
        session.trust_env = False
        self._all.add(session)
        return session


def _verify(ca_file: Path | None, *, insecure: bool) -> bool | str:
    """What `requests` wants to know about certificates."""
    if insecure:
        return False
    if ca_file is None:
        return True
    try:
        ssl.create_default_context(cafile=str(ca_file))
    except OSError as err:  # ssl.SSLError is one
        raise UsageError(
            f"not a PEM file of certificates: {ca_file}", code="bad-ca-file", hint=err.strerror or None
        ) from err
    return str(ca_file)
