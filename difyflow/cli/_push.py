"""What the command `push` does: plans, shows, asks, applies."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import click

from difyflow.build.load import load, locate
from difyflow.cli import _console, _exit, _show
from difyflow.cli._targets import workflow_variables
from difyflow.client import push
from difyflow.client.address import app_id_of, console_url
from difyflow.client.console_api import ConsoleApi, Import
from difyflow.client.masks import comparable, with_values
from difyflow.client.push import Action, Plan, Pushed
from difyflow.errors import UsageError
from difyflow.records.files import check_writable


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    target: str
    console: str
    app: str | None
    publish: bool
    version_name: str
    comment: str
    make_key: bool
    key_file: str | None
    env: tuple[str, ...]
    yes: bool
    dry_run: bool
    force: bool
    ca_file: str | None
    insecure: bool
    format_: str
    quiet: bool


def run(options: Options) -> int:
    """Runs the command; 1 if the user said no.

    Raises:
        UsageError: it cannot be pushed so.
        DslError, BuildError: the target cannot be read.
        ApiError, ConnectionLost: the server refused, or was lost.
    """
    if options.key_file and not options.make_key:
        raise UsageError("--key-file is for the key that --make-key makes")
    if options.key_file:
        check_writable(Path(options.key_file), force=options.force)
    app_id = None if options.app is None else app_id_of(options.app)  # not the empty word of a script
    file = None if options.target == "-" else locate(Path(options.target))
    values = workflow_variables(options.env, os.environ)
    app = with_values(load(options.target), values)
    note = _note(file, options)
    api = _console.open_console(
        options.console, os.environ, ca_file=options.ca_file, insecure=options.insecure
    )
    try:
        wish = push.Wish(
            publish=options.publish,
            name=options.version_name,
            comment=options.comment,
            make_key=options.make_key,
            force=options.force,
            pulled=note.fingerprint if note and note.app_id == app_id else "",
        )
        planned = push.plan(api, app, wish, app_id=app_id)
        if note and app_id is None:
            more = f"this file was pulled from app {note.app_id}; --app {note.app_id} updates that"
            planned = replace(planned, notes=(*planned.notes, more))
        return _go(options, api, planned, file, note)
    finally:
        api.close()


def _note(file: Path | None, options: Options) -> _console.Pulled | None:
    """What is known of the pull, if it was from this console."""
    note = _console.read_note(file) if file else None
    return note if note and note.console == console_url(options.console) else None


def _go(
    options: Options, api: ConsoleApi, planned: Plan, file: Path | None, note: _console.Pulled | None
) -> int:
    if not options.quiet:
        for line in _explained(planned, api.base_url):
            _show.note(line)
    if options.dry_run or planned.does_nothing:
        _deliver(options, planned, None)
        if planned.target and not options.dry_run and options.format_ == "text":
            _show.write_text(f"{planned.target.id}\n")
        return _exit.FINE
    if not _agreed(options, "Go on?"):
        _show.note("nothing was pushed")
        return _exit.FINDINGS
    done = push.apply(api, planned, confirm=lambda said: _confirmed(options, said))
    if done.declined:
        _show.note("nothing was imported: the server's question was answered with no")
        return _exit.FINDINGS
    _remember(file, note, done)
    _deliver(options, planned, done)
    _tell(options, done)
    return _exit.FINE


def _explained(planned: Plan, base_url: str) -> list[str]:
    """The plan for people."""
    server = f"Dify {planned.server_version}" if planned.server_version else "a server of unknown version"
    place = f", workspace {planned.workspace.name!r}" if planned.workspace.name else ""
    lines = [f"{planned.app.name}: to {base_url.removesuffix('/console/api')} ({server}{place})"]
    if planned.action is Action.CREATE:
        lines.append(f"  makes a new app of {len(planned.app.nodes)} nodes")
        if planned.namesakes:
            lines.append(f"  of this name there are already: {', '.join(planned.namesakes)} (see --app)")
    elif planned.action is Action.SAME:
        lines.append("  the draft there is as the file: nothing to import")
    elif planned.target is not None:
        lines.append(f"  replaces the draft of {planned.target.name!r} ({planned.target.id}):")
        lines += [f"    {line}" for line in _differences(planned)]
    lines += [f"  {note}" for note in planned.notes]
    if planned.publishes:
        said = " - ".join(one for one in (planned.wish.name, planned.wish.comment) if one)
        lines.append("  publishes it" + (f": {said}" if said else ""))
    elif planned.wish.publish:
        lines.append("  is published already")
        if planned.wish.name or planned.wish.comment:
            lines.append("  name and comment go with a new version only, so that version keeps its own")
    elif planned.action is not Action.SAME:
        lines.append("  does not publish: the API goes on with the last published version")
    if planned.wish.make_key:
        lines.append("  makes an API key")
    return lines


def _differences(planned: Plan) -> list[str]:
    from difyflow.diff import compare
    from difyflow.diff.formats import text
    from difyflow.diff.formats._how import How
    from difyflow.lint.secrets import is_secret

    assert planned.draft is not None, "an update has a draft"
    icons = push.exports_icons(planned.server_version)
    found = compare(comparable(planned.draft, icons=icons), comparable(planned.app, icons=icons))
    how = How(names=("the server's draft", "this file"), is_secret=is_secret)
    return text.show(found, how).splitlines() or ["only secrets, or what a server writes anew"]


def _agreed(options: Options, question: str) -> bool:
    if options.yes:
        return True
    if options.target == "-" or not sys.stdin.isatty():
        raise UsageError(
            "a push has to be agreed to, and there is no terminal to ask",
            code="needs-yes",
            hint="look at it with --dry-run, then say --yes",
        )
    return click.confirm(question, err=True)


def _confirmed(options: Options, said: Import) -> bool:
    _show.note(
        f"the server's DSL is {said.current_dsl_version}, the file's {said.imported_dsl_version}: "
        "what the server does not know will fail when it runs"
    )
    return _agreed(options, "Import it all the same?")


def _remember(file: Path | None, note: _console.Pulled | None, done: Pushed) -> None:
    """After a push the draft is ours: the next push of a pulled file compares with that."""
    if file and note and note.app_id == done.app_id:
        digest = _console.digest(file.read_bytes()) if file.suffix != ".py" else note.file_sha256
        path = file if _console.note_of(file).exists() else file.with_name("app.yml")
        _console.write_note(path, replace(note, fingerprint=done.fingerprint, file_sha256=digest))


def _deliver(options: Options, planned: Plan, done: Pushed | None) -> None:
    """The result on standard output, the key where it belongs."""
    key = done.key if done else ""
    fault: UsageError | None = None
    if key and options.key_file:
        try:
            _console.write_secret(Path(options.key_file), f"{key}\n".encode())
            key = ""
        except UsageError as err:  # the key is shown nowhere a second time
            fault = err
    if options.format_ == "json":
        _show.write_text(json.dumps(_data(planned, done, key), ensure_ascii=False, indent=2) + "\n")
    elif done is not None:
        _show.write_text("".join(f"{line}\n" for line in (done.app_id, key) if line))
    if fault is not None:
        _show.note("the key went to standard output instead, so that it is not lost")
        raise fault


def _data(planned: Plan, done: Pushed | None, key: str) -> dict[str, object]:
    said: dict[str, object] = {
        "action": planned.action.value,
        "app_id": planned.target.id if planned.target else None,
        "name": planned.app.name,
        "server_version": planned.server_version,
        "workspace": planned.workspace.name,
        "asks_confirmation": planned.asks,
        "publishes": planned.publishes,
        "makes_key": planned.wish.make_key,
        "namesakes": list(planned.namesakes),
        "notes": list(planned.notes),
        "done": done is not None,
    }
    if done is None:
        return said
    said |= {"app_id": done.app_id, "status": done.status, "published": done.published}
    said |= {"version_id": done.version_id, "missing_plugins": list(done.missing)}
    said |= {"api_base_url": done.api_base_url, "notes": [*planned.notes, *done.notes]}
    return said | ({"key": key} if key else {})


def _tell(options: Options, done: Pushed) -> None:
    for plugin in done.missing:
        _show.note(f"warning: the workspace lacks the plugin {plugin}: install it in Dify")
    for line in done.notes:
        _show.note(f"warning: {line}")
    if options.quiet:
        return
    _show.note(f"{done.status}: app {done.app_id}" + (", published" if done.published else ""))
    if done.api_base_url:
        _show.note(f"  its API: {done.api_base_url}")
    if options.key_file and done.key:
        _show.note(f"  its key: in {options.key_file}")
