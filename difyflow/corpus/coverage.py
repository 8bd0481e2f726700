"""Which parts of the documents gave samples."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from difyflow.corpus._normal import normal

PARTS = 20
"""Parts of equal length that a document is looked at in."""

_RUN = 5
_LEAST = 0.15
"""Share of an answer's runs that must stand in a document before it is put down to it."""

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a document."""

    start: int
    """Characters from the beginning."""
    end: int
    samples: int
    """Samples whose answer is mostly taken from here."""
    begins: str
    """Its first words."""


@dataclass(frozen=True, slots=True)
class Covered:
    """One document."""

    name: str
    characters: int
    samples: int
    parts: tuple[Part, ...]

    @property
    def share(self) -> float:
        """Share of its parts that gave a sample."""
        return sum(part.samples > 0 for part in self.parts) / (len(self.parts) or 1)


class Coverage:
    """Counts samples by part of document; memory about a hundred times the documents' size.

    Args:
        documents: text by name; a path counts by its last part too.
    """

    def __init__(self, documents: Mapping[str, str]) -> None:
        self._texts = documents
        self._flat = {name: _flat(text) for name, text in documents.items()}
        self._places = {name: _places(parts) for name, parts in self._flat.items()}
        self._counts: dict[str, Counter[int]] = {name: Counter() for name in documents}
        self.elsewhere = 0
        """Samples that stand in none of them."""

    def add(self, answers: Iterable[str], names: Sequence[str] = ()) -> None:
        """Takes a sample.

        Args:
            answers: what the assistant says.
            names: documents it comes from; empty = looked for in all.
        """
        wanted = {name.rsplit("/", 1)[-1] for name in names}
        runs = {run for answer in answers for run in _runs(normal(answer))}
        found: tuple[int, str, int] | None = None
        for name in self._places:
            if wanted and name.rsplit("/", 1)[-1] not in wanted:
                continue
            votes = self._votes(name, runs)
            if votes.total() < _LEAST * len(runs) or not votes:
                continue
            part, count = min(votes.items(), key=lambda item: (-item[1], item[0]))
            if found is None or count > found[0]:
                found = (count, name, part)
        if found is None:
            self.elsewhere += 1
        else:
            self._counts[found[1]][found[2]] += 1

    def _votes(self, name: str, runs: Iterable[str]) -> Counter[int]:
        """How many runs come first in each part; a shorter answer is one run, and looked for."""
        places, votes = self._places[name], Counter[int]()
        for run in runs:
            if run in places:
                votes[places[run]] += 1
            elif len(run) < _RUN:
                votes.update([part for part, text in enumerate(self._flat[name]) if run in text][:1])
        return votes

    def result(self) -> tuple[Covered, ...]:
        """All documents, in the order they were given."""
        return tuple(self._covered(name, text) for name, text in self._texts.items())

    def _covered(self, name: str, text: str) -> Covered:
        counts, parts = self._counts[name], []
        for number, (start, end) in enumerate(_borders(len(text))):
            begins = " ".join(text[start : start + _SHOWN].split())
            parts.append(Part(start, end, counts[number], begins))
        return Covered(name, len(text), counts.total(), tuple(parts))


def _borders(size: int) -> list[tuple[int, int]]:
    count = min(PARTS, max(1, size // 200))
    edges = [size * number // count for number in range(count + 1)]
    return list(itertools.pairwise(edges))


def _flat(text: str) -> list[str]:
    """Each part as it is compared, with the beginning of the next one."""
    return [normal(text[start : end + _RUN]) for start, end in _borders(len(text))]


def _places(parts: Iterable[str]) -> dict[str, int]:
    """The part in which each run of characters first comes."""
    found: dict[str, int] = {}
    for number, text in enumerate(parts):
        for run in _runs(text):
            found.setdefault(run, number)
    return found


def _runs(text: str) -> Iterable[str]:
    return (text[at : at + _RUN] for at in range(max(1, len(text) - _RUN + 1))) if text else ()
