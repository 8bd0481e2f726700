"""What a judge's words say, and what two of them say together."""

from __future__ import annotations

from typing import Any

import pytest

from difyflow.tune.judge import judge_prompt, verdict, word
from difyflow.tune.questions import Question


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("A", "A"),
        ("A gives more detail.\nB", "B"),
        ("reason\n\n**TIE**\n", "TIE"),
        ("Both fine.\nAnswer: b", "B"),
        ("Final verdict: A.", "A"),
        ("A is better", "?"),
        ("", "?"),
        ("A\nB\nneither", "B"),
    ],
)
def test_the_last_word_on_a_line_of_its_own_counts(said: Any, found: Any) -> None:
    assert word(said) == found


@pytest.mark.parametrize(
    ("straight", "swapped", "found"),
    [
        ("A", "B", "first"),
        ("B", "A", "second"),
        ("A", "A", "split"),
        ("B", "B", "split"),
        ("TIE", "TIE", "tie"),
        ("A", "TIE", "split"),
        ("A", "?", "unreadable"),
        ("A", "", None),
    ],
)
def test_only_what_is_said_in_both_orders_counts(straight: Any, swapped: Any, found: Any) -> None:
    assert verdict(straight, swapped) == found


def test_a_judge_is_shown_no_model() -> None:
    question = Question(
        key="k",
        messages=({"role": "system", "content": "S"}, {"role": "user", "content": "Q"}),
        reference="R",
    )
    text = judge_prompt(question, ("one", "two"))
    assert text.index("S") < text.index("Q") < text.index("R") < text.index("one") < text.index("two")
