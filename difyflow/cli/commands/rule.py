"""Show the manual page of a lint rule."""

from __future__ import annotations

import click


@click.command()
@click.argument("rule_id", metavar="ID")
def command(rule_id: str) -> int:
    """Show the manual page of the lint rule ID.

    It says what the rule finds, why that is bad, how to mend it, and which Dify
    does what. `difyflow rules` lists all ids.

    \b
    Examples:
      difyflow rule ref-unknown-output
    """
    from difyflow.cli import _lint_rules, _show

    _show.write_text(_lint_rules.page(rule_id))
    return 0
