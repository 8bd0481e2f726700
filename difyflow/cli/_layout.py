"""What the command `layout` does: reads, lays out, says what moves, writes where it was told to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from difyflow.build.back import write_back
from difyflow.build.load import execute, locate, read_target
from difyflow.build.source import is_in_history, is_split
from difyflow.cli import _draw, _show
from difyflow.dsl.app import App
from difyflow.dsl.edit import rewrite
from difyflow.dsl.reader import Document
from difyflow.errors import UsageError
from difyflow.layout import Move, moves, place, place_missing

SHOWN = 20
"""Nodes that are named; of more, only the number is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    target: str
    file: str | None
    write: bool
    missing: bool
    check: bool
    reformat: bool


def run(options: Options) -> int:
    """Runs the command; 1 if `check` is set and something would move.

    Raises:
        UsageError: options that do not go together, an app without a graph.
        CannotEdit: the file's text does not take the new positions.
    """
    path = None if options.target == "-" or is_in_history(options.target) else _located(Path(options.target))
    _check(options, path)
    app, document = _read(path or options.target)
    before = _draw.graph_of(app)
    after = place_missing(before) if options.missing else place(before)
    found = moves(before, after)
    _tell(found, len(before.nodes), "would move" if options.check else "moved")
    if options.check:
        return 1 if found else 0
    if options.write and not found:
        return 0
    text = _text(_draw.with_graph(app, after) if found else app, document, options)
    encoding = document.source.encoding if document else "utf-8"
    if options.write and path is not None:
        write_back(path, text, encoding=encoding, reformat=options.reformat)
    else:
        _show.write_text(text, options.file)
    return 0


def _located(path: Path) -> Path:
    """The file that is laid out; a folder made by `split` as it is."""
    return path if is_split(path) else locate(path)


def _check(options: Options, path: Path | None) -> None:
    if options.write and options.file:
        raise UsageError("--write and -o both say where it goes", hint="leave one out")
    if options.write and path is None:
        raise UsageError(f"--write needs a file, and the target is {options.target}", hint="use -o FILE")
    if options.write and path is not None and path.suffix == ".py":
        raise UsageError(
            f"{path}: the positions of a flow are in its code (`at=`), which is not rewritten",
            hint="leave `at=` out and render it, or use -o app.yml",
        )


def _read(target: Path | str) -> tuple[App, Document | None]:
    """The app and, for a DSL file, its text."""
    if isinstance(target, Path) and target.suffix == ".py":
        return execute(target).build(), None
    found = read_target(target)
    return found.app, found


def _text(app: App, document: Document | None, options: Options) -> str:
    return app.render() if document is None else rewrite(document, app, reformat=options.reformat)


def _tell(found: Sequence[Move], nodes: int, word: str) -> None:
    """Says on stderr what moves."""
    moved, resized = [item for item in found if item.moved], [item for item in found if item.resized]
    sized = f"; {len(resized)} {'has' if len(resized) == 1 else 'have'} another size" if resized else ""
    _show.note(f"{len(moved)} of {nodes} nodes {word}{sized}")
    for item in found[:SHOWN]:
        title = " ".join((item.node.data.title or item.node.data.type or "note").split())
        place = f"  {_pair(item.before)} -> {_pair(item.after)}" if item.moved else ""
        size = (
            f"  {_pair(item.size_before, ' x ')} -> {_pair(item.size_after, ' x ')}" if item.resized else ""
        )
        _show.note(f"  {title} ({item.node.id}){place}{size}")
    if len(found) > SHOWN:
        _show.note(f"  and {len(found) - SHOWN} more")


def _pair(value: Sequence[float | None] | None, between: str = ", ") -> str:
    return (
        "nowhere" if value is None else between.join("?" if part is None else f"{part:g}" for part in value)
    )
