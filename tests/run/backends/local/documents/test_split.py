"""Long texts are cut where a reader would cut them, and nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.errors import UsageError
from difyflow.run.backends.local.documents import Extracted, extract
from difyflow.run.backends.local.documents.split import Piece, piece_name, split_text
from difyflow.run.backends.local.documents.values import Stretch, assemble

SENTENCE = "学而时习之，不亦说乎？"


def plain(text: str) -> Extracted:
    return assemble([Stretch(text)])


def ends(pieces: Sequence[Piece]) -> list[str]:
    return [piece.text[-1] for piece in pieces]


bits = st.sampled_from(
    [
        "a",
        "字",
        "。",
        "！”",
        ". ",
        "，",
        "\n",
        "\r\n",
        "\n\n",
        "# 题\n",
        "第三章 法\n",
        "e\u0301",
        "👩\u200d🔬",
        "👍🏽",
        " ",
    ]
)
texts = st.lists(bits, max_size=200).map("".join)
documents = st.lists(
    st.builds(
        Stretch, texts, page=st.none() | st.integers(1, 9), heading=st.none() | st.sampled_from(["甲", "乙"])
    ),
    max_size=6,
).map(assemble)


@given(documents, st.integers(1, 120), st.floats(0, 1))
def test_pieces_fit_and_joined_without_their_overlap_are_the_text_again(
    document: Extracted, limit: int, share: float
) -> None:
    overlap = int(share * ((limit - 1) // 2))
    pieces = split_text(document, limit=limit, overlap=overlap)
    assert "".join(piece.text[piece.overlap :] for piece in pieces) == document.text
    for piece in pieces:
        assert 0 < len(piece.text) <= limit
        assert 0 <= piece.overlap <= overlap
        assert document.text[piece.start : piece.end] == piece.text
    for before, after in pairwise(pieces):
        assert after.start + after.overlap == before.end
        assert after.end > before.end


@given(documents, st.integers(20, 120))
def test_no_cut_goes_through_a_character_of_several_code_points(document: Extracted, limit: int) -> None:
    for piece in split_text(document, limit=limit)[1:]:
        before = document.text[piece.start - 1]
        assert piece.text[0] not in "\u0301\u200d🏽"
        assert before != "\u200d"
        assert (before, piece.text[0]) != ("\r", "\n")


@given(documents, st.integers(10, 120))
def test_provenance_is_that_of_the_parts(document: Extracted, limit: int) -> None:
    for piece in split_text(document, limit=limit):
        touched = [
            part
            for part in document.parts
            if part.start < piece.end and part.end > piece.start + piece.overlap
        ]
        pages = [part.page for part in touched if part.page is not None]
        assert piece.pages == ((pages[0], pages[-1]) if pages else None)
        assert set(piece.headings) == {part.heading for part in touched} - {None}


def test_a_short_text_is_one_piece_and_an_empty_one_none() -> None:
    (only,) = split_text(plain("abc"), limit=3)
    assert only == Piece(text="abc", start=0, end=3, overlap=0, pages=None, headings=())
    assert split_text(Extracted(text=""), limit=3) == ()


def test_a_heading_is_the_best_place_then_a_paragraph_a_line_a_sentence_a_clause_a_word() -> None:
    filler = "字" * 10
    marks = ["\n# 题\n", "\n\n", "\n", "。", "，", " "]
    for best, mark in enumerate(marks):
        text = filler * 18 + filler.join(marks[best:]) + filler * 50
        (first, *_rest) = split_text(plain(text), limit=300)
        if best == 0:
            assert text[first.end :].startswith("# 题")
        else:
            assert first.text.endswith(filler + mark)


def test_headings_of_a_document_without_marks_count(make: Any) -> None:
    blocks: list[str] = []
    for chapter in ("甲", "乙", "丙"):
        blocks += [f"# {chapter}", *[SENTENCE * 5] * 10]
    found = extract(make.docx(*blocks), name="a.docx")
    pieces = split_text(found, limit=700)
    assert [piece.text[0] for piece in pieces] == ["甲", "乙", "丙"]
    assert [piece.headings for piece in pieces] == [("甲",), ("乙",), ("丙",)]


def test_pages_are_told(make: Any) -> None:
    found = extract(make.pdf(*["A line of words.\n" * 10] * 6), name="a.pdf")
    pieces = split_text(found, limit=len(found.text) // 3 + 5)
    assert [piece.pages for piece in pieces] == [(1, 2), (3, 4), (5, 6)]


def test_a_title_at_the_beginning_makes_no_tiny_piece() -> None:
    pieces = split_text(plain("前言\n\n# 题\n" + SENTENCE * 30), limit=200)
    assert all(len(piece.text) > 100 for piece in pieces[:-1])
    assert set(ends(pieces)) == {"？"}


def test_western_sentences_are_cut_after_their_stop_and_numbers_are_not() -> None:
    pieces = split_text(plain("It costs 3.5 euros in shop no. x.y today. " * 20), limit=100)
    assert {piece.text[-7:] for piece in pieces} == {"today. "}


def test_closing_quotes_stay_with_their_sentence() -> None:
    pieces = split_text(plain("子曰：“学而时习之，不亦说乎？”" * 20), limit=60)
    assert set(ends(pieces)) == {"”"}


def test_a_sign_in_a_code_fence_is_no_heading() -> None:
    text = SENTENCE * 5 + "\n```\n" + "字" * 20 + "\n# no heading\n```\n" + SENTENCE * 20
    (first, *_rest) = split_text(plain(text), limit=130)
    assert not text[first.end :].startswith("# no")


def test_an_overlap_begins_at_a_sentence() -> None:
    pieces = split_text(plain(SENTENCE * 40), limit=100, overlap=30)
    assert all(piece.text.startswith("学") and piece.overlap == 22 for piece in pieces[1:])


def test_a_text_without_any_break_is_cut_at_the_limit() -> None:
    assert [len(piece.text) for piece in split_text(plain("字" * 25), limit=10)] == [10, 10, 5]
    assert [piece.text for piece in split_text(plain("abcdefgh"), limit=5, overlap=2)] == ["abcde", "defgh"]


@pytest.mark.parametrize(("limit", "overlap"), [(0, 0), (-1, 0), (10, -1), (10, 5), (1, 1)])
def test_an_impossible_limit_or_overlap_is_refused(limit: int, overlap: int) -> None:
    with pytest.raises(UsageError):
        split_text(plain("abc"), limit=limit, overlap=overlap)


def test_piece_names_sort_in_order() -> None:
    assert piece_name("name.pdf", 3, 7) == "name.part-03-of-07.md"
    assert piece_name("folder/规范.v2.docx", 12, 345) == "规范.v2.part-012-of-345.md"
    names = [piece_name("a.txt", number, 120) for number in range(1, 121)]
    assert names == sorted(names)


def test_a_piece_uploaded_as_markdown_reads_the_same_again() -> None:
    found = extract((SENTENCE * 3 + "\r\n\r\n" + SENTENCE).encode(), name="a.txt")
    for piece in split_text(found, limit=20):
        assert extract(piece.text.encode(), name=piece_name("a.txt", 1, 9)).text == piece.text
