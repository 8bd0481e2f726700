"""The view of a batch on stderr: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from difyflow.cli import _show
from difyflow.run.backend import Header
from difyflow.run.batch import Ending, Estimate, Progress, Written

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_EVERY_S = 10.0


class View:
    """Says nothing but what went wrong."""

    def begin(self, header: Header, folder: Path, total: int, expected: Estimate | None) -> None:
        """Before the first run; `expected` only of a new batch."""

    def progress(self, progress: Progress) -> None:
        """While it runs, about twice a second."""

    def end(self, ending: Ending, written: Written, folder: Path) -> None:  # noqa: ARG002  for the others
        """When it has ended, for now."""
        if not ending.complete:
            _show.note(
                f"not complete: {_state(ending.progress)}\n  go on with: difyflow batch --resume {folder}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class _Lines(View):
    """A line every ten seconds, and when there is something to say."""

    def __init__(self) -> None:
        self._told_at = time.monotonic()

    def begin(self, header: Header, folder: Path, total: int, expected: Estimate | None) -> None:
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
            _show.note(f"  {in_words(expected)}")

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

        self._bar: Bar = Bar(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
        )
        self._task: TaskID = self._bar.add_task("", total=None)

    def progress(self, progress: Progress) -> None:
        """The bar."""
        for line in progress.said:
            self._bar.console.print(line, markup=False, highlight=False)
        text = _state(progress, counts=False)
        self._bar.update(self._task, total=progress.total, completed=progress.done, description=text)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


class _Json(View):
    """An object a line, for programs."""

    def begin(self, header: Header, folder: Path, total: int, expected: Estimate | None) -> None:
        """Where to, how many, and what is expected."""
        about = {"target": header.target, "server_version": header.server_version, "folder": str(folder)}
        self._tell("begin", **about, total=total, expected=asdict(expected) if expected else None)

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


def open_view(kind: str) -> View:
    """The view of this kind: `none`, `json`, `lines`, `bar`, or `auto`, which is what fits stderr."""
    if kind == "none":
        return View()
    if kind == "json":
        return _Json()
    bar = kind == "bar" or (kind == "auto" and sys.stderr.isatty())
    return _BarView() if bar else _Lines()


def in_words(expected: Estimate) -> str:
    """What is expected of a batch."""
    if not expected.of:
        return "how long it takes is told after the first runs: the app's latest ones are not known"
    shortest, longest = _time(expected.shortest_s), _time(expected.longest_s)
    span = shortest if shortest == longest else f"{shortest} to {longest}"
    return (
        f"expected from the latest {expected.of} runs of {expected.run_s:.1f} s: {span} in all, "
        f"about {expected.tokens:,} tokens"
    )


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
