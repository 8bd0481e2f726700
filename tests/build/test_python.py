"""Python expressions as text: what they say, and that the formatter would leave them as they are."""

from __future__ import annotations

import ast
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.build import _python as py

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_a_literal_gives_its_value_back(value):
    text = py.statement("x = ", py.literal(value))
    assert ast.literal_eval(text.removeprefix("x = ")) == value


@given(st.lists(st.text() | st.sampled_from(["word ", "文。", "\n", "a" * 40])), st.integers(0, 10))
def test_a_long_text_over_several_lines_gives_its_value_back(words, indent):
    value = "".join(words) * 5
    text = py.statement("x = ", py.Call("f", (), {"key": py.literal(value)}), indent=indent)
    call = ast.parse(text.strip()).body[0].value
    assert ast.literal_eval(call.keywords[0].value) == value


def test_a_long_text_is_cut_at_line_ends_and_words_and_else_left_whole():
    text = py.Text((f"{'first ' * 10}\n{'second ' * 10}of ", "start.query", " and more"))
    assert py.statement("", py.Call("f", (text,))).splitlines() == [
        "f(",
        f'    "{"first " * 10}\\n"',
        f'    "{"second " * 10}of "',
        '    f"{start.query} and more",',
        ")",
    ]
    whole = py.literal("x" * 200)
    assert py.statement("", py.Call("f", (whole,))).splitlines()[1] == f'    "{"x" * 200}",'


def test_the_names_in_an_expression_are_found_at_any_depth():
    then = py.Then(py.Raw("c.d"), "also", (), {"key": py.Item(py.Raw("e"), "f")})
    group = py.Group("dict", ((py.literal("x"), py.Text(("", "a.text", ""))), (py.literal("y"), then)))
    assert set(py.names(py.Call("flow.add", (group,), {"not a name": py.Raw("b")}))) == set("abce") | {"flow"}


@given(st.lists(st.text(), min_size=2, max_size=4))
def test_an_f_string_gives_its_texts_around_its_names(texts):
    parts = [part for text in texts for part in (text, "name.key")][:-1]
    tree = ast.parse(py.quoted(parts), mode="eval").body
    assert isinstance(tree, ast.JoinedStr)
    found = "".join(item.value if isinstance(item, ast.Constant) else "<>" for item in tree.values)
    assert found == "<>".join(texts)


def test_infinite_numbers_are_calls_and_dates_are_refused():
    assert py.statement("", py.literal(math.inf)) == 'float("inf")'
    with pytest.raises(TypeError, match="no literal for object"):
        py.literal(object())


def test_keys_that_are_no_names_go_into_a_mapping():
    call = py.Call("f", (), {"a": py.literal(1), "b c": py.literal(2), "class": py.literal(3)})
    assert py.statement("", call) == 'f(a=1, **{"b c": 2, "class": 3})'


def test_a_comparison_that_is_too_long_becomes_a_call():
    left, right = py.Call("when", (py.Raw("a" * 60),)), py.literal("b" * 40)
    long = py.Compare(left, ">", right, py.Then(left, "more", (right,)))
    assert py.statement("", long).splitlines()[0].endswith(").more(")
    short = py.Compare(py.Raw("a"), ">", py.Raw("b"), py.Then(py.Raw("a"), "more"))
    assert py.statement("x = ", short) == "x = a > b"


def test_names_are_words_of_the_title_that_fit():
    taken = {"taken"}
    names = {
        "Ask the user": "ask_the_user",
        "  ": "node",
        "taken": "taken_2",
        "Taken!": "taken_3",
        "class": "node_2",
        "9 lives": "node_3",
        "一二三四五六七八九十一二三四五六七八": "一二三四五六七八九十一二三四五",
        "a_b--c": "a_b_c",
        "A very long title of many words that go on": "a_very_long_title_of_many",
        "Ａｓｋ": "ask",
        "match": "node_4",
        "_x_": "x",
    }
    assert [py.identifier(words, otherwise="node", taken=taken) for words in names] == list(names.values())


def test_ruff_would_change_nothing(tmp_path):
    long = py.literal(["word" * 6] * 4)
    lines = [
        py.statement("x = ", py.Call("f", (long, py.literal("x" * 90)), {"key": long})),
        py.statement("x = ", py.Then(py.Call("f", (py.literal("y"),)), "also", (), {"key": long})),
        py.statement("x = ", py.Then(py.Call("f", (long,)), "also", (), {"key": py.literal(1)})),
        py.statement("x = ", py.Item(py.Raw("node"), "it's")),
        py.statement("", py.Call("f", (py.literal({"a" * 50: {"b" * 50: ("one",)}}),))),
        py.chain(["a", "b", "(c, d)"]),
        py.chain([letter * 30 for letter in "abcd"]),
        "with x:",
        py.chain(["字" * 20, "字" * 20, "字" * 20], indent=1),
        py.statement("x = ", py.literal("字" * 36), indent=1),
        py.statement("x = ", py.Text(('it\'s "so" {', "a.b", "}")), indent=1),
    ]
    file = tmp_path / "x.py"
    file.write_text("\n".join(lines) + "\n")
    assert _ruff(file) == ""


def test_ruff_leaves_wrapped_texts_alone_at_any_usual_line_length(tmp_path):
    texts = [py.literal(word * count) for word in ("word ", "字", 'it\'s "so" ') for count in range(1, 60, 4)]
    lines = [
        py.statement("", shape(text), indent=1)
        for text in texts
        for shape in (
            lambda text: py.Call("some_function", (text, py.literal("x" * 60))),
            lambda text: py.Call("some_function", (py.literal("x" * 80),), {"key_of_it": text}),
            lambda text: py.Group("list", (text, py.literal("x" * 90))),
            lambda text: py.Group("dict", ((py.literal("x" * 20), text), (py.literal("y" * 90), text))),
        )
    ]
    file = tmp_path / "x.py"
    file.write_text("\n".join(["with x:", *lines]) + "\n")
    assert _ruff(file) == ""
    assert _ruff(file, "--line-length", "110") == ""


def _ruff(file, *options):
    """What the formatter would change."""
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", *options, str(file)]
    found = subprocess.run(ruff, capture_output=True, text=True, check=False)
    return "" if found.returncode == 0 else found.stdout + found.stderr
