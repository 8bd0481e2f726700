"""List the lint rules."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True
)
def command(format_: str) -> int:
    """List the lint rules, by family.

    Markdown has their whole manual pages, JSON what a program wants to know.

    \b
    Examples:
      difyflow rules
      difyflow rules --format markdown > rules.md
    """
    from difyflow.cli import _lint_rules, _show

    _show.write_text(_lint_rules.listing(format_))
    return 0
