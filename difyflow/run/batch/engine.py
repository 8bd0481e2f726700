"""Runs a batch: gives rows to threads as the pace allows, writes down what comes back, ends in good order.

One thread decides everything; workers only do jobs and report.
"""

from __future__ import annotations

import json
import queue
import signal
import threading
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

from difyflow.client.app_api import AppApi
from difyflow.client.faults import UNREACHABLE, stops_everything
from difyflow.errors import ApiError, DifyflowError, RateLimited
from difyflow.records.result import Result, RunStatus
from difyflow.run.backend import Backend
from difyflow.run.batch.folder import Folder, Spec
from difyflow.run.batch.journal import Journal
from difyflow.run.batch.ledger import SENT, Key, Ledger
from difyflow.run.batch.pace import Pace, PaceLimits
from difyflow.run.batch.progress import Ending, Limits, Progress
from difyflow.run.batch.recover import Patience
from difyflow.run.batch.sheet import Sheet
from difyflow.run.batch.work import Job, Outcome, Report, Worker, cause, parsed, result_line

_TICK_S = 0.5
_IDLE_REFUSALS = 8
_FINDING = 8  # lost runs that are looked for at a time
_LEAVE_AT_ONCE = 3  # interrupts


class _Begun:
    """Message of a worker: a run has begun that this process sent."""


class Engine:
    """One batch in one process.

    Args:
        folder: locked.
        spec: what it is.
        ledger: what became of the rows so far.
        places: where in the file each row begins.
        backend: where rows run.
        api: the app on a server; None for local runs.
        sheet: checks inputs.
        pace: how many runs at a time.
        limits: when to stop.
        patience: for finding runs again.
        on_progress: told about twice a second.
    """

    def __init__(
        self,
        folder: Folder,
        spec: Spec,
        ledger: Ledger,
        places: array[int],
        *,
        backend: Backend,
        api: AppApi | None,
        sheet: Sheet,
        pace: PaceLimits,
        limits: Limits,
        patience: Patience,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._spec, self._ledger, self._places = spec, ledger, places
        self._pace, self._limits, self._patience = Pace(pace), limits, patience
        self._on_progress = on_progress
        self._api = api
        self._rows = folder.rows.open("rb")
        self._journal = Journal(folder.journal, folder.log)
        self._reports: queue.SimpleQueue[Report | _Begun | None] = queue.SimpleQueue()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._worker = Worker(
            backend,
            api=api,
            sheet=sheet,
            journal=self._journal,
            batch=spec.id,
            patience=patience,
            on_started=self._begun,
        )
        self._to_find: deque[Job] = deque()
        self._to_send: deque[int] = deque()
        self._absent: list[Job] = []
        self._overtaken_at: float | None = None
        self._cursor = 0
        self._active = self._finding = 0
        self._counts = Counter(ledger.counts())
        self._failures: Counter[str] = Counter()
        self._fresh = self._tokens = self._bad_in_a_row = self._idle_refusals = 0
        self._said = ""
        self._interrupts = 0
        self._fault: BaseException | None = None
        self._began = time.monotonic()
        self._told_at = 0.0

    def run(self) -> Ending:
        """Runs until each row has a result, or until it cannot or must not go on. Call once."""
        try:
            with self._on_interrupt():
                self._list_lost()
                self._loop()
        finally:
            for _ in self._threads:
                self._jobs.put(None)
            self._worker.leave()
            for thread in self._threads if self._interrupts < _LEAVE_AT_ONCE else ():
                thread.join()
            self._rows.close()
            self._close_journal()
        return Ending(
            progress=self._progress(),
            fault=self._fault,
            interrupted=self._interrupts > 0,
            out_of_time=self._out_of_time(),
        )

    def begin_again(self, *states: str) -> int:
        """Lets rows with these final states run anew; returns how many. Call before `run`."""
        found = list(self._ledger.all_in(*states))
        for index in found:
            attempt = self._ledger.attempt(index) + 1
            self._journal.note(self._ledger.key(index), "again", attempt=attempt)
            self._ledger.again(index, attempt)
        self._counts = Counter(self._ledger.counts())
        return len(found)

    def _list_lost(self) -> None:
        """The runs that a dead process left behind; unknown ones too where they may have moved since."""
        states = [SENT]
        if self._api is not None and not self._api.abilities.never_ends_alone:
            states.append(RunStatus.UNKNOWN)
        for index in self._ledger.all_in(*states):
            sent = self._ledger.open.get(index)
            if sent is not None:
                job = self._job(index, attempt=sent.attempt)
                self._to_find.append(replace(job, sent=sent))

    def _loop(self) -> None:
        while True:
            wait_s = self._dispatch()
            if not self._active and wait_s is None:
                break
            try:
                report = self._reports.get(timeout=min(_TICK_S, wait_s or _TICK_S))
            except queue.Empty:
                report = None
            if isinstance(report, Report):
                self._active -= 1
                self._finding -= report.job.sent is not None
                self._handle(report)
            elif isinstance(report, _Begun):
                self._overtaken_at = self._overtaken_at or time.time()
            self._tell()
        self._give_up_absent()

    # Giving out work

    def _dispatch(self) -> float | None:
        """Gives out what may begin now; seconds until more may begin, None if there is nothing to begin."""
        while not self._ended():
            now = time.monotonic()
            self._wake_absent()
            if self._to_find and self._finding < _FINDING:  # it sends nothing, so it takes no run's place
                self._give(self._to_find.popleft())
                continue
            wait_s = self._pace.wait_s(now, self._active - self._finding)
            if not self._to_send and self._next_new() < 0:
                return _TICK_S if self._to_find else self._absent_wait_s()
            if wait_s is None or wait_s > 0:
                return wait_s if wait_s is not None else _TICK_S
            self._give(self._next_job())
            self._pace.began(now)
        return None

    def _ended(self) -> bool:
        return self._fault is not None or self._interrupts > 0 or self._out_of_time()

    def _out_of_time(self) -> bool:
        limit = self._limits.max_time_s
        return limit is not None and time.monotonic() - self._began > limit

    def _next_new(self) -> int:
        self._cursor = self._ledger.next_new(self._cursor)
        if self._cursor < 0:
            self._cursor = len(self._ledger)
            return -1
        return self._cursor

    def _next_job(self) -> Job:
        if self._to_send:
            index = self._to_send.popleft()
        else:
            index = self._next_new()
            self._cursor = index + 1
            self._move(index, SENT)
        return self._job(index, attempt=self._ledger.attempt(index))

    def _job(self, index: int, *, attempt: int) -> Job:
        key = self._ledger.key(index)
        self._rows.seek(self._places[key.row - 1])
        return Job(index=index, key=key, attempt=attempt, row=parsed(self._rows.readline()))

    def _give(self, job: Job) -> None:
        self._active += 1
        self._finding += job.sent is not None
        if self._active > len(self._threads):
            thread = threading.Thread(target=self._work, name="difyflow-batch", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._reports.put(self._worker.do(job))

    def _begun(self) -> None:
        if self._overtaken_at is None:
            self._reports.put(_Begun())

    # Taking in what came of it

    def _handle(self, report: Report) -> None:
        job = report.job
        match report.outcome:
            case Outcome.DONE:
                self._done(report)
            case Outcome.UNSENT:
                self._refused(report)
            case Outcome.NEVER_BEGUN:
                self._send_again(job)
            case Outcome.ABSENT:
                self._absent.append(job)
            case Outcome.LATER:
                if isinstance(report.fault, DifyflowError):
                    self._said = f"a lost run could not be looked for: {report.fault.message}"
                    self._count_bad(report.fault)
            case Outcome.BROKEN:
                self._fault = self._fault or report.fault

    def _done(self, report: Report) -> None:
        job, result = report.job, report.result
        assert result is not None
        status = str(result.status)
        if job.sent is not None and self._ledger.state(job.index) == status == RunStatus.UNKNOWN:
            return  # as it was
        if not self._write(report, result):
            return
        self._fresh += 1
        self._tokens += result.total_tokens
        if result.ok:
            self._bad_in_a_row = self._idle_refusals = 0
            if job.sent is None:
                self._pace.ended(report.ended - report.began)
        elif result.status is not RunStatus.STOPPED:
            self._failures[cause(result)] += 1
            self._count_bad(report.fault)

    def _write(self, report: Report, result: Result) -> bool:
        """Writes a result down; False if that failed, which ends the batch."""
        job, status = report.job, str(result.status)
        index, ledger = job.index, self._ledger
        line = json.dumps(
            result_line(report, result, self._spec.id), ensure_ascii=False, separators=(",", ":")
        )

        def written(place: int) -> None:
            ledger.place(index, place)

        try:
            self._journal.done(job.key, status, line.encode("utf-8", "backslashreplace"), written=written)
        except OSError as err:
            self._fault = self._fault or err
            return False
        self._move(index, status)
        return True

    def _move(self, index: int, state: str) -> None:
        """A row gets another state, in the counts too."""
        self._counts[self._ledger.state(index)] -= 1
        self._counts[state] += 1
        if state == SENT:
            self._ledger.given(index)
        else:
            self._ledger.done(index, state, self._ledger.at(index))

    def _refused(self, report: Report) -> None:
        fault = report.fault
        assert isinstance(fault, DifyflowError)
        if not self._noted(report.job.key, "unsent"):
            return
        self._to_send.append(report.job.index)
        if stops_everything(fault):
            self._fault = self._fault or fault
            return
        if isinstance(fault, RateLimited):
            asked = fault.retry_after_s
            self._pace.refused(time.monotonic(), asked)
            self._said = f"the server takes no more runs at a time; now {self._pace.limit}"
            self._idle_refusals = self._idle_refusals + 1 if self._active == self._finding else 0
            if self._limits.stop_after and self._idle_refusals >= _IDLE_REFUSALS:
                self._fault = self._fault or fault
            return
        if fault.code == UNREACHABLE or isinstance(fault, ApiError):
            self._pace.refused(time.monotonic(), None)
        self._said = fault.message
        self._count_bad(fault)

    def _count_bad(self, fault: BaseException | None) -> None:
        self._bad_in_a_row += 1
        most = self._limits.stop_after
        if isinstance(fault, DifyflowError) and stops_everything(fault):
            self._fault = self._fault or fault
        elif most and self._bad_in_a_row >= most and self._fault is None:
            self._fault = DifyflowError(
                f"stopped after {self._bad_in_a_row} failures in a row"
                + (f"; the last one: {fault}" if fault is not None else ""),
                code="too-many-failures",
                hint="mend the cause, then go on with --resume; --stop-after sets the number, 0 = never",
            )

    def _send_again(self, job: Job) -> None:
        if self._noted(job.key, "unsent"):
            self._move(job.index, SENT)
            self._to_send.append(job.index)

    def _noted(self, key: Key, state: str) -> bool:
        try:
            self._journal.note(key, state)
        except OSError as err:
            self._fault = self._fault or err
            return False
        return True

    # Runs that may wait in the queue of a server

    def _wake_absent(self) -> None:
        """Looks a last time for runs that later ones have overtaken: the queue is first in, first out."""
        if self._absent_wait_s() == 0:
            self._to_find += [replace(job, last=True) for job in self._absent]
            self._absent.clear()

    def _absent_wait_s(self) -> float | None:
        """Seconds until absence is proof; None if it is not going to be.

        Whatever this process sends is sent later than the runs of dead processes.
        """
        if not self._absent or self._overtaken_at is None:
            return None
        return max(0.0, self._overtaken_at + self._patience.absent_s - time.time())

    def _give_up_absent(self) -> None:
        """What no later run could prove: unknown, unless the batch goes on another time."""
        if self._ended():
            return
        for job in self._absent:
            result = Result(
                status=RunStatus.UNKNOWN,
                error="the logs do not show it, but it may still wait in the server's queue",
                error_code="unknown-outcome",
                backend="dify",
            )
            now = time.time()
            self._done(Report(job=job, outcome=Outcome.DONE, result=result, began=now, ended=now))

    # Telling, and the user's word

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told_at >= _TICK_S:
            self._told_at = now
            self._on_progress(self._progress())

    def _progress(self) -> Progress:
        said, self._said = self._said, ""
        return Progress(
            total=len(self._ledger),
            counts={state: count for state, count in self._counts.items() if count > 0},
            active=self._active,
            limit=self._pace.limit,
            fresh=self._fresh,
            elapsed_s=time.monotonic() - self._began,
            tokens=self._tokens,
            failures=dict(self._failures),
            said=said,
        )

    def interrupt(self) -> None:
        """Once: begin nothing more. Twice: stop the runs and leave. May be called from a signal handler.

        Raises:
            KeyboardInterrupt: the third time.
        """
        self._interrupts += 1
        if self._interrupts == 1:
            self._said = "finishing what runs; Ctrl-C again stops it"
            self._worker.leave()
        elif self._interrupts < _LEAVE_AT_ONCE:
            self._said = "stopping the runs"
            threading.Thread(target=self._stop_all, daemon=True).start()
        else:
            raise KeyboardInterrupt
        self._reports.put(None)

    def _stop_all(self) -> None:
        try:
            self._worker.stop_all()
        except OSError as err:
            self._fault = self._fault or err

    @contextmanager
    def _on_interrupt(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def caught(_number: int, _frame: FrameType | None) -> None:
            self.interrupt()

        before = signal.signal(signal.SIGINT, caught)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _close_journal(self) -> None:
        try:
            self._journal.close()
        except OSError as err:
            self._fault = self._fault or err
