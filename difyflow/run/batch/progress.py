"""Where a batch stands, when it stops by itself, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from difyflow.run.batch.ledger import FINAL, INVALID


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a batch stops by itself.

    Attributes:
        max_time_s: no run is begun after so many seconds.
        stop_after: failures in a row; 0 = never.
    """

    max_time_s: float | None = None
    stop_after: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a batch stands.

    Attributes:
        counts: rows by state, as `ledger` names them.
        fresh: runs that ended since this process began, and `elapsed_s` seconds since then.
        tokens: of these.
        failures: how many of these failed for which cause.
        said: what the user should know, each line told once; empty mostly.
    """

    total: int
    counts: Mapping[str, int]
    active: int
    limit: int
    fresh: int
    elapsed_s: float
    tokens: int
    failures: Mapping[str, int]
    said: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        """Rows with a result, those that do not fit among them."""
        return sum(count for state, count in self.counts.items() if state in FINAL or state == INVALID)

    @property
    def tokens_left(self) -> int | None:
        """Tokens that the rest will use if it is like what has ended; None while nothing has."""
        return round((self.total - self.done) * self.tokens / self.fresh) if self.fresh else None

    @property
    def left_s(self) -> float | None:
        """Seconds that the rest will take at this rate; None while there is no rate."""
        return (self.total - self.done) * self.elapsed_s / self.fresh if self.fresh else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a batch ended for now.

    Attributes:
        fault: why it could not go on; None if it could.
        interrupted: the user ended it.
    """

    progress: Progress
    fault: BaseException | None = None
    interrupted: bool = False
    out_of_time: bool = False

    @property
    def complete(self) -> bool:
        """True if each row has a result."""
        return self.progress.done == self.progress.total
