"""Lines of ours in a file that belongs to somebody else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from difyflow.git.blocks import inside, with_block, without_block

TEXTS = st.one_of(
    st.none(),
    st.sampled_from(("", "\n", "[user]\n\tname = x", "[user]\n\tname = x\n", "a\n\n\n", "*.png binary\r\n")),
    st.text(max_size=30),
)
LINES = st.sampled_from(("", "x\n", "/a/*.yml diff=difyflow\n# y\n"))


@given(TEXTS, LINES, LINES)
def test_nothing_is_left_when_they_are_taken_out(text, first, second):
    once = with_block(text, first)
    assert inside(once) == first
    assert without_block(once) == text
    twice = with_block(once, second)
    assert inside(twice) == second
    assert without_block(twice) == text
    assert without_block(text) == text


@given(st.sampled_from((None, "a", "a\n")), st.text(max_size=9))
def test_what_was_added_behind_them_stays(text, more):
    once = with_block(text, "x\n")
    assert (without_block(once + more) or "") == (text or "") + more
