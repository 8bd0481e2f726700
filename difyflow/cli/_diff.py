"""What the command `diff` does: compares, shows, says by the exit code what was found."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from difyflow.cli import _diff_pairs, _exit, _show
from difyflow.cli._diff_pairs import Pair
from difyflow.diff import Diff, compare
from difyflow.diff.formats import json as as_json
from difyflow.diff.formats import markdown, text
from difyflow.diff.formats._how import How
from difyflow.diff.report import report
from difyflow.errors import UsageError
from difyflow.lint.secrets import is_secret

_SUFFIXES = {".md": "markdown", ".markdown": "markdown", ".json": "json", ".html": "html", ".htm": "html"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    targets: tuple[str, ...]
    format: str | None
    file: str | None
    layout: bool
    fail_on: str
    color: bool | None


@dataclass(frozen=True, slots=True)
class _Compared:
    """A pair and what differs in it."""

    pair: Pair
    diff: Diff
    how: How
    breaking: bool


def run(options: Options) -> int:
    """Runs the command; 1 if what `fail_on` names was found, 3 if one of several files cannot be read.

    Raises:
        UsageError: options that do not go together.
        DslError, BuildError: a side cannot be read.
    """
    kind = options.format or _SUFFIXES.get(PurePath(options.file or "").suffix.lower(), "text")
    pairs = list(_diff_pairs.pairs(options.targets))
    faults = [pair.fault for pair in pairs if pair.fault is not None]
    found = [_compared(pair, options) for pair in pairs if pair.fault is None]
    _show.write_text(_shown(kind, found, several=len(options.targets) != 2 or len(found) != 1), options.file)
    for fault in faults:
        _show.note(f"error: {fault}")
    if faults:
        return _exit.UNREADABLE
    different = any(item.diff for item in found)
    breaking = any(item.breaking for item in found)
    return int({"any": different, "breaking": breaking, "never": False}[options.fail_on])


def _compared(pair: Pair, options: Options) -> _Compared:
    how = How(names=pair.names, layout=options.layout, colour=_colour(options), is_secret=is_secret)
    nothing: Mapping[str, object] = {}
    before, after = pair.before or nothing, pair.after or nothing
    diff = compare(before, after, thorough=True)
    gone = pair.before is not None and pair.after is None
    breaking = gone or (pair.before is not None and bool(diff) and bool(report(diff).breaking))
    return _Compared(pair, diff, how, breaking)


def _colour(options: Options) -> bool:
    if options.color is not None:
        return options.color
    return options.file is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _shown(kind: str, found: list[_Compared], *, several: bool) -> str:
    if kind == "html":
        return _page(found)
    if kind == "json":
        return _json(found, several=several)
    show = markdown.show if kind == "markdown" else text.show
    parts = [_whole_file(item, kind) or show(item.diff, item.how) for item in found if item.diff]
    if not parts:
        return "No changes.\n" if kind == "markdown" else ""
    return "\n".join(parts)


def _whole_file(item: _Compared, kind: str) -> str:
    """A line for an app that came or went; empty for one that changed."""
    if item.pair.before is not None and item.pair.after is not None:
        return ""
    came = item.pair.before is None
    data = (item.pair.after if came else item.pair.before) or {}
    name, count = _name_and_size(data)
    shown = f"{item.pair.names[1 if came else 0]}: {name}, {count} nodes"
    if kind == "markdown":
        return f"- {'new' if came else '⚠️ gone'}: {markdown.plain(shown)}\n"
    return f"{'+ new' if came else '- gone'} {shown}\n"


def _name_and_size(data: Mapping[str, object]) -> tuple[str, int]:
    from difyflow.diff.compare import graph_list

    app = data.get("app")
    name = app.get("name") if isinstance(app, dict) else None
    return json.dumps(name or "", ensure_ascii=False), len(graph_list(data, "nodes"))


def _json(found: list[_Compared], *, several: bool) -> str:
    if not several:
        return as_json.show(found[0].diff, found[0].how)
    files: Iterator[dict[str, Any]] = (
        as_json.as_data(report(item.diff, is_secret=is_secret), item.how) for item in found
    )
    return json.dumps({"version": as_json.VERSION, "files": list(files)}, ensure_ascii=False, indent=2) + "\n"


def _page(found: list[_Compared]) -> str:
    if len(found) != 1:
        raise UsageError(
            f"a page shows one app, and these are {len(found)}",
            code="one-page",
            hint="name two files, or take --format markdown",
        )
    from difyflow.pages.diff import page_of

    return page_of(found[0].diff, found[0].how)
