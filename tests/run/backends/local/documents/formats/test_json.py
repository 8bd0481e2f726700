"""JSON is written anew as Dify writes it; what that loses is told."""

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import assume, given
from hypothesis import strategies as st

from difyflow.run.backends.local.documents import extract

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc字", max_size=3), inner, max_size=4)
    ),
)


@given(values)
def test_the_text_is_that_of_the_engine(engine: Callable[[bytes, str], str], value: object) -> None:
    data = json.dumps(value).encode()  # ASCII: the engine guesses wrong at short texts
    found = extract(data, name="a.json")
    assert json.loads(found.text) == value
    theirs = engine(data, "a.json")
    assume("\\" not in data.decode() or "¥" not in theirs)  # at times it takes even ASCII for Shift_JIS
    assert found.text == theirs
    assert found.notes == ()


def test_repeated_keys_and_lost_digits_are_told() -> None:
    found = extract(
        b'{"a": 1, "a": 2, "pi": 3.14159265358979323846, "half": 0.50, "huge": 1e999}', name="a.json"
    )
    assert found.notes == (
        "1 repeated JSON keys: the last one is kept, as on a Dify server",
        "2 JSON numbers lose digits, as on a Dify server",
    )


def test_nesting_without_end_is_refused(refusal: Callable[..., Exception]) -> None:
    assert "RecursionError" in str(refusal(b"[" * 200_000, "a.json"))
