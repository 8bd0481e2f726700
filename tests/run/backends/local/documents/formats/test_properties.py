"""Java properties become `key: value` lines."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from difyflow.run.backends.local.documents import extract


@given(st.lists(st.text("ab =:#!\\字\t", max_size=8), max_size=6).map("\n".join))
def test_the_text_is_that_of_the_engine(engine: Callable[[bytes, str], str], text: str) -> None:
    data = f"{text}\nend=1".encode()
    assert extract(data, name="a.properties").text == engine(data, "a.properties")


def test_spaces_around_keys_and_values_go_and_comments_stay() -> None:
    text = extract("# 注\n a = 1=2\nb:c\n\nalone\n".encode(), name="a.properties").text
    assert text == "# 注\na: 1=2\nb: c\n\nalone: "
