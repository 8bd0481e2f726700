"""Print the script that completes difyflow's commands in a shell.

Examples:
  eval "$(difyflow completion bash)"
  difyflow completion zsh > ~/.zfunc/_difyflow
  difyflow completion fish > ~/.config/fish/completions/difyflow.fish
"""

from __future__ import annotations

import click

from difyflow.cli._manual import Manual


@click.command(cls=Manual, help=__doc__)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Prints click's own completion script for one shell."""
    from click.shell_completion import get_completion_class

    from difyflow.cli import _show

    root = ctx.find_root()
    complete = get_completion_class(shell)
    if complete is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    _show.write_text(complete(root.command, {}, "difyflow", "_DIFYFLOW_COMPLETE").source())
