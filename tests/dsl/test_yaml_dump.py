"""Writing YAML: PyYAML's pure-Python dumper is the oracle, byte for byte."""

from __future__ import annotations

import datetime
import enum
import math
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from difyflow.dsl import _yaml


class Oracle(yaml.Dumper):
    """The dumper that Dify uses, except that nothing is written as an anchor."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def oracle(data: object) -> str:
    text = yaml.dump(data, Dumper=Oracle, allow_unicode=True)
    assert isinstance(text, str)
    return text


AWKWARD = [
    "", " ", "  ", "\n", "\n\n", "\t", "~", "=", "<<", "null", "Null", "true", "Yes", "off", "y", "n", ".",
    "..", "...", "---", "--- a", "... a", "-", "- ", "- a", "-a", "--", "?", "? a", "?a", ":", ": a", ":a",
    "a:", "a: b", "a:b", "#", "# a", "a #b", "a# b", "a#b", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a",
    "'", "''", '"', "it's", "{", "}", "[", "]", "{a}", "[a]", ",", "a, b", "1", "0", "00", "01", "08",
    "0o7", "0x1F", "0b1", "1_000", "+1", "-1", "1.", ".5", "1.0", "1e3", "1.0e+3", "1e-7", ".inf", "-.INF",
    ".nan", "1:30", "1:30.5", "2024-01-31", "2024-01-31 10:00:00", "2024-1-1", "2024-13-45", "12:30", "a ",
    " a", "a\n", "\na", "a\n\nb", "a \nb", "a\n b", " a\nb", "a\nb ", "a\n\n\n", "a\tb", "\ta", "a\rb",
    "a\r\nb", "a\0b", "a\x07b", "\x1b[0m", "\x7f", "\x80", "\x85", "a\x85b", "\u2028", "a\u2029b",
    "a\n\x85b", "a\x85\nb", "\xa0", "a\xa0b", "\u3000", "\ufeff", "a\ufeffb", "\ufffe", "\uffff", "\ud800",
    "\udfff a", "\U0001f916", "\U0010fffe", "\U0010ffff", "🤖 机器人", "中文：全角", "é", "\\", "\\n",
    "a\\", "\\\\\\", '"\\"', "{{#start.text#}}", "{{#sys.query#}} ", "def main():\n    return {'a': 1}\n",
    "a" * 121, "a" * 122, "a" * 123, "a" * 128, "a b " * 30, "a  b " * 30, "x" * 300, "汉" * 100,
    "🤖" * 40, "\\" * 200, "\n" * 200,
]  # fmt: skip

PIECES = [
    " ", " ", " ", "  ", "   ", "\n", "\n", "\n\n", "\n    ", "\n ", " \n", "\t", "\r", "\x85", "\u2028",
    "\u2029", "a", "bc", "word", "longer-word", "'", "''", '"', "\\", ":", ": ", " #", "#", ",", "1", "é",
    "中文", "，", "🤖", "\0", "\x1b", "\x7f", "\xa0", "\u3000", "\ufeff", "\ud83d", "\U0010ffff", "x" * 20,
    "y" * 75, "z" * 90, "汉" * 30,
]  # fmt: skip

code_like = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)
prose = st.lists(st.sampled_from(["a", "be", "the", "word", "it's", "some-thing", "汉字"]), max_size=60).map(
    " ".join
)
lines = st.lists(prose, max_size=5).map("\n".join)
# Text around column 80, where single characters decide.
edge = st.tuples(st.integers(55, 85), st.lists(st.sampled_from(PIECES), max_size=8)).map(
    lambda parts: "w" * parts[0] + "".join(parts[1])
)
strings = st.one_of(
    st.sampled_from(AWKWARD),
    code_like,
    prose,
    lines,
    edge,
    st.text(max_size=90),
    st.from_regex(r"\A[-+.:_0-9eEx]{1,12}\Z"),
)
numbers = st.one_of(
    st.integers(), st.integers(-(10**200), 10**200), st.floats(), st.sampled_from([1e-07, 1e16, 1e17])
)
scalars = st.one_of(strings, strings, numbers, st.booleans(), st.none())
rare = st.one_of(st.dates(), st.datetimes(), st.binary(max_size=80), st.sets(st.text(max_size=5), max_size=3))
keys = st.one_of(strings, strings, st.text(max_size=4), scalars)
# Keys that compare with each other, keys that do not, and deep indentation.
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(scalars, scalars, scalars, rare),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(keys, inner, max_size=4),
        st.dictionaries(strings, inner, max_size=4),
        st.dictionaries(strings, inner, max_size=2),
    ),
    max_leaves=12,
)
nests = st.lists(st.sampled_from(["list", "map", "key"]), max_size=50)


def nested(data: object, levels: list[str]) -> object:
    for level in levels:
        data = [data] if level == "list" else {("k" if level == "map" else "k" * 130): data}
    return data


@given(values)
def test_dumped_text_is_that_of_pyyaml(data: object) -> None:
    assert _yaml.dump(data) == oracle(data)


@given(st.builds(nested, scalars, nests))
def test_column_and_indent_of_a_scalar_do_not_matter(data: object) -> None:
    assert _yaml.dump(data) == oracle(data)


@given(st.builds(lambda key, text: {key: text}, st.text("k", min_size=1, max_size=122), strings))
def test_a_long_key_before_a_string_moves_its_folds_as_in_pyyaml(data: object) -> None:
    assert _yaml.dump(data) == oracle(data)


@pytest.mark.parametrize("text", AWKWARD, ids=ascii)
def test_awkward_strings_as_value_key_item_and_document(text: str) -> None:
    for data in (
        text,
        [text],
        {"a": text},
        {text: text},
        [[text]],
        [{"a": [text]}],
        {"a": {"b": {text: {text: []}}}},
    ):
        assert _yaml.dump(data) == oracle(data)


@pytest.mark.parametrize(
    "data",
    [
        [], {}, None, True, 1, 1.5, "a", [[]], [{}], {"a": []}, {"a": {}}, [[[], {}]], [["a", ["b"]], "c"],
        [{"a": [[{"b": 1, "c": 2}]]}], {"": 1}, {1: "a", "b": 2}, {None: 1, "a": 2}, {2: "b", 10: "a"},
        {True: 1}, {1.5: [1]}, {10**130: 1}, {"a\nb": ["c", {"d": 1}]}, {"a\nb": {"c": 1}},
        {"k" * 123: [[1]]}, {"z": 1, "a": 2}, 1e-07, 1e16, 1e22, 1.5e300, math.inf, -math.inf, math.nan,
        -0.0, 10**300, -1, datetime.date(2024, 1, 31),
        {"a": datetime.datetime(2024, 1, 31, 1, 2, 3), datetime.date(2024, 1, 31): 1},
        {"a": b"", "b": b"abc" * 60, b"k": 1}, [[{"a": b"abc" * 60}]],
        {"a": {"x"}, "b": [{"y", "x"}], "c": set()}, [{"k" * 70: datetime.datetime(2024, 1, 31, 1, 2, 3)}],
        {"\x01" * 70: b""},
    ],
    ids=lambda value: type(value).__name__,  # `repr` orders a set anew in each process
)  # fmt: skip
def test_every_kind_of_data_is_written_as_by_pyyaml(data: object) -> None:
    assert _yaml.dump(data) == oracle(data)


def test_deep_nesting_that_pyyaml_can_write_is_written() -> None:
    data: object = "a b"
    for level in range(120):
        data = [data] if level % 3 else {"k": data}
    assert _yaml.dump(data) == oracle(data)


def test_tuples_are_written_as_lists() -> None:
    assert _yaml.dump(({"a": (1, ()), "b": ((2,),)},)) == oracle([{"a": [1, []], "b": [[2]]}])


def test_a_tuple_as_key_is_written_as_a_list() -> None:
    assert _yaml.dump({(): 1}) == "[]: 1\n"
    assert _yaml.dump({("a", 1): {"b": 2}}) == "? - a\n  - 1\n: b: 2\n"


def test_read_only_mappings_are_written_as_dicts() -> None:
    view = MappingProxyType({"b": MappingProxyType({}), "a": MappingProxyType({"c": 1})})
    assert _yaml.dump(view) == oracle({"a": {"c": 1}, "b": {}})


def test_subclasses_of_str_and_numbers_are_written_as_their_base() -> None:
    class Mode(enum.StrEnum):
        CHAT = "advanced-chat"

    class Size(enum.IntEnum):
        BIG = 3

    class Ratio(float):
        pass

    assert (
        _yaml.dump({Mode.CHAT: [Mode.CHAT, Size.BIG, Ratio(0.5)]})
        == "advanced-chat:\n- advanced-chat\n- 3\n- 0.5\n"
    )


def test_frozen_sets_are_written_as_sets() -> None:
    assert _yaml.dump({"a": frozenset({"x"})}) == oracle({"a": {"x"}})


def test_an_object_used_twice_is_written_out_twice() -> None:
    shared = {"a": ["b"]}
    day = datetime.date(2024, 1, 31)
    assert _yaml.dump([shared, shared, day, day]) == "- a:\n  - b\n- a:\n  - b\n- 2024-01-31\n- 2024-01-31\n"


def test_data_that_contains_itself_is_refused() -> None:
    data: list[object] = []
    data.append(data)
    with pytest.raises(ValueError, match="contains itself"):
        _yaml.dump(data)


@pytest.mark.parametrize("data", [object(), {"a": 1j}, [Path("x")], {Path("x"): 1}])
def test_what_yaml_has_no_form_for_is_refused(data: object) -> None:
    with pytest.raises(TypeError, match="cannot be written as YAML: "):
        _yaml.dump(data)


def test_dumping_leaves_the_data_as_it_was() -> None:
    data = {"b": [1, {"d": 1, "c": 2}], "a": None}
    _yaml.dump(data)
    assert list(data) == ["b", "a"]
    assert list(data["b"][1]) == ["d", "c"]
