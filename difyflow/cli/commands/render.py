"""Print a workflow as the YAML that Dify exports."""

from __future__ import annotations

import click


@click.command()
@click.argument("target")
@click.option("-o", "--output", "file", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 1 unless app.yml beside it (or -o) is the same."
)
@click.option("--max-size", type=click.FloatRange(min=0), default=64, show_default=True, metavar="MB")
def command(target: str, file: str | None, check: bool, max_size: float) -> int:
    """Print a workflow as the YAML that Dify exports.

    TARGET is a flow.py, a DSL file, a folder that holds one, or - for standard
    input. A flow.py is executed: render only those that you trust.

    \b
    Examples:
      difyflow render workflows/fine_tune_corpus
      difyflow render flow.py -o app.yml
      difyflow render workflows/fine_tune_corpus --check
    """
    from difyflow.build.load import load
    from difyflow.cli import _show

    text = load(target, max_bytes=int(max_size * 1024 * 1024)).render()
    if check:
        return _show.check_same(text, file or _app_file(target))
    _show.write_text(text, file)
    return 0


def _app_file(target: str) -> str:
    from pathlib import Path

    from difyflow.build.load import APP_FILE

    path = Path(target)
    return str((path if path.is_dir() else path.parent) / APP_FILE)
