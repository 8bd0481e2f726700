"""The view of a run on stderr: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from difyflow.cli import _show
from difyflow.records import events as ev
from difyflow.records.result import Result, Tally
from difyflow.run.backend import Header

if TYPE_CHECKING:
    from rich.console import RenderableType

_MARKS = {"succeeded": "✓", "failed": "✗", "exception": "!", "running": "…", "stopped": "■", "paused": "‖"}


class View(Protocol):
    """Shows one run."""

    def event(self, event: ev.Event) -> None:
        """While it runs."""
        ...

    def end(self, result: Result) -> None:
        """When it has ended."""
        ...


@contextmanager
def open_view(header: Header, *, quiet: bool) -> Iterator[View]:
    """The view that fits stderr, while something runs; says first what and where."""
    if quiet:
        yield _Quiet()
        return
    _show.note(title_of(header))
    for line in header.notes:
        _show.note(f"  {line}")
    if sys.stderr.isatty():
        table = _Table()
        with table.live:
            yield table
    else:
        yield _Lines()


class _Quiet:
    """Says nothing but how it ended, when it ended badly."""

    def event(self, event: ev.Event) -> None:
        """Nothing."""

    def end(self, result: Result) -> None:
        """Only a failure."""
        if not result.ok:
            _show.note(_ending(result))


class _Lines(_Quiet):
    """A line per node that ends."""

    def event(self, event: ev.Event) -> None:
        """A line when a node ends, fails a try, or a person is asked."""
        match event:
            case ev.NodeRetry():
                _show.note(f"  ↻ {event.title}  try {event.retry_index} failed: {event.error}")
            case ev.NodeFinished() | ev.ContainerCompleted():
                tokens = f"  {event.total_tokens} tokens" if event.total_tokens else ""
                error = f"  {event.error}" if event.error else ""
                mark = _MARKS.get(event.status, "?")
                _show.note(
                    f"  {mark} {event.title}  {event.node_type}  {event.elapsed_s:.2f} s{tokens}{error}"
                )
            case ev.HumanInputRequired():
                _show.note(
                    f"  ‖ {event.node_title} waits for a person; form {event.form_token or event.form_id}"
                )
            case _:
                pass

    def end(self, result: Result) -> None:
        """Status, time, tokens, warnings."""
        _show.note(_ending(result))
        for warning in result.warnings:
            _show.note(f"warning: {warning}")


class _Table(_Lines):
    """A table of the nodes that is redrawn while they run."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._tally = Tally()
        self.live = Live(
            console=Console(stderr=True), get_renderable=self._draw, refresh_per_second=8, transient=False
        )

    def event(self, event: ev.Event) -> None:
        """Into the table."""
        self._tally.add(event)

    def _draw(self) -> RenderableType:
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=True, show_header=False)
        for node in self._tally.result().nodes:
            running = node.status == "running"
            table.add_row(
                Spinner("dots") if running else Text(_MARKS.get(node.status, "?")),
                Text(("  " if node.container_id else "") + node.title),
                Text(node.node_type, style="dim"),
                Text("" if running else f"{node.elapsed_s:.2f} s", justify="right"),
                Text(f"{node.total_tokens} tokens" if node.total_tokens else "", style="dim"),
                Text(node.error, style="red"),
            )
        return table


def title_of(header: Header) -> str:
    """One line: app, target, where it runs."""
    name = f"{header.app_name}: " if header.app_name else ""
    where = (
        f"Dify {header.server_version or '(version unknown)'}" if header.backend == "dify" else header.backend
    )
    return f"{name}{header.target} on {where}"


def _ending(result: Result) -> str:
    text = f"{result.status} in {result.elapsed_s:.2f} s, {result.total_steps} steps"
    if result.total_tokens:
        text += f", {result.total_tokens} tokens"
    if result.models:
        text += f", model: {', '.join(result.models)}"
    if result.run_id and result.backend == "dify":
        text += f", run {result.run_id}"
    return f"{text}\n  {result.error}" if result.error else text
