"""Say which Dify releases import a file, and what in it needs which release."""

from __future__ import annotations

import click


@click.command()
@click.argument("file")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--max-size", type=click.FloatRange(min=0), default=64, show_default=True, metavar="MB")
def command(file: str, format_: str, max_size: float) -> int:
    """Say which Dify releases import FILE, and what in it needs which release.

    The answers are Dify's own: completed, completed-with-warnings, pending (it asks
    for a confirmation), failed with its error. An import takes what it does not
    know; whether it runs there, the second list tells. FILE need not be one that
    any Dify takes; the exit code is 1 if none does. A folder that holds one or was
    made by `difyflow split`, REV:path in git's history and - for standard input
    are taken too.

    \b
    Examples:
      difyflow versions app.yml
      difyflow versions app.yml --format json | jq '.answers[] | {dify, status}'
    """
    import json

    from difyflow.build.source import source_of
    from difyflow.cli import _show, _versions
    from difyflow.dsl.compatibility import examine

    limit = int(max_size * 1024 * 1024)
    source = source_of(file, max_bytes=limit)
    report = examine(source.data, name=source.name, max_bytes=limit)
    shown = json.dumps(_versions.to_json(report), ensure_ascii=False, indent=2) + "\n"
    _show.write_text(_versions.to_text(report) if format_ == "text" else shown)
    return int(all("failed" in (answer.status, answer.confirmed) for answer in report.answers))
