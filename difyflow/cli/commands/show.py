"""Show an app on one screen: inputs, outputs, nodes, models, variables."""

from __future__ import annotations

import click


@click.command()
@click.argument("target")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(target: str, format_: str) -> int:
    """Show an app on one screen: inputs, outputs, nodes, models, variables.

    TARGET is a flow.py, a DSL file, a folder that holds one, or - for standard
    input. Nodes come in the order of a run, with what each feeds. Values of
    secret variables are never shown. In a pipe, lines have at most 100 columns.

    \b
    Examples:
      difyflow show workflows/fine_tune_corpus
      difyflow show app.yml --format json | jq '.models'
    """
    import json
    from dataclasses import asdict

    from difyflow.build.load import load
    from difyflow.cli import _show, _summary
    from difyflow.draw.summary import summarize

    found = summarize(load(target))
    if format_ == "json":
        _show.write_text(json.dumps(asdict(found), ensure_ascii=False, indent=2, default=str) + "\n")
    else:
        _show.write_text(_summary.to_text(found))
    return 0
