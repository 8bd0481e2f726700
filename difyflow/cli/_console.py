"""What `push` and `pull` share: the login, the note beside a pulled file, files for their owner only."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from difyflow.cli import _show
from difyflow.client.console_api import ConsoleApi
from difyflow.client.transport import Connection
from difyflow.errors import UsageError
from difyflow.records.files import write_whole

EMAIL, PASSWORD = "DIFY_CONSOLE_EMAIL", "DIFY_CONSOLE_PASSWORD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What is kept beside a pulled file: where it came from, and what it and the draft were then."""

    console: str
    app_id: str
    fingerprint: str
    file_sha256: str = ""


def open_console(
    url: str, environ: Mapping[str, str], *, ca_file: str | None = None, insecure: bool = False
) -> ConsoleApi:
    """Logs in with the account in the environment, or with what the terminal is asked for.

    Raises:
        UsageError: there is no account, and no terminal to ask.
        ApiError, ConnectionLost: the login failed.
    """
    if insecure:
        _show.note(
            "WARNING: --insecure: the certificate is NOT checked, and the password is sent all the same"
        )
    how = Connection(ca_file=Path(ca_file) if ca_file else None, insecure=insecure)
    email = environ.get(EMAIL, "").strip() or _asked("E-mail of the console account", hidden=False)
    password = environ.get(PASSWORD, "") or _asked("Password", hidden=True)
    api = ConsoleApi(url, email=email, password=password, connection=how)
    try:
        api.login()
    except BaseException:
        api.close()
        raise
    return api


def _asked(what: str, *, hidden: bool) -> str:
    if not sys.stdin.isatty():
        raise UsageError(
            "no account for the console, and no terminal to ask",
            code="no-account",
            hint=f"set {EMAIL} and {PASSWORD}; they are never arguments",
        )
    answer: str = click.prompt(what, hide_input=hidden, err=True)
    return answer


def note_of(file: Path) -> Path:
    """Where the note about a pulled file lies: `app.pulled.json` beside `app.yml`."""
    return file.with_suffix(".pulled.json")


def read_note(file: Path) -> Pulled | None:
    """The note about a file, or about the `app.yml` beside a `flow.py`; None if there is none to be read."""
    for path in (note_of(file), note_of(file.with_name("app.yml"))):
        try:
            data = json.loads(path.read_bytes())
            return Pulled(**{name: str(data[name]) for name in Pulled.__dataclass_fields__})
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError) as err:
            raise UsageError(
                f"cannot be read: {err or type(err).__name__}",
                path=str(path),
                code="bad-note",
                hint="difyflow pull writes it; remove it to push without knowing what was pulled",
            ) from err
    return None


def write_note(file: Path, pulled: Pulled) -> None:
    """Keeps the note about a file."""
    write_whole(note_of(file), (json.dumps(asdict(pulled), indent=2) + "\n").encode())


def digest(data: bytes) -> str:
    """The digest that tells whether a file is as it was pulled."""
    return hashlib.sha256(data).hexdigest()


def write_secret(path: Path, data: bytes) -> None:
    """Writes a file whole that only its owner may read, from its first byte on.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        elif path.is_file():
            path.chmod(0o600)
    except OSError as err:
        raise UsageError(
            f"cannot be written: {err.strerror or err}", path=str(path), code="not-writable"
        ) from err
    write_whole(path, data)
