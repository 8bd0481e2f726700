"""What a merge commit did to a document beyond joining its parents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from difyflow.errors import DslError

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


def joined(sides: Sequence[Side], name: str, is_secret: IsSecret | None = None) -> Joined:
    """Joins the versions of all parents, one after the other, as `difyflow merge` does.

    Args:
        sides: the parents that have the document, at least one.
        name: of the document, for messages.
        is_secret: what messages must not tell besides secret environment variables.
    """
    from difyflow.git import drivers

    first = sides[0]
    data, clashes = first.data, list[str]()
    for side in sides[1:]:
        if side.base is None:
            clashes.append("both lines made the document, each its own")
            continue
        labels = ("base", first.commit[:_SHORT], side.commit[:_SHORT])
        try:
            found = drivers.merge((side.base, data, side.data), path=name, labels=labels, is_secret=is_secret)
        except DslError as err:
            return Joined(first.data, problem=f"its parents cannot be joined: {err.where}: {err.message}")
        data = found.data
        clashes += found.conflicts
    return Joined(data, tuple(clashes))
