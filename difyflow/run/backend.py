"""The protocol that every run backend keeps: `run/backends/<name>.py` has `open_backend(...)`.

A backend is opened for one target and may start many runs, also at the same time from several threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from difyflow.records.events import Event
from difyflow.records.result import Result
from difyflow.terms.form import FormField, UploadLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is said before a run: where it runs and with what.

    Attributes:
        target: URL or path.
        backend: `dify`, `local` or `replay`.
        app_name: name of the app, empty if unknown.
        mode: `workflow` or `advanced-chat`; empty if unknown.
        server_version: `X-Version`, empty for local runs.
        notes: one line each: engine, code runner, model endpoints, warnings.
    """

    target: str
    backend: str
    app_name: str = ""
    mode: str = ""
    server_version: str = ""
    notes: tuple[str, ...] = field(default=())


def _nothing(*_told: object) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Told about a run by the backend, from whatever thread; for a journal that must not come too late.

    Attributes:
        sending: called once, right before the run is sent, when all its files are uploaded. What it raises
            comes out of `events`, and the run is not sent.
        stopping: called before the server is asked to stop the run, by us or because its time is over.
        lost: told why, when the answer to the run broke off; how it ended is asked for then, which may take
            as long as the run may.
    """

    sending: Callable[[], None] = _nothing
    stopping: Callable[[], None] = _nothing
    lost: Callable[[str], None] = _nothing


UNWATCHED = Watch()
"""Nobody wants to know."""


class Run(Protocol):
    """One run under way."""

    def events(self) -> Iterator[Event]:
        """The typed events in order, ending after the terminal one. Call once.

        Raises:
            ApiError: the server refused the run; nothing was started unless `may_have_run` says so.
            ConnectionLost: the outcome could not be learned even from the run record.
        """
        ...

    def stop(self) -> None:
        """Asks for the run to stop; may be called from another thread or a signal handler; idempotent."""
        ...

    def result(self) -> Result:
        """The result; complete once `events()` has ended."""
        ...


class Backend(Protocol):
    """A target that can be run."""

    def header(self) -> Header:
        """Where the runs go; may ask the server for its version."""
        ...

    def form(self) -> tuple[FormField, ...]:
        """The inputs of the workflow (start node, or the server's `/parameters`)."""
        ...

    def limits(self) -> UploadLimits:
        """How large a file may be (the server's settings, or Dify's defaults)."""
        ...

    def start(
        self,
        inputs: Mapping[str, object],
        *,
        user: str,
        query: str = "",
        conversation_id: str = "",
        watch: Watch = UNWATCHED,
    ) -> Run:
        """Begins a run.

        Args:
            inputs: checked inputs by variable: JSON values, `FileInput` or lists of `FileInput`.
            query: the message to a chatflow; empty for workflows.
            conversation_id: goes on with a conversation; empty = a new one.
            user: Dify's `user`; unique per run, so that a lost run can be found by it.
            watch: told before the run is sent and stopped.
        """
        ...

    def close(self) -> None:
        """Frees what the backend holds; idempotent."""
        ...
