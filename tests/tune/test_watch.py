"""Following a job: each event once, also after a restart; losses as curves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from difyflow.errors import ServerError
from difyflow.tune.jobs import Event, submit
from difyflow.tune.watch import EVENTS_FILE, EventLog, curves, watch
from loopback.fine_tuning import Answer, refused


def event(number: int, **data: Any) -> Any:
    return Event(id=f"e{number}", created_at=number, level="info", message=f"m{number}", data=data)


@pytest.mark.local
def test_a_watch_shows_each_event_once_and_ends_with_the_job(prepared: Any, jobs: Any, waits: Any) -> None:
    folder, job = prepared()
    submit(folder, job, jobs)
    updates = list(watch(jobs, "ftjob-1", EventLog(folder, "ftjob-1"), every_s=9))
    assert [update.job.status for update in updates] == ["validating_files", "queued", "running", "succeeded"]
    messages = [item.message for update in updates for item in update.events]
    steps = [f"Step {number}/5" for number in range(1, 6)]
    assert messages == ["The job is queued", "The job is running", *steps, "The job is succeeded"]
    assert updates[-1].job.model == "ft:gpt-4o-mini:org::1"
    assert waits == [9, 9, 9]


@pytest.mark.local
def test_a_watch_that_was_broken_off_goes_on_and_knows_what_was_before(prepared: Any, jobs: Any) -> None:
    folder, job = prepared()
    submit(folder, job, jobs)
    first = watch(jobs, "ftjob-1", EventLog(folder, "ftjob-1"), every_s=0)
    for _ in range(3):
        next(first)
    with (folder / EVENTS_FILE).open("ab") as file:
        file.write(b'{"job": "ftjob-1", "id": "torn')
    before = len(EventLog(folder, "ftjob-1").events)
    (last,) = watch(jobs, "ftjob-1", EventLog(folder, "ftjob-1"), every_s=0)
    assert len(last.events) == before + 1
    assert len(EventLog(folder, "ftjob-1").events) == before + 1
    assert set(curves(EventLog(folder, "ftjob-1").events)) == {"train_loss", "valid_loss"}


@pytest.mark.local
def test_faults_on_the_way_are_waited_out_and_a_lasting_one_is_told(
    prepared: Any, tuning: Any, jobs: Any
) -> None:
    folder, job = prepared()
    submit(folder, job, jobs)
    tuning.fault("job", refused(503), Answer(reset=True))
    tuning.fault("events", refused(429, Retry_After="1"))
    updates = watch(jobs, "ftjob-1", EventLog(folder, "ftjob-1"), every_s=0)
    assert next(updates).job.status == "validating_files"
    tuning.fault("job", *[refused(500)] * 3)
    with pytest.raises(ServerError):
        next(updates)


@pytest.mark.local
@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_bad_end_is_an_end_and_a_pause_is_none(prepared: Any, tuning: Any, jobs: Any, status: Any) -> None:
    folder, job = prepared()
    submit(folder, job, jobs)
    tuning.jobs["ftjob-1"].script = ["running", "paused", "a new status", status]
    updates = list(watch(jobs, "ftjob-1", EventLog(folder, "ftjob-1"), every_s=0))
    assert [update.job.status for update in updates] == ["running", "paused", "a new status", status]
    assert updates[-1].job.error == ("invalid_training_file: line 3" if status == "failed" else "")


def test_the_log_keeps_events_of_its_own_job_only(tmp_path: Path) -> None:
    log = EventLog(tmp_path, "a")
    assert log.add([event(1, step=1, train_loss=2.0), event(1), event(2)]) == tuple(log.events)
    assert log.add([event(2)]) == ()
    assert EventLog(tmp_path, "a").events == log.events
    assert EventLog(tmp_path, "b").events == []


@pytest.mark.parametrize(
    "data", [b"", b"\xff\x00", b"[1]\n{}\nnull\n", b'{"job": "a"}\n{"job": "a", "x": 1}\n']
)
def test_garbage_in_the_log_is_passed_over(tmp_path: Path, data: Any) -> None:
    (tmp_path / EVENTS_FILE).write_bytes(data)
    log = EventLog(tmp_path, "a")
    log.add([event(1)])
    assert [item.id for item in EventLog(tmp_path, "a").events] == ["e1"]


def test_curves_hold_what_can_be_drawn() -> None:
    events = [
        event(1, step=2, train_loss=1.5, valid_loss=None),
        event(2, step=1, train_loss=2, full_valid_loss=1.9),
        event(3, step=3, train_loss=float("nan")),
        event(4, train_loss=1.0),
        event(5, step="x", train_loss=True),
        event(6, step=2, train_loss=1.25),
    ]
    assert curves(events) == {"train_loss": [(1.0, 2.0), (2.0, 1.25)], "full_valid_loss": [(1.0, 1.9)]}
    assert json.dumps(curves([])) == "{}"
