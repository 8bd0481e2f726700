"""Keep a conversation with a chatflow going in the terminal."""

from __future__ import annotations

import click

from difyflow.cli._backend_options import backend_options


@click.command()
@click.argument("target")
@click.option("-i", "--input", "pairs", multiple=True, metavar="NAME=VALUE", help="An input, as in run.")
@click.option("--inputs", "inputs_file", metavar="FILE", help="Inputs from a JSON or YAML file.")
@click.option("--conversation", default="", metavar="ID", help="Go on with this one; a file for local runs.")
@click.option("--user", default="", metavar="NAME", help="Who talks, for the server; default: a new name.")
@backend_options
@click.option("--encoding", metavar="NAME", help="Encoding of text documents; default: found out.")
@click.option("--timeout", type=click.FloatRange(min=0), default=1200, show_default=True, metavar="SECONDS")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but answers and errors.")
def command(**options: object) -> int:
    """Keep a conversation with a chatflow going in the terminal.

    TARGET is a flow.py, a DSL file or a folder, which runs here, or a server's
    base URL, or the word "server" (DIFY_BASE_URL); see `difyflow run --help`. Each
    line of standard input is a message; the answer goes to standard output as it
    is made. /new begins another conversation, /exit or the end of the input
    leaves, Ctrl-C stops the answer that is being made (on the server, too).

    \b
    Examples:
      difyflow chat chatflow.yml --model-endpoint http://localhost:11434/v1
      DIFY_API_KEY=app-... difyflow chat https://dify.example.com/v1
      difyflow chat chatflow.yml --conversation talk.json
      printf 'hello\\nand then?\\n' | difyflow chat server -q
    """
    from difyflow.cli import _chat, _run

    return _chat.run(_run.Options(**options))  # type: ignore[arg-type]  # click has made these types
