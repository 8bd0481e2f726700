"""What a merge commit did to a document beyond joining its parents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from difyflow.diff._values import same
from difyflow.dsl.canonical import faithful
from difyflow.errors import DslError
from difyflow.git import drivers

if TYPE_CHECKING:
    from difyflow.diff.secrets import IsSecret

_SHORT = 10
"""Characters of a commit's id in messages."""


@dataclass(frozen=True, slots=True)
class Side:
    """A parent of a merge, and the document in it; `base` is what it has in common with the first parent."""

    commit: str
    data: bytes
    base: bytes | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """The parents, joined without anybody's help.

    Attributes:
        data: the document; where the parents clash, as the first of them has it.
        clashes: where they do, a line each.
        problem: why they cannot be joined; the document is then that of the first parent.
    """

    data: bytes
    clashes: tuple[str, ...] = ()
    problem: str | None = None


def joined(
    sides: Sequence[Side], result: bytes | None, name: str, *, is_secret: IsSecret | None = None
) -> Joined:
    """Joins the versions of all parents, one after the other, as `difyflow merge` does.

    Args:
        sides: the parents that have the document, at least one.
        result: what the merge commit has; given back where joining comes to the same document.
        name: of the document, for messages.
        is_secret: what messages must not tell besides secret environment variables.
    """
    first = sides[0]
    try:
        now = None if result is None else _data(result, name)
    except DslError:  # whoever reads the result will say so
        return Joined(first.data)
    try:
        data, clashes = _joined(sides, name, is_secret)
        if result is not None and same(data, now):
            return Joined(result, clashes)
        return Joined(faithful(data, name=name).encode(), clashes)
    except DslError as err:
        return Joined(first.data, problem=f"its parents cannot be joined: {err.where}: {err.message}")


def _joined(
    sides: Sequence[Side], name: str, is_secret: IsSecret | None
) -> tuple[dict[Any, Any], tuple[str, ...]]:
    from difyflow.diff.merge import merge

    data = _data(sides[0].data, f"{name} ({sides[0].commit[:_SHORT]})")
    clashes: list[str] = []
    for side in sides[1:]:
        if side.base is None:
            clashes.append("both lines made the document, each its own")
            continue
        other = _data(side.data, f"{name} ({side.commit[:_SHORT]})")
        found = merge(_data(side.base, f"{name} (base)"), data, other, is_secret=is_secret)
        data = found.data
        clashes += (conflict.message for conflict in found.conflicts)
    return data, tuple(clashes)


def _data(text: bytes, name: str) -> dict[Any, Any]:
    found = drivers.read(text, name).data
    assert isinstance(found, dict)
    return found
