"""Goes through the conflicts of a merge with the person at the keyboard."""

from __future__ import annotations

from collections.abc import Sequence

import click

from difyflow.cli import _show
from difyflow.diff._say import short
from difyflow.diff._values import MISSING, Mask
from difyflow.diff.conflicts import Conflict, Side

_LINES = 12
"""Lines of one version that are shown."""

_ANSWERS: dict[str, Side] = {"o": "ours", "t": "theirs", "b": "base"}


class Asked:
    """Asks at each conflict which version is kept, until it is told to leave the rest.

    Args:
        favor: which version is kept at the conflicts that are left.
    """

    def __init__(self, favor: Side) -> None:
        self._favor = favor
        self._settled: set[str] = set()
        self._stopped = False

    def __call__(self, conflict: Conflict) -> Side:
        """The answer for one conflict."""
        if self._stopped:
            return self._favor
        _show.note(f"\n{conflict.message}")
        for name, value in zip(("base", "ours", "theirs"), conflict.versions, strict=True):
            _show.note(f"  {name}:{_version(value)}")
        answer = click.prompt(
            "keep (o)urs, (t)heirs, (b)ase, or leave the (r)est",
            type=click.Choice([*_ANSWERS, "r"]),
            show_choices=False,
            err=True,
        )
        if answer == "r":
            self._stopped = True
            return self._favor
        self._settled.add(conflict.key)
        return _ANSWERS[answer]

    def left(self, conflicts: Sequence[Conflict]) -> tuple[Conflict, ...]:
        """The conflicts that were not answered; faults of the result cannot be."""
        return tuple(item for item in conflicts if item.key not in self._settled)


def _version(value: object) -> str:
    if value is MISSING:
        return " nothing"
    if isinstance(value, str) and not isinstance(value, Mask) and "\n" in value:
        lines = value.split("\n")
        shown = [*lines[:_LINES], *(["..."] if len(lines) > _LINES else [])]
        return "".join(f"\n    {line}" for line in shown)
    return f" {short(value)}"
