"""Which item of one list is which of another: by a key of their own, else by content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from typing import Final

from difyflow.diff._values import text_of
from difyflow.diff.changes import Key, Path, Step

Items = Sequence[object]
Value = str | tuple[str, ...] | None
Pairing = Callable[[Items, Items], Iterable[tuple[int, int]]]
"""Pairs those of two lists of items that belong together, by place; used where items have no key."""

_FIELDS: Final = ("variable", "case_id", "id", "key", "name")
"""Keys that items of Dify's lists have, the surest first; `name` last, for a class is named by its prompt."""

_IN_ROOM: Final[dict[Path, str]] = {
    ("workflow", "graph", "nodes"): "id",
    ("workflow", "graph", "edges"): "edge",
    ("workflow", "environment_variables"): "name",
    ("workflow", "conversation_variables"): "name",
    ("dependencies",): "plugin",
}
"""Lists of the document itself, and how their items are told apart."""

_MOST_ALIGNED: Final = 400
"""Items without a key that are aligned by content; more are paired by their place."""

_ORDERED: Final = frozenset(("cases", "prompt_template", "items", "messages", "value"))
"""Keys of lists whose order says something: tried in order, sent in order, done in order."""


def order_matters(path: Path) -> bool:
    """Whether another order of the list at `path` means something."""
    return bool(path) and path[-1] in _ORDERED


def choose(path: Path, *lists: Items) -> str | None:
    """What tells the items of these versions of one list apart; None if nothing does but place and content.

    Args:
        path: where the list stands.
        lists: two or three versions of it.
    """
    if path in _IN_ROOM:
        return _IN_ROOM[path]
    items = [item for version in lists for item in version]
    if not any(isinstance(item, dict) for item in items):
        return "value"
    if not all(isinstance(item, dict) for item in items):
        return None
    for by in _FIELDS:
        if _tells(by, lists):
            return by
    for by, fields in _COMPOSED.items():
        if all(_has(item, fields) for item in items):
            return by
    return None


_COMPOSED: Final = {"tool": ("provider_name", "tool_name"), "role": ("role",)}


def _has(item: object, fields: Iterable[str]) -> bool:
    return isinstance(item, dict) and all(isinstance(item.get(field), str) for field in fields)


def _tells(by: str, lists: Sequence[Items]) -> bool:
    """Whether every item has this field, none shares it in its list, and the lists have some in common."""
    found = []
    for version in lists:
        values = [key_of(by, item) for item in version]
        if None in values or len(set(values)) < len(values):
            return False
        found.append(set(values))
    filled = [values for values in found if values]
    return len(filled) < 2 or any(
        one & other for index, one in enumerate(filled) for other in filled[index + 1 :]
    )


def keys(by: str, items: Items) -> list[Key]:
    """The keys of the items of one list; equal ones are counted."""
    seen: dict[Value, int] = {}
    found = []
    for item in items:
        value = key_of(by, item)
        nth = seen[value] = seen.get(value, 0) + 1
        found.append(Key(by, value, nth))
    return found


def key_of(by: str, item: object) -> Value:
    """What tells an item apart; None if it has none."""
    special = _SPECIAL.get(by)
    if special is not None:
        return special(item)
    return _text(item.get(by)) if isinstance(item, dict) else None


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    return text_of(value) if isinstance(value, int | float) else None


def _edge(item: object) -> Value:
    if not isinstance(item, dict):
        return None
    ends = (item.get("source"), item.get("sourceHandle"), item.get("target"), item.get("targetHandle"))
    source, way, target, arrives = map(_text, ends)
    # A missing handle is read as these (dsl.md 4.4).
    return (
        None if source is None or target is None else (source, way or "source", target, arrives or "target")
    )


def _plugin(item: object) -> Value:
    """`langgenius/openai` of `langgenius/openai:0.0.1@digest`, wherever the dependency has it."""
    value = item.get("value") if isinstance(item, dict) else None
    for name in value.values() if isinstance(value, dict) else ():
        if isinstance(name, str) and "/" in name and not name.startswith("http"):
            return name.partition("@")[0].partition(":")[0]
    return None


def _composed(by: str) -> Callable[[object], Value]:
    fields = _COMPOSED[by]

    def of(item: object) -> Value:
        if not isinstance(item, dict) or not _has(item, fields):
            return None
        return item[fields[0]] if len(fields) == 1 else tuple(item[field] for field in fields)

    return of


_SPECIAL: Final[dict[str, Callable[[object], Value]]] = {
    "edge": _edge,
    "plugin": _plugin,
    "value": text_of,
    **{by: _composed(by) for by in _COMPOSED},
}


def paired(
    by: str | None, one: Items, other: Items, pairing: Pairing
) -> tuple[list[Step], list[tuple[int, int]]]:
    """The steps by which the items of the first list are named, and which belongs to which.

    Returns:
        Steps of the old items, and pairs of places, in the order of the new list.
    """
    if by is None:
        return list(range(len(one))), sorted(pairing(one, other), key=lambda pair: pair[1])
    names = keys(by, one)
    places = {name: place for place, name in enumerate(names)}
    pairs = [(places[name], place) for place, name in enumerate(keys(by, other)) if name in places]
    return list(names), pairs


def by_content(one: Items, other: Items) -> Iterable[tuple[int, int]]:
    """Pairs what is the same, and what lies between it in the order in which it stands."""
    texts = [text_of(item) for item in one], [text_of(item) for item in other]
    if max(map(len, texts)) > _MOST_ALIGNED:
        yield from ((place, place) for place in range(min(map(len, texts))))
        return
    for tag, start, end, other_start, other_end in SequenceMatcher(
        None, *texts, autojunk=False
    ).get_opcodes():
        if tag in ("equal", "replace"):
            yield from zip(range(start, end), range(other_start, other_end), strict=False)
