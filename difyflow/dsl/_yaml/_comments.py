"""Comments in a YAML text: what is lost when the text is written anew."""

from __future__ import annotations

import re
from typing import Final

from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from difyflow.dsl._yaml._marks import Composed
from difyflow.errors import CannotEdit

_COMMENT: Final = re.compile(r"(?:^|[\s,\[\]{}])(#)")


def first_comment(source: Composed) -> int | None:
    """The line of the first comment, counted from 1; None if the text has none."""
    if "#" not in source.text:
        return None
    at = 0
    for start, end in [*_scalars(source), (len(source.text), len(source.text))]:
        if start < at:  # what an alias names stands elsewhere
            continue
        found = _COMMENT.search(source.text[at:start])
        if found is None and source.text[start : start + 1] in ("|", ">"):
            header = source.text[start:end].split("\n", 1)[0]
            found = _COMMENT.search(header)
            at = start if found else at
        if found:
            return source.text.count("\n", 0, at + found.start(1)) + 1
        at = end
    return None


def check_comments(source: Composed) -> None:
    """Refuses to lose comments.

    Raises:
        CannotEdit: the text has one.
    """
    line = first_comment(source)
    if line is not None:
        raise CannotEdit(
            "a comment, which would be lost",
            path=source.name,
            line=line,
            code="comments",
            hint="write it without its comments: --reformat",
        )


def _scalars(source: Composed) -> list[tuple[int, int]]:
    """From where to where each scalar stands, in order."""
    found: list[tuple[int, int]] = []
    known: set[int] = set()
    waiting: list[Node] = [source.root]
    while waiting:
        node = waiting.pop()
        if id(node) in known:
            continue
        known.add(id(node))
        if isinstance(node, ScalarNode):
            found.append((source.lines.index(node.start_mark), source.lines.index(node.end_mark)))
        elif isinstance(node, MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, CollectionNode):
            waiting += node.value
    return sorted(found)
