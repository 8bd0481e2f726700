"""Show a workflow's history: what each commit changed, and what it broke."""

from __future__ import annotations

import click


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[REV|REV..REV]... FILE")
@click.option("-n", "--max-count", "most", type=click.IntRange(min=1), help="At most so many commits.")
@click.option("--since", metavar="DATE", help="Only commits after that; any date that git understands.")
@click.option("--until", metavar="DATE", help="Only commits before that.")
@click.option("--author", metavar="PATTERN", help="Only commits whose author matches, as in git log.")
@click.option("--full-history", "full", is_flag=True, help="Also lines of history that a merge left out.")
@click.option(
    "--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True
)
@click.option("-o", "--output", "output", metavar="OUT", help="Write to OUT instead of standard output.")
@click.option("--fail-on", type=click.Choice(["breaking", "never"]), default="never", show_default=True)
def command(
    words: tuple[str, ...],
    most: int | None,
    since: str | None,
    until: str | None,
    author: str | None,
    full: bool,
    format_: str,
    output: str | None,
    fail_on: str,
) -> int:
    """Show what each commit did to a workflow, who made it, and what it broke.

    FILE is a DSL file, or a folder made by `difyflow split`; of a flow.py, the
    app.yml beside it is read as it was committed: Python from history is never
    executed. Renames are followed on every line of history, also on a branch
    that was merged. A merge is told if it did more than join its parents: what
    clashed, and what differs from joining them. Lines with ! are what callers
    or other nodes notice: inputs, outputs, references.

    \b
    Examples:
      difyflow log app.yml
      difyflow log workflows/support -n 5
      difyflow log v1.0..main app.yml --format markdown
      difyflow log app.yml --since '2 weeks ago' --fail-on breaking
      difyflow log app.yml --format json | jq '.[] | select(.breaking != [])'
    """
    from difyflow.cli import _history
    from difyflow.git.log import Which

    which = Which(revisions=words[:-1], since=since, until=until, author=author, full=full)
    breaking = fail_on == "breaking"
    return _history.log(words[-1], which, most=most, format_=format_, file=output, fail_on_breaking=breaking)
