"""Bring a file into the form of another Dify release, or say why not."""

from __future__ import annotations

import click


@click.command()
@click.argument("file")
@click.option("--to", "wanted", required=True, metavar="VERSION", help="0.6.0, or a release: dify-1.12.")
@click.option("-o", "--output", "out", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option("--write", is_flag=True, help="Write the DSL file or split folder itself.")
@click.option("--reformat", is_flag=True, help="Write it anew as Dify exports it, without comments.")
@click.option("--dry-run", is_flag=True, help="Tell what would be done; write no file.")
@click.option("--format", "style", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.option("--max-size", type=click.FloatRange(min=0), default=64, show_default=True, metavar="MB")
def command(
    file: str,
    wanted: str,
    out: str | None,
    write: bool,
    reformat: bool,
    dry_run: bool,
    style: str,
    max_size: float,
) -> int:
    """Bring FILE into the form of another Dify release, or say why not.

    Converted are: names of model providers, the list of plugins, old node forms
    (assigner, aggregator, conditions, iterations without start node), icon and
    membership fields. Every change is told with its reason. What the release does
    not know is not dropped: the command then writes nothing and exits with 1.

    FILE may be a folder that holds one or was made by `difyflow split`, REV:path in
    git's history, or - for standard input. The rest of its text stays as it is, with
    its comments. With --format json the report is standard output, and the new file
    is written with -o or --write only.

    \b
    Examples:
      difyflow migrate app.yml --to 0.6.0 -o new.yml
      difyflow migrate app.yml --to dify-1.12 > app-1.12.yml
      difyflow migrate app.yml --to dify-1.16 --format json
      difyflow migrate support/ --to dify-1.16 --write
    """
    from difyflow.cli import _migrate

    options = _migrate.Options(
        target=file, wanted=wanted, file=out, write=write, reformat=reformat, dry_run=dry_run, format_=style
    )
    return _migrate.run(options, max_bytes=int(max_size * 1024 * 1024))
