"""What counts as the same text."""

from __future__ import annotations

from typing import Any

import pytest

from difyflow.corpus._normal import normal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("家里的报警器怎么安装?", "家里的报警器怎么安装?"),
        ("家里的 报警器,怎么安装", "家里的报警器怎么安装。"),
        ("《家用火灾安全系统》(GB22370—2008)", "家用火灾安全系统(GB22370-2008)"),
        ("How do I install it?", "how do i install  it"),
        ("ABC123", "abc123"),
    ],
)
def test_case_width_spaces_and_punctuation_do_not_matter(one: Any, other: Any) -> None:
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1+1=?", "1-1=?"), ("3.5米", "35米"), ("-5 度", "5 度"), ("C++", "C"), ("C#", "C"), ("5%", "5"),
        ("1 2", "12"), ("a/b", "ab"), ("?", "!"), ("$5", "5"), ("10:30", "1030"),
    ],
)  # fmt: skip
def test_what_says_something_else_stays_different(one: Any, other: Any) -> None:
    assert normal(one) != normal(other)
