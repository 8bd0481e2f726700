"""Pull an app's draft, or one of its versions, from a Dify workspace."""

from __future__ import annotations

import click


@click.command()
@click.option("--console", required=True, metavar="URL", help="The server, or any page of its console.")
@click.option("--app", required=True, metavar="ID", help="The app: its id, or the address of its page.")
@click.option("-o", "--output", "file", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option("--include-secret", is_flag=True, help="With the values of secret variables, in plain text.")
@click.option("--version", metavar="ID", help="A published version in place of the draft (Dify 1.8.1+).")
@click.option("--force", is_flag=True, help="Overwrite a file that was changed.")
@click.option("--ca-file", metavar="FILE", help="Certificates to trust, for a server of your own.")
@click.option("--insecure", is_flag=True, help="Do not check the server's certificate.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but warnings.")
def command(**options: object) -> int:
    """Pull an app's draft, or one of its versions, from a Dify workspace.

    The account is taken from DIFY_CONSOLE_EMAIL and DIFY_CONSOLE_PASSWORD, or
    asked for. The text is Dify's own export, byte for byte. Beside FILE a note
    (app.pulled.json for app.yml) keeps what the draft was, so that difyflow push
    notices when somebody changes it in the meantime.

    \b
    Examples:
      difyflow pull --console https://dify.example.com --app 09fa4abf-... -o app.yml
      difyflow pull --console https://dify.example.com/app/09fa4abf-.../workflow \\
          --app 09fa4abf-... | difyflow diff app.yml -
    """
    from difyflow.cli import _pull

    return _pull.run(_pull.Options(**options))  # type: ignore[arg-type]  # click has made these types
