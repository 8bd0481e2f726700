"""Push an app to a Dify workspace: show the plan, import, publish."""

from __future__ import annotations

import click


@click.command()
@click.argument("target")
@click.option("--console", required=True, metavar="URL", help="The server, or any page of its console.")
@click.option("--app", metavar="ID", help="The app to update: its id or its page; default: makes a new one.")
@click.option("--publish", is_flag=True, help="Make it the version that the API and the web app run.")
@click.option("--version-name", default="", metavar="TEXT", help="Of that version; 20 characters at most.")
@click.option("--comment", default="", metavar="TEXT", help="About that version; 100 characters at most.")
@click.option("--make-key", is_flag=True, help="Make an API key and print it, once.")
@click.option("--key-file", metavar="FILE", help="Write the key there, for its owner only, in place of that.")
@click.option("--env", multiple=True, metavar="NAME[=VAR]", help="A variable of the workflow; see above.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--force", is_flag=True, help="Also over a draft that changed since the pull.")
@click.option("--ca-file", metavar="FILE", help="Certificates to trust, for a server of your own.")
@click.option("--insecure", is_flag=True, help="Do not check the server's certificate.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but warnings.")
def command(**options: object) -> int:
    """Push an app to a Dify workspace: show the plan, import, publish.

    TARGET is a flow.py, a DSL file, a folder, or -. The account is taken from
    DIFY_CONSOLE_EMAIL and DIFY_CONSOLE_PASSWORD, or asked for. What differs from
    the server's draft is shown first; nothing is done before you agree, or --yes.

    An import replaces the draft. Secrets that the file does not hold (empty, or
    masked) stay as they are on the server; --env NAME=VARIABLE sets one from the
    environment. A file that was pulled is not pushed over a draft that somebody
    has changed since.

    Standard output gets the app's id, and the key if one is made.

    \b
    Examples:
      difyflow push app.yml --console https://dify.example.com --dry-run
      difyflow push . --console https://dify.example.com --app 09fa4abf-... \\
          --publish --version-name v2 --comment 'shorter prompt'
      difyflow push app.yml --console https://dify.example.com --publish --yes \\
          --make-key --key-file key.txt
    """
    from difyflow.cli import _push

    return _push.run(_push.Options(**options))  # type: ignore[arg-type]  # click has made these types
