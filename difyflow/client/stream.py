"""An open event stream: typed events out of the bytes of one answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from difyflow.client.open_answer import OpenAnswer
from difyflow.client.sse import BadLine, Decoder, Frame, payload
from difyflow.errors import ConnectionLost
from difyflow.records.events import Event, decode

_log = logging.getLogger(__name__)
_MOST_BAD = 3  # unreadable events in a row after which the stream is given up


class EventStream:
    """Iterates over the events of one answer; iterate once, and close it or use it in `with`.

    The iteration ends where the answer ends. Whether the run ended is for the caller to see: an end without a
    terminal event is an unknown outcome, never a success. The answer is closed when the iteration ends, fails
    or is given up.
    """

    def __init__(self, answer: OpenAnswer) -> None:
        self._answer = answer
        self._bad: list[BadLine] = []

    @property
    def bad_lines(self) -> tuple[BadLine, ...]:
        """What could not be read so far."""
        return tuple(self._bad)

    def __iter__(self) -> Iterator[Event]:
        """The events.

        Raises:
            ConnectionLost: the answer broke off, nothing came for the time limit, or it turned unreadable.
        """
        with self._answer:
            decoder = Decoder()
            in_a_row = 0
            for chunk in self._answer.chunks():
                for frame in decoder.feed(chunk):
                    event = self._event(frame)
                    in_a_row = in_a_row + 1 if event is None else 0
                    if in_a_row >= _MOST_BAD:
                        raise ConnectionLost(
                            f"{in_a_row} events in a row could not be read: {self._bad[-1].reason}",
                            code="garbled-stream",
                            may_have_run=True,
                        )
                    if event is not None:
                        yield event
            for frame in decoder.end():
                # Cut inside an event: a fragment is dropped without a word unless it happens to be whole.
                value = payload(frame) if isinstance(frame, Frame) else frame
                if not isinstance(value, BadLine):
                    yield decode(value)

    def _event(self, frame: Frame | BadLine) -> Event | None:
        value = payload(frame) if isinstance(frame, Frame) else frame
        if isinstance(value, BadLine):
            _log.warning("an event of the stream is skipped: %s: %s", value.reason, value.sample)
            self._bad.append(value)
            return None
        return decode(value)

    def finish(self) -> None:
        """Ends a stream that has told all that matters; keeps its connection if its end comes at once."""
        self._answer.finish()

    def close(self) -> None:
        """Closes the connection; idempotent."""
        self._answer.close()

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
