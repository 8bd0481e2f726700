"""What the command `pull` does: exports a draft, writes it, notes what it was."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from difyflow.cli import _console, _exit, _show
from difyflow.client.address import app_id_of
from difyflow.client.masks import fingerprint
from difyflow.dsl.app import App
from difyflow.dsl.reader import read
from difyflow.errors import UsageError
from difyflow.records.files import check_writable


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    console: str
    app: str
    file: str | None
    include_secret: bool
    version: str | None
    force: bool
    ca_file: str | None
    insecure: bool
    quiet: bool


def run(options: Options) -> int:
    """Runs the command.

    Raises:
        UsageError: the file cannot be written, or was changed since it was pulled.
        ApiError, ConnectionLost: the server refused, or was lost.
    """
    app_id = app_id_of(options.app)
    file = Path(options.file) if options.file and options.file != "-" else None
    if file is not None:
        _check(file, options)
    api = _console.open_console(
        options.console, os.environ, ca_file=options.ca_file, insecure=options.insecure
    )
    try:
        text = api.export(app_id, include_secret=options.include_secret, workflow_id=options.version)
        app = read(text, name="the server's draft")
        where = api.base_url
    finally:
        api.close()
    if file is None:
        _show.write_text(text)
    else:
        _write(file, text.encode(), secret=options.include_secret)
        if options.version is None:
            pulled = _console.Pulled(
                console=where,
                app_id=app_id,
                fingerprint=fingerprint(app),
                file_sha256=_console.digest(text.encode()),
            )
            _console.write_note(file, pulled)
    _tell(options, app)
    return _exit.FINE


def _check(file: Path, options: Options) -> None:
    """A file is overwritten unasked only if it is as it was pulled."""
    unchanged = False
    if file.is_file() and not options.force:
        note = _console.read_note(file)
        unchanged = note is not None and note.file_sha256 == _console.digest(file.read_bytes())
        if not unchanged:
            raise UsageError(
                "exists, and is not as it was pulled",
                path=str(file),
                code="exists",
                hint="pull to another file and compare with difyflow diff; --force overwrites it",
            )
    check_writable(file, force=options.force or unchanged)


def _write(file: Path, data: bytes, *, secret: bool) -> None:
    if secret:
        _console.write_secret(file, data)
    else:
        _show.write_text(data.decode(), str(file))


def _tell(options: Options, app: App) -> None:
    if options.include_secret:
        _show.note("warning: this holds the app's secrets in plain text: do not commit it")
    if not options.quiet:
        where = f"wrote {options.file}" if options.file and options.file != "-" else "pulled"
        _show.note(f"{where}: {app.name}, {app.mode}, {len(app.nodes)} nodes, DSL {app.version}")
