"""Two documents to all that differs between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from difyflow.diff import _lists
from difyflow.diff._rename import renamed
from difyflow.diff._values import MISSING, keys_alike, same, text_of
from difyflow.diff.changes import Added, Change, Changed, Diff, Key, Ordered, Path, Removed, Renamed, Step
from difyflow.diff.match import renames

if TYPE_CHECKING:  # git waits for a diff: whoever has plain data need not wait for the model
    from difyflow.dsl.app import App
    from difyflow.dsl.reader import Document

Source: TypeAlias = "App | Document | Mapping[str, object]"
"""A document: as it was read, as a model, or as plain data."""


def compare(before: Source, after: Source, *, thorough: bool = False) -> Diff:
    """Finds all that differs between two documents: with it, `patch` makes `after` of `before`.

    Args:
        before: the old one; neither is changed.
        after: the new one.
        thorough: pair the items of lists without keys (in tool parameters, in nodes of unknown types) by how
            much they have in common, with deepdiff, rather than by their order.
    """
    old, new = plain(before), plain(after)
    names = renames(old, new)
    walk = _Walk(_nearest if thorough else _lists.by_content, roots(old, new))
    changes: tuple[Change, ...] = tuple(Renamed(*pair) for pair in names.items())
    changes += tuple(walk.differences(renamed(old, names) if names else old, new, None))
    return Diff(changes, old, new)


def plain(source: Source) -> Mapping[str, object]:
    """The document as plain data, which must not be changed."""
    if isinstance(source, Mapping):
        return source
    from difyflow.dsl.reader import Document

    if isinstance(source, Document):
        assert isinstance(source.source.data, dict)
        return source.source.data
    return source.data()


def _nearest(one: _lists.Items, other: _lists.Items) -> list[tuple[int, int]]:
    from difyflow.diff._nearest import nearest

    return nearest(one, other)


def roots(*documents: Mapping[str, object]) -> frozenset[str]:
    """What the first part of a selector may be."""
    found = {"sys", "env", "conversation"}
    for document in documents:
        for node in graph_list(document, "nodes"):
            if isinstance(node, dict) and isinstance(node.get("id"), str):
                found.add(node["id"])
    return frozenset(found)


def graph_list(document: Mapping[str, object], name: str) -> list[object]:
    """`workflow.graph.nodes` or `edges` of a document of any shape."""
    found: object = document
    for key in ("workflow", "graph", name):
        found = found.get(key) if isinstance(found, Mapping) else None
    return list(found) if isinstance(found, list | tuple) else []


@dataclass(frozen=True, slots=True)
class Place:
    """A path as it is walked: most of what is walked does not differ, and needs no path."""

    above: Place | None
    step: Step

    def path(self) -> Path:
        """The steps from the root."""
        steps = []
        here: Place | None = self
        while here is not None:
            steps.append(here.step)
            here = here.above
        return tuple(reversed(steps))


def _path(place: Place | None) -> Path:
    return () if place is None else place.path()


def mapping_step(key: object) -> Step:
    """The step to a key of a mapping."""
    return key if isinstance(key, str) else Key("key", text_of(key))


def is_selector(place_key: object, roots: frozenset[str], *values: object) -> bool:
    """Whether these lists are references to a variable, which change as a whole.

    Args:
        place_key: the key at which they stand.
        roots: what a selector may begin with.
        values: versions of the list.
    """
    if not all(
        isinstance(part, str) for value in values if isinstance(value, list | tuple) for part in value
    ):
        return False
    if isinstance(place_key, str) and place_key.endswith("selector"):
        return True
    return all(isinstance(value, list | tuple) and len(value) > 1 and value[0] in roots for value in values)


@dataclass(frozen=True, slots=True)
class _Walk:
    pairing: _lists.Pairing
    roots: frozenset[str]

    def differences(self, one: object, other: object, place: Place | None) -> Iterator[Change]:
        if isinstance(one, dict) and isinstance(other, dict) and keys_alike(one, other):
            yield from self._mappings(one, other, place)
        elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
            if not same(one, other):
                yield from self._lists(one, other, place)
        elif not same(one, other):
            yield Changed(_path(place), one, other)

    def _mappings(
        self, one: dict[object, object], other: dict[object, object], place: Place | None
    ) -> Iterator[Change]:
        for key, value in one.items():
            new = other.get(key, MISSING)
            if isinstance(value, str) and value == new:
                continue
            here = Place(place, mapping_step(key))
            if new is MISSING:
                yield Removed(here.path(), value)
            else:
                yield from self.differences(value, new, here)
        for key, value in other.items():
            if key not in one:
                yield Added(Place(place, mapping_step(key)).path(), value)

    def _lists(self, one: _lists.Items, other: _lists.Items, place: Place | None) -> Iterator[Change]:
        path = _path(place)
        if is_selector(path[-1] if path else None, self.roots, one, other):
            yield Changed(path, one, other)
            return
        by = _lists.choose(path, one, other)
        steps, pairs = _lists.paired(by, one, other, self.pairing)
        new_place = dict(pairs)
        for index, item in enumerate(one):
            here = Place(place, steps[index])
            if index not in new_place:
                yield Removed(here.path(), item)
            elif not same(item, other[new_place[index]]):
                yield from self.differences(item, other[new_place[index]], here)
        kept = [old for old, _ in pairs]
        if kept != sorted(kept):
            ranks = {old: rank for rank, old in enumerate(sorted(kept))}
            yield Ordered(path, tuple(ranks[old] for old in kept))
        arrived = {new for _, new in pairs}
        names: list[Step] = list(_lists.keys(by, other)) if by else list(range(len(other)))
        for index, item in enumerate(other):
            if index not in arrived:
                yield Added((*path, names[index]), item, index)
