"""What is mended, and that nothing else changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.corpus.check import check
from difyflow.corpus.fix import fix


def fixed(*lines: Any) -> Any:
    counts = Counter[str]()
    return [after for _, after in fix(lines, counts=counts)], dict(counts)


@pytest.mark.parametrize(
    ("rule", "before"),
    [
        ("bom", lambda good: b"\xef\xbb\xbf" + good),
        ("carriage-return", lambda good: good[:-1] + b"\r\n"),
        ("trailing-comma", lambda good: good[:-1] + b" , \n"),
        ("role-spelling", lambda good: good.replace(b'"user"', b'"User"')),
        ("message-key", lambda good: good.replace(b'"messages"', b'"message"')),
    ],
)
def test_what_stands_around_a_sample_is_mended(rule: Any, before: Any, asked: Callable[..., bytes]) -> None:
    good = asked("怎么装?", "装墙上。")
    assert fixed(before(good)) == ([good], {rule: 1})


def test_blank_lines_and_fences_go(asked: Callable[..., bytes]) -> None:
    good = asked("a?", "b")
    lines, counts = fixed(b"```jsonl\n", good, b"\n", b" \t\r\n", good, b"```")
    assert (lines, counts["blank-line"], counts["code-fence"]) == ([good, good], 2, 2)


def test_signs_that_split_lines_are_escaped_and_the_text_is_the_same(line: Callable[..., bytes]) -> None:
    (mended,), counts = fixed(line(("user", "a\u2028b\x85"), ("assistant", "c\u2029")))
    assert counts == {"line-separator": 1}
    assert b"a\\u2028b\\u0085" in mended
    assert not [one for one in check([mended] * 10, service="siliconflow")]


@pytest.mark.parametrize("raw", [b"{'a': 1}\n", b"{\n", b"\xff\n", b"{}{}\n", b"[1]\n", b'{"messages": 1}\n',
                                 b'{"message": "x"}\n', b'{"messages": [{"role": 1}]}\n'])  # fmt: skip
def test_what_needs_a_reading_is_left_as_it_is(raw: bytes) -> None:
    assert fixed(raw) == ([raw], {})


def test_a_last_line_gets_its_line_break(asked: Callable[..., bytes]) -> None:
    assert fixed(asked("a?", "b").rstrip()) == ([asked("a?", "b")], {})


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"{}\n", b"\n", b"```\n", b"\xef\xbb\xbf{}"])))
def test_whatever_is_mended_mending_it_again_changes_nothing(raws: Any) -> None:
    lines = [raw.replace(b"\n", b"") + b"\n" for raw in raws]
    once, _ = fixed(*lines)
    assert fixed(*once)[0] == once
