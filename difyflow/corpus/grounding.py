"""Whether an answer stands in its source: how much of its text, and which of its numbers.

An answer in other words is fine, so only one that has hardly a run of characters in common with its source
is told. A number that stands nowhere in the source (nor in the question) is told in any case: models invent
them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from difyflow.corpus._normal import normal

_HAN_RUN, _LATIN_RUN = 3, 6
"""Characters that must stand together; a Chinese character says about as much as two letters."""

LEAST_HAN, LEAST_LATIN = 0.25, 0.35
"""Least share of an answer's runs that stand in its source. Below it, it is hardly taken from there."""

_SHORT = 8
"""Answers with fewer characters are not judged by runs."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Found:
    """What of an answer stands in its source."""

    share: float
    """Of its runs of characters, from 0 to 1."""
    least: float
    """The share that is expected."""
    numbers: tuple[str, ...]
    """Numbers that do not stand there."""


@dataclass(frozen=True, slots=True)
class _Source:
    han: frozenset[str]
    latin: frozenset[str]
    numbers: frozenset[str]


class Grounding:
    """Documents, ready to be looked up in; memory about a hundred times their size.

    Args:
        documents: text by name; a path counts by its last part too.
    """

    def __init__(self, documents: Mapping[str, str]) -> None:
        self._sources = {name: _prepared(text) for name, text in documents.items()}
        self._by_last: dict[str, list[str]] = {}
        for name in documents:
            self._by_last.setdefault(name.rsplit("/", 1)[-1], []).append(name)

    def knows(self, names: Iterable[str]) -> bool:
        """True if one of the documents is there."""
        return any(self._found(name) for name in names)

    def look_up(self, answer: str, names: Sequence[str], *, given: Iterable[str] = ()) -> Found:
        """Looks an answer up.

        Args:
            answer: text.
            names: of its documents; empty = all.
            given: texts whose numbers the answer may repeat: question and system text.
        """
        wanted = {one for name in names for one in self._found(name)} if names else set(self._sources)
        sources = [self._sources[name] for name in sorted(wanted)]
        text = normal(answer)
        han = _is_han(text)
        runs = _runs(text, _HAN_RUN if han else _LATIN_RUN)
        held = {run for one in sources for run in runs & (one.han if han else one.latin)}
        share = len(held) / len(runs) if runs and len(text) >= _SHORT else 1.0
        known = {number for one in sources for number in one.numbers} | _numbers("\n".join(given))
        missing = tuple(number for number in _in_order(answer) if number not in known)
        return Found(share, LEAST_HAN if han else LEAST_LATIN, missing)

    def _found(self, name: str) -> list[str]:
        return [name] if name in self._sources else self._by_last.get(name.rsplit("/", 1)[-1], [])


def _prepared(text: str) -> _Source:
    flat = normal(text)
    return _Source(
        frozenset(_runs(flat, _HAN_RUN)), frozenset(_runs(flat, _LATIN_RUN)), frozenset(_numbers(text))
    )


def _runs(text: str, size: int) -> set[str]:
    return {text[at : at + size] for at in range(max(1, len(text) - size + 1))} if text else set()


def _is_han(text: str) -> bool:
    return sum("\u3040" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7a3" for char in text) * 3 > len(text)


def _in_order(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text)
    return list(dict.fromkeys(_plain(number) for number in _NUMBER.findall(folded)))


def _numbers(text: str) -> set[str]:
    return set(_in_order(text))


def _plain(number: str) -> str:
    """Without thousands separators and zeros that say nothing."""
    plain = number.replace(",", "")
    if plain.count(".") == 1:
        plain = plain.rstrip("0").rstrip(".")
    return plain.lstrip("0") or "0"
