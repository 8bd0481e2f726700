"""A command whose help is the docstring of its module, printed as it was written."""

from __future__ import annotations

import click


class Manual(click.Command):
    """Use it as `@click.command(cls=Manual, help=__doc__)`.

    The docstring begins with one line that says what the command does (the list of commands shows it) and
    ends with `Examples:` and indented command lines. Its lines stay as they are: keep them under 80 columns.
    """

    def format_help_text(
        self,
        ctx: click.Context,  # noqa: ARG002  click's own signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Writes the docstring without filling its paragraphs anew, which would run the examples together."""
        formatter.write_paragraph()
        for line in (self.help or "").strip().splitlines():
            formatter.write(f"  {line}".rstrip() + "\n")
