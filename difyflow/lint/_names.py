"""Words for messages: names that exist, and which of them may be meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 12


def listed(names: Iterable[str]) -> str:
    """`a, b, c`, of many the first ones."""
    found = list(dict.fromkeys(names))
    shown = ", ".join(found[:_SHOWN])
    return f"{shown} and {len(found) - _SHOWN} more" if len(found) > _SHOWN else shown


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of these names that is most likely meant by a mistyped one; None if none is near."""
    found = get_close_matches(name, list(names), n=1, cutoff=0.75)
    return found[0] if found else None


def meant(name: str, names: Iterable[str]) -> str:
    """`; do you mean "text"?`, or `; it has: text, usage`, or nothing."""
    known = list(dict.fromkeys(names))
    near = nearest(name, known)
    if near is not None:
        return f"; do you mean {near!r}?"
    return f"; it has: {listed(known)}" if known else ""
