"""`difyflow finetune submit`, `watch`, `checkpoints` and `cancel`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from difyflow.cli import _exit, _show
from difyflow.cli._finetune import Place, access, patience
from difyflow.cli._finetune_curve import plot
from difyflow.errors import UsageError
from difyflow.tune import jobs as api
from difyflow.tune.job import Job, Tuned, read_job, save_job
from difyflow.tune.jobs import Event, Jobs, RemoteJob
from difyflow.tune.service import need_api
from difyflow.tune.watch import EventLog, Update, curves
from difyflow.tune.watch import watch as follow

if TYPE_CHECKING:
    from rich.console import RenderableType

_EVENTS = 8  # the last ones in the live view


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """The options of `watch`; see its help."""

    every_s: float
    once: bool
    format_: str


@contextmanager
def _open(folder: str, base_url: str, key_env: str) -> Iterator[tuple[Job, Jobs]]:
    """The job in a folder, and its service.

    Raises:
        UsageError: no job, a service without an API, no key.
    """
    job = read_job(Path(folder))
    known = need_api(job.service, base_url=base_url or job.remote.base_url)
    with Jobs(access(job, Place(base_url, key_env), os.environ), known, patience()) as jobs:
        yield job, jobs


def _submitted(folder: str, job: Job) -> str:
    if not job.remote.job_id:
        raise UsageError(
            "this job was not submitted yet", path=folder, hint=f"difyflow finetune submit {folder}"
        )
    return job.remote.job_id


def submit(folder: str, base_url: str, key_env: str, format_: str) -> int:
    """Runs the command."""
    with _open(folder, base_url, key_env) as (job, jobs):
        done = api.submit(Path(folder), job, jobs)
        host = jobs.access.host
    if format_ == "json":
        _write_json({"job": asdict(done.remote), "found": list(done.found)})
        return _exit.FINE
    for what in done.found:
        _show.note(f"  the {what} was there already: not sent again")
    _show.note(f"{done.remote.id} at {host}: {done.remote.status}")
    _show.note(f"next: difyflow finetune watch {folder}")
    return _exit.FINE


def watch(folder: str, base_url: str, key_env: str, options: WatchOptions) -> int:
    """Runs the command; 1 if the job failed or was cancelled."""
    with _open(folder, base_url, key_env) as (job, jobs):
        job_id = _submitted(folder, job)
        log = EventLog(Path(folder), job_id)
        last: RemoteJob | None = None
        with _view(options.format_, log) as show:
            for update in follow(jobs, job_id, log, every_s=options.every_s):
                show(update)
                if last is None or update.job.status != last.status:
                    _remember(Path(folder), update.job)
                last = update.job
                if options.once:
                    break
    assert last is not None
    return _end(folder, last, options)


def _end(folder: str, last: RemoteJob, options: WatchOptions) -> int:
    if options.format_ == "text":
        words = f": {last.model}" if last.model else ""
        error = f" ({last.error})" if last.error else ""
        _show.note(f"{last.id}: {last.status}{words}{error}")
        if last.status == "succeeded":
            _show.note(f"next: difyflow finetune checkpoints {folder}")
    return _exit.FINDINGS if last.status in ("failed", "cancelled") else _exit.FINE


def _remember(folder: Path, remote: RemoteJob) -> None:
    """Keeps the status, and the tuned model once there is one."""
    job = read_job(folder)
    job = replace(job, remote=replace(job.remote, status=remote.status))
    save_job(folder, job.with_model(Tuned(id=remote.model, origin="service")) if remote.model else job)


def checkpoints(folder: str, base_url: str, key_env: str, format_: str) -> int:
    """Runs the command."""
    with _open(folder, base_url, key_env) as (job, jobs):
        job_id = _submitted(folder, job)
        remote, found = jobs.get(job_id), jobs.checkpoints(job_id)
    for point in found:
        job = job.with_model(Tuned(id=point.model, step=point.step, origin="service"))
    if remote.model:
        job = job.with_model(Tuned(id=remote.model, origin="service"))
    job = replace(job, remote=replace(job.remote, status=remote.status))
    save_job(Path(folder), job)
    metrics = {point.model: point.metrics for point in found}
    if format_ == "json":
        _write_json(
            {
                "status": remote.status,
                "models": [
                    {"word": f"ckpt{at}", **asdict(item), "metrics": dict(metrics.get(item.id, {}))}
                    for at, item in enumerate(job.models, 1)
                ],
            }
        )
        return _exit.FINE
    if not job.models:
        _show.note(f"{job_id}: {remote.status}, no model yet")
    for at, item in enumerate(job.models, 1):
        losses = ", ".join(
            f"{name} {value:.4g}" for name, value in metrics.get(item.id, {}).items() if name != "step"
        )
        step = "last" if item.step is None else f"step {item.step}"
        _show.write_text(f"ckpt{at}  {step}  {item.id}{f'  {losses}' if losses else ''}\n")
    return _exit.FINE


def cancel(folder: str, base_url: str, key_env: str) -> int:
    """Runs the command."""
    with _open(folder, base_url, key_env) as (job, jobs):
        remote = jobs.cancel(_submitted(folder, job))
    _remember(Path(folder), remote)
    _show.note(f"{remote.id}: {remote.status}")
    return _exit.FINE


def _write_json(value: object) -> None:
    _show.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _write_events(update: Update) -> None:
    """A line of JSON for each event, at once."""
    for event in update.events:
        _show.write_text(json.dumps(asdict(event), ensure_ascii=False) + "\n")


class _Lines:
    """A line for each event; for output that is no terminal, below it the curve."""

    def __init__(self) -> None:
        self._status = ""

    def show(self, update: Update) -> None:
        """What is new."""
        for event in update.events:
            _show.note(_line(event))
        if update.job.status != self._status:
            self._status = update.job.status
            _show.note(f"  status: {self._status}{_until(update.job)}")


class _Live:
    """Status, curve and the last events, redrawn at each look."""

    def __init__(self, log: EventLog) -> None:
        from rich.console import Console
        from rich.live import Live

        self._log = log
        self._console = Console(stderr=True)
        self.live = Live(console=self._console, auto_refresh=False, transient=False)

    def show(self, update: Update) -> None:
        """Draws it anew."""
        self.live.update(self._drawn(update), refresh=True)

    def _drawn(self, update: Update) -> RenderableType:
        from rich.text import Text

        width = max(20, min(self._console.width - 14, 90))
        lines = [f"{update.job.id}: {update.job.status}{_until(update.job)}"]
        lines += plot(curves(self._log.events), width=width, height=6)
        lines += [_line(event) for event in self._log.events[-_EVENTS:]]
        return Text("\n".join(_printable(line) for line in lines), no_wrap=True)


@contextmanager
def _view(format_: str, log: EventLog) -> Iterator[Callable[[Update], None]]:
    """What shows an update."""
    if format_ == "json":
        yield _write_events
    elif sys.stderr.isatty():
        view = _Live(log)
        with view.live:
            yield view.show
    else:
        try:
            yield _Lines().show
        finally:
            for line in plot(curves(log.events)):
                _show.note(line)


def _line(event: Event) -> str:
    at = _clock(event.created_at)
    level = "" if event.level == "info" else f"{event.level}: "
    return f"  {at}  {level}{' '.join(event.message.split())}{_metrics(event)}"


def _printable(text: str) -> str:
    """Text of a server could otherwise steer the terminal."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _metrics(event: Event) -> str:
    shown: Sequence[str] = [
        f"{name} {value:.4g}"
        for name, value in event.data.items()
        if "loss" in name and isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return f"  {', '.join(shown)}" if shown else ""


def _until(job: RemoteJob) -> str:
    return f", until about {_clock(job.estimated_finish)}" if job.estimated_finish else ""


def _clock(at_s: int) -> str:
    """UTC, to the second; what is no time is shown as it is."""
    try:
        return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return str(at_s)
