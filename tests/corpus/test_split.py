"""What goes where when a corpus is split."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.corpus.split import in_parts, split
from difyflow.errors import UsageError


def test_no_document_is_in_two_parts() -> None:
    keys = [[f"document:{number % 17}"] for number in range(400)]
    found = split(keys, shares={"validation": 0.1, "test": 0.2})
    parts_of: dict[str, set[str]] = {}
    for index, (key,) in enumerate(keys):
        parts_of.setdefault(key, set()).add(found.part(index))
    assert all(len(parts) == 1 for parts in parts_of.values())
    assert found.names == ("train", "validation", "test")
    assert sum(found.sizes) == 400
    assert [round(size / 400, 1) for size in found.sizes] == [0.7, 0.1, 0.2]
    assert (found.sources, found.unknown) == (17, 0)


def test_a_run_over_several_documents_joins_them() -> None:
    keys = [["document:a", "document:b"], ["document:b", "document:c"], ["document:c"], ["document:d"]]
    found = split(keys, shares={"validation": 0.25})
    assert len({found.part(index) for index in range(3)}) == 1
    assert found.part(3) != found.part(0)


def test_the_same_text_does_not_leak_although_its_source_is_unknown() -> None:
    found = split([["text:1"], ["text:2"], ["text:1"], ["text:3"], []], shares={"validation": 0.4})
    assert found.part(0) == found.part(2)
    assert found.unknown == 5


def test_samples_that_all_ask_the_same_are_not_told_about_documents() -> None:
    with pytest.raises(UsageError, match="have one text or question among them") as caught:
        split([("question:a",)] * 12)
    assert "--by line" not in str(caught.value)


def test_pairs_that_the_caller_names_stay_together() -> None:
    found = split([[], [], [], []], shares={"validation": 0.5}, together=[(0, 3)])
    assert found.part(0) == found.part(3)


def test_one_document_cannot_be_split_without_a_leak() -> None:
    with pytest.raises(UsageError, match="1 document, too few for 2 parts") as caught:
        split([["document:a"]] * 50)
    assert "--by line" in str(caught.value)


@pytest.mark.parametrize("shares", [{"validation": 1.0}, {"validation": -0.1}, {"train": 0.5},
                                    {"validation": 0.5, "test": 0.5}, {"test": float("nan")}])  # fmt: skip
def test_shares_that_make_no_sense_are_refused(shares: Any) -> None:
    with pytest.raises(UsageError):
        split([[], [], []], shares=shares)


def test_nothing_to_split_is_refused() -> None:
    with pytest.raises(UsageError, match="no sample"):
        split([])


def test_lines_that_changed_between_planning_and_writing_are_refused() -> None:
    plan = split([[], [], []])
    assert [line for _, line in in_parts([b"a", b"b", b"c"], plan)] == [b"a", b"b", b"c"]
    for lines in ([b"a", b"b"], [b"a", b"b", b"c", b"d"]):
        with pytest.raises(UsageError, match="changed"):
            list(in_parts(lines, plan))


@given(
    st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=3), min_size=3, max_size=40), st.integers(0, 3)
)
def test_whatever_is_split_nothing_leaks_and_it_is_the_same_again(keys: Any, seed: Any) -> None:
    try:
        found = split(keys, shares={"validation": 0.2}, seed=seed)
    except UsageError as err:
        assert err.code == "one-source"
        return
    assert found == split(keys, shares={"validation": 0.2}, seed=seed)
    assert all(size > 0 for size in found.sizes)
    parts_of: dict[str, set[str]] = {}
    for index, line_keys in enumerate(keys):
        for key in line_keys:
            parts_of.setdefault(key, set()).add(found.part(index))
    assert all(len(parts) == 1 for parts in parts_of.values())
