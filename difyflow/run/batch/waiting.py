"""Runs that may still wait in a server's queue (1.13 and later), where its logs do not show them.

The queue is first in, first out. Whatever this process sends is sent later than the runs of dead processes;
when one of its runs has begun, a run of theirs that is still not in the logs was never sent.
"""

from __future__ import annotations

from dataclasses import replace

from difyflow.records.result import Result, RunStatus
from difyflow.run.batch.work import Job


class Waiting:
    """The absent runs of dead processes.

    Args:
        absent_s: so long a run that has begun may be missing in the logs, in seconds.
    """

    def __init__(self, absent_s: float) -> None:
        self._absent_s = absent_s
        self._jobs: list[Job] = []
        self._overtaken_at: float | None = None

    def add(self, job: Job) -> None:
        """A run that was not found."""
        self._jobs.append(job)

    def overtaken(self, now: float) -> None:
        """A run that was sent later has begun."""
        if self._overtaken_at is None:
            self._overtaken_at = now

    def wait_s(self, now: float) -> float | None:
        """Seconds until absence is proof; None if it is not going to be."""
        if not self._jobs or self._overtaken_at is None:
            return None
        return max(0.0, self._overtaken_at + self._absent_s - now)

    def due(self, now: float) -> list[Job]:
        """Runs to be looked for a last time; they are no longer kept here."""
        if self.wait_s(now) != 0:
            return []
        jobs, self._jobs = self._jobs, []
        return [replace(job, last=True) for job in jobs]

    def given_up(self) -> list[tuple[Job, Result]]:
        """What no later run could prove: unknown, unless the batch goes on another time."""
        jobs, self._jobs = self._jobs, []
        unknown = Result(
            status=RunStatus.UNKNOWN,
            error="the logs do not show it, but it may still wait in the server's queue",
            error_code="unknown-outcome",
            backend="dify",
        )
        return [(job, unknown) for job in jobs]
