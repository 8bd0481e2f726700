"""Goes through the conflicts of a merge with the person at the keyboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from difyflow.cli import _merge_edit, _show
from difyflow.diff._say import short
from difyflow.diff._values import MISSING, Mask
from difyflow.diff.conflicts import Choice, Conflict, Side
from difyflow.diff.patch import shown
from difyflow.dsl import _yaml
from difyflow.errors import DifyflowError

_LINES = 40
"""Lines of one version that are shown."""

_SIDES: tuple[Side, ...] = ("ours", "theirs", "base")
_WORDS = (*_SIDES, "edit", "skip", "quit")
_OTHER_WORDS = {"rest": "quit", "r": "quit"}


class Asked:
    """Asks at each conflict what is kept, until it is told to leave the rest.

    Args:
        answers: what was chosen earlier; nobody is asked again.
        favor: which version is kept at the conflicts that are left.
        count: how many conflicts there are to be asked for.
        every: nobody is asked: this is the answer to all.
    """

    def __init__(
        self, answers: Mapping[str, Choice], favor: Side, count: int, *, every: Side | None = None
    ) -> None:
        self._every = every
        self.answers = dict(answers)
        self._favor: Choice = favor
        self._count = count
        self._number = 0
        self._stopped = False
        self.interrupted = False
        """Whether nobody is there any more: end of input, or Ctrl-C."""

    def __call__(self, conflict: Conflict) -> Choice:
        """The answer for one conflict."""
        if conflict.key in self.answers:
            return self.answers[conflict.key]
        if self._every is not None:
            self.answers[conflict.key] = self._every
            return self._every
        if self._stopped:
            return self._favor
        self._number += 1
        self._show(conflict)
        try:
            choice = self._answer(conflict)
        except click.Abort:
            self._stopped = self.interrupted = True
            _show.note("")  # what was typed has a line of its own
            return self._favor
        if choice is None:
            return self._favor
        self.answers[conflict.key] = choice
        return choice

    def left(self, conflicts: Sequence[Conflict]) -> tuple[Conflict, ...]:
        """The conflicts that were not answered, and the faults that stay whatever the answer was."""
        return tuple(item for item in conflicts if item.key not in self.answers or item.stays)

    def _show(self, conflict: Conflict) -> None:
        many = f" of {self._count}" if self._number <= self._count else ""
        _show.note(f"\nconflict {self._number}{many}: {conflict.message}")
        where = shown(conflict.path) + (f", line {conflict.line}" if conflict.line else "")
        if where:
            _show.note(f"  at {where}")
        if conflict.kind == "semantic":
            _show.note(f"  rule {conflict.rule}, which neither side breaks alone; what they did:")
            for edit in conflict.edits:
                _show.note(f"    {edit}")
            _show.note("  keeping one side leaves out of the other as little as breaks the rule")
            return
        for name, value in zip(("base", "ours", "theirs"), conflict.versions, strict=True):
            is_none = value is MISSING or (conflict.kind == "text" and value == "")
            _show.note(f"  {name}:{' nothing' if is_none else _version(value)}")

    def _answer(self, conflict: Conflict) -> Choice | None:
        """What is chosen; None to leave it as it is."""
        words = [word for word in _WORDS if word != "edit" or conflict.editable]
        while True:
            word = click.prompt(
                f"keep {', '.join(words[:-1])} or {words[-1]}",
                value_proc=lambda text: _word(text, words),
                err=True,
            )
            if word == "quit":
                self._stopped = True
                return None
            if word == "skip":
                return None
            if word != "edit":
                return next(side for side in _SIDES if side == word)
            try:
                return _merge_edit.edited(conflict)
            except (DifyflowError, click.ClickException) as err:
                _show.note(err.message)


def _word(text: str, words: Sequence[str]) -> str:
    """One of the words that may be answered, from its beginning."""
    given = text.strip().casefold()
    full = _OTHER_WORDS.get(given, given)
    found = [word for word in words if full and word.startswith(full)]
    if len(found) != 1:
        raise click.UsageError(f"{text.strip()!r} is none of: {', '.join(words)} (or their first letters)")
    return found[0]


def _version(value: object) -> str:
    """A version: a text of several lines as it is, what has parts as YAML."""
    text = value if isinstance(value, str) else ""
    if isinstance(value, dict):
        text = _yaml.dump(_told(value)).removesuffix("\n")
    if "\n" not in text:
        return f" {short(value)}"
    lines = text.split("\n")
    more = [f"... and {len(lines) - _LINES} lines more"] if len(lines) > _LINES else []
    return "".join(f"\n    {line}" for line in [*lines[:_LINES], *more])


def _told(value: Any) -> Any:  # noqa: ANN401  plain data
    """A copy with words in place of secrets."""
    if isinstance(value, dict):
        return {key: _told(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_told(item) for item in value]
    return str(value) if isinstance(value, Mask) else value
