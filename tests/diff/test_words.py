"""Texts beside each other."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from difyflow.diff.words import lines, words

TEXTS = st.lists(
    st.sampled_from(("a", "b c", "b d", "", " ", "\r", "一二三", "一二四", "the quick fox")), max_size=9
).map("\n".join)


def old_of(pieces):
    return "".join(piece.text for piece in pieces if piece.kind != "new")


def new_of(pieces):
    return "".join(piece.text for piece in pieces if piece.kind != "old")


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_pieces_of_a_line_make_both_texts(one, other):
    pieces = words(one, other)
    assert (old_of(pieces), new_of(pieces)) == (one, other)


@given(TEXTS, TEXTS)
def test_the_lines_with_all_context_make_both_texts(one, other):
    assume(one != other)
    found = lines(one, other, context=1000)
    old = [old_of(line.pieces) for line in found if line.kind != "new"]
    new = [new_of(line.pieces) for line in found if line.kind != "old"]
    ends = one.endswith("\n") and other.endswith("\n") and "\n" in one and "\n" in other
    assert ("\n".join(old) + "\n" * ends, "\n".join(new) + "\n" * ends) == (one, other)


def shown(pieces):
    signs = {"same": "{}", "old": "[-{}-]", "new": "{{+{}+}}"}
    return "".join(signs[piece.kind].format(piece.text) for piece in pieces)


def test_words_are_marked_and_not_letters():
    assert shown(words("the temperature is low", "the pressure is low")) == (
        "the [-temperature-]{+pressure+} is low"
    )


def test_a_script_without_blanks_is_compared_by_sign():
    assert shown(words("请用中文回答", "请用英文回答")) == "请用[-中-]{+英+}文回答"


def test_two_words_after_each_other_are_one_mark():
    assert shown(words("a big house", "a small hut")) == "a [-big house-]{+small hut+}"


def test_lines_far_from_a_change_are_counted():
    old = "\n".join(f"line {number}" for number in range(50))
    new = old.replace("line 25", "line 25 changed")
    found = lines(old, new)
    assert [(line.kind, line.count or line.text) for line in found] == [
        ("gap", 23),
        ("same", "line 23"),
        ("same", "line 24"),
        ("both", "line 25 changed"),
        ("same", "line 26"),
        ("same", "line 27"),
        ("gap", 22),
    ]


def test_a_huge_line_is_replaced_as_a_whole():
    assert len(words("a b " * 3000, "b a " * 3000)) == 2
