"""Draw an app as Mermaid, Graphviz DOT, SVG or a page that pans and zooms."""

from __future__ import annotations

import click

from difyflow import _catalog
from difyflow.draw import formats

PAGE = "html"
"""The one format that is no file of `difyflow/draw/formats/`: pages are made in a room of their own."""


@click.command()
@click.argument("target")
@click.option(
    "--format",
    "format_",
    type=click.Choice([*_catalog.names(formats), PAGE]),
    help="Default: by the name of FILE, else svg.",
)
@click.option("-o", "--output", "file", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option("--organize", is_flag=True, help="Draw it as `difyflow layout` would lay it out.")
def command(target: str, format_: str | None, file: str | None, organize: bool) -> int:
    """Draw an app as Mermaid, Graphviz DOT, SVG or a page that pans and zooms.

    TARGET is a flow.py, a DSL file, a folder that holds one, or - for standard
    input. svg looks like Dify's canvas; html is the same as a page: drag to
    pan, wheel to zoom, 0 to fit. Neither loads anything. mermaid is for
    Markdown, dot for Graphviz.

    \b
    Examples:
      difyflow draw workflows/fine_tune_corpus -o flow.svg
      difyflow draw app.yml -o app.html
      difyflow draw app.yml --format mermaid
    """
    from difyflow.build.load import load
    from difyflow.cli import _draw, _show

    names = [*_catalog.names(formats), PAGE]
    kind = format_ or _draw.kind_of(file, names)
    _show.write_text(_draw.drawing(load(target), kind, organize=organize), file)
    return 0
