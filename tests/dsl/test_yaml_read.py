"""Reading YAML: `yaml.safe_load` is the oracle for the data, the text itself for the marks."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from difyflow.dsl import _yaml
from difyflow.errors import ReadError


def same(ours: object, theirs: object) -> bool:
    """Equal in value, type and order, NaN included."""
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return same(list(ours.items()), list(theirs.items()))
    if isinstance(ours, (list, tuple)) and isinstance(theirs, (list, tuple)):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs or (ours != ours and theirs != theirs)


def error_of(source: str | bytes, **options: Any) -> ReadError:
    with pytest.raises(ReadError) as caught:
        _yaml.load(source, name="app.yml", **options)
    assert caught.value.path == "app.yml"
    assert caught.value.hint
    return caught.value


VALID = [
    "~", "null", "a", "1", "- a\n- b\n", "a: 1\nb: [x, 'y', \"z\"]\nc: {d: e}\n", "a:\nb: ''\n? c\n: d\n",
    "[0, 00, 017, 0o17, 0x1F, 0b101, +5, -5, 1_000, -1_0, 1:30, 190:20:30, 08, 0_7, -0, -017, +0x1F]",
    "[0.0, -0.0, 1.5, 1., .5, 1e3, 1.0e+3, 1.0e3, 1_0.5, 1:30.5, .inf, -.INF, +.inf, .NaN, -1.5e-3, 1.e+3]",
    "[true, True, TRUE, yes, no, on, Off, y, n, null, NULL, ~, nUll, '', 'true', \"1\", '~']",
    "[2024-01-31, 2024-01-31T10:20:30Z, 2024-01-31 10:20:30.123456789 +08:00, 2024-1-1 1:02:03, 2024-1-1]",
    "{2024-01-31: a, 1: b, 1.5: c, true: d, null: e, 'x': f}", "{1: a, true: b, 1.0: c}",
    "a: 1\na: 2\nb: 3\na: 4\n", "=: a\nb: c", "{=: a, <<: {b: c}}",
    "a: !!str 1\nb: !!int '0x1F'\nc: !!float 1\nd: !!bool 'yes'\ne: !!null x\n",
    "!!str 2024-01-31: !!timestamp '2024-01-31'", "!!set {a, b, 1}", "!!omap [a: 1, b: {c: [d]}]",
    "a: !!pairs [a: 1, a: 2]", "!!binary aGVsbG8=", "a: !!binary |\n  aGVs\n  bG8=\n",
    "!!map {a: !!seq [b]}", "!!str {=: a}", "a: !!int {=: 5}",
    "base: &b {x: 1, yy: 2}\na: {<<: *b, x: 3}\nb:\n  <<: *b\n  z: 4\n",
    "a: {x: 5, <<: {x: 1, y: 2}, y: 3}",
    "a: &a {kk: 1, k: 1}\nb: &b {kk: 2, k: 2, j: 2}\nc: {<<: [*a, *b]}\nd: {<<: [*b, *a], k: 3}\n",
    "a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: &c {<<: *b, z: 3}\nd: {<<: *c, <<: {w: 1}}\n",
    "{<<: [], a: 1}", "'<<': {a: 1}", "a: &x 1\nb: *x\nc: &y [1, 2]\nd: [*y, *y, {*x : *y}]\n",
    "&k key: &v value\n? *k\n: *v\n",
    "a: |\n  x\n   y\n\n  z\nb: >-\n  x\n  y\n\n  z\nc: |+\n  x\n\nd: >2\n   x\n",
    "a: 'x\n\n  y z'\nb: \"x\\\n  y\\n\\u4e2d\\x41\"\nc: x\n  y\n",
    "# comment\n---\na: 1 # comment\n...\n", "%YAML 1.1\n---\na: 1\n", "\ufeffa: 1\n",
    "a: 1\r\nb: |\r\n  x\r\n  y\r\n", "a: '\x85'\nb: \"x\u2028y\"\n", "a: 🤖\n中文: [，, '：']\n",
    "!!str a", "- - - a\n    - b\n- {}\n- []\n",
]  # fmt: skip


@pytest.mark.parametrize("text", VALID, ids=ascii)
def test_data_is_that_of_safe_load(text: str) -> None:
    assert same(_yaml.load(text, name="x"), yaml.safe_load(text))
    assert same(_yaml.load(text.encode(), name="x"), yaml.safe_load(text))


# What a random text is made of. Left out is what PyYAML's own two parsers read differently: a bare `!`, and
# a byte order mark inside the text.
TOKENS = [
    "a", "b", "key", "1", "0x1", "1.5", "~", "=", "<<", ":", ": ", " ", " ", "\n", "\n  ", "- ", "-", "? ",
    "?", "[", "]", "{", "}", ",", ", ", '"', "'", "#", " #", "|\n", ">-\n", "&a ", "&b ", "*a", "*b",
    "!!str ", "!!int ", "!!set ", "!!omap ", "!!binary ", "!!x ", "\t", "\r\n", "%", "@", "`", "---\n",
    "...\n", "\\n", "\\x41", "\x85", "\u2028", "é", "😀", "2024-01-31", "true", "\0",
]  # fmt: skip


@given(st.lists(st.sampled_from(TOKENS), max_size=14).map("".join))
@example("a: |\n  \tx\n")
def test_any_text_gives_the_data_of_safe_load_or_a_read_error(text: str) -> None:
    expected: object = None
    refused = False
    try:
        expected = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, LookupError, AttributeError):
        refused = True
    try:
        data = _yaml.load(text, name="x")
    except ReadError as err:
        # Its two own refusals: no document at all, and a list that contains itself.
        assert refused or err.code == "recursive-alias" or (err.code == "yaml-empty" and expected is None)
    else:
        # libyaml takes tabs in places where PyYAML's own parser does not.
        assert refused or same(data, expected)


plain = st.recursive(
    st.one_of(
        st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.dates(), st.binary(max_size=9)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(plain)
def test_what_was_dumped_is_loaded_again(data: object) -> None:
    text = _yaml.dump(data)
    assert same(_yaml.load(text, name="x"), yaml.safe_load(text))


def test_a_block_scalar_that_starts_with_a_tab_is_read_although_libyaml_refuses_it() -> None:
    assert _yaml.load("a: |\n  \tx\n", name="x") == {"a": "\tx\n"}


def test_aliased_containers_are_built_as_separate_objects() -> None:
    data: Any = _yaml.load("a: &a {x: [1]}\nb: *a\nc: {<<: *a}\nd: &d [[]]\ne: [*d, *d]\n", name="x")
    assert data["a"] == data["b"] == data["c"]
    lists = [data["a"]["x"], data["b"]["x"], data["c"]["x"]]
    assert len({id(part) for part in lists}) == 3
    assert data["e"][0] is not data["e"][1]
    assert data["e"][0][0] is not data["e"][1][0]


@pytest.mark.parametrize(
    ("source", "encoding"),
    [
        ("a: 中文\r\nb: 1\r\n".encode(), "utf-8"),
        ("\ufeffa: 中文\n".encode(), "utf-8"),
        ("\ufeffa: 中文🤖\n".encode("utf-16-le"), "utf-16-le"),
        ("\ufeffa: 中文🤖\n".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_text_and_encoding_give_back_the_bytes(source: bytes, encoding: str) -> None:
    composed = _yaml.compose(source, name="x")
    assert composed.encoding == encoding
    assert composed.text.encode(encoding) == source
    assert same(composed.data, yaml.safe_load(source))


MARKED = r"""# comment
app:
  name: '引号 ''x'''   # comment
  "icon": "\U0001F916
    two"
nodes:
- id: 1
  code: |
    def main():
        return 1

  next: [a, {b: c}]
- {id: 2,
   none: }
base: &base {x: 1, y: 2}
copy: &copy
  <<: *base
  y: 3
last: *base
"""


@pytest.mark.parametrize(
    "change", [str, lambda text: text.replace("\n", "\r\n"), lambda text: "\ufeff" + text]
)
@pytest.mark.parametrize(
    ("path", "line", "value", "key"),
    [
        (["app", "name"], 3, "'引号 ''x'''", "name"),
        (["app", "icon"], 4, '"\\U0001F916\n    two"', '"icon"'),
        (["app"], 3, None, "app"),
        (["nodes", 0], 7, None, None),
        (["nodes", 0, "id"], 7, "1", "id"),
        (["nodes", 0, "code"], 8, "|\n    def main():\n        return 1\n\n", "code"),
        (["nodes", 0, "next", 1], 12, "{b: c}", None),
        (["nodes", 1, "none"], 14, "", "none"),
        (["nodes"], 7, None, "nodes"),
        (["base", "x"], 15, "1", "x"),
        (["copy", "x"], 15, "1", "x"),
        (["copy", "y"], 18, "3", "y"),
        (["last"], 15, "&base {x: 1, y: 2}", "last"),
    ],
)
def test_marks_say_where_values_and_keys_stand(
    change: Callable[[str], str], path: list[str | int], line: int, value: str | None, key: str | None
) -> None:
    composed = _yaml.compose(change(MARKED), name="x")
    mark = composed.mark(path)
    assert mark is not None
    assert mark.line == line
    found = composed.text[mark.index : mark.end_index].replace("\r\n", "\n")
    assert found == found.strip(" ")
    assert value is None or found == value
    key_mark = composed.key_mark(path)
    assert (key_mark and composed.text[key_mark.index : key_mark.end_index]) == key


def test_lines_and_columns_count_characters_from_one() -> None:
    mark = _yaml.compose("a: 1\n🤖键: [值, b]\n", name="x").mark(["🤖键", 1])
    assert mark == _yaml.Mark(line=2, column=9, end_line=2, end_column=10, index=13, end_index=14)


@pytest.mark.parametrize("path", [["b"], ["a", "x"], ["a", 2], ["a", -1], ["a", 0, "x"], [0]])
def test_there_is_no_mark_for_what_is_not_there(path: list[str | int]) -> None:
    composed = _yaml.compose("a: [1, 2]\n", name="x")
    assert composed.mark(path) is None
    assert composed.key_mark(path) is None


def test_the_mark_of_a_key_written_twice_is_that_of_the_last() -> None:
    composed = _yaml.compose("a: 1\na: 2\n", name="x")
    mark = composed.mark(["a"])
    assert mark is not None
    assert composed.data == {"a": 2}
    assert mark.line == 2


def test_a_block_that_ends_with_an_alias_ends_behind_it() -> None:
    composed = _yaml.compose("a: &x 1\nb:\n- 2\n- *x\nc:\n  d: *x\n", name="x")
    paths: list[list[str | int]] = [["b"], ["c"], []]
    for path in paths:
        mark = composed.mark(path)
        assert mark is not None
        assert "*x" in composed.text[mark.index : mark.end_index]


def test_keys_that_are_no_strings_have_marks_too() -> None:
    mark = _yaml.compose("1: a\n2: b\n", name="x").mark([2])
    assert mark is not None
    assert mark.line == 2


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 10)
)


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("a: 1\nb: [1\n", "yaml-syntax", 2),
        ("a: b: c", "yaml-syntax", 1),
        ("a:\n\tb: 1", "yaml-syntax", 2),
        ("a: 1\nb: 'x\nc: 1\n", "yaml-syntax", 2),
        ("a:\n  - b\n - c\n", "yaml-syntax", 3),
        ("a:\nfoo\nb: 1\n", "yaml-syntax", 2),
        ("a: **bold**", "yaml-syntax", 1),
        ("a: {{#start.text#}}\nb: 1\n", "yaml-syntax", 1),
        ('a: "\\q"', "yaml-syntax", 1),
        ("a: @x", "yaml-syntax", 1),
        ("a: &x 1\nb: &x 2\n", "yaml-syntax", 2),
        ("", "yaml-empty", None),
        (" \n# comment\n", "yaml-empty", None),
        ("a: 1\n---\nb: 1\n", "yaml-documents", 2),
        ("a: 1\nb: *x\n", "undefined-alias", 2),
        ("a: 1\nb: &b\n  c: [*b]\n", "recursive-alias", 2),
        ("a: &a {<<: *a}", "recursive-alias", 1),
        (BOMB, "alias-bomb", 6),
        ('a: &a "' + "x" * 100_000 + '"\nb:\n- [' + "*a, " * 1000 + "]\n", "alias-bomb", 3),
        ("a: 1\nb: !!python/object/apply:os.system ['true']\n", "yaml-tag", 2),
        ("a: !unknown x", "yaml-tag", 1),
        ("a: 1\n? [b]\n: 2\n", "yaml-key", 2),
        ("{{a: 1}: 2}", "yaml-key", 1),
        ("a: 2024-13-45", "yaml-value", 1),
        ("a: !!int x", "yaml-value", 1),
        ("a: !!int ''", "yaml-value", 1),
        ("a: !!timestamp x", "yaml-value", 1),
        ("a: !!binary é", "yaml-value", 1),
        ("a: !!omap {}", "yaml-value", 1),
        ("a: !!pairs [1]", "yaml-value", 1),
        ("a: !!seq {}", "yaml-value", 1),
        ("a: =", "yaml-value", 1),
        ("a: 1\n<<: 1\n", "yaml-value", 1),
        ("<<: [1]\n", "yaml-value", 1),
        ("a: " + "9" * 5000, "yaml-value", 1),
        ("a: 0x" + "f" * 4000, "yaml-value", 1),
        ("a: 1" + ":59" * 100_000, "yaml-value", 1),
        ("a: 1\nb: \0", "control-character", 2),
        ("a: 1\r\nb: \x07", "control-character", 2),
        ("a: '\ud83d'", "control-character", 1),
        ("[" * 100_000, "too-deep", 1),
        ("{" * 100_000, "too-deep", 1),
        ("- " * 100_000, "too-deep", 1),
        ("? " * 100_000, "too-deep", 1),
        ("[" * 5_000_000, "too-deep", 1),
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 1000)), "too-deep", 201),
        ("a: 1\nb: 好\n".encode("gbk"), "wrong-encoding", 2),
        (b"a: 1\nb: \xe4\xbd", "wrong-encoding", 2),
        ("a: 1".encode("utf-32"), "wrong-encoding", None),
        (b"\xff\xfea", "wrong-encoding", None),
        ("a: 1".encode("utf-16-le"), "control-character", 1),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_what_cannot_be_read_says_where_and_what(source: str | bytes, code: str, line: int | None) -> None:
    err = error_of(source)
    assert (err.code, err.line) == (code, line)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a: 1\nb: 好\n".encode("gbk"), ["0xba", "offset 8", "GB18030"]),
        ("a:\n\tb: 1", ["spaces, not tabs"]),
        ("a: {{#start.text#}}", ["quote text", "'{{#node.text#}}'"]),
        ("a: *x", ["anchor", "`a: *x`"]),
        ("a: {x: y\nb: 1", ["close the bracket"]),
        ("a: !!python/name:os.x ''", ["!!python/name:os.x"]),
        (b"a\0", ["U+0000", "UTF-16"]),
    ],
)
def test_the_message_says_how_to_mend(source: str | bytes, words: list[str]) -> None:
    shown = str(error_of(source))
    assert shown.startswith("app.yml:")
    for word in words:
        assert word in shown


def test_input_over_the_limit_never_reaches_the_parser() -> None:
    sources: list[str | bytes] = [b"[" * 101, "[" * 101, "汉" * 34]
    for source in sources:
        assert error_of(source, max_bytes=100).code == "too-large"
    assert _yaml.load("汉" * 33, name="x", max_bytes=100) == "汉" * 33


def test_an_alias_bomb_is_refused_before_it_is_built() -> None:
    tracemalloc.start()
    error_of(BOMB)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1_000_000


def test_many_honest_aliases_are_read() -> None:
    text = "a: &a {" + ", ".join(f"k{n}: {n}" for n in range(100)) + "}\nb:\n" + "- {<<: *a}\n" * 1000
    data: Any = _yaml.load(text, name="x")
    assert len(data["b"]) == 1000
    assert data["b"][-1]["k99"] == 99


def test_the_deepest_nesting_allowed_is_read_and_written() -> None:
    data = _yaml.load("[" * _yaml.MAX_DEPTH + "]" * _yaml.MAX_DEPTH, name="x")
    assert _yaml.load(_yaml.dump(data), name="x") == data


@pytest.mark.long
def test_more_values_than_the_limit_are_refused() -> None:
    assert error_of("- a\n" * (_yaml.MAX_VALUES + 1)).code == "too-many-values"


WITHOUT_LIBYAML = r"""
import sys
sys.modules["yaml._yaml"] = None
import yaml
from difyflow.dsl import _yaml
from difyflow.errors import ReadError
assert not yaml.__with_libyaml__
composed = _yaml.compose("a: [1, '\u4e2d']\r\nb: {c: ~}\r\n", name="x")
assert composed.data == {"a": [1, "\u4e2d"], "b": {"c": None}}
mark = composed.mark(["b", "c"])
assert composed.text[mark.index:mark.end_index] == "~", mark
for text in ("[" * 10_000, "- " * 100_000, "a: b: c", "a: *x", "--- 1\n--- 2", "a: \0", ""):
    try:
        _yaml.load(text, name="x")
    except ReadError as err:
        print(err.code)
"""


def test_reading_works_without_libyaml(
    in_new_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    run = in_new_python("-c", WITHOUT_LIBYAML)
    assert run.stderr == ""
    expected = "too-deep too-deep yaml-syntax undefined-alias yaml-documents control-character yaml-empty"
    assert run.stdout.split() == expected.split()


def test_a_nearly_full_stack_gives_a_read_error() -> None:
    text = "[" * 150 + "]" * 150

    def deeper(levels: int) -> object:
        return deeper(levels - 1) if levels else _yaml.load(text, name="x")

    with pytest.raises(ReadError) as caught:
        deeper(sys.getrecursionlimit() - frames() - 120)
    assert caught.value.code == "too-deep"


def frames() -> int:
    count, frame = 0, sys._getframe()
    while frame.f_back is not None:
        count, frame = count + 1, frame.f_back
    return count
