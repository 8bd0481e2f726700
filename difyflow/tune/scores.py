"""What can be counted about an answer. None of it says that the answer is right.

A similarity says how much wording an answer shares with the reference: a right answer in other words scores
low, and a wrong one with the same words scores high.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

_SIGNS = re.compile(r"[\W_]+")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_FENCE = re.compile(r"^```\w*\n(.*)\n```$", re.DOTALL)
_LOOP = 4  # times in a row
_TELLING = 8  # characters that tell a language


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One answer in numbers.

    Attributes:
        similarity: to the reference, 0 to 1: F1 of the pairs of characters, without spaces and punctuation;
            None without a reference.
        length: characters.
        ratio: length as a multiple of the reference's; None without one.
        flags: what is odd in its form: `empty`, `cut-off`, `loops`, `other-language`, `not-json`.
    """

    similarity: float | None
    length: int
    ratio: float | None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """All answers of a model; a mean over nothing is None."""

    answers: int
    similarity: float | None
    ratio: float | None
    """The median."""
    flags: dict[str, int]
    took_s: float | None
    """The median."""


def score(answer: str, reference: str = "", *, finish_reason: str = "") -> Score:
    """What can be counted about an answer.

    Args:
        answer: what the model said.
        reference: what was expected; empty if nothing was.
        finish_reason: as the server says; `length` is an answer that was cut.
    """
    has = bool(reference.strip())
    return Score(
        similarity=similarity(answer, reference) if has else None,
        length=len(answer),
        ratio=len(answer) / len(reference) if has else None,
        flags=tuple(_flags(answer, reference, finish_reason)),
    )


def similarity(one: str, other: str) -> float:
    """F1 of the pairs of characters of two texts, 0 to 1; the same either way round."""
    first, second = _pairs(one), _pairs(other)
    if not first or not second:
        return 1.0 if first == second else 0.0
    shared = (first & second).total()
    return 2 * shared / (first.total() + second.total())


def total(scores: Sequence[Score], took_s: Sequence[float]) -> Total:
    """All answers of a model together."""
    similar = [item.similarity for item in scores if item.similarity is not None]
    ratios = [item.ratio for item in scores if item.ratio is not None]
    return Total(
        answers=len(scores),
        similarity=fmean(similar) if similar else None,
        ratio=median(ratios) if ratios else None,
        flags=dict(sorted(Counter(flag for item in scores for flag in item.flags).items())),
        took_s=median(took_s) if took_s else None,
    )


def _pairs(text: str) -> Counter[str]:
    plain = _SIGNS.sub("", text).casefold()
    return Counter(plain[at : at + 2] for at in range(len(plain) - 1)) or Counter([plain] if plain else [])


def _flags(answer: str, reference: str, finish_reason: str) -> list[str]:
    if not answer.strip():
        return ["empty"]
    found = ["cut-off"] if finish_reason == "length" else []
    if _loops(answer):
        found.append("loops")
    if reference.strip():
        first, second = _SIGNS.sub("", answer), _SIGNS.sub("", reference)
        long = min(len(first), len(second)) >= _TELLING
        if long and abs(_chinese(first) - _chinese(second)) > 0.5:
            found.append("other-language")
        if _is_json(reference) and not _is_json(answer):
            found.append("not-json")
    return found


def _loops(text: str) -> bool:
    """True if it ends with the same stretch four times in a row, as a model that has lost its way does."""
    plain = text.rstrip()
    for size in range(4, min(200, len(plain) // _LOOP) + 1):
        if plain.endswith(plain[-size:] * _LOOP) and len(set(plain[-size:])) > 1:
            return True
    return False


def _chinese(text: str) -> float:
    """The share of Chinese signs in a text without spaces and punctuation."""
    return len(_CHINESE.findall(text)) / len(text) if text else 0.0


def _is_json(text: str) -> bool:
    """True for a JSON object or list, also in a code fence."""
    plain = text.strip()
    fenced = _FENCE.match(plain)
    try:
        return isinstance(json.loads(fenced[1] if fenced else plain), dict | list)
    except (ValueError, RecursionError):
        return False
