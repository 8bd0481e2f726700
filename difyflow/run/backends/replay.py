"""Tells events again: a recorded stream, or events made by hand. The seam for tests of all that runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from difyflow.client.sse import BadLine, Decoder, payload
from difyflow.errors import ReadError
from difyflow.records.events import Event, WorkflowFinished, decode
from difyflow.records.result import Result, RunStatus, Tally
from difyflow.run.backend import UNWATCHED, Header, Watch
from difyflow.terms.form import FormField, UploadLimits


def open_backend(
    *,
    events: Iterable[Event] | None = None,
    file: str | Path | None = None,
    form: Iterable[FormField] = (),
    header: Header | None = None,
) -> ReplayBackend:
    """A backend whose every run tells the same events.

    Args:
        events: what to tell; give these or `file`.
        file: the bytes of an event stream as a Dify server sent them.
        form: the inputs that it claims to take.
        header: what it says of itself.

    Raises:
        ReadError: the file is no event stream.
        ValueError: neither or both of `events` and `file`.
    """
    if (events is None) == (file is None):
        raise ValueError("give events or a file")
    told = tuple(events) if events is not None else read_stream(Path(file or ""))
    target = str(file) if file is not None else "events"
    return ReplayBackend(told, tuple(form), header or Header(target=target, backend="replay"))


def read_stream(path: Path) -> tuple[Event, ...]:
    """The events of a recorded stream.

    Raises:
        ReadError: it cannot be read, or something in it is no event.
    """
    try:
        data = path.read_bytes()
    except OSError as err:
        raise ReadError(f"cannot be read: {err.strerror or err}", path=str(path)) from err
    decoder = Decoder()
    found: list[Event] = []
    for number, frame in enumerate([*decoder.feed(data), *decoder.end()], 1):
        value = frame if isinstance(frame, BadLine) else payload(frame)
        if isinstance(value, BadLine):
            raise ReadError(f"event {number}: {value.reason}: {value.sample}", path=str(path))
        found.append(decode(value))
    return tuple(found)


class ReplayBackend:
    """See `difyflow.run.backend.Backend`."""

    def __init__(self, events: tuple[Event, ...], form: tuple[FormField, ...], header: Header) -> None:
        self._events, self._form, self._header = events, form, header
        self.started: list[Mapping[str, object]] = []
        """The inputs of the runs that were started."""

    def header(self) -> Header:
        """What it was opened with."""
        return self._header

    def form(self) -> tuple[FormField, ...]:
        """What it was opened with."""
        return self._form

    def limits(self) -> UploadLimits:
        """Dify's defaults."""
        return UploadLimits()

    def start(
        self,
        inputs: Mapping[str, object],
        *,
        user: str,
        query: str = "",
        conversation_id: str = "",
        watch: Watch = UNWATCHED,
    ) -> ReplayRun:
        """Begins to tell; the inputs are kept and change nothing."""
        watch.sending()
        kept = {"sys.query": query, "sys.conversation_id": conversation_id}
        self.started.append({**inputs, "sys.user_id": user, **{k: v for k, v in kept.items() if v}})
        return ReplayRun(self._events, self._header)

    def close(self) -> None:
        """Nothing is held."""


class ReplayRun:
    """See `difyflow.run.backend.Run`."""

    def __init__(self, events: tuple[Event, ...], header: Header) -> None:
        self._events = events
        self._tally = Tally(
            backend=header.backend, target=header.target, server_version=header.server_version
        )
        self._stopped = False

    def events(self) -> Iterator[Event]:
        """The events; after a `stop` only the end that a server would send."""
        for event in self._events:
            if self._stopped and not self._tally.ended:
                event = WorkflowFinished(
                    task_id=event.task_id,
                    workflow_run_id=event.workflow_run_id,
                    status=RunStatus.STOPPED,
                    error="Stopped by user.",
                )
                self._tally.add(event)
                yield event
                return
            self._tally.add(event)
            yield event

    def stop(self) -> None:
        """Ends the telling at the next event; idempotent."""
        self._stopped = True

    def result(self) -> Result:
        """The result so far."""
        return self._tally.result()
