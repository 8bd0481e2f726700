"""Where a batch stands while it runs: counts, tokens, failures, and whether too many came in a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from difyflow.client.faults import stops_everything
from difyflow.errors import DifyflowError
from difyflow.records.result import Result, RunStatus
from difyflow.run.batch.progress import Progress
from difyflow.run.batch.work import cause


class Standing:
    """The counts of one process.

    Args:
        counts: rows by state before it began.
        stop_after: failures in a row after which a batch ends; 0 = never.
        began: when it began, in the time that `progress` is asked with.
    """

    def __init__(self, counts: Mapping[str, int], *, stop_after: int, began: float) -> None:
        self._counts = Counter(counts)
        self._stop_after, self._began = stop_after, began
        self._failures: Counter[str] = Counter()
        self._fresh = self._tokens = self._bad_in_a_row = 0
        self._said: list[str] = []
        self._last_said = ""

    def say(self, text: str) -> None:
        """Something that the user should know, said with the next progress; not twice in a row."""
        if text != self._last_said:
            self._last_said = text
            self._said.append(text)

    def restart(self, counts: Mapping[str, int]) -> None:
        """Rows were given back to be run anew."""
        self._counts = Counter(counts)

    def move(self, old: str, new: str) -> None:
        """A row gets another state."""
        self._counts[old] -= 1
        self._counts[new] += 1

    def ended(
        self, result: Result, fault: BaseException | None, *, found: bool = False
    ) -> DifyflowError | None:
        """A run has ended; why the batch must end too, if it must.

        A run that was `found` again says nothing about how the next ones will fare.
        """
        self._fresh += 1
        self._tokens += result.total_tokens
        if result.ok:
            self._bad_in_a_row = 0
        elif result.status is not RunStatus.STOPPED:
            self._failures[cause(result)] += 1
            return None if found else self.bad(fault)
        return None

    def bad(self, fault: BaseException | None) -> DifyflowError | None:
        """Something failed; why the batch must end, if it must."""
        self._bad_in_a_row += 1
        if isinstance(fault, DifyflowError) and stops_everything(fault):
            return fault
        if self._stop_after and self._bad_in_a_row >= self._stop_after:
            return DifyflowError(
                f"stopped after {self._bad_in_a_row} failures in a row"
                + (f"; the last one: {fault}" if fault is not None else ""),
                code="too-many-failures",
                hint="mend the cause, then go on with --resume; --stop-after sets the number, 0 = never",
            )
        return None

    def progress(self, now: float, *, total: int, active: int, limit: int) -> Progress:
        """For the user; what is to be said is said once."""
        said, self._said = self._said, []
        return Progress(
            total=total,
            counts={state: count for state, count in self._counts.items() if count > 0},
            active=active,
            limit=limit,
            fresh=self._fresh,
            elapsed_s=now - self._began,
            tokens=self._tokens,
            failures=dict(self._failures),
            said=tuple(said),
        )
