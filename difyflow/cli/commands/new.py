"""Make a folder with a working workflow to start from."""

from __future__ import annotations

import click


@click.command()
@click.argument("name", required=False)
@click.option("--template", default="minimal", show_default=True, help="What to start from; see --list.")
@click.option("--dir", "folder", metavar="FOLDER", help="Folder to make; default: from NAME.")
@click.option("--list", "show_list", is_flag=True, help="List the templates.")
def command(name: str | None, template: str, folder: str | None, show_list: bool) -> None:
    """Make a folder with a working workflow to start from.

    \b
    Examples:
      difyflow new my-flow
      difyflow new 论语语料 --template corpus
      difyflow new --list
    """
    import shlex
    from pathlib import Path

    from difyflow.build import templates
    from difyflow.cli import _show

    if show_list:
        _show.write_text("".join(f"{item:<12} {templates.summary(item)}\n" for item in templates.names()))
        return
    if not name or not name.strip():
        raise click.UsageError("NAME is missing; for example: difyflow new my-flow")
    target = Path(folder or name.strip().replace("/", "-"))
    for path in templates.make(name, target, template=template):
        _show.note(f"made {path}")
    _show.note(f"next: difyflow render {shlex.quote(str(target))}")
