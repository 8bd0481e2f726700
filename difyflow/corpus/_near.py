"""Near duplicates by MinHash and locality-sensitive hashing: the only door to `rensa`.

A text is the set of its shingles, all its runs of five characters, so that Chinese without spaces works like
English. `rensa` (Rust, no dependencies) makes the signatures and finds candidates; the similarity of each
candidate is then counted exactly from the texts, so that nothing is reported by chance.
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

    def jaccard(self, other: object) -> float: ...


class _Lsh(Protocol):
    def insert(self, key: int, minhash: _MinHash) -> None: ...

    def query(self, minhash: _MinHash) -> list[int]: ...


class _Rensa(Protocol):
    def RMinHash(self, num_perm: int, seed: int) -> _MinHash: ...

    def RMinHashLSH(self, threshold: float, num_perm: int, num_bands: int) -> _Lsh: ...


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

    The texts lie in a temporary file, so that memory holds about 2 KB a text however long it is. A text that
    resembles more than 200 others is compared with the first 200 of them, and exactly only with those
    whose estimated similarity comes near the threshold: time stays linear where all texts follow one pattern.

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
        self._lsh = self._rensa.RMinHashLSH(threshold, self._perm, bands)
        self._texts: BinaryIO = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  closed in __exit__
        self._keys: list[int] = []
        self._signatures: list[_MinHash] = []
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
        best: Match | None = None
        for place in sorted(set(self._lsh.query(signature)))[:_MOST]:
            if signature.jaccard(self._signatures[place]) < self.threshold - _SLACK:
                continue
            other_mark, _, other = self._text(place).partition(_BETWEEN)
            similarity = self._similarity(found, other)
            better = similarity >= self.threshold and (best is None or similarity > best.similarity)
            if better and other_mark == mark:
                best = Match(self._keys[place], similarity)
        if best is None and add is not None:
            self._add(mark + _BETWEEN + text, signature, add)
        return best

    def _add(self, text: str, signature: _MinHash, key: int) -> None:
        place = len(self._keys)
        self._texts.seek(self._places[place])
        size = self._texts.write(text.encode("utf-8", "surrogatepass"))
        self._places.append(self._places[place] + size)
        self._keys.append(key)
        self._signatures.append(signature)
        self._lsh.insert(place, signature)

    def _text(self, place: int) -> str:
        self._texts.seek(self._places[place])
        data = self._texts.read(self._places[place + 1] - self._places[place])
        return data.decode("utf-8", "surrogatepass")

    def _similarity(self, found: set[str], text: str) -> float:
        other = shingles(text, self._shingle)
        common = len(found & other)
        return common / (len(found) + len(other) - common)


def _bands(threshold: float) -> tuple[int, int]:
    """Permutations and bands so that a pair at the threshold is a candidate in 99 of 100 cases.

    Of the ways to do that with at most 128 permutations the one that gives the fewest false candidates.
    """
    for rows in range(8, 0, -1):
        for bands in range(-(-_LEAST_PERM // rows), _MOST_PERM // rows + 1):
            if 1 - (1 - threshold**rows) ** bands >= 0.99:
                return bands * rows, bands
    return _MOST_PERM, _MOST_PERM
