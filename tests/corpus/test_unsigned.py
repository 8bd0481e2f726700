"""A corpus that lost its provenance is still known to be the demo responder's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from difyflow.corpus.unsigned import Unsigned


def finding(lines: Any) -> Any:
    look = Unsigned()
    assert list(look.passed(lines)) == lines
    return look.finding()


def demo(asked: Callable[..., bytes], number: int) -> Any:
    return asked(f"为什么说“第{number}条”?", f"第{number}条:主电源应采用交流电源。")


def test_lines_of_the_responder_are_told_when_they_are_most(asked: Callable[..., bytes]) -> None:
    found = finding(
        [*(demo(asked, n) for n in range(6)), *(asked(f"问{n}?", "答。") for n in range(4)), b"\n"]
    )
    assert (found.id, found.severity) == ("demo-model", "error")
    assert found.message.startswith("6 of 11 lines")


def test_a_few_questions_in_the_same_words_are_no_sign(asked: Callable[..., bytes]) -> None:
    assert finding([demo(asked, 1), asked("问?", "答。")]) is None
    assert finding([]) is None


def test_of_a_long_corpus_a_part_is_looked_at(asked: Callable[..., bytes]) -> None:
    found = finding(
        [*(asked(f"问{n}?", "答。") for n in range(256)), *(demo(asked, n) for n in range(12_800))]
    )
    assert found.message.startswith("400 of 656 lines")
