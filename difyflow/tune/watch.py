"""Following a job: each event once, however often the watch is begun anew.

`events.jsonl` in the folder of the job holds all that was seen, so that a curve has its beginning after a
restart too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from difyflow.tune._log import JsonLines
from difyflow.tune.jobs import Event, Jobs, RemoteJob

EVENTS_FILE = "events.jsonl"
_LOSSES = ("train_loss", "valid_loss", "full_valid_loss")


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What one look at the service brought: the job, and the events that are new."""

    job: RemoteJob
    events: tuple[Event, ...]


class EventLog:
    """The events of a job on disk.

    Args:
        folder: of the job.
        job_id: events of another job are not shown.

    Raises:
        UsageError: the file cannot be read.
    """

    def __init__(self, folder: Path, job_id: str) -> None:
        self._lines, self._job_id = JsonLines(folder / EVENTS_FILE), job_id
        self.events: list[Event] = list(self._read())
        self._known = {event.id for event in self.events}

    def knows(self, event_id: str) -> bool:
        """True if it was seen."""
        return event_id in self._known

    def add(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """Keeps those that are new, and gives them back.

        Raises:
            UsageError: the file cannot be written.
        """
        new = []
        for event in events:
            if event.id not in self._known:
                self._known.add(event.id)
                new.append(event)
        if new:
            self._lines.add({"job": self._job_id, **asdict(event)} for event in new)
        self.events += new
        return tuple(new)

    def _read(self) -> Iterator[Event]:
        for value in self._lines.read():
            if value.pop("job", None) == self._job_id:
                try:
                    yield Event(**value)
                except TypeError:
                    continue  # not ours: the service still has it


def watch(jobs: Jobs, job_id: str, log: EventLog, *, every_s: float) -> Iterator[Update]:
    """Looks at a job again and again until nothing will change any more.

    The job is asked before its events, so that those of its end are not missed. Each look is repeated by the
    patience of `jobs`; what fails beyond that is raised, and a new watch goes on from the log.

    Args:
        jobs: of the service.
        job_id: of the service.
        log: what was seen before; it comes with the first update.
        every_s: seconds between two looks.

    Raises:
        ApiError, ConnectionLost: the service refuses, or is out of reach.
    """
    earlier = tuple(log.events)
    while True:
        job = jobs.get(job_id)
        new = log.add(jobs.events(job_id, log.knows))
        yield Update(job=job, events=(*earlier, *new))
        earlier = ()
        if job.final:
            return
        jobs.patience.sleep(every_s)


def curves(events: Sequence[Event]) -> dict[str, list[tuple[float, float]]]:
    """The losses of the metrics events by name, as (step, loss) in the order of the steps."""
    found: dict[str, dict[float, float]] = {}
    for event in events:
        step = _number(event.data, "step")
        for name in _LOSSES:
            loss = _number(event.data, name)
            if step is not None and loss is not None:
                found.setdefault(name, {})[step] = loss
    return {name: sorted(points.items()) for name, points in found.items()}


def _number(data: Mapping[str, object], name: str) -> float | None:
    value = data.get(name)
    good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
    return float(value) if good and isinstance(value, int | float) else None
