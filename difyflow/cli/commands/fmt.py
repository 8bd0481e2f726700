"""Bring DSL files into the form in which Dify exports them."""

from __future__ import annotations

import click


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Write nothing; name files that are not in this form, exit 1.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.option("--normalize", is_flag=True, help="Also reset what the editor leaves behind; see above.")
@click.option("--reformat", is_flag=True, help="Format files with comments too; the comments are lost.")
def command(paths: tuple[str, ...], check: bool, diff: bool, normalize: bool, reformat: bool) -> int:
    """Bring DSL files into the form in which Dify exports them, byte for byte.

    PATHS are files, folders (every DSL file in them; other files are left alone),
    folders made by `difyflow split`, or - for standard input. What a file says stays
    the same. A file with comments is refused, since that form cannot hold them.
    --check names the files that would change.

    \b
    --normalize also resets what nobody means and no run depends on:
      selected           of nodes, their data and edges   true becomes false
      dragging           of nodes                         gone
      resizing           of nodes                         gone
      positionAbsolute   of nodes outside containers      the same as position
      viewport           of the graph                     x 0, y 0, zoom 1
      _names             in the data of nodes: _... keys  gone
      dependencies       of the file                      in the order of their names

    \b
    Examples:
      difyflow fmt workflows/
      difyflow fmt --check app.yml
      difyflow fmt --normalize --diff app.yml
      difyflow fmt - < app.yml > formatted.yml
    """
    from difyflow.cli import _fmt

    options = _fmt.Options(check=check, diff=diff, normalize=normalize, reformat=reformat)
    return _fmt.run(paths, options)
