"""About how long a batch will take and what it will use, before its first run: from the app's latest runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from difyflow.client.answers import LogEntry
from difyflow.client.app_api import AppApi
from difyflow.errors import ApiError, ConnectionLost
from difyflow.run.batch.pace import AUTO_START, PaceLimits

_LATEST = 50
_FEWEST = 3  # runs that say anything about the next ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What the latest runs of the app let one expect.

    Attributes:
        of: how many runs it stands on; 0 = nothing is known.
        run_s: seconds that one of them took on average.
        shortest_s, longest_s: of the whole batch, with as many runs at a time as allowed and with those that
            it begins with.
        tokens: of the whole batch.
    """

    of: int = 0
    run_s: float = 0.0
    shortest_s: float = 0.0
    longest_s: float = 0.0
    tokens: int = 0


def estimate(api: AppApi | None, runs: int, pace: PaceLimits) -> Estimate:
    """Looks at the server's run list once.

    Args:
        api: the app; None for local runs, of which nothing is known.
        runs: that are to be made.
        pace: how many at a time.
    """
    if api is None or runs < 1:
        return Estimate()
    try:
        entries = api.logs(limit=_LATEST, status="succeeded").entries
    except (ApiError, ConnectionLost):
        return Estimate()  # it is only an estimate; what is wrong with the server the runs will tell
    return estimated(entries, runs, pace)


def estimated(entries: Sequence[LogEntry], runs: int, pace: PaceLimits) -> Estimate:
    """The same from given entries of the run list."""
    known = [one for one in entries if one.elapsed_s > 0]
    if len(known) < _FEWEST:
        return Estimate()
    run_s = mean(one.elapsed_s for one in known)
    most = pace.concurrency or pace.most
    least = pace.concurrency or min(AUTO_START, pace.most)
    floor = (runs - 1) * 60.0 / pace.rpm if pace.rpm else 0.0
    return Estimate(
        of=len(known),
        run_s=run_s,
        shortest_s=max(floor, run_s * runs / most, run_s),
        longest_s=max(floor, run_s * runs / least, run_s),
        tokens=round(mean(one.total_tokens for one in known) * runs),
    )
