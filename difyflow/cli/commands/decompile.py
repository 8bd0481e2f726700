"""Write a DSL file as a Python flow that renders the same bytes."""

from __future__ import annotations

import click


@click.command()
@click.argument("file")
@click.option(
    "-o", "--output", "folder", metavar="FOLDER", required=True, help="Folder to make; gets flow.py."
)
@click.option("--max-size", type=click.FloatRange(min=0), default=64, show_default=True, metavar="MB")
def command(file: str, folder: str, max_size: float) -> None:
    """Write FILE, a DSL file, as a folder with a flow.py that renders the same bytes.

    Long prompts and code get files of their own; canvas.json says where everything lies. Nothing of FILE is
    executed.

    \b
    Examples:
      difyflow decompile app.yml -o flow/
      difyflow render flow/ | diff - app.yml
    """
    from pathlib import Path

    from difyflow.build.decompile import write
    from difyflow.cli import _show
    from difyflow.dsl.reader import read_file

    app = read_file(Path(file), max_bytes=int(max_size * 1024 * 1024)).app
    made = write(app, Path(folder))
    for path in made.files:
        _show.note(f"made {Path(folder) / path}")
    for escape in made.escapes:
        _show.note(f"only in the side file: {escape}")
