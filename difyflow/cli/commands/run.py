"""Run a workflow once: here on Dify's engine, or on a Dify server."""

from __future__ import annotations

import click

from difyflow.cli._backend_options import backend_options


@click.command()
@click.argument("target")
@click.option("-i", "--input", "pairs", multiple=True, metavar="NAME=VALUE", help="An input; see above.")
@click.option("--inputs", "inputs_file", metavar="FILE", help="Inputs from a JSON or YAML file.")
@click.option("-o", "--output", "file", metavar="FILE", help="Where the output goes; see above.")
@click.option("--output-name", default="", metavar="NAME", help="Which output, if there are several.")
@click.option("--force", is_flag=True, help="Overwrite what -o names.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--query", default="", metavar="TEXT", help="The message to a chatflow.")
@click.option("--conversation", default="", metavar="ID", help="Go on with this one; a file for local runs.")
@click.option("--user", default="", metavar="NAME", help="Who runs it, for the server; default: a new name.")
@click.option(
    "--form", metavar="FILE", help="Check the inputs against this DSL file, and compare the server's."
)
@backend_options
@click.option("--encoding", metavar="NAME", help="Encoding of text documents; default: found out.")
@click.option(
    "--max-file-size",
    type=click.FloatRange(min=0),
    metavar="MB",
    help="For documents; default: the target's (Dify's own is 15).",
)
@click.option("--timeout", type=click.FloatRange(min=0), default=1200, show_default=True, metavar="SECONDS")
@click.option("--strict", is_flag=True, help="Partial success and warnings exit with 1 too.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def command(**options: object) -> int:
    """Run a workflow once: here on Dify's engine, or on a Dify server.

    TARGET decides where it runs. A flow.py, a DSL file or a folder runs here. A
    server's base URL (https://dify.example.com/v1), or the word "server" for the
    URL in DIFY_BASE_URL, runs the published app that the key in DIFY_API_KEY
    belongs to.

    Inputs: --input NAME=VALUE; a file is NAME=@path or NAME=https://..., repeated
    for a list; NAME=@file.txt reads a text from a file, NAME=@@x is the text @x.

    Output: the text to standard output, or with -o: x.jsonl is read as chat
    samples, checked, and written with x.rejected.jsonl (what could not be saved)
    and x.provenance.jsonl (where each line comes from); x.json gets all outputs;
    anything else the text as it is.

    A chatflow takes --query and gives its answer. On a server --conversation ID
    --user NAME go on with the conversation that an earlier run has told; here
    --conversation names a file that keeps it, and is made.

    \b
    Examples:
      difyflow run workflows/fine_tune_corpus --input attachments=@a.pdf \\
          --input trigger='你是消防系统专家' -o corpus.jsonl
      difyflow run app.yml --inputs inputs.yaml --model-endpoint http://localhost:11434/v1
      DIFY_API_KEY=app-... difyflow run https://dify.example.com/v1 --form app.yml \\
          --input attachments=@a.pdf --input trigger='你是消防系统专家' --format json
      difyflow run chatflow.yml --query 'What is in it?' --conversation talk.json
    """
    from difyflow.cli import _run

    return _run.run(_run.Options(**options))  # type: ignore[arg-type]  # click has made these types
