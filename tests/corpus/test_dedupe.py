"""Duplicates: which go, which stay, and what is said of them."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.corpus._digests import Digests
from difyflow.corpus._near import Match, Near
from difyflow.corpus.dedupe import Dropped, Kept, dedupe
from difyflow.errors import UsageError


def told(lines: Any, **options: Any) -> Any:
    """What became of each line: `None` for kept, else kind and the line kept in its place."""
    found = list(dedupe(lines, **options))
    assert [one.line for one in found] == list(range(1, len(lines) + 1))
    return [None if isinstance(one, Kept) else (one.kind, one.of) for one in found]


def test_the_first_of_equal_lines_stays() -> None:
    assert told([b"a\n", b"b\n", b"a\n", b"a\r\n", b"a"]) == [None, None, *[("exact", 1)] * 3]


def test_lines_are_kept_with_their_bytes() -> None:
    lines = [b"{bad\n", b"\xff\n", b"\n", b"{}\r\n", b"last"]
    assert [one.raw for one in dedupe(lines, kind="normalised")] == lines


def test_width_case_spaces_and_signs_do_not_make_another_sample(asked: Callable[..., bytes]) -> None:
    lines = [
        asked("家里的报警器怎么安装?", "装在天花板上。"),
        asked("家里的 报警器怎么安装\uff1f", "装在天花板上"),
        asked("家里的报警器怎么安装?", "装在墙上。"),
        asked("1+1=?", "2"),
        asked("1-1=?", "2"),
    ]
    assert told(lines) == [None] * 5
    assert told(lines, kind="normalised") == [None, ("normalised", 1), None, None, None]


def test_another_system_text_makes_another_sample(asked: Callable[..., bytes]) -> None:
    lines = [asked("a?", "b", system="x"), asked("a?", "b", system="y")]
    assert told(lines, kind="normalised") == [None, None]


def test_digests_that_do_not_fit_into_memory_go_to_disk_and_are_found_there() -> None:
    lines = [f"{number % 1000}\n".encode() for number in range(2000)]
    expected = [None] * 1000 + [("exact", number + 1) for number in range(1000)]
    assert told(lines, memory=1 << 19) == expected  # less than the table of buckets: all goes to disk
    assert told(lines, memory=540_000) == expected
    assert told(lines) == expected


def test_a_set_of_digests_says_when_it_uses_the_disk() -> None:
    with Digests(memory=0) as small, Digests() as large:
        for held in (small, large):
            assert held.add(b"a" * 16, 7) is None
            assert held.add(b"a" * 16, 9) == 7
            assert (held.get(b"a" * 16), held.get(b"b" * 16), len(held)) == (7, None, 1)
        assert (small.spilled, large.spilled) == (True, False)


@given(st.lists(st.binary(min_size=16, max_size=16).map(lambda raw: raw[:1] * 13 + raw[13:]), max_size=60))
def test_a_set_of_digests_is_a_dictionary(digests: list[bytes]) -> None:
    with Digests() as held:
        known: dict[bytes, int] = {}
        for number, digest in enumerate(digests, start=1):
            assert held.add(digest, number) == known.get(digest)
            known.setdefault(digest, number)
        assert len(held) == len(known)
        assert all(held.get(digest) == number for digest, number in known.items())


@pytest.mark.parametrize("threshold", [0, -1, 1.5, float("nan")])
def test_a_threshold_that_makes_no_sense_is_refused(threshold: Any) -> None:
    with pytest.raises(UsageError, match="threshold"):
        dedupe([], kind="near", threshold=threshold)


def _planted(text: str, similarity: float, letters: Any, chance: Any) -> Any:
    """The text with a stretch put anew, so that so many of its shingles of five are left."""
    gone = round((len(text) - 4) * (1 - similarity) / (1 + similarity))
    size = max(1, gone - 4)
    at = chance.randrange(0, len(text) - size)
    return text[:at] + "".join(chance.choices(letters, k=size)) + text[at + size :]


@pytest.mark.local
def test_planted_near_duplicates_are_found_and_half_similar_ones_are_not(asked: Callable[..., bytes]) -> None:
    chance = random.Random(7)
    letters = [chr(0x4E00 + number) for number in range(3000)]
    texts = ["".join(chance.choices(letters, k=400)) for _ in range(150)]
    near = [_planted(text, 0.9, letters, chance) for text in texts[:50]]
    half = [_planted(text, 0.5, letters, chance) for text in texts[50:100]]
    lines = [asked(text[:40], text[40:]) for text in (*texts, *near, *half)]
    found = told(lines, kind="near")
    assert sum(one == ("near", number + 1) for number, one in enumerate(found[150:200])) >= 48
    assert sum(one is not None for one in found[200:]) <= 2
    assert found[:150] == [None] * 150


@pytest.mark.local
def test_the_similarity_that_is_said_is_counted_and_not_estimated(asked: Callable[..., bytes]) -> None:
    one = asked("甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥")
    other = asked("甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌天")
    (_, dropped) = dedupe([one, other], kind="near", threshold=0.5)
    assert isinstance(dropped, Dropped)
    assert dropped.similarity == pytest.approx(17 / 19)  # 22 characters: 18 shingles each, 17 common


@pytest.mark.local
def test_of_a_text_that_resembles_very_many_only_the_first_ones_are_looked_at() -> None:
    pattern = "".join(chr(0x4E00 + number) for number in range(30))
    with Near(0.95) as near:  # the last character of each is another: 0.93 alike
        for number in range(205):
            assert near.nearest(pattern + chr(0x6000 + number), add=number) is None
        assert near.nearest(pattern + chr(0x6000 + 3)) == Match(3, 1.0)
        assert near.nearest(pattern + chr(0x6000 + 203)) is None


@pytest.mark.local
def test_near_duplicates_take_a_few_hundred_bytes_a_text() -> None:
    chance = random.Random(1)
    texts = ["".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(60)) for _ in range(300)]
    with Near() as near:
        near.nearest(texts[0], add=0)
        tracemalloc.start()
        for number, text in enumerate(texts[1:], 1):
            near.nearest(text, add=number)
        used = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert used / 299 < 16 * 80  # most buckets are opened for the first time, which takes some 60 bytes
