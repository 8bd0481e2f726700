"""Split a DSL file into a folder: graph, a file per prompt and code, layout."""

from __future__ import annotations

import click


@click.command()
@click.argument("target")
@click.argument("folder")
@click.option("--force", is_flag=True, help="Replace what an earlier split made; other files stay.")
@click.option("--reformat", is_flag=True, help="Split a file with comments, without them.")
def command(target: str, folder: str, force: bool, reformat: bool) -> int:
    """Split TARGET into FOLDER: the graph, a file per prompt and code block, layout.

    TARGET is a DSL file, a flow.py, a folder that holds one, REV:path in git's
    history, or - for standard input. `difyflow join FOLDER` gives the same document
    back: for a file as Dify exports it, the same bytes. Other commands take FOLDER
    where they take a file.

    \b
    Examples:
      difyflow split app.yml support/
      difyflow split app.yml support/ --force
      difyflow join support/ | diff - app.yml
    """
    from pathlib import Path

    from difyflow.build.folder import split
    from difyflow.cli import _folder, _show

    files = split(_folder.app_of(target, reformat=reformat))
    _folder.write(files, Path(folder), force=force)
    for name in sorted(files):
        _show.note(f"made {Path(folder) / name}")
    return 0
