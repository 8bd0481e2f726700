"""Write a DSL file as a Python flow that renders the same bytes."""

from __future__ import annotations

import click


@click.command()
@click.argument("file")
@click.option(
    "-o", "--output", "folder", metavar="FOLDER", required=True, help="Folder to make; gets flow.py."
)
@click.option("--force", is_flag=True, help="Write into a folder that is not empty; other files stay.")
@click.option("--max-size", type=click.FloatRange(min=0), default=64, show_default=True, metavar="MB")
def command(file: str, folder: str, force: bool, max_size: float) -> int:
    """Write FILE, a DSL file, as a folder with a flow.py that renders the same bytes.

    FILE may be - for standard input. Long prompts and code get files of their own; canvas.json says where
    everything lies. Nothing of FILE is executed. What the flow renders is compared with the document; if it
    differs, the exit code is 1.

    \b
    Examples:
      difyflow decompile app.yml -o flow/
      difyflow decompile app.yml -o flow/ --force
      difyflow render flow/ | diff - app.yml
    """
    from pathlib import Path

    from difyflow.build.decompile import write
    from difyflow.build.load import read_only
    from difyflow.cli import _show

    app = read_only(file, max_bytes=int(max_size * 1024 * 1024))
    made = write(app, Path(folder), force=force)
    for path in made.files:
        _show.note(f"made {Path(folder) / path}")
    for escape in made.escapes:
        _show.note(f"only in the side file: {escape}")
    difference = made.difference(app)
    if difference is not None:
        _show.note(f"what {folder} renders differs from {file}: {difference}")
    return 0 if difference is None else 1
