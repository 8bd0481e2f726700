"""Show what differs between two apps, in words of the workflow."""

from __future__ import annotations

import click


@click.command()
@click.argument("targets", nargs=-1, metavar="[A] [B]")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "json", "html"]),
    help="Default: by the name of FILE, else text.",
)
@click.option("-o", "--output", "file", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option("--layout", is_flag=True, help="Show positions, sizes and other notes of the canvas, too.")
@click.option(
    "--fail-on",
    type=click.Choice(["any", "breaking", "never"]),
    default="any",
    show_default=True,
    help="What makes the exit code 1.",
)
@click.option("--color/--no-color", default=None, help="Default: if standard output is a terminal.")
def command(
    targets: tuple[str, ...],
    format_: str | None,
    file: str | None,
    layout: bool,
    fail_on: str,
    color: bool | None,
) -> int:
    """Show what differs between two apps, in words of the workflow.

    A and B are DSL files, flow.py files, folders that hold one, folders of DSL
    files, REV:path in git, or - for standard input. A alone is a git revision
    or range (HEAD~1, main..work): every DSL file that changed there. Nothing at
    all: what is not committed yet. Exit code 0: the same, 1: different, or
    breaking with --fail-on breaking. Secrets are never shown.

    \b
    Examples:
      difyflow diff old.yml new.yml
      difyflow diff HEAD~1:app.yml app.yml --format markdown
      difyflow diff old.yml new.yml -o diff.html
      difyflow diff main..work --fail-on breaking
    """
    from difyflow.cli import _diff

    return _diff.run(
        _diff.Options(targets=targets, format=format_, file=file, layout=layout, fail_on=fail_on, color=color)
    )
