"""What becomes of a node whose reference has no value, and where a reference is put right."""

from __future__ import annotations

from difyflow.dsl.edit import Path
from difyflow.lint.finding import Fix, Found, Severity
from difyflow.lint.view import NodeView, View
from difyflow.nodes._base import Reference
from difyflow.terms.selector import Selector

PATIENT = frozenset(("variable-aggregator", "variable-assigner"))
"""They take the first of their variables that has a value, so that one may well be missing."""


_NAMING = frozenset(("code", "template-transform", "variable-aggregator", "variable-assigner"))
"""Node types whose `variables` do something; others carry the key of older editors."""


def sleeps(node: NodeView, reference: Reference) -> bool:
    """True for a reference in a part that is switched off, so that nobody asks for its value."""
    path = reference.path
    if path[0] == "variables":
        grouped = node.raw.get("advanced_settings")
        return node.kind not in _NAMING or (
            isinstance(grouped, dict) and grouped.get("group_enabled") is True
        )
    if path[0] == "advanced_settings":
        grouped = node.raw["advanced_settings"]
        return isinstance(grouped, dict) and not grouped.get("group_enabled")
    if path[0] in ("body", "authorization"):
        part = node.raw[path[0]]
        return isinstance(part, dict) and part.get("type") in ("none", "no-auth")
    return _is_switched_off(node.raw, path)


def _is_switched_off(value: object, path: Path) -> bool:
    """True if a mapping on the way says `enabled: false`."""
    for part in path:
        if isinstance(value, dict):
            if value.get("enabled") is False:
                return True
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return False
    return False


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


def mild(view: View, node: NodeView, reference: Reference) -> Severity | None:
    """A reference in what never runs does no harm; an aggregator passes over what has no value."""
    if sleeps(node, reference):
        return "info"
    return "warning" if not view.is_reached(node) or node.kind in PATIENT else None


def told(
    node: NodeView,
    reference: Reference,
    text: str,
    *,
    fix: Fix | None = None,
    severity: Severity | None = None,
) -> Found:
    """A finding at a reference, with the words that name it."""
    return Found(
        place(node, reference),
        text,
        fix=fix,
        severity=severity,
        text=words(reference),
        start=reference.start,
    )
