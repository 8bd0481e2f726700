"""Let git show and merge Dify documents by nodes and fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from difyflow.diff.conflicts import Side


@click.group()
def command() -> None:
    """Let git show and merge Dify documents by nodes and fields.

    After `difyflow git install`, `git diff` shows what changed in a workflow, `git log -p`,
    `git show` and `git blame` a readable text of it (with --ext-diff what `git diff`
    shows), and merge, rebase, cherry-pick and stash merge by nodes, fields and lines.

    Where both sides clash, ours is kept and git waits for a decision: `git mergetool
    --tool=difyflow` or `difyflow merge --resolve FILE` asks. -X ours or -X theirs of
    merge, rebase and cherry-pick decides at once, as it does for text. With
    DIFYFLOW_FAVOR=theirs, or `git config difyflow.favor theirs` (or base), that
    version is kept, and git waits still.

    \b
    Examples:
      difyflow git install
      difyflow git install --path 'flows/**/*.yml'
      difyflow git uninstall
    """


@command.command()
@click.option(
    "--global", "everywhere", is_flag=True, help="Write the settings of the home, not of this repository."
)
@click.option("--local", is_flag=True, help="Write those of this repository (what happens by itself).")
@click.option("--path", "globs", multiple=True, metavar="GLOB", help="Also these files; may be repeated.")
def install(everywhere: bool, local: bool, globs: tuple[str, ...]) -> int:
    """Write drivers and settings, and attributes for the documents that are here now.

    The attributes go to .gitattributes: commit them. A second call brings everything
    up to date. Files that are no Dify documents get git's own output, whatever the
    attributes say.

    \b
    What is seen where:
      by nodes and fields   git diff, git difftool --tool=difyflow (also --dir-diff),
                            git show / log -p / stash show -p with --ext-diff
      a line per field,     git show, log -p, blame, range-diff; git diff while a merge
      node and edge         is not finished; log -S and -G search these lines (bytes:
                            --no-textconv)
      merged by nodes       merge, rebase, cherry-pick, revert, stash pop, am -3
      git's own             format-patch, am, apply, add -p, stash show -p, --stat, diff
                            of a document that cannot be read, and all of them with
                            --no-ext-diff --no-textconv: a patch for git apply

    Git tells a driver none of its options. Those about how a diff looks (-w, -U, -I,
    --word-diff, --color-moved, ...) are read off git's command line and used for git's
    own output; --color-moved then knows one file at a time. What git does with the
    output of all drivers is not ours: --output=FILE gets only what git writes itself,
    and log --graph draws no lines beside it.

    \b
    Examples:
      difyflow git install
      difyflow git install --global
      difyflow git install --path 'flows/**/*.yml'
    """
    from difyflow.cli import _git

    return _git.install(everywhere=_git.is_global(everywhere, local), globs=globs)


@command.command()
@click.option("--global", "everywhere", is_flag=True, help="From the settings of the home.")
@click.option("--local", is_flag=True, help="From those of this repository (what happens by itself).")
def uninstall(everywhere: bool, local: bool) -> int:
    """Remove what `install` wrote, and nothing else.

    \b
    Examples:
      difyflow git uninstall
      difyflow git uninstall --global
    """
    from difyflow.cli import _git

    return _git.uninstall(everywhere=_git.is_global(everywhere, local))


@command.command(hidden=True)
@click.argument("file")
def textconv(file: str) -> int:
    """Print one side of a document; git calls this."""
    from difyflow.cli import _git

    return _git.textconv(file)


@command.command("diff-driver", hidden=True)
@click.option("--colour", type=bool, default=False)
@click.argument("arguments", nargs=-1)
def diff_driver(colour: bool, arguments: tuple[str, ...]) -> int:
    """Print what differs in a document; git calls this."""
    from difyflow.cli import _git

    return _git.diff(arguments, colour=colour)


@command.command("merge-driver", hidden=True)
@click.option("--favor", type=click.Choice(["ours", "theirs", "base"]), default="ours")
@click.option("--settle", is_flag=True)
@click.argument("base")
@click.argument("ours")
@click.argument("theirs")
@click.argument("marker_size")
@click.argument("path")
@click.argument("labels", nargs=3)
def merge_driver(
    favor: Side,
    settle: bool,
    base: str,
    ours: str,
    theirs: str,
    marker_size: str,
    path: str,
    labels: tuple[str, str, str],
) -> int:
    """Merge a document in place of OURS; git calls this."""
    from difyflow.cli import _git

    del marker_size  # of text; we leave no marks
    return _git.merge((base, ours, theirs), path=path, labels=labels, favor=favor, settle=settle)
