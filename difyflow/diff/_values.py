"""Plain data of YAML files: when two values are the same, and how they are written as JSON and read back."""

from __future__ import annotations

import json
import math
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from difyflow.errors import ReadError


class _Missing:
    """The type of `MISSING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""In place of a value: there is none."""


@dataclass(frozen=True, slots=True)
class Mask:
    """In place of a secret: the SHA-256 of its UTF-8 text, in hexadecimal, cut to eight digits."""

    digest: str

    def __str__(self) -> str:
        return f"(sha256 {self.digest[:4]}...)"

    @classmethod
    def of(cls, secret: str) -> Mask:
        """What is shown of a secret."""
        from hashlib import sha256  # few documents hold secrets, and it loads OpenSSL

        return cls(sha256(secret.encode(errors="surrogatepass")).hexdigest()[:8])

    def stands_for(self, value: object) -> bool:
        """Whether this is a mask of that value, or the same mask."""
        return value == self or (isinstance(value, str) and Mask.of(value) == self)


_ATOMS: Final = (str, bool, int)


def same(one: object, other: object) -> bool:
    """Equal in value and type at every depth (`1`, `1.0` and `true` are three); order of keys does not count.

    NaN is the same as NaN. A tuple is a list, as the model has one where the file has the other.
    """
    kind = type(one)
    if kind is not type(other):
        return isinstance(one, list | tuple) and isinstance(other, list | tuple) and _same_items(one, other)
    if kind is str:
        return one == other
    if isinstance(one, dict):
        assert isinstance(other, dict)
        if len(one) != len(other):
            return False
        for key, value in one.items():
            if key not in other or not same(value, other[key]):
                return False
        return keys_alike(one, other)
    if isinstance(one, list | tuple):
        assert isinstance(other, list | tuple)
        return _same_items(one, other)
    if isinstance(one, set | frozenset):
        assert isinstance(other, set | frozenset)
        return sorted(map(_kind_and_text, one)) == sorted(map(_kind_and_text, other))
    return repr(one) == repr(other) if kind is float else one == other


def _same_items(one: list[object] | tuple[object, ...], other: list[object] | tuple[object, ...]) -> bool:
    if len(one) != len(other):
        return False
    return all(map(same, one, other))


def keys_alike(one: dict[object, object], other: dict[object, object]) -> bool:
    """Whether keys that are equal are of one type too, as `1` and `true` are not."""
    odd = [key for key in one if type(key) is not str]
    if not odd:
        return True
    kinds = {key: type(key) for key in odd}
    return all(kinds.get(key, type(key)) is type(key) for key in other if type(key) is not str)


def _kind_and_text(key: object) -> tuple[str, str]:
    return type(key).__name__, repr(key)


def encoded(value: object) -> Any:  # noqa: ANN401  JSON has no type
    """A value as JSON can hold it.

    What JSON does not know becomes a mapping with one key that begins with `$`: `$float` (nan, inf, -inf),
    `$date`, `$datetime`, `$bytes` (base64), `$set` (a list), `$map` (a list of pairs: a mapping with keys
    that are no text or begin with `$`), `$secret` (a `Mask`). A tuple becomes a list.
    """
    if value is None or isinstance(value, _ATOMS):
        return value
    if isinstance(value, dict):
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: encoded(item) for key, item in value.items()}
        return {"$map": [[encoded(key), encoded(item)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return [encoded(item) for item in value]
    return _encoded_rarity(value)


def _encoded_rarity(value: object) -> Any:  # noqa: ANN401  as above
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, bytes):
        return {"$bytes": b2a_base64(value, newline=False).decode()}
    if isinstance(value, set | frozenset):
        return {"$set": sorted((encoded(item) for item in value), key=json.dumps)}
    if isinstance(value, Mask):
        return {"$secret": f"sha256:{value.digest}"}
    raise TypeError(f"no plain data: {type(value).__name__}")


def decoded(value: Any) -> object:  # noqa: ANN401  JSON has no type
    """The value that `encoded` wrote.

    Raises:
        ReadError: a mark that this version does not know, or one that does not hold what it should.
    """
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    mark = next((key for key in value if key.startswith("$")), None)
    if mark is None:
        return {key: decoded(item) for key, item in value.items()}
    reader = _READERS.get(mark)
    try:
        if reader is None or len(value) != 1:
            raise ValueError("unknown mark")
        return reader(value[mark])
    except (ValueError, TypeError) as err:
        raise ReadError(f"a change holds {mark!r} in a way that cannot be read", code="bad-change") from err


def _as_map(pairs: Any) -> object:  # noqa: ANN401  JSON has no type
    return {as_key(decoded(key)): decoded(item) for key, item in pairs}


def as_key(key: object) -> Hashable:
    """A key of a mapping; one that is a list in YAML is a tuple here."""
    if isinstance(key, list):
        return tuple(as_key(item) for item in key)
    assert isinstance(key, Hashable)
    return key


_READERS: Final[dict[str, Callable[[Any], object]]] = {
    "$float": float,
    "$date": date.fromisoformat,
    "$datetime": datetime.fromisoformat,
    "$bytes": a2b_base64,
    "$set": lambda items: set(map(as_key, map(decoded, items))),
    "$map": _as_map,
    "$secret": lambda text: Mask(str(text).removeprefix("sha256:")),
}


def text_of(value: object) -> str:
    """A short text that tells two values apart: text as it is, all else as JSON with sorted keys."""
    if isinstance(value, str):
        return value
    return json.dumps(encoded(value), ensure_ascii=False, sort_keys=True)


def key_from(text: str) -> Hashable:
    """The key of a mapping, which is no text, that `text_of` wrote."""
    return as_key(decoded(json.loads(text)))
