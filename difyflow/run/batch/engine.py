"""Runs a batch: gives rows to threads as the pace allows, writes down what comes back, ends in good order.

One thread decides everything; workers only do jobs and report.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from difyflow.client.app_api import AppApi
from difyflow.client.faults import UNREACHABLE, stops_everything
from difyflow.errors import ApiError, DifyflowError, RateLimited
from difyflow.records.result import Result, RunStatus
from difyflow.run.backend import Backend
from difyflow.run.batch.folder import Folder, Spec
from difyflow.run.batch.interrupts import LEAVE_AT_ONCE, Interrupts
from difyflow.run.batch.journal import Journal
from difyflow.run.batch.ledger import NEW, SENT, Key, Ledger
from difyflow.run.batch.pace import Pace, PaceLimits
from difyflow.run.batch.progress import Ending, Limits, Progress
from difyflow.run.batch.recover import Patience
from difyflow.run.batch.sheet import Sheet
from difyflow.run.batch.standing import Standing
from difyflow.run.batch.waiting import Waiting
from difyflow.run.batch.work import Job, MayBlock, Outcome, Report, Worker, parsed, result_line

_TICK_S = 0.5
_IDLE_REFUSALS = 8
_TWICE = "where an app's limit is one run at a time, this server refuses streaming runs"
_FINDING = 8  # lost runs that are looked for at a time


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
        clock: seconds that never go back.
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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spec, self._ledger, self._places = spec, ledger, places
        self._pace, self._limits, self._patience = Pace(pace), limits, patience
        self._on_progress, self._clock = on_progress, clock
        self._backend, self._api = backend, api
        self._rows = folder.rows.open("rb")
        self._journal = Journal(folder.journal, folder.log)
        self._reports: queue.SimpleQueue[Report | Callable[[], None] | None] = queue.SimpleQueue()
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
            on_lost=self._lost,
        )
        self._to_find: deque[Job] = deque()
        self._to_send: deque[int] = deque()
        self._waiting = Waiting(patience.absent_s)
        self._told_of_beginning = False
        self._cursor = 0
        self._active = self._finding = 0
        self._idle_refusals = 0
        self._interrupts = Interrupts(finish=self._finish, stop=self._stop)
        self._fault: BaseException | None = None
        self._began = clock()
        self._standing = Standing(ledger.counts(), stop_after=limits.stop_after, began=self._began)
        self._told_at = 0.0
        self.disk_failed = False
        """True after `run` if the ledger knows of results that could not be written."""

    def run(self) -> Ending:
        """Runs until each row has a result, or until it cannot or must not go on. Call once."""
        try:
            with self._interrupts.watched():
                self._list_lost()
                # Before there is work: a thread starts at once while the others have nothing to do.
                self._start_threads(min(self._pace.limit, self._ledger.counts().get(NEW, 0)))
                self._loop()
        finally:
            for _ in self._threads:
                self._jobs.put(None)
            self._worker.leave()
            for thread in () if self._must_leave() else self._threads:
                thread.join()
            self._rows.close()
            self._close_journal()
        self._tell(last=True)
        return Ending(
            progress=self._progress(),
            fault=self._fault,
            interrupted=self._interrupts.count > 0,
            out_of_time=self._out_of_time(),
        )

    def interrupt(self) -> None:
        """As Ctrl-C; see `interrupts`."""
        self._interrupts.interrupt()

    def begin_again(self, *states: str) -> int:
        """Lets rows with these final states run anew; returns how many. Call before `run`."""
        found = list(self._ledger.all_in(*states))
        for index in found:
            attempt = self._ledger.attempt(index) + 1
            self._journal.note(self._ledger.key(index), "again", attempt=attempt)
            self._ledger.again(index, attempt)
        self._standing.restart(self._ledger.counts())
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
            if (not self._active and wait_s is None) or self._must_leave():
                break
            try:
                report = self._reports.get(timeout=min(_TICK_S, wait_s or _TICK_S))
            except queue.Empty:
                report = None
            if isinstance(report, Report):
                self._active -= 1
                self._finding -= report.job.sent is not None
                self._handle(report)
            elif report is not None:
                report()
            self._tell()
        for job, result in () if self._ended() else self._waiting.given_up():
            now = time.time()
            self._done(Report(job=job, outcome=Outcome.DONE, result=result, began=now, ended=now))

    # Giving out work

    def _dispatch(self) -> float | None:
        """Gives out what may begin now; seconds until more may begin, None if there is nothing to begin."""
        while not self._ended():
            now = self._clock()
            self._to_find += self._waiting.due(time.time())
            if self._to_find and self._finding < _FINDING:  # it sends nothing, so it takes no run's place
                self._give(self._to_find.popleft())
                continue
            wait_s = self._pace.wait_s(now, self._active - self._finding)
            if not self._to_send and self._next_new() < 0:
                return _TICK_S if self._to_find else self._waiting.wait_s(time.time())
            if wait_s is None or wait_s > 0:
                return wait_s if wait_s is not None else _TICK_S
            self._give(self._next_job())
            self._pace.began(now)
        return None

    def _ended(self) -> bool:
        return self._fault is not None or self._interrupts.count > 0 or self._out_of_time()

    def _must_leave(self) -> bool:
        """True if what runs cannot be waited for: a blocking run cannot be stopped, and is found later."""
        count = self._interrupts.count
        return count >= LEAVE_AT_ONCE or (count > 1 and self._blocks())

    def _blocks(self) -> bool:
        return isinstance(self._backend, MayBlock) and self._backend.blocking

    def _out_of_time(self) -> bool:
        limit = self._limits.max_time_s
        return limit is not None and self._clock() - self._began > limit

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
        self._start_threads(self._active)
        self._jobs.put(job)

    def _start_threads(self, count: int) -> None:
        """Makes so many threads of them."""
        while len(self._threads) < count:
            thread = threading.Thread(target=self._work, name="difyflow-batch", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._reports.put(self._worker.do(job))

    def _begun(self) -> None:
        if not self._told_of_beginning:
            self._told_of_beginning = True
            self._reports.put(lambda: self._waiting.overtaken(time.time()))

    def _lost(self, why: str) -> None:
        lost = f"the answer of a run was lost ({why}); the server is asked how it ended"
        self._reports.put(lambda: self._standing.say(lost))

    # Taking in what came of it

    def _handle(self, report: Report) -> None:
        job, fault = report.job, report.fault
        match report.outcome:
            case Outcome.DONE:
                self._done(report)
            case Outcome.UNSENT:
                self._refused(report)
            case Outcome.NEVER_BEGUN:
                if self._noted(job.key, "unsent"):
                    self._move(job.index, SENT)
                    self._to_send.append(job.index)
            case Outcome.ABSENT:
                self._waiting.add(job)
            case Outcome.LATER:
                if isinstance(fault, DifyflowError):
                    self._standing.say(f"a lost run could not be looked for: {fault.message}")
                    self._end_by(self._standing.bad(fault))
            case Outcome.BROKEN:
                self._end_by(fault)

    def _end_by(self, fault: BaseException | None) -> None:
        self._fault = self._fault or fault

    def _done(self, report: Report) -> None:
        job, result = report.job, report.result
        assert result is not None
        if job.sent is not None and self._ledger.state(job.index) == result.status == RunStatus.UNKNOWN:
            return  # as it was
        if not self._write(report, result):
            return
        self._end_by(self._standing.ended(result, report.fault, found=job.sent is not None))
        if result.ok:
            self._idle_refusals = 0
            if job.sent is None:
                self._pace.ended(report.ended - report.began)

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
            self._end_by(err)
            return False
        self._move(index, status)
        return True

    def _move(self, index: int, state: str) -> None:
        """A row gets another state, in the counts too."""
        self._standing.move(self._ledger.state(index), state)
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
            self._end_by(fault)
        elif isinstance(fault, RateLimited):
            self._too_many(fault)
        else:
            if fault.code == UNREACHABLE or isinstance(fault, ApiError):
                self._pace.refused(self._clock(), None)
            self._standing.say(fault.message)
            self._end_by(self._standing.bad(fault))

    def _too_many(self, fault: RateLimited) -> None:
        """The server takes no more runs; if it runs none of ours, that may be so for ever."""
        self._pace.refused(self._clock(), fault.retry_after_s)
        if self._active != self._finding:
            self._idle_refusals = 0
            self._standing.say(f"the server takes no more runs at a time; now {self._pace.limit}")
            return
        self._idle_refusals += 1
        twice = self._api is not None and self._api.abilities.counts_streaming_twice and not self._blocks()
        if twice and isinstance(self._backend, MayBlock) and self._backend.use_blocking():
            self._standing.say(f"{_TWICE}; going on with blocking ones")
            self._idle_refusals = 0
            return
        self._standing.say(_TWICE if twice else "the server takes no run now, though none of ours is running")
        if self._limits.stop_after and self._idle_refusals >= _IDLE_REFUSALS:
            self._end_by(_with_advice(fault) if twice else fault)

    def _noted(self, key: Key, state: str) -> bool:
        try:
            self._journal.note(key, state)
        except OSError as err:
            self._end_by(err)
            return False
        return True

    # Telling, and the user's word

    def _tell(self, *, last: bool = False) -> None:
        now = time.monotonic()
        if last or now - self._told_at >= _TICK_S:
            self._told_at = now
            self._on_progress(self._progress())

    def _progress(self) -> Progress:
        return self._standing.progress(
            self._clock(), total=len(self._ledger), active=self._active, limit=self._pace.limit
        )

    def _finish(self) -> None:
        self._standing.say("finishing what runs; Ctrl-C again stops it")
        self._worker.leave()
        self._reports.put(None)

    def _stop(self) -> None:
        said = "leaving: blocking runs cannot be stopped, --resume finds them" if self._blocks() else ""
        self._standing.say(said or "stopping the runs")
        threading.Thread(target=self._worker.stop_all, daemon=True).start()
        self._reports.put(None)

    def _close_journal(self) -> None:
        try:
            self._journal.close()
        except OSError as err:
            self.disk_failed = True
            self._end_by(err)


def _with_advice(fault: RateLimited) -> RateLimited:
    fault.hint = (
        f"{_TWICE}: go on with --response-mode blocking, or raise the limit in the settings of the app"
    )
    return fault
