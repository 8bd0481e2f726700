"""What the command `migrate` does: reads, tells what a migration did or why it did nothing, writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as File

from difyflow.build.back import write_back
from difyflow.build.load import locate, read_target
from difyflow.build.source import is_in_history, is_split
from difyflow.cli import _show
from difyflow.dsl.edit import rewrite, shown
from difyflow.dsl.migrate import Change, Migration, describe, migrate
from difyflow.dsl.releases import Target, target_named
from difyflow.errors import UsageError
from difyflow.nodes._moves import GONE, Path

_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    target: str
    wanted: str
    file: str | None
    write: bool
    reformat: bool
    dry_run: bool
    format_: str


def run(options: Options, *, max_bytes: int) -> int:
    """Runs the command; 1 if the file cannot be moved there.

    Raises:
        UsageError: options that do not go together, no such version.
        CannotEdit: the file's text does not take the change.
    """
    target = target_named(options.wanted)
    place = _place(options)
    document = read_target(options.target, max_bytes=max_bytes)
    found = migrate(document.app, target)
    if options.format_ == "json":
        _show.write_text(to_json(found, options.target, target, before=document.app.version))
    else:
        _show.note(f"{options.target}: {describe(document.app, target)}")
        for line in to_lines(found):
            _show.note(line)
    if found.obstacles or options.dry_run:
        return 1 if found.obstacles else 0
    if place is not None:
        text = rewrite(document, found.app, reformat=options.reformat)
        write_back(place, text, reformat=options.reformat)
    elif options.format_ == "text" or options.file:
        _show.write_text(rewrite(document, found.app, reformat=options.reformat))
    return 0


def _place(options: Options) -> File | None:
    """Where the result goes; None for standard output."""
    if not options.write:
        return None if options.file in (None, "-") else File(str(options.file))
    if options.file:
        raise UsageError("--write and -o both say where it goes", hint="leave one out")
    if options.target == "-" or is_in_history(options.target):
        raise UsageError(f"--write needs a file, and the target is {options.target}", hint="use -o FILE")
    path = File(options.target)
    path = path if is_split(path) else locate(path)
    if path.suffix == ".py":
        raise UsageError(
            f"{path}: a flow is code, which is not rewritten", hint="migrate what it renders: app.yml"
        )
    return path


def to_lines(migration: Migration) -> Iterator[str]:
    """The changes and what is left to do, or the obstacles, a line each."""
    if migration.obstacles:
        yield "cannot be moved there:"
        yield from (f"  {place(migration, item.path)}: {item.why}" for item in migration.obstacles)
        return
    for change in migration.changes:
        before, after = _value(change.before), _value(change.after)
        words = f"{before} -> {after}"
        if change.before is GONE:
            words = f"added {after}"
        elif change.after is GONE:
            words = f"removed {before}"
        yield f"  {place(migration, change.path)}: {words}  ({change.why})"
    if migration.advice:
        yield "left to do:"
        yield from dict.fromkeys(f"  {item.what}" for item in migration.advice)


def to_json(migration: Migration, file: str, target: Target, *, before: str | None) -> str:
    """The report as one JSON document; a change without `before` is an addition, without `after` a removal.

    Paths are lists of keys and indexes. With obstacles, `changes` tells how far it got; nothing is written.
    """
    report = {
        "file": file,
        "from": before,
        "to": target.releases.dsl,
        "migrated": not migration.obstacles,
        "changes": [_change(change) for change in migration.changes],
        "obstacles": [{"path": list(item.path), "why": item.why} for item in migration.obstacles],
        "advice": [{"path": list(item.path), "what": item.what} for item in migration.advice],
    }
    return json.dumps(report, ensure_ascii=False, indent=2, default=str) + "\n"


def _change(change: Change) -> dict[str, object]:
    sides = {"before": change.before, "after": change.after}
    said = {key: value for key, value in sides.items() if value is not GONE}
    return {"path": list(change.path), **said, "why": change.why}


def place(migration: Migration, path: Path) -> str:
    """A path, with the node's title where it leads to one."""
    nodes = migration.app.nodes
    match path:
        case ("workflow", "graph", "nodes", int(index), *inside) if index < len(nodes):
            node = nodes[index]
            return f"node {node.id} ({node.data.title or node.data.type}) {shown(tuple(inside))}".rstrip()
        case _:
            return shown(path) or "the file"


def _value(value: object) -> str:
    text = repr(value) if isinstance(value, dict | list) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
