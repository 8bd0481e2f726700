"""Which item of a new list comes from which item of an old one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import SequenceMatcher

from difyflow.dsl._yaml._equal import canonical

_NAMES = ("id", "variable", "name", "key", "case_id")
"""What tells the items of a list apart, in this order of preference."""


def aligned(old: list[object], new: list[object]) -> Iterator[tuple[int | None, int]]:
    """For each new item the index of the old one that it comes from, or None; old indexes only rise.

    Items are the same if they have the same name, or are equal where there are no names; items that took the
    place of others are paired with them in order.
    """
    name = _naming(old, new)
    matcher = SequenceMatcher(None, list(map(name, old)), list(map(name, new)), autojunk=False)
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        paired = old_end - old_start if kind in ("equal", "replace") else 0
        for offset in range(new_end - new_start):
            yield (old_start + offset if offset < paired else None), new_start + offset


def _naming(old: list[object], new: list[object]) -> Callable[[object], object]:
    """What tells items apart: a key that all of them have, with a text of its own for each."""
    for key in _NAMES:
        if _names_all(old, key) and _names_all(new, key):
            return lambda item, key=key: item[key] if isinstance(item, dict) else None  # type: ignore[misc]  # mypy knows no defaults in lambdas
    return canonical


def _names_all(items: list[object], key: str) -> bool:
    names = [item.get(key) if isinstance(item, dict) else None for item in items]
    texts = {name for name in names if isinstance(name, str)}
    return len(texts) == len(items)
