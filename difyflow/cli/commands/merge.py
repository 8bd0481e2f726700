"""Join what two people made of one app; name what clashes."""

from __future__ import annotations

import click


@click.command()
@click.argument("base")
@click.argument("ours")
@click.argument("theirs")
@click.option("-o", "--output", "file", metavar="OUT", help="Write to OUT instead of standard output.")
@click.option(
    "--favor",
    type=click.Choice(["ours", "theirs", "base"]),
    default="ours",
    show_default=True,
    help="Which version is kept where both clash.",
)
@click.option("--resolve", is_flag=True, help="Ask at each conflict which version is kept.")
@click.option("--no-lint", is_flag=True, help="Do not look for errors that the result alone has.")
@click.option(
    "--reformat", is_flag=True, help="Write the result as Dify exports it, whatever ours looks like."
)
def command(
    base: str,
    ours: str,
    theirs: str,
    file: str | None,
    favor: str,
    resolve: bool,
    no_lint: bool,
    reformat: bool,
) -> int:
    """Join what two people made of one app; name what clashes.

    BASE is what both began with. Each is a DSL file, a folder that holds one, a
    flow.py or REV:path in git. Edits of different nodes, fields, and lines of
    prompts and code never clash; layout neither (ours is kept). The result can
    be loaded by Dify in any case. Conflicts are told on stderr and, with -o,
    in OUT.conflicts.md and OUT.conflicts.json; the exit code is 1 then. The text
    of OURS is edited, so that its comments stay.

    \b
    Examples:
      difyflow merge base.yml ours.yml theirs.yml -o app.yml
      difyflow merge base.yml ours.yml theirs.yml -o app.yml --favor theirs
      difyflow merge main~3:app.yml main:app.yml app.yml -o app.yml --resolve
    """
    from difyflow.cli import _merge

    return _merge.run(
        _merge.Options(
            targets=(base, ours, theirs),
            file=file,
            favor=favor,
            resolve=resolve,
            lint=not no_lint,
            reformat=reformat,
        )
    )
