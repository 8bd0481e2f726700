"""Join what two people made of one app; name what clashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from difyflow.diff.conflicts import Side


@click.command()
@click.argument("targets", nargs=-1, metavar="BASE OURS THEIRS")
@click.option("-o", "--output", "file", metavar="OUT", help="Write to OUT instead of standard output.")
@click.option(
    "--favor",
    type=click.Choice(["ours", "theirs", "base"]),
    help="Which version is kept where both clash; ours by itself.",
)
@click.option("--resolve", is_flag=True, help="Settle conflicts: ask at each what is kept.")
@click.option(
    "--all", "every", type=click.Choice(["ours", "theirs", "base"]), help="With --resolve: this, unasked."
)
@click.option("--no-lint", is_flag=True, help="Do not look for errors that the result alone has.")
@click.option(
    "--reformat", is_flag=True, help="Write the result as Dify exports it, whatever ours looks like."
)
def command(
    targets: tuple[str, ...],
    file: str | None,
    favor: Side | None,
    resolve: bool,
    every: Side | None,
    no_lint: bool,
    reformat: bool,
) -> int:
    """Join what two people made of one app; name what clashes.

    BASE is what both began with. Each is a DSL file, a folder that holds one or was
    made by `difyflow split`, a flow.py or REV:path in git. Edits of different nodes, fields, and lines of
    prompts and code never clash; layout neither (ours is kept). The result can
    be loaded by Dify in any case. Conflicts are told on stderr and, with -o,
    in OUT.conflicts.md and OUT.conflicts.json; the exit code is 1 then. The text
    of OURS is edited, so that its comments stay.

    An error of `difyflow lint` that neither side has is a conflict, too: OURS is
    kept, and as little of THEIRS as breaks the rule is left out and named.

    --resolve takes OUT alone, too, and goes on where it was left: with what is in
    OUT.conflicts.json, or after a `git merge` with what git has. The answers are
    ours, theirs, base, edit (in $EDITOR, for lines and fields), skip and quit, or
    their first letters. What you changed in OUT by hand stays.

    \b
    Examples:
      difyflow merge base.yml ours.yml theirs.yml -o app.yml
      difyflow merge base.yml ours.yml theirs.yml -o app.yml --favor theirs
      difyflow merge main~3:app.yml main:app.yml app.yml -o app.yml --resolve
      difyflow merge --resolve app.yml
      difyflow merge --resolve app.yml --all theirs
    """
    from difyflow.cli import _merge

    return _merge.run(
        _merge.Options(
            targets=targets,
            file=file,
            favor=favor,
            resolve=resolve,
            every=every,
            lint=not no_lint,
            reformat=reformat,
        )
    )
