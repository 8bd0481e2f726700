"""The one door to deepdiff: which items of two lists of free-form data are most alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from difyflow.diff import _lists
from difyflow.diff._values import encoded, text_of

_MOST: Final = 400
"""Pairs of items whose distance is measured; with more, items are paired by their order."""

_FAR: Final = 0.5
"""Distance (0 is the same, 1 all different) from which two items are not one that changed."""


def nearest(one: _lists.Items, other: _lists.Items) -> list[tuple[int, int]]:
    """Pairs of items that are the same, then of those with the least distance, by place.

    The distance is deepdiff's: the share of what would have to change.
    """
    equal = list(_equal(one, other))
    taken, others_taken = {pair[0] for pair in equal}, {pair[1] for pair in equal}
    left = [place for place in range(len(one)) if place not in taken]
    right = [place for place in range(len(other)) if place not in others_taken]
    if not left or not right:
        return equal
    if len(left) * len(right) > _MOST:
        return list(_lists.by_content(one, other))
    ranked = sorted(
        (distance, abs(place - other_place), place, other_place)
        for place in left
        for other_place in right
        if (distance := _distance(one[place], other[other_place])) < _FAR
    )
    found = list(equal)
    for _, _, place, other_place in ranked:
        if place not in taken and other_place not in others_taken:
            taken.add(place)
            others_taken.add(other_place)
            found.append((place, other_place))
    return found


def _equal(one: _lists.Items, other: _lists.Items) -> Iterator[tuple[int, int]]:
    places: dict[str, list[int]] = {}
    for place in reversed(range(len(other))):
        places.setdefault(text_of(other[place]), []).append(place)
    for place, item in enumerate(one):
        found = places.get(text_of(item))
        if found:
            yield place, found.pop()


def _distance(one: object, other: object) -> float:
    from deepdiff import DeepDiff

    if type(one) is not type(other):
        return 1.0
    found = DeepDiff(encoded(one), encoded(other), get_deep_distance=True)
    return float(found.get("deep_distance", 0.0))
