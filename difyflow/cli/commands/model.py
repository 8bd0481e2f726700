"""Put another model into a DSL file, in its text."""

from __future__ import annotations

import click


@click.group()
def command() -> None:
    """Put another model into a DSL file, in its text.

    \b
    Examples:
      difyflow model set app.yml --from gpt-4o --to gpt-4o-mini -o new.yml
    """


@command.command("set")
@click.argument("target")
@click.option("--from", "name", default="", metavar="MODEL", help="The models of this name.")
@click.option("--from-provider", "provider", default="", metavar="PROVIDER", help="All of this provider.")
@click.option("--nodes", multiple=True, metavar="IDS", help="Only these nodes; ids or titles, with commas.")
@click.option("--to", "new_name", default="", metavar="MODEL", help="The model to ask in their place.")
@click.option("--to-provider", "new_provider", default="", metavar="PROVIDER", help="The provider to ask.")
@click.option("--plugin", default="", metavar="ID", help="Declare its plugin: author/plugin:1.2.3@sha256.")
@click.option("-o", "--output", "file", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option("--force", is_flag=True, help="Overwrite what -o names.")
@click.option("--write", is_flag=True, help="Write the DSL file or split folder itself.")
@click.option("--dry-run", is_flag=True, help="Say what would change and write nothing.")
@click.option("--reformat", is_flag=True, help="Write the file anew where its text does not take the change.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def set_(**options: object) -> int:
    """Ask another model, or move all models of a provider to another one.

    TARGET is a DSL file, a folder with an app.yml or made by `difyflow split`, or -
    for standard input. Only the names change; comments, order and spelling of the rest stay. Models for
    embedding and reranking are not touched. When no node needs the plugin of the
    old provider any more, it leaves the list of dependencies; the new one's
    comes with --plugin, since only Dify knows which versions there are.

    With --format json the report goes to standard output, and the file where -o
    or --write say.

    \b
    Examples:
      difyflow model set app.yml --from Qwen/Qwen2.5-72B-Instruct-128K \\
          --to ft:LoRA/Qwen/Qwen2.5-7B-Instruct:abc:law:xyz-ckpt_step_182 --write
      difyflow model set app.yml --nodes writer,checker --to gpt-4o-mini --dry-run
      difyflow model set app.yml --from-provider openai --to-provider siliconflow \\
          --to Qwen/Qwen2.5-7B-Instruct -o moved.yml
    """
    from difyflow.cli import _model

    return _model.run(_model.Options(**options))  # type: ignore[arg-type]  # click has made these types
