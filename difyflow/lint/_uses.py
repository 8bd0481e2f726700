"""What becomes of a node whose reference has no value, and where a reference is put right."""

from __future__ import annotations

from difyflow.dsl.edit import Path
from difyflow.lint.finding import Fix
from difyflow.lint.view import NodeView
from difyflow.nodes._base import Reference
from difyflow.terms.selector import Selector

PATIENT = frozenset(("variable-aggregator", "variable-assigner"))
"""They take the first of their variables that has a value, so that one may well be missing."""


def place(node: NodeView, reference: Reference) -> Path:
    """The place of a reference in the document."""
    return node.at(*reference.path)


def words(reference: Reference) -> str:
    """What stands in the text for it; empty for a selector in a field of its own."""
    return "" if reference.start is None else str(reference.selector)


def shown(selector: Selector) -> str:
    """A selector in messages: `ask.text`."""
    return ".".join(selector)


def renamed(node: NodeView, reference: Reference, selector: Selector, title: str) -> Fix | None:
    """Puts another selector in the place of a reference; None if its text is not found where it should be."""
    where = place(node, reference)
    if reference.start is None:
        return Fix(title, ((where, list(selector)),), safe=False)
    text: object = node.raw
    for part in reference.path:
        if isinstance(text, dict | list):
            try:
                text = text[part]  # type: ignore[index]  # either fits, or the except does
            except (KeyError, IndexError, TypeError):
                return None
    if not isinstance(text, str) or reference.end is None:
        return None
    made = text[: reference.start] + str(selector) + text[reference.end :]
    return Fix(title, ((where, made),), safe=False)
