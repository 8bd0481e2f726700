"""Join a folder made by `difyflow split` into one DSL file."""

from __future__ import annotations

import click


@click.command()
@click.argument("folder")
@click.option("-o", "--output", "file", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 unless FILE (-o) is the same.")
def command(folder: str, file: str | None, check: bool) -> int:
    """Join FOLDER, made by `difyflow split`, into one DSL file as Dify exports it.

    FOLDER may be REV:path in git's history. Nothing is executed.

    \b
    Examples:
      difyflow join support/ -o app.yml
      difyflow join HEAD~1:support > before.yml
      difyflow join support/ -o app.yml --check
    """
    from difyflow.build.load import read_only
    from difyflow.cli import _folder, _show

    _folder.check_split(folder)
    text = read_only(folder).render()
    if check:
        return _folder.check_joined(text, folder, file)
    _show.write_text(text, file)
    return 0
