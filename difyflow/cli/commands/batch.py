"""Run a workflow for every row of a file: nothing lost, nothing run twice."""

from __future__ import annotations

import click

from difyflow.cli._backend_options import backend_options

_COUNT = click.IntRange(min=1)
_SECONDS = click.FloatRange(min=0, min_open=True)


@click.command()
@click.argument("target", required=False)
@click.argument("rows", required=False)
@click.option("-o", "--output", "out", metavar="OUT", help="Folder of the batch; a new one.")
@click.option("--resume", metavar="OUT", help="Go on with the batch in this folder.")
@click.option("--retry-failed", is_flag=True, help="With --resume: run failed and stopped rows anew.")
@click.option("--rerun-unknown", is_flag=True, help="With --resume: and rows that nobody knows the end of.")
@click.option("--each", metavar="INPUT=GLOB", help="A row for each file, in place of ROWS.")
@click.option("--split", metavar="INPUT=N", help="Cut its documents into pieces of N characters, a row each.")
@click.option(
    "--overlap", type=click.IntRange(min=0), default=0, metavar="N", help="Characters that a piece repeats."
)
@click.option("--map", "mapping", multiple=True, metavar="COLUMN=INPUT", help="A column for another input.")
@click.option("-i", "--input", "pairs", multiple=True, metavar="NAME=VALUE", help="The same for all rows.")
@click.option("--query", default="", metavar="TEXT", help="The message to a chatflow, for all rows.")
@click.option("--user", default="", metavar="NAME", help="Who uploaded the files whose ids stand in ROWS.")
@click.option("--encoding", default="", metavar="NAME", help="Of ROWS; default: UTF-8.")
@click.option("--sheet", default="", metavar="NAME", help="Of a workbook; default: its first.")
@click.option("--repeat", type=click.IntRange(1, 999), default=1, metavar="N", help="Run each row N times.")
@click.option("--limit", type=_COUNT, metavar="N", help="Only the first N rows.")
@click.option("--dry-run", is_flag=True, help="Check all rows and send nothing.")
@click.option("--skip-invalid", is_flag=True, help="Leave out rows that do not fit, in place of refusing.")
@click.option("--output-name", default="", metavar="NAME", help="Which output the corpus is made of.")
@click.option("--concurrency", default="auto", show_default=True, metavar="N", help="Runs at a time.")
@click.option("--max-concurrency", type=_COUNT, metavar="N", help="Most that auto may find; default: 8.")
@click.option("--rpm", type=_SECONDS, metavar="N", help="Runs that begin in a minute, at most.")
@click.option("--timeout", type=_SECONDS, default=1200, show_default=True, metavar="SECONDS", help="A run.")
@click.option("--max-time", type=_SECONDS, metavar="SECONDS", help="Begin no run after so long.")
@click.option(
    "--stop-after",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    metavar="N",
    help="Failures in a row.",
)
@click.option(
    "--response-mode",
    type=click.Choice(["auto", "streaming", "blocking"]),
    default="auto",
    show_default=True,
    help="How a server runs rows; blocking ones cannot be stopped.",
)
@backend_options
@click.option("--document-encoding", metavar="NAME", help="Of text documents; default: found out.")
@click.option("--max-file-size", type=click.FloatRange(min=0), metavar="MB", help="For documents.")
@click.option("--html", metavar="FILE", help="With report: write it as a page.")
@click.option("--force", is_flag=True, help="With --html: overwrite the file.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--progress",
    type=click.Choice(["auto", "bar", "lines", "json"]),
    default="auto",
    show_default=True,
    help="On stderr: a bar in a terminal, else lines; json: an object a line.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def command(**options: object) -> int:
    """Run a workflow for every row of a file: nothing lost, nothing run twice.

    TARGET is a file, a folder or a server, as in `difyflow run`. ROWS is a file
    (.csv .tsv .jsonl .xlsx .parquet), - for standard input, or a folder or glob of
    documents, a row each. A column is for the input of its name; a file column
    holds paths (from the folder of ROWS), URLs or upload ids, one a line or as a
    JSON array. All rows are checked before the first one is sent.

    --split cuts long documents into pieces of so many characters, at headings,
    paragraphs or sentences; each piece is uploaded as Markdown for a row of its own.

    The folder OUT gets results.jsonl (in the order of ROWS), outputs.jsonl (the
    chat samples in all outputs), errors.csv, and the journal that --resume goes
    on from, whatever killed the batch. On a server a row is run at most once: one
    that was sent is found again and never sent again; where that is impossible,
    it is "unknown". Local runs end with the process, so those run again. Servers
    before 1.9.2 get blocking runs, since they lose streaming ones with the client.

    Upload ids in rows are good for the user that uploaded them (Dify 1.13 and later):
    --user NAME, as in `difyflow api upload --user NAME`. Their rows run as this user
    and not as one of their own, so one that is lost before it told its id is "unknown".

    Ctrl-C finishes what runs; a second one stops it.

    \b
    Examples:
      difyflow batch https://dify.example.com/v1 rows.csv -o out/ --concurrency 4
      difyflow batch app.yml --each attachments='docs/**/*.pdf' -o out/ -i trigger=...
      difyflow batch --resume out/ --retry-failed
      difyflow batch status out/
      difyflow batch report out/ --html report.html
    """
    from difyflow.cli import _batch
    from difyflow.cli._batch_options import Options

    return _batch.run(Options(**options))  # type: ignore[arg-type]  # click has made these types
