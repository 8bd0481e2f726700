"""Write what changed in all workflows between two revisions, as Markdown."""

from __future__ import annotations

import click


@click.command()
@click.argument("revisions", metavar="REV..REV")
@click.argument("paths", nargs=-1)
@click.option("-o", "--output", "file", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option(
    "--format", "format_", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True
)
def command(revisions: str, paths: tuple[str, ...], file: str | None, format_: str) -> int:
    """Write what changed in all workflows between two revisions, as Markdown.

    REV..REV is a range of git (REV alone reaches to HEAD). PATHS narrow it down to
    some files or folders. Nothing is executed: of a flow.py, the app.yml beside it
    is read as it was committed. Secrets are never shown.

    \b
    Examples:
      difyflow changelog v1.0..v1.1
      difyflow changelog HEAD~5 -o CHANGES.md
      difyflow changelog main..work workflows/support
    """
    from difyflow.cli import _history

    return _history.changelog(revisions, paths=paths, format_=format_, file=file)
