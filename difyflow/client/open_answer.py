"""An answer that is read as it comes, and what becomes of its connection."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

import requests
import urllib3.exceptions as u3

from difyflow.client.lost import lost
from difyflow.client.sessions import Kept

_log = logging.getLogger(__name__)
_READ_BYTES = 65536
_LAST_READS = 4  # of an answer of which all that matters was read


class OpenAnswer:
    """An answer whose body is still to be read; close it, or use it in `with`.

    Args:
        response: of `requests`, asked for with `stream`.
        url: what was called, for messages.
        starts_run: the call starts a run, so that a lost answer is an unknown outcome.
        limit_s: read limit that was set, in seconds, for messages.
        end_s: limit for the end of an answer that is finished with.
        kept: the session that the answer came by.
    """

    def __init__(
        self,
        response: requests.Response,
        *,
        url: str,
        starts_run: bool,
        limit_s: float,
        end_s: float,
        kept: Kept,
    ) -> None:
        self.headers: Mapping[str, str] = response.headers
        self._response, self._kept = response, kept
        self._url, self._starts_run, self._limit_s, self._end_s = url, starts_run, limit_s, end_s

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they come, each piece at once.

        Raises:
            ConnectionLost: the body broke off, or nothing came for the time limit.
        """
        raw = self._response.raw
        try:
            # Not iter_content: of a body that is not chunked (old proxies) it gives nothing before the end.
            while chunk := raw.read1(_READ_BYTES, decode_content=True):
                yield chunk
        except (u3.HTTPError, OSError, ValueError) as err:
            raise lost(err, url=self._url, starts_run=self._starts_run, limit_s=self._limit_s) from err

    def finish(self) -> None:
        """Ends an answer of which nothing more matters, so that its connection serves the next call.

        That needs the end of the body. If it is not there within moments, the connection is closed: a server
        may keep an answer open for minutes.
        """
        raw = self._response.raw
        sock = getattr(raw.connection, "sock", None)
        if sock is None:  # at its end already, or not to be used again
            return self.close()
        usual_s = sock.gettimeout()
        try:
            sock.settimeout(self._end_s)
            if any(not raw.read1(_READ_BYTES, decode_content=True) for _ in range(_LAST_READS)):
                sock.settimeout(usual_s)  # the next call is sent by it
                self._kept.used()
        except (u3.HTTPError, OSError, ValueError) as err:
            _log.debug("the connection is not used again: %s", type(err).__name__)
        self.close()

    def close(self) -> None:
        """Closes the connection unless the body was read to its end; idempotent."""
        self._response.close()

    def __enter__(self) -> OpenAnswer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
