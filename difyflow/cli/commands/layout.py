"""Lay out the nodes of an app anew, as the editor's "organize" does."""

from __future__ import annotations

import click


@click.command()
@click.argument("target")
@click.option("-o", "--output", "file", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option("--write", is_flag=True, help="Write the DSL file or split folder itself.")
@click.option("--missing", is_flag=True, help="Move only nodes that have no position.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if something would move.")
@click.option("--reformat", is_flag=True, help="Write the file anew where its text does not take the change.")
def command(target: str, file: str | None, write: bool, missing: bool, check: bool, reformat: bool) -> int:
    """Lay out the nodes of an app anew, as the editor's "organize" does.

    TARGET is a flow.py, a DSL file, a folder that holds one or was made by
    `difyflow split`, REV:path in git, or - for standard input. The result is YAML and goes to
    standard output, or where -o or --write say; of a DSL file only positions and
    sizes change, comments stay. What moved is told on stderr. Notes stay where
    they are.

    \b
    Examples:
      difyflow layout app.yml --write
      difyflow layout app.yml --missing -o laid-out.yml
      difyflow layout flow.py > app.yml
    """
    from difyflow.cli import _layout

    return _layout.run(
        _layout.Options(
            target=target, file=file, write=write, missing=missing, check=check, reformat=reformat
        )
    )
