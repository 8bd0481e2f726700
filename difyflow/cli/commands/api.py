"""Ask the service API of an app: what it is, what it takes, what ran."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from difyflow.cli._service import Where

_Command = TypeVar("_Command", bound=Callable[..., object])
_FORMAT = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)


def _server(command: _Command) -> _Command:
    """The options that say which server and which app."""
    for option in (
        click.option("--insecure", is_flag=True, help="Do not check the server's certificate."),
        click.option("--ca-file", metavar="FILE", help="Certificates to trust, for a server of your own."),
        click.option(
            "--key-env",
            default="DIFY_API_KEY",
            show_default=True,
            metavar="NAME",
            help="Variable with the key.",
        ),
        click.option("--server", metavar="URL", help="Its base URL; default: DIFY_BASE_URL."),
    ):
        command = option(command)
    return command


def _where(options: dict[str, object]) -> Where:
    from difyflow.cli._service import Where

    names = ("server", "key_env", "ca_file", "insecure")
    return Where(**{name: options.pop(name) for name in names})  # type: ignore[arg-type]  # click made them


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Ask the service API of an app: what it is, what it takes, what ran.

    The app is that of the key in DIFY_API_KEY, on the server of --server or
    DIFY_BASE_URL. Workflow and chatflow apps, Dify 0.15 to 1.16.

    \b
    Examples:
      difyflow api info --server https://dify.example.com/v1
      difyflow api parameters
      difyflow api runs --status failed --limit 50 --format json
      difyflow api show 1f6b0e9c-...
      difyflow api stop TASK
      difyflow api upload a.pdf b.docx --user me
    """


@command.command()
@_server
@_FORMAT
def info(format_: str, **options: object) -> int:
    """Name, mode and server version of the app."""
    from difyflow.cli import _api

    return _api.info(_where(options), format_)


@command.command()
@_server
@_FORMAT
def parameters(format_: str, **options: object) -> int:
    """Input form and limits of the published version."""
    from difyflow.cli import _api

    return _api.parameters(_where(options), format_)


@command.command()
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N")
@click.option("--status", type=click.Choice(["succeeded", "failed", "stopped"]), help="Only these.")
@click.option("--keyword", metavar="TEXT", help="In inputs, outputs or user; Dify finds no Chinese here.")
@click.option("--user", metavar="NAME", help="Only of exactly this user.")
@click.option("--after", metavar="TIME", help="Begun after this moment (ISO 8601; Dify 1.0.1+).")
@click.option("--before", metavar="TIME", help="Begun before this moment.")
@_server
@_FORMAT
def runs(format_: str, limit: int, **options: object) -> int:
    """The newest runs.

    On Dify 0.15 a streaming run whose client left is never listed.
    """
    from difyflow.cli import _api

    where = _where(options)
    filters = {name: str(value) if value else None for name, value in options.items()}
    return _api.runs(where, format_, limit=limit, filters=filters)


@command.command()
@click.argument("run")
@_server
@_FORMAT
def show(run: str, format_: str, **options: object) -> int:
    """What the server keeps of one run; exit code 1 if it failed.

    On Dify 1.12 a run that was stopped stays "running" here.
    """
    from difyflow.cli import _api

    return _api.show(_where(options), format_, run)


@command.command()
@click.argument("task")
@click.option("--user", default="", metavar="NAME", help="Who started it; chatflows and Dify up to 1.8 ask.")
@_server
def stop(task: str, user: str, **options: object) -> int:
    """Ask for a run to stop, by its task id (not its run id)."""
    from difyflow.cli import _api

    return _api.stop(_where(options), task, user=user)


@command.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--user", default="", metavar="NAME", help="Whose runs may use them; default: a new name.")
@_server
@_FORMAT
def upload(files: tuple[str, ...], user: str, format_: str, **options: object) -> int:
    """Upload files and print their ids, for runs of the same user.

    A run takes one as {"upload_file_id": ID} in a file of --inputs, with --user.
    """
    from difyflow.cli import _api

    return _api.upload(_where(options), format_, files, user=user)
