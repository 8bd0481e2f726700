"""Near duplicates by MinHash and locality-sensitive hashing: the only door to `rensa`.

A text is the set of its shingles, all its runs of five characters, so that Chinese without spaces works like
English. `rensa` (Rust, no dependencies) makes the signatures; texts that share a band of theirs are
candidates, and the similarity of each is then counted exactly from the texts, so that nothing is reported by
chance.
"""

from __future__ import annotations

import importlib
import tempfile
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Protocol, Self, cast

from difyflow.errors import MissingExtra

SHINGLE = 5
"""Characters of a shingle."""

_SEED = 42
_MOST = 200
"""Candidates that are looked at for one text."""

_SLACK = 0.1
"""How far an estimate may lie below the truth: more than two standard deviations of 96 permutations."""

_LEAST_PERM, _MOST_PERM = 96, 128
_BETWEEN = "\x1f"


class _MinHash(Protocol):
    def update(self, items: Sequence[str]) -> None: ...

    def digest(self) -> list[int]: ...


class _Rensa(Protocol):
    def RMinHash(self, num_perm: int, seed: int) -> _MinHash: ...


@dataclass(frozen=True, slots=True)
class Match:
    """A text that is nearly another."""

    key: int
    """Of the other."""
    similarity: float
    """Share of common shingles (Jaccard), from 0 to 1."""


def _rensa() -> _Rensa:
    try:
        return cast("_Rensa", importlib.import_module("rensa"))
    except ImportError as err:
        raise MissingExtra(
            "near duplicates are found with rensa, which is not installed",
            hint="pip install 'difyflow[corpus]'",
        ) from err


def is_there() -> bool:
    """True if the library is installed."""
    try:
        _rensa()
    except MissingExtra:
        return False
    return True


def shingles(text: str, size: int = SHINGLE) -> set[str]:
    """All runs of so many characters; a shorter text is one shingle."""
    if len(text) <= size:
        return {text}
    return {text[at : at + size] for at in range(len(text) - size + 1)}


class Near:
    """Texts by key, asked for the one that is nearest to another; use it in `with`.

    The texts lie in a temporary file, so that memory holds some 350 bytes a text however long it is, and 8 MB
    for the first one. A text that resembles more than 200 others is compared with the first 200 of them, and
    exactly only with those whose estimated similarity comes near the threshold: time stays linear where all
    texts follow one pattern.

    Args:
        threshold: least similarity of a match.
        shingle: characters of a shingle; fewer for texts of a line, of which one other word changes much.

    Raises:
        MissingExtra: `rensa` is not installed.
    """

    def __init__(self, threshold: float = 0.8, *, shingle: int = SHINGLE) -> None:
        self._rensa = _rensa()
        self.threshold, self._shingle = threshold, shingle
        self._perm, bands = _bands(threshold)
        self._bands = _Bands(bands)
        self._texts: BinaryIO = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  closed in __exit__
        self._keys = array("q")
        self._signatures = bytearray()
        self._places = array("q", [0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._texts.close()

    def nearest(self, text: str, *, add: int | None = None, mark: str = "") -> Match | None:
        """The most similar text that was added, if it is similar enough; the earliest of several such.

        Args:
            text: normalised.
            add: key under which the text is added if nothing is near it.
            mark: texts with different marks are never near each other.
        """
        found = shingles(text, self._shingle)
        signature = self._rensa.RMinHash(self._perm, _SEED)
        signature.update([mark + one for one in found] if mark else list(found))
        hashes = array("I", signature.digest()).tobytes()
        short, best = hashes[:: len(hashes) // self._perm], None
        bands = self._bands.of(hashes)
        for place in self._bands.sharing(bands):
            if self._estimate(short, place) < self.threshold - _SLACK:
                continue
            other_mark, _, other = self._text(place).partition(_BETWEEN)
            similarity = self._similarity(found, other)
            better = similarity >= self.threshold and (best is None or similarity > best.similarity)
            if better and other_mark == mark:
                best = Match(self._keys[place], similarity)
        if best is None and add is not None:
            self._bands.add(bands, len(self._keys))
            self._signatures += short
            self._add(mark + _BETWEEN + text, add)
        return best

    def _add(self, text: str, key: int) -> None:
        place = len(self._keys)
        self._texts.seek(self._places[place])
        size = self._texts.write(text.encode("utf-8", "surrogatepass"))
        self._places.append(self._places[place] + size)
        self._keys.append(key)

    def _estimate(self, short: bytes, place: int) -> float:
        """Share of hashes of which a byte is the same: one in 256 by chance, which is no matter here."""
        other = self._signatures[place * self._perm : (place + 1) * self._perm]
        differing = int.from_bytes(short) ^ int.from_bytes(other)
        return differing.to_bytes(self._perm).count(0) / self._perm

    def _text(self, place: int) -> str:
        self._texts.seek(self._places[place])
        data = self._texts.read(self._places[place + 1] - self._places[place])
        return data.decode("utf-8", "surrogatepass")

    def _similarity(self, found: set[str], text: str) -> float:
        other = shingles(text, self._shingle)
        common = len(found & other)
        return common / (len(found) + len(other) - common)


_Band = tuple[bytearray, bytes]
"""The bucket of a band, and four bytes that tell it there from others."""


class _Bands:
    """Numbers of texts by the bands of their signatures, in eight bytes each; the library's table takes 110.

    A band's hash names its bucket, a bytearray of four more bytes of the hash and the number, end to end.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._buckets = [bytearray() for _ in range(1 << 16)]

    def of(self, hashes: bytes) -> list[_Band]:
        """The bands of a signature."""
        size, found = len(hashes) // self._count, []
        for start in range(0, len(hashes), size):
            mark = hash(hashes[start : start + size])
            found.append((self._buckets[mark & 0xFFFF], (mark >> 16 & 0xFFFFFFFF).to_bytes(4)))
        return found

    def add(self, bands: list[_Band], number: int) -> None:
        """Adds a text; numbers ascend."""
        place = number.to_bytes(4)
        for bucket, tag in bands:
            bucket += tag + place

    def sharing(self, bands: list[_Band]) -> list[int]:
        """The first texts that share a band, by number; at most `_MOST`."""
        found: set[int] = set()
        for bucket, tag in bands:
            at, left = bucket.find(tag), _MOST
            while at >= 0 and left:
                if at % 8 == 0:
                    found.add(int.from_bytes(bucket[at + 4 : at + 8]))
                    left -= 1
                at = bucket.find(tag, at + 1)
        return sorted(found)[:_MOST]


def _bands(threshold: float) -> tuple[int, int]:
    """Permutations and bands so that a pair at the threshold is a candidate in 99 of 100 cases.

    Of the ways to do that with at most 128 permutations the one that gives the fewest false candidates.
    """
    for rows in range(8, 0, -1):
        for bands in range(-(-_LEAST_PERM // rows), _MOST_PERM // rows + 1):
            if 1 - (1 - threshold**rows) ** bands >= 0.99:
                return bands * rows, bands
    return _MOST_PERM, _MOST_PERM
