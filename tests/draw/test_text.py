"""Measuring, breaking and cutting text."""

from __future__ import annotations

from hypothesis import given as forall
from hypothesis import strategies as st

from difyflow.draw.text import cut, one_line, readable, width, wrap
from difyflow.terms.selector import Selector

TEXT = st.one_of(st.text(max_size=200), st.text("ab 语\n", max_size=200))


def test_a_chinese_sign_is_about_twice_as_wide_as_a_latin_letter():
    assert 1.5 < width("语料", 12) / width("ab", 12) < 2.2


def test_marks_that_combine_take_no_room():
    assert width("e\u0301", 12) == width("e", 12)


@forall(TEXT, st.integers(0, 300))
def test_a_cut_line_fits_and_says_that_it_was_cut(text, room):
    line = cut(text, room, 12)
    assert "\n" not in line
    assert width(line, 12) <= max(room, width("…", 12))
    if line != one_line(text) and line:
        assert line.endswith("…")


@forall(TEXT, st.integers(30, 300), st.integers(1, 6))
def test_wrapped_lines_fit_and_lose_only_spaces_or_what_is_cut(text, room, lines):
    found = wrap(text, room, 12, lines)
    assert len(found) <= lines
    assert all(width(line, 12) <= room for line in found)
    if found and not found[-1].endswith("…"):
        assert "".join("".join(found).split()) == "".join(text.split())


def test_words_stay_whole_where_they_can():
    assert wrap("one two three", width("one two", 12) + 1, 12, 9) == ["one two", "three"]


def test_paragraphs_stay_apart():
    assert wrap("a\n\nb", 100, 12, 9) == ["a", "", "b"]


def test_a_long_text_is_not_measured_to_its_end():
    assert len(cut("x" * 10_000_000, 100, 12)) < 30
    assert len(wrap("x " * 5_000_000, 100, 12, 2)) == 2


def test_references_in_a_text_are_shown_by_title():
    titles = {"1": "Start\nhere", "sys": "sys"}.__getitem__
    assert readable("Hi {{#1.name#}}, {{#sys.query#}}!", titles) == "Hi {Start here/name}, {sys/query}!"
    assert readable(Selector(("1", "file", "name")), titles) == "Start here/file.name"
