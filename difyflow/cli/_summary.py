"""The summary of an app as a person reads it: at a fixed width into pipes, with colours on a terminal."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from difyflow.draw.summary import Feed, InputLine, ModelLine, NodeLine, Summary, VariableLine

WIDTH = 100
"""Columns where there is no terminal."""
_STEERS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def to_text(summary: Summary) -> str:
    """The summary as text: plain, `WIDTH` columns wide, unless standard output is a terminal."""
    terminal = sys.stdout.isatty()
    console = Console(
        file=io.StringIO(),
        width=shutil.get_terminal_size().columns if terminal else WIDTH,
        force_terminal=terminal,
        no_color=not terminal or "NO_COLOR" in os.environ,
        color_system="standard" if terminal else None,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    with console.capture() as found:
        for part in _parts(summary):
            console.print(part)
    return "\n".join(line.rstrip() for line in found.get().splitlines()) + "\n"


def _parts(summary: Summary) -> Iterator[RenderableType]:
    about = [summary.mode or summary.kind, f"DSL {summary.version}" if summary.version else ""]
    yield Text.assemble((_said(summary.name) or "(no name)", "bold"), "  ", " · ".join(filter(None, about)))
    if first := next((line for line in summary.description.splitlines() if line.strip()), ""):
        # In a Padding, since a bare Text loses what it says of wrapping when it is printed.
        yield Padding(Text(_said(first), style="dim", overflow="ellipsis", no_wrap=True), 0)
    yield from _section("Inputs", map(_input, summary.inputs))
    yield from _section("Outputs", ((line.name, line.type, line.source) for line in summary.outputs))
    yield from _nodes(summary)
    titles = {line.id: line.title for line in summary.nodes}
    yield from _section("Models", (_model(line, titles) for line in summary.models))
    yield from _section("Plugins", ((line.partition("@")[0] + _kind(line),) for line in summary.plugins))
    yield from _section("Environment variables", map(_variable, summary.environment_variables))
    yield from _section("Conversation variables", map(_variable, summary.conversation_variables))
    yield from _section("Problems", ((line,) for line in summary.problems), style="red")


def _section(title: str, rows: Iterable[tuple[str, ...]], *, style: str = "") -> Iterator[RenderableType]:
    """A heading and its rows in columns; nothing if there are no rows."""
    found = [[Text(_said(cell)) for cell in row] for row in rows]
    if not found:
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in found[0]:
        table.add_column(overflow="fold")
    for row in found:
        table.add_row(*row, style=style)
    yield Text(f"\n{title}", style="bold")
    yield Padding(table, (0, 0, 0, 2))


def _nodes(summary: Summary) -> Iterator[RenderableType]:
    if not summary.nodes:
        return
    notes = f", {summary.notes} note{'s' * (summary.notes > 1)}" if summary.notes else ""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(overflow="fold", max_width=32)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    table.add_column(overflow="fold")
    for number, line in enumerate(summary.nodes, start=1):
        title = Text(f"{'  ' * line.depth}{_said(line.title)}")
        table.add_row(str(number), title, Text(_said(line.type)), Text(_said(line.id)), Text(_feeds(line)))
    yield Text(f"\nNodes, in the order of a run ({len(summary.nodes)}{notes})", style="bold")
    yield Padding(table, (0, 0, 0, 2))


def _feeds(line: NodeLine) -> str:
    """`-> A, B` or, where there are several ways out, `IF -> A; ELSE -> B`."""

    def way(feed: Feed) -> str:
        return feed.way

    groups = []
    for name, feeds in groupby(line.feeds, key=way):
        groups.append(f"{name} -> ".lstrip() + ", ".join(_said(feed.title) for feed in feeds))
    return "; ".join(groups)


def _input(line: InputLine) -> tuple[str, ...]:
    needed = "required" if line.required else "optional"
    label = line.label if line.label != line.variable else ""
    return line.variable, line.type, needed, "; ".join(line.rules), label


def _model(line: ModelLine, titles: dict[str, str]) -> tuple[str, ...]:
    return line.provider, line.name, ", ".join(titles.get(node, node) for node in line.nodes)


def _kind(plugin: str) -> str:
    return f" {plugin[plugin.rindex('(') :]}" if "@" in plugin and "(" in plugin else ""


def _variable(line: VariableLine) -> tuple[str, ...]:
    value = "(secret)" if line.secret else json.dumps(line.value, ensure_ascii=False, default=str)
    return line.name, line.type, value if len(value) <= 60 else f"{value[:60]}…"


def _said(text: str) -> str:
    """Text of a file could otherwise steer the terminal, or break the columns."""
    line = " ".join(text.split())
    return "".join(
        "\ufffd" if char in _STEERS or not (char.isprintable() or char > "\xa0") else char for char in line
    )
