"""Show a workflow's history: what each commit changed, and what it broke."""

from __future__ import annotations

import click


@click.command()
@click.argument("file")
@click.option("-n", "--max-count", "most", type=click.IntRange(min=1), help="At most so many commits.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--fail-on", type=click.Choice(["breaking", "never"]), default="never", show_default=True)
def command(file: str, most: int | None, format_: str, fail_on: str) -> int:
    """Show what each commit did to a workflow, who made it, and what it broke.

    FILE is a DSL file, or a folder made by `difyflow split`; of a flow.py, the
    app.yml beside it is read as it was committed: Python from history is never
    executed. Renames are followed as `git log --follow` does: what a merged
    branch did under the old name may be missing. Lines with ! are what callers
    or other nodes notice: inputs, outputs, references.

    \b
    Examples:
      difyflow log app.yml
      difyflow log workflows/support -n 5
      difyflow log app.yml --format json | jq '.[] | select(.breaking != [])'
    """
    from difyflow.cli import _history

    return _history.log(file, most=most, format_=format_, fail_on_breaking=fail_on == "breaking")
