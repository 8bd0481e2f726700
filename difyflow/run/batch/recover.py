"""Finding out what became of a run that was sent by a process which is gone. Nothing is sent here.

What can be learned differs by server (recordings of 0.15.3, 1.12.1 and the 1.15 line):

| server | run | what is done | if it is not found |
|---|---|---|---|
| 0.15 | streaming | it may have ended in time: its record, once more | unknown [1] |
| 0.15 to 1.9.1 | blocking | it goes on and is logged at its end: the logs, until the time limit | unknown |
| 1.0 to 1.9.1 | streaming | its record; without its id the logs | unknown |
| 1.9.2 to 1.12 | both | it goes on: its record, until the time limit [2] | never begun: it is sent [3] |
| 1.13 and later | streaming | it goes on: its record, until the time limit | it may be queued [4] |
| 1.13 and later | blocking | the same | never begun: it is sent [3] |

1. Its record stays `running` for ever, and it is never logged.
2. The record of one that we stopped stays `running`: the journal says that we did.
3. The logs show a run from its start on.
4. The logs do not show a run that waits in the queue. That it is not there proves something only when
   runs that were sent later have begun; until then it is unknown.

So `auto` sends blocking runs to servers before 1.9.2. They cannot be stopped: their task id comes with the
answer. Records and logs are asked, not the stream that 1.14 and later let one join again: that one repeats
events without their contents, loses text, and may end without an end of the run or stay open after it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from difyflow.client.answers import RunRecord
from difyflow.client.app_api import AppApi
from difyflow.errors import ApiError, ConnectionLost, ServerError
from difyflow.records import events as ev
from difyflow.records.result import Result, RunStatus, Tally
from difyflow.run.batch.ledger import Sent

_log = logging.getLogger(__name__)
_MISSES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for what, in seconds.

    Attributes:
        run_limit_s: the app's own time limit and a margin, from the moment of sending.
        absent_s: so long a run may be missing in the logs before its absence counts.
        settle_s: a record that will not move any more may still have ended in time.
        poll_s, poll_longest_s: first and longest pause between two looks.
        clock: Unix seconds.
        sleep: waits; returns True if there is no time to wait any more.
    """

    run_limit_s: float = 1260.0
    absent_s: float = 30.0
    settle_s: float = 5.0
    poll_s: float = 2.0
    poll_longest_s: float = 15.0
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], bool] = lambda seconds: threading.Event().wait(seconds)


@dataclass(frozen=True, slots=True)
class Absent:
    """The logs do not show the run.

    Attributes:
        proven: it was never begun, and may be sent. False: it may still wait in the server's queue.
    """

    proven: bool


class GivenUp(Exception):
    """There was no time to find it out; nothing is known that was not known before."""


def recover(api: AppApi, sent: Sent, *, user: str, patience: Patience) -> Result | Absent:
    """The result of a run, or that it is not there.

    Args:
        api: its app.
        sent: what the journal knows of it.
        user: its own `user`; empty = others have it too, so that the logs cannot tell the run.
        patience: time limits.

    Raises:
        ConnectionLost, ApiError: the server cannot be asked.
        GivenUp: `patience.sleep` said so.
    """
    return _Search(api, sent, user, patience).result()


class _Search:
    def __init__(self, api: AppApi, sent: Sent, user: str, patience: Patience) -> None:
        self._api, self._sent, self._user, self._patience = api, sent, user, patience
        self._began = patience.clock()

    def result(self) -> Result | Absent:
        run_id = self._sent.run_id
        if not run_id:
            found = self._searched()
            if isinstance(found, Absent | Result):
                return found
            run_id = found
        return self._polled(run_id)

    def _searched(self) -> str | Absent | Result:
        """The run's id out of the logs."""
        can, sent = self._api.abilities, self._sent
        if not self._user:
            return self._unknown("its user is that of its uploaded files, which other runs have too")
        until = self._began + (self._patience.settle_s if can.never_ends_alone else self._patience.absent_s)
        if sent.blocking and not can.ends_alone:  # logged at its end only
            until = max(until, sent.at + self._patience.run_limit_s)
        delay = self._patience.poll_s
        while True:
            found = self._api.find_runs(self._user)
            if len(found) == 1:
                return found[0].run_id
            if len(found) > 1:
                return self._unknown(f"the logs hold {len(found)} runs of its user")
            if self._patience.clock() >= until:
                break
            delay = self._pause(delay, until)
        if can.queues and not sent.blocking:
            return Absent(proven=False)
        if can.ends_alone:
            return Absent(proven=True)
        return self._unknown("the logs do not show it, which proves nothing on this server")

    def _polled(self, run_id: str) -> Result:
        """The run's record once it is over."""
        can = self._api.abilities
        until = max(
            self._sent.at + self._patience.run_limit_s, self._patience.clock() + self._patience.settle_s
        )
        stopped = self._sent.stopping and can.stopped_keeps_running
        if (can.never_ends_alone and not self._sent.blocking) or stopped:
            until = min(until, self._patience.clock() + self._patience.settle_s)
        delay, misses = self._patience.poll_s, 0
        while True:
            record = self._record(run_id)
            if record is not None and record.status not in ("running", ""):
                return self._of(record)
            misses = misses + 1 if record is None else 0
            if misses >= _MISSES:
                return self._unknown("the server knows no such run", run_id)
            if self._patience.clock() >= until:
                break
            delay = self._pause(delay, until)
        if stopped:
            return replace(
                self._unknown("we stopped it; this server's record says `running` for ever", run_id),
                status=RunStatus.STOPPED,
                error_code="",
            )
        return self._unknown("its record stays `running`", run_id)

    def _record(self, run_id: str) -> RunRecord | None:
        try:
            return self._api.run_record(run_id)
        except ServerError as err:
            _log.info("the record of run %s could not be read: %s", run_id, err.message)
            return RunRecord(id=run_id, status="running", inputs={}, outputs={})

    def _pause(self, delay: float, until: float) -> float:
        """Waits, not beyond `until`; the next delay."""
        left = max(0.0, until - self._patience.clock())
        if self._patience.sleep(min(delay, left) or 0.001):
            raise GivenUp
        return min(delay * 1.5, self._patience.poll_longest_s)

    def _tally(self, run_id: str) -> Tally:
        tally = Tally(backend="dify", target=self._api.base_url, server_version=self._api.server_version)
        tally.add(ev.WorkflowStarted(workflow_run_id=run_id, task_id=self._sent.task_id))
        return tally

    def _of(self, record: RunRecord) -> Result:
        tally = self._tally(record.id)
        answer = record.outputs.get("answer")
        if isinstance(answer, str) and list(record.outputs) == ["answer"]:
            tally.add(ev.MessageReplace(answer=answer))
        common = {"workflow_run_id": record.id, "outputs": record.outputs, "elapsed_s": record.elapsed_s}
        counts = {"total_tokens": record.total_tokens, "total_steps": record.total_steps}
        if record.status == RunStatus.PAUSED:
            tally.add(ev.WorkflowPaused(**common, **counts))  # type: ignore[arg-type]  # the fields' own types
        else:
            tally.add(
                ev.WorkflowFinished(**common, **counts, status=record.status, error=record.error)  # type: ignore[arg-type]  # as above
            )
        tally.warn("the run was found again after its client was lost; details of its nodes are not known")
        return replace(tally.result(), workflow_id=record.workflow_id)

    def _unknown(self, why: str, run_id: str = "") -> Result:
        return replace(
            self._tally(run_id or self._sent.run_id).result(),
            status=RunStatus.UNKNOWN,
            error=f"nobody can say how the run ended: {why}",
            error_code="unknown-outcome",
        )


def could_not_ask(fault: Exception) -> bool:
    """True if the server could not be asked, so that asking later may help."""
    return isinstance(fault, ConnectionLost | ServerError | GivenUp) or (
        isinstance(fault, ApiError) and fault.transient
    )
