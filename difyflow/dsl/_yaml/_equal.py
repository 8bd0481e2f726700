"""When two values of plain data are the same: in type too, as `1`, `1.0` and `true` are three values."""

from __future__ import annotations

from collections.abc import Hashable, Mapping


def same(one: object, other: object) -> bool:
    """Equal in value and type at every depth; the order of keys does not count. NaN is the same as NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other if not isinstance(one, float) else repr(one) == repr(other)


def canonical(value: object) -> Hashable:
    """A key that two values share if and only if they are `same`."""
    if isinstance(value, Mapping):
        pairs = ((repr(key), canonical(item)) for key, item in value.items())
        return "mapping", tuple(sorted(pairs, key=lambda pair: pair[0]))
    if isinstance(value, list | tuple):
        return type(value).__name__, tuple(map(canonical, value))
    return type(value).__name__, repr(value)
