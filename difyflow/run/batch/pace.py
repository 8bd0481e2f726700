"""How many runs at a time, and when the next one may begin. Pure: the clock is handed in with each call."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

AUTO_START = 2
AUTO_MOST = 8
"""A default Dify serves ten connections, and stop and polling calls need some (api.md 4)."""
_SLOWER = 1.5  # times the best median: then the server is busy and more runs would only wait
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceLimits:
    """What the user wants.

    Attributes:
        concurrency: runs at a time; None = find out.
        most: never more at a time.
        rpm: runs that may begin in a minute; None = any number.
    """

    concurrency: int | None = None
    most: int = AUTO_MOST
    rpm: float | None = None


class Pace:
    """Grows by one for each round of good runs while their latency holds; halves when told "too many"."""

    def __init__(self, limits: PaceLimits) -> None:
        self._most = limits.concurrency or limits.most
        self.limit = limits.concurrency or min(AUTO_START, limits.most)
        self._gap_s = 60.0 / limits.rpm if limits.rpm else 0.0
        self._next_at = 0.0
        self._refused = 0
        self._good = 0
        self._recent: deque[float] = deque(maxlen=AUTO_MOST)
        self._best: float | None = None

    def wait_s(self, now: float, active: int) -> float | None:
        """Seconds until a run may begin; None while as many as allowed are running."""
        return None if active >= self.limit else max(0.0, self._next_at - now)

    def began(self, now: float) -> None:
        """A run was begun."""
        if self._gap_s:
            self._next_at = max(self._next_at, now) + self._gap_s

    def ended(self, latency_s: float) -> None:
        """A run went through to its end."""
        self._refused = 0
        self._good += 1
        self._recent.append(latency_s)
        if self._good < self.limit or self.limit >= self._most:
            return
        now = median(self._recent)
        self._best = now if self._best is None else min(self._best, now)
        if now <= self._best * _SLOWER:
            self.limit += 1
        self._good = 0

    def refused(self, now: float, retry_after_s: float | None) -> None:
        """The server said "too many", or could not be reached: half as many, after a pause.

        Refusals of runs that were sent before the last one was noticed count once.
        """
        if now < self._next_at and retry_after_s is None:
            return
        self.limit = max(1, self.limit // 2)
        self._good = 0
        pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**self._refused)
        self._refused += 1
        self._next_at = max(self._next_at, now + max(pause, retry_after_s or 0.0))
