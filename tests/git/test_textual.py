"""A document as lines: everything that means something is in them, nothing else, in one order."""

from __future__ import annotations

import copy
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.dsl import _yaml
from difyflow.git.textual import to_text

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        (
            "",
            "1",
            "true",
            "null",
            " x",
            "x ",
            "a: b",
            "[1]",
            "- x",
            "two\nlines",
            "\n",
            "\t",
            "\x1b[31m",
            "\x7f",
            "\u202e",
            "\u3000x",
        )
    ),
    st.text(max_size=6),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(("k", "v", "name")), inner, max_size=2)
    ),
    max_leaves=5,
)


def document(value):
    node = {"id": "1", "type": "custom", "data": {"type": "tool", "title": "T", "p": value}}
    return {"app": {"name": "x"}, "workflow": {"graph": {"nodes": [node], "edges": []}}}


@given(SCALARS, SCALARS)
def test_two_values_that_differ_have_lines_that_differ(one, other):
    alike = one == other and type(one) is type(other)
    assert (to_text(document(one)) == to_text(document(other))) is alike


@given(VALUES)
def test_every_line_is_one_line_that_no_terminal_obeys(value):
    text = to_text(document(value))
    assert text.endswith("\n")
    for line in text.split("\n"):
        kinds = {unicodedata.category(char) for char in line if char not in "\t\u200d"}
        assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}, repr(line)
    assert to_text(_yaml.load(_yaml.dump(document(value)), name="x")) == text


@pytest.fixture
def seed(root):
    return _yaml.load((root / "tests/seed/fine-tune-corpus.yml").read_bytes(), name="seed")


def graph(data):
    return data["workflow"]["graph"]


def test_order_and_layout_do_not_show(seed):
    before = to_text(seed)
    changed = copy.deepcopy(seed)
    for node in graph(changed)["nodes"]:
        node |= {"position": {"x": -1, "y": 0}, "selected": True, "width": 7, "zIndex": 3, "dragging": True}
        node["positionAbsolute"] = {"x": 4, "y": 4}
        node["data"]["selected"] = True
    graph(changed)["viewport"] = {"x": 1, "y": 2, "zoom": 3}
    graph(changed)["nodes"].reverse()
    graph(changed)["edges"].reverse()
    for edge in graph(changed)["edges"]:
        edge |= {"id": "other", "zIndex": 9, "data": {}}
    assert to_text(changed) == before
    assert "position" not in before and "viewport" not in before


def test_each_field_of_a_node_and_each_edge_is_a_line(seed):
    lines = to_text(seed).splitlines()
    assert "  model.completion_params.temperature: 0.3" in lines
    assert "node LLM (llm 1735807764975)" in lines
    assert "edge 开始 (1735807686274) -> 文档提取器 (1735807758092)" in lines
    assert any(line.startswith("    | 你是一位") for line in lines)
    changed = copy.deepcopy(seed)
    graph(changed)["edges"][0]["sourceHandle"] = "fail-branch"
    differing = set(to_text(changed).splitlines()) ^ set(lines)
    assert differing == {
        "edge 开始 (1735807686274) -> 文档提取器 (1735807758092)",
        "edge 开始 (1735807686274) [fail-branch] -> 文档提取器 (1735807758092)",
    }


def test_secrets_are_masked():
    variables = [
        {"name": "KEY", "value_type": "secret", "value": "hunter2-hunter2"},
        {"name": "URL", "value_type": "string", "value": "https://x"},
    ]
    data = document("token-of-mine") | {}
    data["workflow"]["environment_variables"] = variables
    text = to_text(data, lambda _path, value: value == "token-of-mine")
    assert "hunter2" not in text and "token-of-mine" not in text
    assert text.count("(sha256 ") == 2
    assert "environment_variables[URL].value: https://x" in text
    other = copy.deepcopy(data)
    other["workflow"]["environment_variables"][0]["value"] = "hunter3"
    assert to_text(other) != to_text(data)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"app": None},
        {"app": 3, "workflow": []},
        {"workflow": {"graph": None}},
        {"workflow": {"graph": {"nodes": 3, "edges": {"a": 1}}}},
        {"workflow": {"graph": {"nodes": [3, {"id": None}], "edges": [None]}}},
        {"workflow": {"graph": {"nodes": [{"id": 5, "data": None}, {"data": {"title": 4}}], "edges": [{}]}}},
        {7: {2: [3]}, None: 4, True: {"a\nb": "c"}},
    ],
)
def test_any_shape_has_lines(data):
    assert to_text(data) == to_text(copy.deepcopy(data))
