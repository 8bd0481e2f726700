"""Find what breaks in DSL files, or is very likely not meant."""

from __future__ import annotations

import click

_FORMATS = ["text", "json", "sarif", "github", "junit"]


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--format", "format_", type=click.Choice(_FORMATS), default="text", show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option(
    "--severity",
    type=click.Choice(["error", "warning", "info"]),
    help="The mildest that is told and counted; default: warning, info of rules named in --select.",
)
@click.option("--target", metavar="RELEASE", help="dify-0.15, dify-1.12, 0.5.0; default: the file's version.")
@click.option("--select", multiple=True, metavar="RULE", help="Only these rules, families or patterns.")
@click.option("--ignore", multiple=True, metavar="RULE", help="Not these rules, families or patterns.")
@click.option(
    "--config", metavar="FILE", help="Settings; default: the nearest difyflow.toml or pyproject.toml."
)
@click.option("--baseline", metavar="FILE", help="Pass over the findings in FILE.")
@click.option("--write-baseline", metavar="FILE", help="Write all findings to FILE.")
@click.option("--fix", "mend", is_flag=True, help="Mend what can safely be mended.")
@click.option("--unsafe-fixes", "unsafe", is_flag=True, help="Also mend what may then do something else.")
@click.option("--diff", is_flag=True, help="Show what would be mended, and write nothing.")
@click.option("--skip-others", is_flag=True, help="Pass by YAML files that are no Dify documents.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: by the amount of work.")
@click.option("--max-size", type=click.FloatRange(min=0), default=64, show_default=True, metavar="MB")
def command(max_size: float, **options: object) -> int:
    """Find what breaks in DSL files, or is very likely not meant.

    PATHS are DSL files, folders, patterns, - for standard input, or a flow.py, which
    is executed in a process of its own without keys. An error makes the import
    fail, the editor crash, or a run fail, lose or invent data. The exit code is 1
    if something is told, and 3 if a file cannot be read.

    \b
    Examples:
      difyflow lint app.yml
      difyflow lint workflows/ --severity error --format github
      difyflow lint app.yml --target dify-1.12 --fix
    """
    from difyflow.cli import _lint

    return _lint.run(_lint.Options(max_bytes=int(max_size * 1024 * 1024), **options))  # type: ignore[arg-type]  # click checks them
