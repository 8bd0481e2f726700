"""A JSON array is read element by element."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.corpus.arrays import elements
from difyflow.corpus.samples import LONGEST, LongLine
from difyflow.errors import UsageError

VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(['"', "\\", "],[", "{"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def lines_of(text: str) -> Any:
    return text.encode().splitlines(keepends=True) if text.isascii() else [text.encode()]


@given(st.lists(VALUES, min_size=1, max_size=5), st.sampled_from([None, 0, 2]))
def test_every_element_comes_as_a_line_however_the_array_is_printed(values: Any, indent: Any) -> None:
    text = json.dumps(values, indent=indent)
    assert [json.loads(one) for one in elements(lines_of(text))] == values


def test_lines_pass_as_they_are() -> None:
    for lines in ([b"{}\n", b"[]\n"], [b"[1]\n", b"[2]\n"], [b"\n", b"\n"], [], [b"x\n", b"[\n"]):
        told: list[str] = []
        assert list(elements(lines, on_array=partial(told.append, "array"))) == lines
        assert told == []


def test_whoever_counts_lines_is_told_that_they_are_elements() -> None:
    told = []
    assert list(
        elements([b"\xef\xbb\xbf[\n", b'{"a":\n', b" 1},\n", b"2]\n"], on_array=lambda: told.append(1))
    ) == [
        b'{"a": 1}\n',
        b"2\n",
    ]
    assert told == [1]


def test_a_cut_array_gives_what_there_is_and_is_then_refused() -> None:
    found = elements([b"[\n", b'{"a": 1},\n', b'{"b": [1, 2\n'])
    assert [next(found), next(found)] == [b'{"a": 1}\n', b'{"b": [1, 2\n']
    with pytest.raises(UsageError, match="no end"):
        next(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[1, 2", "no end"),
        (b"[1, 2,", "no end"),
        (b"[", "no end"),
        (b"[1, 2,]", "comma"),
        (b"[1,, 2]", "comma"),
        (b"[, 1, 2]", "comma"),
        (b"[1][2]", "behind"),
        (b"[1,\n2]\nx", "behind"),
        (b"[1,\n2]\n]", "behind"),
        (b'[1,\n2]\n{"a": 1}', "behind"),
    ],
)
def test_what_no_reader_of_json_takes_as_an_array_is_refused(text: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        list(elements(text.splitlines(keepends=True)))


def test_an_empty_array_has_no_elements() -> None:
    assert list(elements([b"[\n", b"]\n"])) == []


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(UsageError, match="jq"):
        list(elements([b"[\n", LongLine(b"{")]))
    half = b'"' + b"x" * (LONGEST // 2) + b'":\n'
    with pytest.raises(UsageError, match="an element"):
        list(elements([b"[{\n", half, half, half]))
