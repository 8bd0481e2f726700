"""Bring DSL files into the form in which Dify exports them."""

from __future__ import annotations

import click


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is not in this form.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.option("--normalize", is_flag=True, help="Also reset what the editor leaves behind.")
@click.option("--reformat", is_flag=True, help="Format files with comments too; the comments are lost.")
def command(paths: tuple[str, ...], check: bool, diff: bool, normalize: bool, reformat: bool) -> int:
    """Bring DSL files into the form in which Dify exports them, byte for byte.

    PATHS are files, folders (every DSL file in them), or - for standard input. What
    a file says stays the same. A file with comments is refused, since that form
    cannot hold them.

    --normalize resets, besides: selected (false), dragging and resizing (gone),
    positionAbsolute (as position, outside containers), viewport (0, 0, zoom 1),
    keys of node data that begin with _ (gone), the order of dependencies.

    \b
    Examples:
      difyflow fmt workflows/
      difyflow fmt --check app.yml
      difyflow fmt --normalize --diff app.yml
    """
    from difyflow.cli import _fmt

    options = _fmt.Options(check=check, diff=diff, normalize=normalize, reformat=reformat)
    return _fmt.run(paths, options)
