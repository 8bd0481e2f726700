"""Mending what rules have found, in the text of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from difyflow.dsl.edit import Path, edit_source
from difyflow.dsl.reader import read_source
from difyflow.errors import CannotEdit, UsageError
from difyflow.lint.engine import check
from difyflow.lint.finding import Finding
from difyflow.lint.rule import Rule

if TYPE_CHECKING:
    from difyflow.dsl._yaml import Composed

_ROUNDS = 10
"""What mends one thing may lay bare another; after so many rounds it is left as it is."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A text after its findings were mended.

    Attributes:
        text: the text; every byte that no fix is about is as it was.
        encoding: `text.encode(encoding)` are the bytes of the file.
        done: what was mended, in order.
        left: what is still found.
        refused: fixes that the text does not take in place, with the reason.
    """

    text: str
    encoding: str
    done: tuple[Finding, ...]
    left: tuple[Finding, ...]
    refused: tuple[tuple[Finding, str], ...] = ()


def fix(
    source: str | bytes,
    *,
    path: str = "<text>",
    target: str | None = None,
    unsafe: bool = False,
    only: Sequence[Rule] | None = None,
) -> Fixed:
    """Mends the findings that can be mended; see `difyflow.lint.engine.lint`.

    Args:
        source: YAML text, or its bytes.
        path: file name, for messages.
        target: the releases that it is judged for.
        unsafe: also make changes after which the app may do something else than before.
        only: the rules to be asked; None = all.

    Raises:
        ReadError: no YAML, or no mapping.
    """
    composed, data = read_source(source, name=path)
    encoding = composed.encoding
    found = check(data, composed, target=target, only=only)
    done: list[Finding] = []
    refused: dict[tuple[str, Path], tuple[Finding, str]] = {}
    for _ in range(_ROUNDS):
        chosen = _compatible([item for item in found if _may(item, unsafe) and _key(item) not in refused])
        if not chosen:
            break
        text, made = _edited(composed, chosen, refused)
        done += made
        if made:
            composed, data = read_source(text, name=path)
            found = check(data, composed, target=target, only=only)
    return Fixed(composed.text, encoding, tuple(done), tuple(found), tuple(refused.values()))


def _may(item: Finding, unsafe: bool) -> bool:
    return item.fix is not None and (item.fix.safe or unsafe)


def _key(item: Finding) -> tuple[str, Path]:
    return item.rule, item.path


def _compatible(found: Sequence[Finding]) -> list[Finding]:
    """As many of them, the first before the others, as change different places."""
    taken: set[Path] = set()
    above: set[Path] = set()
    chosen = []
    for item in found:
        paths = list(item.fix.changes) if item.fix else []
        if any(path in above or any(path[:end] in taken for end in range(len(path) + 1)) for path in paths):
            continue
        chosen.append(item)
        taken.update(paths)
        above.update(path[:end] for path in paths for end in range(len(path)))
    return chosen


def _edited(
    composed: Composed, chosen: Sequence[Finding], refused: dict[tuple[str, Path], tuple[Finding, str]]
) -> tuple[str, list[Finding]]:
    """The text with these mended, all at once or else one after the other as far as they can be."""
    try:
        return edit_source(composed, _changes(chosen)), list(chosen)
    except (CannotEdit, UsageError) as err:
        if len(chosen) == 1:
            refused[_key(chosen[0])] = (chosen[0], err.message)
            return composed.text, []
    made: list[Finding] = []
    text = composed.text
    for item in chosen:
        try:
            text = edit_source(composed, _changes([*made, item]))
        except (CannotEdit, UsageError) as err:
            refused[_key(item)] = (item, err.message)
        else:
            made.append(item)
    return text, made


def _changes(chosen: Sequence[Finding]) -> Mapping[Path, object]:
    return {path: value for item in chosen if item.fix for path, value in item.fix.edits}
