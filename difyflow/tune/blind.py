"""Answers for people who shall not know whose they are, and the counting of what they prefer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from difyflow.tune.questions import Question, digest


def blind_order(question: Question, mark: str, count: int) -> tuple[int, ...]:
    """In which order a blind page shows the answers: another one for each question, always the same.

    Args:
        question: the question.
        mark: of the job; without it nobody can work out the order.
        count: how many models there are.
    """
    keyed = sorted(range(count), key=lambda at: digest(f"{mark}/{question.key}/{at}"))
    return tuple(keyed)


def count_votes(
    votes: Mapping[str, str], orders: Mapping[str, Sequence[str]]
) -> tuple[dict[str, int], int, tuple[str, ...]]:
    """Which model was preferred how often.

    Args:
        votes: by question `A`, `B`, ... or `tie`.
        orders: by question the models in the order of the letters, from the key of the blind page.

    Returns:
        Votes by model, the number of ties, and keys or letters that belong to nothing.
    """
    counts: Counter[str] = Counter({model: 0 for order in orders.values() for model in order})
    ties, odd = 0, []
    for key, letter in votes.items():
        order = orders.get(key, ())
        at = ord(letter) - ord("A") if len(letter) == 1 else -1
        if letter == "tie" and order:
            ties += 1
        elif 0 <= at < len(order):
            counts[order[at]] += 1
        else:
            odd.append(key)
    return dict(counts), ties, tuple(odd)
