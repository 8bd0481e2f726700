"""A value of one's own for a conflict, written in an editor."""

from __future__ import annotations

import re
from typing import Final

import click

from difyflow.diff._values import MISSING
from difyflow.diff.conflicts import Conflict, Own
from difyflow.dsl import _yaml
from difyflow.errors import UsageError

_MARK: Final = re.compile(r"(?m)^(<{7} ours|\|{7} base|={7}|>{7} theirs)$")


def edited(conflict: Conflict) -> Own:
    """Opens the editor (`$VISUAL`, `$EDITOR`) with the three versions between git's marks.

    Raises:
        UsageError: nothing was saved, marks are left, or what was written is no value.
        ClickException: there is no editor.
    """
    plain = all(isinstance(value, str) for value in conflict.versions if value is not MISSING)
    base, ours, theirs = (_text(value, plain) for value in conflict.versions)
    before = f"<<<<<<< ours\n{ours}||||||| base\n{base}=======\n{theirs}>>>>>>> theirs\n"
    after = click.edit(before, extension=_extension(conflict))
    if after is None or after == before:
        raise UsageError("nothing was saved: the conflict is as it was", code="not-edited")
    if _MARK.search(after):
        raise UsageError("marks of the conflict are still in it: it is as it was", code="conflict-markers")
    text = after.removesuffix("\n")
    if plain:
        return Own(text)
    return Own(_yaml.load(text, name="what was written"))


def _text(value: object, plain: bool) -> str:
    """A version as lines; nothing if there is none."""
    if value is MISSING or value == "":
        return ""
    return f"{value}\n" if plain else _yaml.dump(value).removesuffix("...\n")


def _extension(conflict: Conflict) -> str:
    """The suffix by which an editor knows what it is; code is Python more often than JavaScript."""
    last = conflict.path[-1] if conflict.path else ""
    if last == "code":
        return ".py"
    return ".md" if last in ("text", "answer") else ".txt"
