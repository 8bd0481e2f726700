"""What is counted about an answer, and nothing more than that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from difyflow.tune.scores import score, similarity, total

TEXTS = some.text(max_size=60)


@given(TEXTS, TEXTS)
def test_a_similarity_lies_between_0_and_1_and_is_the_same_either_way(one: Any, other: Any) -> None:
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, other) == similarity(other, one)


@given(TEXTS)
def test_a_text_is_as_similar_to_itself_as_can_be(text: str) -> None:
    assert similarity(text, text) == 1


def test_spaces_punctuation_and_case_do_not_count() -> None:
    assert similarity("灭火器,放在 门口。", "灭火器放在门口") == 1
    assert similarity("Hello, World!", "hello world") == 1
    assert similarity("灭火器放在门口", "灭火器放在厨房") == pytest.approx(4 / 6)
    assert similarity("", "x") == 0
    assert similarity("a", "a") == 1


@pytest.mark.parametrize(
    ("answer", "reference", "finish", "flags"),
    [
        ("", "x", "stop", ("empty",)),
        (" \n", "", "stop", ("empty",)),
        ("好的,放在门口就行", "灭火器放在门口最好", "length", ("cut-off",)),
        ("You should ask an expert.", "灭火器应该放在门口,方便取用。", "stop", ("other-language",)),
        ("门口", "=1+1", "stop", ()),
        ("好的。" + "请咨询专家。" * 5, "", "stop", ("loops",)),
        ("-" * 80, "", "stop", ()),
        ("it is so", '{"a": 1}', "stop", ("not-json",)),
        ('```json\n{"a": 2}\n```', '{"a": 1}', "stop", ()),
        ("[" * 10_000, '{"a": 1}', "stop", ("not-json",)),
    ],
)
def test_what_is_odd_in_an_answers_form_is_named(
    answer: Any, reference: Any, finish: Any, flags: Any
) -> None:
    assert score(answer, reference, finish_reason=finish).flags == flags


def test_without_a_reference_there_is_no_similarity() -> None:
    found = score("three words here")
    assert (found.similarity, found.ratio, found.length) == (None, None, 16)


def test_totals_are_means_over_what_there_is() -> None:
    found = total([score("ab", "ab"), score("cd", "ab"), score("")], [1.0, 3.0])
    assert (found.answers, found.similarity, found.ratio, found.took_s) == (3, 0.5, 1.0, 2.0)
    assert found.flags == {"empty": 1}
    empty = total([], [])
    assert (empty.answers, empty.similarity, empty.ratio, empty.took_s) == (0, None, None, None)
