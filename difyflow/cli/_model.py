"""What the command `model set` does: reads, says what changes, writes where it was told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from difyflow.build.back import write_back
from difyflow.build.load import read_target
from difyflow.build.source import is_in_history, is_split
from difyflow.cli import _show
from difyflow.dsl.models import ModelChange, ModelUse, Wanted, set_model, with_model
from difyflow.dsl.reader import Document
from difyflow.errors import CannotEdit, UsageError
from difyflow.records.files import check_writable, write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    target: str
    name: str
    provider: str
    nodes: tuple[str, ...]
    new_name: str
    new_provider: str
    plugin: str
    file: str | None
    force: bool
    write: bool
    dry_run: bool
    reformat: bool
    format_: str


def run(options: Options) -> int:
    """Runs the command.

    Raises:
        UsageError: options that do not go together, no such model or node, a flow.py.
        CannotEdit: the file's text does not take the change.
    """
    path = None if options.target == "-" or is_in_history(options.target) else _located(Path(options.target))
    _check(options, path)
    document = read_target(path or options.target)
    change = set_model(document.app, _wanted(options))
    text = _text(document, change, options)
    _tell(change, options)
    if options.dry_run:
        return 0
    if not options.write and options.file is None and options.format_ == "json":
        return 0
    encoding = document.source.encoding
    if options.write and path is not None:
        if change.edits:
            write_back(path, text, encoding=encoding, reformat=options.reformat)
    elif options.file not in (None, "-"):
        write_whole(Path(str(options.file)), text.encode(encoding))
    else:
        _show.write_text(text)
    return 0


def _located(path: Path) -> Path:
    found = path / "app.yml" if path.is_dir() and not is_split(path) else path
    code = path / "flow.py" if path.is_dir() else path
    if code.suffix == ".py" and code.is_file():
        raise UsageError(
            f"{code}: the models of a flow are in its code, which is not rewritten",
            hint='change chat("provider", "model") there, and render it',
        )
    return found


def _check(options: Options, path: Path | None) -> None:
    if options.write and options.file:
        raise UsageError("--write and -o both say where it goes", hint="leave one out")
    if options.write and path is None:
        raise UsageError(f"--write needs a file, and the target is {options.target}", hint="use -o FILE")
    if options.file == "-" and options.format_ == "json":
        raise UsageError("the report goes to standard output already", hint="name a file with -o")
    if options.file not in (None, "-") and not options.dry_run:
        check_writable(Path(str(options.file)), force=options.force)


def _wanted(options: Options) -> Wanted:
    nodes = tuple(part.strip() for text in options.nodes for part in text.split(",") if part.strip())
    return Wanted(
        name=options.name,
        provider=options.provider,
        nodes=nodes,
        new_name=options.new_name,
        new_provider=options.new_provider,
        plugin=options.plugin,
    )


def _text(document: Document, change: ModelChange, options: Options) -> str:
    try:
        return with_model(document, change, reformat=options.reformat)
    except CannotEdit as err:
        if err.hint is None:
            err.hint = "--reformat writes the file anew, as Dify exports it"
        raise


def _tell(change: ModelChange, options: Options) -> None:
    if options.format_ == "json":
        _show.write_text(json.dumps(_report(change), ensure_ascii=False, indent=2) + "\n")
        return
    for line in _lines(change, options):
        _show.note(line)


def _lines(change: ModelChange, options: Options) -> Iterator[str]:
    would = "would be " if options.dry_run else ""
    yield f"{len(change.swaps)} {'model' if len(change.swaps) == 1 else 'models'} {would}changed"
    for swap in change.swaps:
        yield f"  {_place(swap.before)}: {_named(swap.before)} -> {_named(swap.after)}"
    for use in change.same:
        yield f"  {_place(use)}: {_named(use)} already"
    for name in change.dropped:
        yield f"  plugin {name}: nothing needs it any more, it {would or 'is '}left out of the dependencies"
    if change.declared:
        yield f"  plugin {change.declared.partition('@')[0]}: {would or 'is '}declared"
    for line in change.advice:
        yield f"  {line}"


def _place(use: ModelUse) -> str:
    title = " ".join(use.title.split())
    return f"{title} ({use.node})" if use.node else "the app"


def _named(use: ModelUse) -> str:
    return f"{use.name} of {use.provider}" if use.provider else use.name


def _report(change: ModelChange) -> dict[str, object]:
    return {
        "changed": [
            {
                "node": swap.before.node,
                "title": swap.before.title,
                "from": {"provider": swap.before.provider, "name": swap.before.name},
                "to": {"provider": swap.after.provider, "name": swap.after.name},
            }
            for swap in change.swaps
        ],
        "same": [{"node": use.node, "title": use.title} for use in change.same],
        "plugins": {"dropped": list(change.dropped), "declared": change.declared or None},
        "advice": list(change.advice),
    }
