"""The demo responder's wording is known again, and that of others is not taken for it."""

from __future__ import annotations

import json

import pytest

from difyflow.records.demo import QUESTIONS_EN, QUESTIONS_ZH, WORDS, reads_as_demo


@pytest.mark.parametrize("wording", [*QUESTIONS_ZH, *QUESTIONS_EN])
def test_each_wording_is_known_and_its_line_holds_one_of_the_words(wording: str) -> None:
    asked = wording.format(topic="学而时习之")
    assert reads_as_demo(asked, "子曰:学而时习之,不亦说乎?")
    line = json.dumps({"messages": [{"role": "user", "content": asked}]}, ensure_ascii=False).encode()
    assert any(word in line for word in WORDS)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("为什么说“学而时习之”?", "因为学习要常常温习。"),
        ("为什么说“”?", "子曰"),
        ("为什么说学而时习之?", "学而时习之,不亦说乎?"),
        ("请问为什么说“学而时习之”?", "学而时习之,不亦说乎?"),
        ("", ""),
    ],
)
def test_other_questions_and_answers_are_not_taken_for_it(asked: str, answered: str) -> None:
    assert not reads_as_demo(asked, answered)
