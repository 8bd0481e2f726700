"""Look at this machine, the environment and a server, and say what is missing."""

from __future__ import annotations

import click


@click.command()
@click.option("--server", metavar="URL", help="A server to look at; default: DIFY_BASE_URL.")
@click.option("--console", metavar="URL", help="A console to log in to, as push does.")
@click.option(
    "--key-env", default="DIFY_API_KEY", show_default=True, metavar="NAME", help="Variable with the key."
)
@click.option("--ca-file", metavar="FILE", help="Certificates to trust, for a server of your own.")
@click.option("--insecure", is_flag=True, help="Do not check the server's certificate.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(console: str | None, format_: str, **where: object) -> int:
    """Look at this machine, the environment and a server, and say what is missing.

    Python, extras, the code runner that holds here, which keys are set (they are
    never shown), proxy; of a server whether it is reached, its version and clock,
    and the app of the key: its mode, and whether it is published. With --console it
    logs in with DIFY_CONSOLE_EMAIL and DIFY_CONSOLE_PASSWORD (or asks for them), and
    says which workspace that is and whether the account may push. Nothing is run and
    nothing changed. The exit code is 1 if something is at fault.

    \b
    Examples:
      difyflow doctor
      difyflow doctor --server https://dify.example.com/v1
      difyflow doctor --console https://dify.example.com
      difyflow doctor --format json | jq '.checks[] | select(.status == "fault")'
    """
    from difyflow.cli import _doctor
    from difyflow.cli._service import Where

    return _doctor.run(Where(**where), format_, console=console)  # type: ignore[arg-type]  # click made them
