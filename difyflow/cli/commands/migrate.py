"""Bring a file into the form of another Dify release, or say why not."""

from __future__ import annotations

import click


@click.command()
@click.argument("file")
@click.option("--to", "wanted", required=True, metavar="VERSION", help="0.6.0, or a release: dify-1.12.")
@click.option("-o", "--output", "out", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option("--reformat", is_flag=True, help="Write it anew as Dify exports it, without comments.")
@click.option("--dry-run", is_flag=True, help="Tell what would be done; write no file.")
@click.option("--format", "style", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.option("--max-size", type=click.FloatRange(min=0), default=64, show_default=True, metavar="MB")
def command(
    file: str, wanted: str, out: str | None, reformat: bool, dry_run: bool, style: str, max_size: float
) -> int:
    """Bring FILE into the form of another Dify release, or say why not.

    Converted are: names of model providers, the list of plugins, old node forms
    (assigner, aggregator, conditions, iterations without start node), icon and
    membership fields. Every change is told with its reason. What the release does
    not know is not dropped: the command then writes nothing and exits with 1.

    The rest of FILE's text stays as it is, with its comments. With --format json the
    report is standard output, and the new file is written with -o only.

    \b
    Examples:
      difyflow migrate app.yml --to 0.6.0 -o new.yml
      difyflow migrate app.yml --to dify-1.12 > app-1.12.yml
      difyflow migrate app.yml --to dify-1.16 --format json
    """
    from pathlib import Path

    from difyflow.cli import _migrate, _show
    from difyflow.dsl.edit import rewrite
    from difyflow.dsl.migrate import describe, migrate
    from difyflow.dsl.reader import read_file
    from difyflow.dsl.releases import target_named

    target = target_named(wanted)
    document = read_file(Path(file), max_bytes=int(max_size * 1024 * 1024))
    found = migrate(document.app, target)
    if style == "json":
        _show.write_text(_migrate.to_json(found, file, target, before=document.app.version))
    else:
        _show.note(f"{file}: {describe(document.app, target)}")
        for line in _migrate.to_lines(found):
            _show.note(line)
    if not found.obstacles and not dry_run and (style == "text" or out):
        _show.write_text(rewrite(document, found.app, reformat=reformat), out)
    return 1 if found.obstacles else 0
