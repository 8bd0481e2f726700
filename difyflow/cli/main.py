"""The command `difyflow`: finds the commands in their folder, turns every error into a message and a code.

Each module of `difyflow/cli/commands/` holds an object `command`. The list of commands shows the first line
of each module's docstring, read from its source, so that `difyflow --help` imports none of them.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click

from difyflow import __version__, _catalog
from difyflow.cli import _exit, _show, commands
from difyflow.errors import DifyflowError

_COMPLETE = "_DIFYFLOW_COMPLETE"
# What the machine refuses without naming a file; any other OSError without a name is a fault of ours.
_NO_ROOM = (errno.ENOSPC, errno.EROFS, errno.EFBIG, errno.EMFILE, errno.ENFILE)


class Commands(click.Group):
    """A group whose commands are the modules of a folder, imported when one of them is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's own signature
        """The names of the commands, in alphabetical order."""
        return list(_catalog.names(commands))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Imports one command; None if there is no such command."""
        if not _catalog.has(commands, cmd_name):
            return None
        command: click.Command = _catalog.module(commands, cmd_name).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands with their summaries, which are read and not imported."""
        rows = [(name, _catalog.summary(commands, name)) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="`difyflow COMMAND --help` shows options and examples.",
)
@click.version_option(__version__, message="difyflow %(version)s")
def group() -> None:
    """Dify workflows as code: write, render, run and check Dify DSL files."""


def main() -> NoReturn:
    """The console script: runs the command line and ends the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str], *, root: click.Group = group) -> int:
    """Runs a command line and returns its exit code; every error is told on stderr.

    Args:
        arguments: the words after `difyflow`.
        root: whose commands they name; a command returns its own exit code, or None for 0.
    """
    try:
        if _COMPLETE in os.environ:
            root.main(list(arguments), prog_name="difyflow", complete_var=_COMPLETE)
        with root.make_context("difyflow", list(arguments)) as context:
            code = root.invoke(context)
        sys.stdout.flush()
    except BrokenPipeError:
        _show.discard_stdout()
        return _exit.READER_GONE
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _tell("interrupted", _exit.INTERRUPTED)
    except click.ClickException as err:
        err.show()
        return err.exit_code
    except Exception as err:
        return _failed(err)
    return code if isinstance(code, int) else _exit.FINE


def _failed(err: Exception) -> int:
    if os.environ.get("DIFYFLOW_DEBUG") == "1":
        _tell("".join(traceback.format_exception(err)).rstrip(), 0)
    if isinstance(err, DifyflowError):
        return _tell(f"error: {err}", _exit.exit_code(err))
    if isinstance(err, OSError) and (err.filename is not None or err.errno in _NO_ROOM):
        where = "" if err.filename is None else f"{os.fsdecode(err.filename)}: "
        return _tell(f"error: {where}{err.strerror}", _exit.USAGE)
    message = " ".join(str(err).split())
    return _tell(
        f"error: {type(err).__name__}: {message}\n"
        "  This is a bug in difyflow; run with DIFYFLOW_DEBUG=1 for the traceback.",
        _exit.BUG,
    )


def _tell(text: str, code: int) -> int:
    """Says a last word, even if nobody can hear it, and returns the code."""
    try:
        _show.note(text)
    except OSError:
        return code
    return code
