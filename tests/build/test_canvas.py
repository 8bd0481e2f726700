"""The side file: what makes one mapping of another, and how it stands in JSON."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.build.canvas import Canvas, Patch, difference, parse, same, says
from difyflow.errors import BuildError

KEYS = st.sampled_from(["a", "b", "0", "~", "/", "~1", "", "x/y"])
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from([1.0, "", "t"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)
MAPPINGS = st.dictionaries(KEYS.filter(bool), DATA, max_size=4)


@given(MAPPINGS, MAPPINGS)
def test_the_difference_makes_one_of_the_other(made, wanted):
    changed = copy.deepcopy(made)
    difference(made, wanted).apply(changed)
    assert same(changed, wanted)


@given(MAPPINGS)
def test_nothing_differs_from_itself(data):
    assert not difference(data, copy.deepcopy(data))


@given(MAPPINGS, MAPPINGS)
def test_a_canvas_comes_back_from_its_text(made, wanted):
    patch = difference(made, wanted)
    canvas = Canvas({"n": patch}, frozenset({"gone"}), {"e": patch}, {1: {"id": "raw"}}, patch)
    again = parse(canvas.to_text())
    assert again.to_text() == canvas.to_text()
    assert again == canvas


def test_one_true_and_one_point_zero_are_three_values():
    assert difference({"a": 1, "b": True}, {"a": 1.0, "b": 1}).set == {"a": 1.0, "b": 1}


def test_a_path_that_leads_nowhere_is_passed_over():
    data: dict[str, object] = {"a": [1], "b": "x"}
    Patch({"a/7": 2, "b/c": 3, "no/way": 4, "a/x": 5}, ("a/0/b", "z")).apply(data)
    assert data == {"a": [1], "b": "x"}


def test_says_tells_whether_something_is_there():
    data = {"a": [{"b": None}]}
    assert says(data, "a/0/b")
    assert not says(data, "a/0/c")
    assert not says(data, "a/1")


def test_what_is_gone_from_the_flow_is_passed_over_and_what_is_new_comes_last():
    nodes: list[dict[str, object]] = [{"id": "new"}, {"id": "b"}, {"id": "a"}, {"id": "made"}]
    data: dict[str, object] = {"workflow": {"graph": {"nodes": nodes, "edges": [{"id": "e"}]}}}
    patches = {"a": Patch({"x": 1}), "gone": Patch({"x": 2}), "b": Patch()}
    Canvas(patches, frozenset({"made"}), {}, {0: {"id": "raw"}}).apply(data)
    graph = data["workflow"]["graph"]  # type: ignore[index]  # plain data of a test
    assert graph == {
        "nodes": [{"id": "a", "x": 1}, {"id": "b"}, {"id": "new"}],
        "edges": [{"id": "raw"}, {"id": "e"}],
    }


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"nodes": 1, "edges": [], "document": {}}', "[" * 100_000])
def test_a_broken_side_file_is_told_with_what_to_do(text):
    with pytest.raises(BuildError, match="not shaped as a canvas") as caught:
        parse(text)
    assert "leave it out" in str(caught.value)
