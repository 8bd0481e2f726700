"""What a worker does with one row: checks it again, has it written down, runs it or finds it again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Protocol, runtime_checkable

from difyflow.client.app_api import AppApi
from difyflow.client.faults import stops_everything
from difyflow.errors import ApiError, ConnectionLost, DifyflowError, InputError, ServerError, UsageError
from difyflow.records.result import Result, RunStatus
from difyflow.run.backend import Backend, Run, Watch
from difyflow.run.batch.journal import Journal
from difyflow.run.batch.ledger import Key, Sent, user_of
from difyflow.run.batch.recover import Absent, Patience, could_not_ask, recover
from difyflow.run.batch.sheet import Sheet

_IGNORED = ("nodes", "backend", "target")  # of a result: the same for all rows, or too long


@runtime_checkable
class MayBlock(Protocol):
    """A backend that can send runs which answer at their end only, as that on a Dify server."""

    @property
    def blocking(self) -> bool:
        """True if it does so now."""
        ...

    def use_blocking(self) -> bool:
        """Goes over to such runs if it is free to; False if that changes nothing."""
        ...


class Outcome(Enum):
    """What came of a job."""

    DONE = "done"
    """There is a result."""
    UNSENT = "unsent"
    """Refused or not reached: no run exists, and it may be tried again."""
    ABSENT = "absent"
    """A run that was sent is not there, which proves nothing yet."""
    NEVER_BEGUN = "never-begun"
    """A run that was to be sent is proven not to exist."""
    LATER = "later"
    """The server could not be asked about a run; the next resume asks again."""
    BROKEN = "broken"
    """The whole batch cannot go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run to be made, or to be found if `sent` is given.

    Attributes:
        row: the line of the kept rows.
        last: later runs have begun since, so that absence is proof now.
    """

    index: int
    key: Key
    attempt: int
    row: Mapping[str, object]
    sent: Sent | None = None
    last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A job's end; `began`, `ended` are Unix seconds, `sent` what is known of an open run."""

    job: Job
    outcome: Outcome
    result: Result | None = None
    fault: BaseException | None = None
    began: float = 0.0
    ended: float = 0.0


class Worker:
    """Does jobs; one for all threads.

    Args:
        backend: where rows run.
        api: the app on a server, to find runs again; None for local runs, which die with their process.
        sheet: checks a row's inputs.
        journal: told before a run is sent.
        batch: id of the batch.
        patience: limits for finding runs again.
        on_started: called when a run that this process sent has begun, of those that a server may queue.
        on_lost: told why, when it is no longer the answer to a run that tells how it goes on.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        api: AppApi | None,
        sheet: Sheet,
        journal: Journal,
        batch: str,
        patience: Patience,
        on_started: Callable[[], None],
        on_lost: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._backend, self._api, self._sheet, self._journal = backend, api, sheet, journal
        self._batch, self._patience, self._clock = batch, patience, clock
        self._on_started, self._on_lost = on_started, on_lost
        self._leaving = threading.Event()
        self._runs: dict[int, Run] = {}

    def do(self, job: Job) -> Report:
        """Does a job; whatever goes wrong is in the report."""
        began = self._clock()
        try:
            report = self._found(job) if job.sent else self._fresh(job)
        except BaseException as err:  # it ends the batch, in the thread that began it
            report = Report(job=job, outcome=Outcome.BROKEN, fault=err)
        return replace(report, began=began, ended=self._clock())

    def leave(self) -> None:
        """Ends all waiting for lost runs; they stay open in the journal."""
        self._leaving.set()

    def stop_all(self) -> None:
        """Stops the runs under way on the server; the journal remembers that we did."""
        self.leave()
        for run in list(self._runs.values()):
            run.stop()

    def _fresh(self, job: Job) -> Report:
        try:
            checked = self._sheet.checked(_values(job.row), Path(str(job.row["folder"])))
        except InputError as err:
            return _failed(job, err, "; ".join(err.problems) or err.message)
        digest = str(job.row["digest"])
        if checked.digest != digest:
            fault = InputError("the inputs are not those that were checked", code="input-changed")
            return _failed(job, fault, "a file was changed since the batch was begun")
        blocking = isinstance(self._backend, MayBlock) and self._backend.blocking

        def sending() -> None:
            now = self._clock()
            sent = Sent(attempt=job.attempt, digest=digest, at=now, blocking=blocking)
            self._journal.sending(job.key, sent)

        run = self._backend.start(
            checked.inputs,
            user=_shared_user(job) or user_of(self._batch, job.key, job.attempt),
            query=checked.query,
            watch=Watch(
                sending=sending, stopping=lambda: self._journal.stopping(job.key), lost=self._on_lost
            ),
        )
        self._runs[job.index] = run
        try:
            self._follow(job, run, queued=not blocking)
        except (ApiError, ConnectionLost, InputError) as fault:
            return self._faulty(job, run, fault)
        finally:
            self._runs.pop(job.index, None)
        return Report(job=job, outcome=Outcome.DONE, result=run.result())

    def _follow(self, job: Job, run: Run, *, queued: bool) -> None:
        told = False
        for event in run.events():
            if event.workflow_run_id and not told:
                told = True
                self._journal.started(job.key, event.workflow_run_id, event.task_id)
                if queued:
                    self._on_started()

    def _faulty(self, job: Job, run: Run, fault: ApiError | ConnectionLost | InputError) -> Report:
        result = run.result()
        if isinstance(fault, InputError):
            return _failed(job, fault, "; ".join(fault.problems) or fault.message)
        if fault.may_have_run and not _ended_badly(fault):
            unknown = replace(result, status=RunStatus.UNKNOWN, error=fault.message, error_code=fault.code)
            return self._looked_for(job, unknown, fault)
        if not fault.may_have_run and (fault.transient or stops_everything(fault)):
            return Report(job=job, outcome=Outcome.UNSENT, fault=fault)
        return _failed(job, fault, fault.message, result)

    def _looked_for(self, job: Job, unknown: Result, fault: ApiError | ConnectionLost) -> Report:
        """A chatflow's run whose answer was lost: its `user` is its own here, so the logs can tell it."""
        if unknown.run_id or not self._sheet.is_chat or self._api is None:
            return Report(job=job, outcome=Outcome.DONE, result=unknown, fault=fault)
        found = self._found(replace(job, sent=Sent(attempt=job.attempt, at=self._clock())))
        if found.result is None or found.result.status is RunStatus.UNKNOWN:
            return Report(job=job, outcome=Outcome.DONE, result=unknown, fault=fault)
        return replace(found, job=job)

    def _found(self, job: Job) -> Report:
        assert job.sent is not None
        if self._api is None:
            return Report(job=job, outcome=Outcome.NEVER_BEGUN)
        patience = replace(self._patience, sleep=self._leaving.wait)
        try:
            found = recover(
                self._api,
                job.sent,
                user="" if _shared_user(job) else user_of(self._batch, job.key, job.sent.attempt),
                patience=patience,
            )
        except Exception as fault:
            if could_not_ask(fault) or isinstance(fault, DifyflowError):
                return Report(job=job, outcome=Outcome.LATER, fault=fault)
            raise
        if isinstance(found, Absent):
            return Report(
                job=job, outcome=Outcome.NEVER_BEGUN if found.proven or job.last else Outcome.ABSENT
            )
        return Report(job=job, outcome=Outcome.DONE, result=found)


def _shared_user(job: Job) -> str:
    """The `user` that a row's uploaded files belong to, which other runs have too; empty for most rows."""
    return str(job.row.get("user") or "")


def _values(row: Mapping[str, object]) -> Mapping[str, object]:
    values = row["values"]
    if not isinstance(values, dict):
        raise UsageError("a kept row is damaged", code="bad-batch")
    return values


def _ended_badly(fault: ApiError | ConnectionLost) -> bool:
    """True if Dify itself said that the run exists and failed, as chatflows and model calls do."""
    return isinstance(fault, ApiError) and not isinstance(fault, ServerError)


def _failed(job: Job, fault: DifyflowError, said: str, result: Result | None = None) -> Report:
    base = result or Result(status=RunStatus.FAILED)
    failed = replace(base, status=RunStatus.FAILED, error=said, error_code=fault.code)
    return Report(job=job, outcome=Outcome.DONE, result=failed, fault=fault)


def parsed(line: bytes) -> Mapping[str, object]:
    """A kept row."""
    value: Mapping[str, object] = json.loads(line)
    return value


def result_line(report: Report, result: Result, batch: str) -> dict[str, object]:
    """A result as it stands in the file of results."""
    job = report.job
    said = {name: value for name, value in result.to_json().items() if name not in _IGNORED}
    head = {
        "row": job.key.row,
        "repeat": job.key.repeat,
        "line": job.row["line"],
        "batch": batch,
        "digest": job.row.get("digest", ""),
        "attempt": job.sent.attempt if job.sent else job.attempt,
        **{name: job.row[name] for name in ("piece", "user") if name in job.row},
    }
    times = {"sent_at": job.sent.at if job.sent else report.began, "ended_at": report.ended}
    return {**head, **said, "recovered": job.sent is not None, **times}


def cause(result: Result) -> str:
    """Why a run failed, in a few words: our code or the beginning of the server's."""
    return result.error_code or result.error.partition("\n")[0][:80] or str(result.status)
