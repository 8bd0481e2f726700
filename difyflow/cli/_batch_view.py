"""The view of a batch on stderr: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from difyflow.cli import _show
from difyflow.run.backend import Header
from difyflow.run.batch import Ending, Estimate, Progress, Volume, Written

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_EVERY_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is known of a batch before its first run; `here` if it runs on this machine."""

    runs: Estimate
    volume: Volume
    here: bool = False


class View:
    """Says nothing but what went wrong."""

    def begin(self, header: Header, folder: Path, total: int, expected: Expected | None) -> None:
        """Before the first run; `expected` only of a new batch."""

    def progress(self, progress: Progress) -> None:
        """While it runs, about twice a second."""

    def end(self, ending: Ending, written: Written, folder: Path) -> None:  # noqa: ARG002  for the others
        """When it has ended, for now."""
        if not ending.complete:
            _show.note(
                f"not complete: {_state(ending.progress)}\n  go on with: difyflow batch --resume {folder}"
            )


class _Lines(View):
    """A line every ten seconds, and when there is something to say."""

    def __init__(self) -> None:
        self._told_at = time.monotonic()

    def begin(self, header: Header, folder: Path, total: int, expected: Expected | None) -> None:
        """Where to, how many, and how long that may take."""
        version = (
            f" (Dify {header.server_version or '?'})" if header.backend == "dify" else f" ({header.backend})"
        )
        _show.note(
            f"{header.app_name or 'app'}: {total} runs on {header.target}{version}, journal in {folder}"
        )
        for line in header.notes:
            _show.note(f"  {line}")
        if expected is not None:
            for line in in_words(expected):
                _show.note(f"  {line}")

    def progress(self, progress: Progress) -> None:
        """The counts."""
        for line in progress.said:
            _show.note(line)
        if time.monotonic() - self._told_at >= _EVERY_S:
            self._told_at = time.monotonic()
            _show.note(_state(progress))

    def end(self, ending: Ending, written: Written, folder: Path) -> None:
        """The counts, and which files there are."""
        _show.note(_state(ending.progress))
        for cause, count in sorted(ending.progress.failures.items(), key=lambda item: -item[1])[:5]:
            _show.note(f"  {count} times: {cause}")
        for path in written.files:
            _show.note(f"wrote {path}")
        if written.uncollected:
            _show.note(f"no corpus was collected of some rows: {written.uncollected}")
        if ending.out_of_time:
            _show.note("the time of --max-time is over")
        super().end(ending, written, folder)


class _BarView(_Lines):
    """A bar with rate, time left, tokens and failures."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar

        self.bar: Bar = Bar(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
        )
        self._task: TaskID = self.bar.add_task("", total=None)

    def progress(self, progress: Progress) -> None:
        """The bar."""
        for line in progress.said:
            self.bar.console.print(line, markup=False, highlight=False)
        text = _state(progress, counts=False)
        self.bar.update(self._task, total=progress.total, completed=progress.done, description=text)


class _Json(View):
    """An object a line, for programs."""

    def begin(self, header: Header, folder: Path, total: int, expected: Expected | None) -> None:
        """Where to, how many, and what is expected."""
        about = {"target": header.target, "server_version": header.server_version, "folder": str(folder)}
        self._tell("begin", **about, total=total, **(_data(expected) if expected else {"expected": None}))

    def progress(self, progress: Progress) -> None:
        """All that is known."""
        for line in progress.said:
            self._tell("note", text=line)
        known = {name: value for name, value in asdict(progress).items() if name != "said"}
        left = {"done": progress.done, "left_s": progress.left_s, "tokens_left": progress.tokens_left}
        self._tell("progress", **known, **left)

    def end(self, ending: Ending, written: Written, folder: Path) -> None:
        """How it ended, and which files there are."""
        fault = ending.fault
        self._tell(
            "end",
            folder=str(folder),
            complete=ending.complete,
            interrupted=ending.interrupted,
            out_of_time=ending.out_of_time,
            error=None if fault is None else str(fault),
            counts=dict(ending.progress.counts),
            files=[str(path) for path in written.files],
        )

    def _tell(self, event: str, **values: object) -> None:
        _show.note(json.dumps({"event": event, **values}, ensure_ascii=False))


@contextmanager
def open_view(kind: str) -> Iterator[View]:
    """The view of this kind: `none`, `json`, `lines`, `bar`, or `auto`, which is what fits stderr."""
    if kind == "none":
        yield View()
    elif kind == "json":
        yield _Json()
    elif kind == "bar" or (kind == "auto" and sys.stderr.isatty()):
        view = _BarView()
        with view.bar:
            yield view
    else:
        yield _Lines()


def _data(expected: Expected) -> dict[str, object]:
    return {"expected": asdict(expected.runs), "volume": asdict(expected.volume)}


def in_words(expected: Expected) -> list[str]:
    """What is expected of a batch, in lines."""
    volume, runs = expected.volume, expected.runs
    files = f" and {volume.files:,} files of {_size(volume.bytes)}" if volume.files else ""
    lines = [f"the rows hold {volume.characters:,} characters of text{files}"]
    if not runs.of:
        why = "none of its runs are kept here" if expected.here else "the app's latest ones are not known"
        return [*lines, f"how long it takes is told after the first runs: {why}"]
    shortest, longest = _time(runs.shortest_s), _time(runs.longest_s)
    span = shortest if shortest == longest else f"{shortest} to {longest}"
    told = f"expected from the latest {runs.of} runs of {runs.run_s:.1f} s: {span} in all, "
    return [*lines, f"{told}about {runs.tokens:,} tokens"]


def _size(count: int) -> str:
    return f"{count:,} bytes" if count < 10_000 else f"{count / 1024 / 1024:,.2f} MB"


def _state(progress: Progress, *, counts: bool = True) -> str:
    parts = [f"{progress.done} of {progress.total} done"] if counts else []
    good = ("succeeded", "new", "sent")
    parts += [f"{count} {state}" for state, count in progress.counts.items() if state not in good]
    if progress.active:
        parts.append(f"{progress.active} running, {progress.limit} at a time")
    if progress.fresh and progress.elapsed_s:
        parts.append(f"{progress.fresh / progress.elapsed_s * 60:.0f} a minute")
    if progress.active and progress.left_s is not None:
        parts.append(f"{_time(progress.left_s)} left")
    if progress.tokens:
        left = progress.tokens_left if progress.active else None
        parts.append(f"{progress.tokens} tokens" + (f", about {left} to come" if left else ""))
    return ", ".join(parts)


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
