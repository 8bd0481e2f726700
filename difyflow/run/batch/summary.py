"""How a batch stands: counts, latency, tokens, failures by cause, slowest rows. Changes nothing."""

from __future__ import annotations

import heapq
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

from difyflow.records.result import RunStatus
from difyflow.run.batch.folder import Folder, Spec
from difyflow.run.batch.ledger import Ledger
from difyflow.run.batch.results import lines_in_order, parsed_result

SLOWEST = 10
_EXAMPLES = 50  # rows without a good result that are named
_GOOD = (RunStatus.SUCCEEDED, RunStatus.PARTIAL_SUCCEEDED)
_LONGEST = 300  # characters of an error


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row in a few words.

    Attributes:
        line: physical line in the file of rows; 0 for rows of a glob.
        took_s: seconds that the run took.
        said: its error, cut to 300 characters.
    """

    row: int
    repeat: int
    line: int
    status: str
    took_s: float = 0.0
    tokens: int = 0
    run_id: str = ""
    cause: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A batch in numbers.

    Attributes:
        counts: rows by state.
        failures: rows without a good result by cause, the most frequent first.
        median_s, p95_s, longest_s: seconds that a run took, of the good ones; None without any.
        recovered: runs that were found again.
        samples, rejected: lines of the collected corpus, and what could not be saved; None before the result
            files are written.
        slowest: good runs that took longest.
        bad: the first rows without a good result.
        took_s, used_tokens: of each good run, in the order of the rows.
        ended_at: of each run, Unix seconds, ascending.
    """

    batch: str
    source: str
    target: str
    created_at: float
    total: int
    counts: Mapping[str, int]
    failures: Mapping[str, int] = field(default_factory=dict)
    tokens: int = 0
    median_s: float | None = None
    p95_s: float | None = None
    longest_s: float | None = None
    recovered: int = 0
    samples: int | None = None
    rejected: int | None = None
    slowest: tuple[Case, ...] = ()
    bad: tuple[Case, ...] = ()
    took_s: Sequence[float] = field(default=(), repr=False)
    used_tokens: Sequence[int] = field(default=(), repr=False)
    ended_at: Sequence[float] = field(default=(), repr=False)

    def to_json(self) -> dict[str, object]:
        """A JSON object, without the long lists."""
        names = [one.name for one in fields(self) if one.repr]
        said = {name: getattr(self, name) for name in names}
        return {
            **said,
            "slowest": [asdict(one) for one in self.slowest],
            "bad": [asdict(one) for one in self.bad],
        }


def summarize(folder: Folder, spec: Spec, ledger: Ledger, places: array[int]) -> Summary:
    """Counts what is in a batch's folder; some 24 bytes of memory for each run."""
    return _Count().of(lines_in_order(folder, ledger, places), folder, spec, ledger)


class _Count:
    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()
        self.took, self.used, self.ended = array("d"), array("q"), array("d")
        self.tokens = self.recovered = 0
        self.bad: list[Case] = []
        self.slowest: list[tuple[float, int, Case]] = []

    def of(self, lines: Iterator[bytes], folder: Folder, spec: Spec, ledger: Ledger) -> Summary:
        for number, line in enumerate(lines):
            self._add(number, parsed_result(line, folder))
        ordered = sorted(self.took)
        return Summary(
            batch=spec.id,
            source=spec.source,
            target=str(spec.settings.get("target") or ""),
            created_at=spec.created_at,
            total=len(ledger),
            counts=ledger.counts(),
            failures=dict(self.failures.most_common()),
            tokens=self.tokens,
            median_s=ordered[len(ordered) // 2] if ordered else None,
            p95_s=ordered[int(len(ordered) * 0.95)] if ordered else None,
            longest_s=ordered[-1] if ordered else None,
            recovered=self.recovered,
            samples=folder.lines_of("outputs.jsonl"),
            rejected=folder.lines_of("outputs.rejected.jsonl"),
            slowest=tuple(case for _took, _number, case in sorted(self.slowest, reverse=True)),
            bad=tuple(self.bad),
            took_s=self.took,
            used_tokens=self.used,
            ended_at=array("d", sorted(self.ended)),
        )

    def _add(self, number: int, value: Mapping[str, object]) -> None:
        status = str(value["status"])
        case = _case(value)
        self.tokens += case.tokens
        self.recovered += bool(value.get("recovered"))
        ended = value.get("ended_at")
        if isinstance(ended, int | float):
            self.ended.append(ended)
        if status in _GOOD:
            self.took.append(case.took_s)
            self.used.append(case.tokens)
            # The number makes no two entries alike, so that cases are never compared.
            entry = (case.took_s, -number, case)
            if len(self.slowest) < SLOWEST:
                heapq.heappush(self.slowest, entry)
            else:
                heapq.heappushpop(self.slowest, entry)
        elif status != RunStatus.PAUSED:
            self.failures[case.cause] += 1
            if len(self.bad) < _EXAMPLES:
                self.bad.append(case)


def _case(value: Mapping[str, object]) -> Case:
    def whole(name: str) -> int:
        found = value.get(name)
        return found if isinstance(found, int) else 0

    took, error = value.get("elapsed_s"), str(value.get("error") or "")
    return Case(
        row=whole("row"),
        repeat=whole("repeat"),
        line=whole("line"),
        status=str(value["status"]),
        took_s=took if isinstance(took, int | float) else 0.0,
        tokens=whole("total_tokens"),
        run_id=str(value.get("run_id") or ""),
        cause=str(value.get("error_code") or "") or error.partition("\n")[0][:80] or "no reason",
        said=error[:_LONGEST],
    )
