"""One run on a Dify server, from the first byte to a known end, or to the honest answer that nobody knows it.

A run is sent once. If its stream ends without a terminal event, the run is looked for: by its id where one
was seen, else by its `user` in the logs; then it is joined again (1.14+) or its record is polled.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from difyflow.client.answers import RunRecord
from difyflow.client.app_api import AppApi, Sleep
from difyflow.client.conversations import Conversations
from difyflow.client.stream import EventStream
from difyflow.errors import ApiError, ConnectionLost, ServerError
from difyflow.records import events as ev
from difyflow.records.result import Result, RunStatus, Tally
from difyflow.run.backend import UNWATCHED, Watch
from difyflow.run.backends._dify_answer import Answered, end_of

_log = logging.getLogger(__name__)
_MISSES = 3  # times in a row that a server may not know a run that it has named


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long to wait for what, in seconds.

    Attributes:
        run_limit_s: one run, from sending it; then it is stopped, or given up if its stream is lost.
        poll_s, poll_longest_s: first and longest pause between two looks at a run record.
        search_s: looking for a run in the logs whose id is not known.
        settle_s: a record that will not move any more (0.15) may still have ended in time.
        stop_s: the end of a run after it was asked to stop.
    """

    run_limit_s: float = 1260.0
    poll_s: float = 2.0
    poll_longest_s: float = 15.0
    search_s: float = 30.0
    settle_s: float = 5.0
    stop_s: float = 30.0
    clock: Callable[[], float] = time.monotonic
    sleep: Sleep = time.sleep


class _NeverSent(Exception):
    """Ends the preparation of a run that was asked to stop."""


class _End:
    """What a stream has said about the end of its run."""

    def __init__(self, *, chat: bool) -> None:
        self._chat = chat
        self._message_end = False
        self.known = False
        """The outcome is known."""
        self.complete = False
        """Nothing more will come."""

    def add(self, event: ev.Event) -> None:
        self._message_end |= isinstance(event, ev.MessageEnd)
        if isinstance(event, ev.WorkflowFinished):
            self.known = True
        if ev.is_terminal(event, chat=self._chat):
            self.known = self.complete = True
        # A chatflow that fails or is stopped may send no `message_end`: then the stream just ends.
        self.complete |= self._chat and self.known and self._message_end


class DifyRun:
    """See `difyflow.run.backend.Run`.

    Args:
        api: the app.
        waits: time limits.
        send: uploads the files, sends the run and opens its stream; takes the pause to use between tries.
        user: the run's own `user`.
        chat: the app is a chatflow.
        blocking: the run answers at its end and lives on without its client, but is logged then only.
        watch: told before the server is asked to stop the run.
        shared_user: others have the same `user`, so the run cannot be found by it.
    """

    def __init__(
        self,
        api: AppApi,
        waits: Waits,
        *,
        send: Callable[[Sleep], EventStream | Answered],
        user: str,
        chat: bool,
        blocking: bool = False,
        watch: Watch = UNWATCHED,
        shared_user: bool = False,
    ) -> None:
        self._api, self._waits, self._send = api, waits, send
        # A conversation keeps its user, so an older run could be taken for this one.
        self._shared_user = chat or shared_user
        self._user, self._chat, self._blocking, self._watch = user, chat, blocking, watch
        self._tally = Tally(backend="dify", target=api.base_url)
        self._events: list[ev.Event] = []
        self._seen: set[tuple[type[ev.Event], str]] = set()
        self._run_id = self._task_id = ""
        self._began = waits.clock()
        self._stop_asked = threading.Event()
        self._stop_at = self._stop_sent_at = 0.0
        self._stop_once = threading.Lock()
        self._stopper: threading.Thread | None = None
        self._over_limit = False

    def events(self) -> Iterator[ev.Event]:
        """The events; the last one is terminal.

        Raises:
            ApiError: the server refused the run.
            ConnectionLost: with `may_have_run` if the outcome could not be learned.
            InputError: a file cannot be read.
        """
        self._began = self._waits.clock()
        try:
            for event in self._all():
                self._events.append(event)
                self._tally.add(event)
                yield event
        finally:
            if self._stopper is not None:
                self._stopper.join(self._waits.stop_s)

    def result(self) -> Result:
        """The result so far; complete once `events` has ended."""
        return replace(self._tally.result(), server_version=self._api.server_version)

    def stop(self) -> None:
        """Asks for the run to stop, in a thread of its own; returns at once."""
        if not self._stop_asked.is_set():
            self._stop_at = self._waits.clock()
            self._stop_asked.set()
        self._begin_stop()

    def _all(self) -> Iterator[ev.Event]:
        end = _End(chat=self._chat)
        cause: ApiError | ConnectionLost | None = None
        try:
            with self._send(self._pause) as stream:
                yield from self._read(stream, end)
        except _NeverSent:
            yield ev.WorkflowFinished(status=RunStatus.STOPPED, error="Stopped before it was sent.")
            return
        except (ApiError, ConnectionLost) as fault:
            if not fault.may_have_run or (isinstance(fault, ApiError) and not isinstance(fault, ServerError)):
                raise
            cause = fault
        if not end.known:
            yield from self._recovered(end, cause)

    def _read(self, stream: EventStream | Answered, end: _End, *, again: bool = False) -> Iterator[ev.Event]:
        """The events of a stream until the end of the run, of the stream or of our patience."""
        for event in stream:
            event = self._settled(self._noted(event))
            if self._is_repeat(event) and again:
                continue
            end.add(event)
            yield event
            if end.complete:
                if not self._api.abilities.stays_open:
                    stream.finish()
                break
            if self._impatient():
                break
        if stream.bad_lines:
            bad = stream.bad_lines
            self._tally.warn(f"{len(bad)} events of the stream could not be read: {bad[0].reason}")

    def _noted(self, event: ev.Event) -> ev.Event:
        """Keeps the ids; a reattached stream gives the run id for the task id, which stops nothing."""
        if event.task_id and event.task_id == event.workflow_run_id:
            event = replace(event, task_id="")
        self._run_id = self._run_id or event.workflow_run_id
        self._task_id = self._task_id or event.task_id
        if self._stop_asked.is_set():
            self._begin_stop()
        return event

    def _is_repeat(self, event: ev.Event) -> bool:
        """True for what a snapshot replays, without its contents, though it was told before."""
        match event:
            case ev.WorkflowStarted():
                what = event.reason
            case ev.NodeStarted(execution_id=what):
                pass
            case ev.NodeFinished(execution_id=what) if not isinstance(event, ev.NodeRetry):
                pass
            case ev.MessageReplace(answer=""):
                return True
            case _:
                return False
        repeated = (type(event), what) in self._seen
        self._seen.add((type(event), what))
        return repeated

    def _settled(self, event: ev.Event) -> ev.Event:
        """The end of a run that we stopped, as the run record has it: 1.15 streams say `failed`."""
        if not isinstance(event, ev.WorkflowFinished) or not self._stop_asked.is_set():
            return event
        if event.status == RunStatus.FAILED and self._api.abilities.stop_shows_as_failed:
            record = self._record_or_none()
            if record is not None and record.status == RunStatus.STOPPED:
                event = replace(event, status=RunStatus.STOPPED)
        if event.status == RunStatus.STOPPED and self._over_limit:
            limit = f"{self._waits.run_limit_s:g} s"
            return replace(event, status=RunStatus.FAILED, error=f"Stopped after the time limit of {limit}.")
        return event

    def _pause(self, seconds: float) -> None:
        """Waits before the run is sent; a stop ends it."""
        if self._stop_asked.wait(seconds):
            raise _NeverSent

    def _impatient(self) -> bool:
        """True if a stop was asked for too long ago; asks for one when the run's time is over."""
        now = self._waits.clock()
        if self._stop_asked.is_set():
            return now - (self._stop_sent_at or self._stop_at) > self._waits.stop_s
        if now - self._began > self._waits.run_limit_s:
            self._over_limit = True
            self.stop()
        return False

    def _begin_stop(self) -> None:
        # No lock is waited for here: this may run in a signal handler.
        if self._task_id and self._stop_once.acquire(blocking=False):
            self._stop_sent_at = self._waits.clock()
            self._stopper = threading.Thread(target=self._call_stop, name="difyflow-stop", daemon=True)
            self._stopper.start()

    def _call_stop(self) -> None:
        try:
            self._watch.stopping()
            if self._chat:
                Conversations(self._api).stop(self._task_id, user=self._user)
            else:
                self._api.stop(self._task_id, user=self._user)
        except (ApiError, ConnectionLost) as err:
            self._tally.warn(f"the call to stop the run failed: {err.message}")
        except OSError as err:  # of whoever watches: then it is not stopped
            self._tally.warn(f"the run was not stopped: {err}")

    # Finding out how a run ended whose stream was lost

    def _recovered(self, end: _End, cause: ApiError | ConnectionLost | None) -> Iterator[ev.Event]:
        why = cause.message if cause is not None else "its stream ended without an end of the run"
        self._watch.lost(why)
        run_id = self._run_id or self._searched(cause, why)
        self._run_id = run_id
        self._tally.warn(f"the stream of the run was lost ({why}); its end was learned otherwise")
        if self._api.abilities.reattach:
            yield from self._rejoined(run_id, end)
            if end.known:
                return
        yield from self._told_by(self._polled(run_id, cause, why))

    def _rejoined(self, run_id: str, end: _End) -> Iterator[ev.Event]:
        """What still comes of a run on a 1.14+ server; if it ends early, the record tells the rest."""
        try:
            with self._api.reattach(run_id, user=self._user) as stream:
                yield from self._read(stream, end, again=True)
        except (ApiError, ConnectionLost) as err:
            _log.info("the run could not be followed to its end again: %s", err.message)

    def _searched(self, cause: ApiError | ConnectionLost | None, why: str) -> str:
        """The id of a run that may have started, from the logs.

        Raises:
            ConnectionLost: it is not there, which proves nothing.
            ApiError: the server's own failure, if the run is not there.
        """
        if self._shared_user:
            raise self._unknown(why, cause)
        refused = isinstance(cause, ApiError) and cause.server_version is not None
        can = self._api.abilities
        late = not can.ends_alone if self._blocking else can.queues
        limit = self._waits.clock() + self._waits.search_s
        if late and not refused:  # the logs show it when a worker takes it, or when it has ended
            limit = max(limit, self._began + self._waits.run_limit_s)
        delay = self._waits.poll_s
        while True:
            found = self._found()
            if len(found) == 1:
                return found[0]
            if len(found) > 1:
                raise self._unknown(f"{why}; the logs hold {len(found)} runs of its user", cause)
            if self._waits.clock() + delay > limit or self._impatient():
                break
            self._waits.sleep(delay)
            delay = min(delay * 1.5, self._waits.poll_longest_s)
        if refused and cause is not None:
            raise cause
        raise self._unknown(f"{why}; the logs do not show it", cause)

    def _found(self) -> tuple[str, ...]:
        try:
            return tuple(entry.run_id for entry in self._api.find_runs(self._user))
        except (ConnectionLost, ServerError) as err:
            _log.info("the logs could not be read: %s", err.message)
            return ()

    def _polled(self, run_id: str, cause: ApiError | ConnectionLost | None, why: str) -> RunRecord:
        """The record of a run that is over.

        Raises:
            ConnectionLost: it is not over within the limit.
        """
        limit = self._began + self._waits.run_limit_s
        if self._api.abilities.never_ends_alone and not self._blocking:
            limit = min(limit, self._waits.clock() + self._waits.settle_s)
        delay, misses, status = self._waits.poll_s, 0, "unknown"
        while True:
            try:
                record = self._api.run_record(run_id)
            except (ConnectionLost, ServerError) as err:
                status = f"unreadable ({err.message})"
            except ApiError as err:
                raise self._unknown(f"{why}; its record: {err.message}", err) from err
            else:
                if record is not None and record.status != "running":
                    return record
                misses = misses + 1 if record is None else 0
                status = "unknown" if record is None else record.status
            if misses >= _MISSES or self._waits.clock() + delay > limit or self._impatient():
                raise self._unknown(f"{why}; its record is {status}", cause)
            self._waits.sleep(delay)
            delay = min(delay * 1.5, self._waits.poll_longest_s)

    def _record_or_none(self) -> RunRecord | None:
        try:
            return self._api.run_record(self._run_id)
        except (ApiError, ConnectionLost) as err:
            self._tally.warn(f"whether the run was stopped could not be confirmed: {err.message}")
            return None

    def _told_by(self, record: RunRecord) -> Iterator[ev.Event]:
        """The end of a run as the event that its record stands for."""
        if record.status == RunStatus.PAUSED:
            yield end_of(record)
            return
        answer = record.outputs.get("answer")
        if self._chat and isinstance(answer, str):
            yield ev.MessageReplace(answer=answer)
        yield self._settled(end_of(record))

    def _unknown(self, why: str, cause: Exception | None) -> ConnectionLost:
        known = f"run {self._run_id}" if self._run_id else f"the run of user {self._user}"
        lost = ConnectionLost(
            f"nobody can say how the run ended: {why}",
            code="unknown-outcome",
            path=self._api.base_url,
            hint=f"it may have run, so it is not sent again; look for {known} in Dify's logs",
            events=self._events,
            may_have_run=True,
            transient=False,
        )
        lost.__cause__ = cause
        return lost
