"""Changing a file in its text: what changes, what stays, what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from difyflow.dsl import App
from difyflow.dsl.edit import DELETE, Insert, edit, rewrite, shown
from difyflow.dsl.reader import read_document
from difyflow.errors import CannotEdit, UsageError
from difyflow.nodes._record import READING

BY_HAND = """\
# made by hand
version: "0.6.0"   # quoted, as it must be
kind: app

app:
    name: Answer   # shown in the list
    mode: workflow
    icon: "\\U0001F916"
    description: >-
      A long description that is
      folded over two lines, and
      a third.
workflow:
    graph:
        nodes:
            - id: llm   # the only one
              data:
                type: llm
                title: 'Say hello'
                # warm, but not hot
                model: {name: gpt-4o, provider: "openai", completion_params: {temperature: 0.70}}
                prompt_template:
                -   role: system
                    text: |
                        You are kind.

                        Say hello.
                -   role: user
                    text: "{{#sys.query#}}"
                variables: []   # none yet

            # the way out
            - id: end
              data: {type: end, outputs: []}
        edges:
"""
LLM = ("workflow", "graph", "nodes", 0)


def changed(changes: Mapping[tuple[str | int, ...], object], text: str = BY_HAND) -> list[str]:
    """The lines that a change takes away (-) and brings (+); the rest of the text is the same."""
    from difflib import ndiff

    made = edit(read_document(text), changes)
    return [line for line in ndiff(text.splitlines(), made.splitlines()) if line[0] in "+-"]


PROMPTS = (*LLM, "data", "prompt_template")


@pytest.mark.parametrize(
    ("path", "value", "before", "after"),
    [
        (("app", "name"), "Greeter", "Answer", "Greeter"),
        (("version",), "0.7.0", "0.6.0", "0.7.0"),
        (("app", "icon"), "📚", "1F916", "1F4DA"),
        ((*LLM, "data", "title"), "Say: hello", "Say hello'", "Say: hello'"),
        (
            ("app", "description"),
            "A long description that is folded over two lines, and a fourth.",
            "a third.",
            "a fourth.",
        ),
        ((*PROMPTS, 0, "text"), "You are kind.\n\nSay good bye.\n", "Say hello.", "Say good bye."),
        ((*PROMPTS, 0, "text"), "You are kind.\n\nSay hello.", "text: |", "text: |-"),
        ((*PROMPTS, 1, "role"), "assistant", "role: user", "role: assistant"),
        (("workflow", "graph", "edges"), [], "edges:", "edges: []"),
        (("kind",), DELETE, "kind: app\n", ""),
        (
            ("app", "use_icon_as_answer_icon"),
            False,
            "a third.\n",
            "a third.\n    use_icon_as_answer_icon: false\n",
        ),
    ],
)
def test_a_value_changes_where_it_stands(path, value, before, after):
    assert BY_HAND.count(before) == 1
    assert edit(read_document(BY_HAND), {path: value}) == BY_HAND.replace(before, after)


def test_a_value_in_braces_changes_there():
    place = (*LLM, "data", "model", "completion_params", "temperature")
    assert edit(read_document(BY_HAND), {place: 0.2}) == BY_HAND.replace("0.70", "0.2")
    place = (*LLM, "data", "model", "completion_params", "stop")
    assert edit(read_document(BY_HAND), {place: ["a, b", "c"]}) == BY_HAND.replace(
        "0.70}", "0.70, stop: ['a, b', c]}"
    )


def test_an_empty_list_becomes_a_block_and_keeps_its_comment():
    made = changed({(*LLM, "data", "variables"): [{"variable": "q", "label": "Q"}]})
    assert made == [
        "-                 variables: []   # none yet",
        "+                 variables:   # none yet",
        "+                 - variable: q",
        "+                   label: Q",
    ]


def test_an_item_goes_with_its_lines_and_a_comment_above_it_stays():
    made = changed({("workflow", "graph", "nodes", 1): DELETE})
    assert made == ["-             - id: end", "-               data: {type: end, outputs: []}"]


def test_items_are_put_in_front_of_an_index_and_at_the_end():
    item = {"role": "assistant", "text": "Hello.\nHow are you?"}
    place = PROMPTS
    made = changed({(*place, 1): Insert((item,)), (*place, 2): Insert(({"role": "user", "text": "x"},))})
    assert made == [
        "+                 -   role: assistant",
        "+                     text: |-",
        "+                         Hello.",
        "+                         How are you?",
        "+                 -   role: user",
        "+                     text: x",
    ]


def test_an_item_that_moves_keeps_its_own_spelling():
    text = "app: {name: x}\nlist:\n- id: a\n  x: 'quoted'\n- id: b   # second\n- id: c\n"
    document = read_document(text)
    data = document.app.data()
    data["list"].insert(0, data["list"].pop(1))
    made = rewrite(document, App.model_validate(data, context=READING), reformat=False)
    assert made == "app: {name: x}\nlist:\n- id: b   # second\n- id: a\n  x: 'quoted'\n- id: c\n"


def test_an_export_stays_an_export(root):
    text = (root / "tests/seed/fine-tune-corpus.yml").read_text(encoding="utf-8")
    for source in (text, text.replace("\n", "\r\n"), "\ufeff" + text, text.removesuffix("\n")):
        document = read_document(source.encode())
        made = edit(document, {("app", "name"): "x" * 90 + " y: z", ("app", "a"): {"b": [1, []]}})
        data = yaml.safe_load(text)
        data["app"] |= {"name": "x" * 90 + " y: z", "a": {"b": [1, []]}}
        wanted = yaml.dump(data, allow_unicode=True)
        if "\r" in source:
            wanted = wanted.replace("\n", "\r\n")
        if source.startswith("\ufeff"):
            wanted = "\ufeff" + wanted
        assert made == (wanted if source.endswith("\n") else wanted.removesuffix("\n"))


def test_bytes_of_other_encodings_come_back():
    source = "\ufeffapp: {name: é}   # ü\n".encode("utf-16-le")
    document = read_document(source)
    made = edit(document, {("app", "name"): "ß"})
    assert made.encode(document.source.encoding) == "\ufeffapp: {name: ß}   # ü\n".encode("utf-16-le")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("app: &a {name: x}\ncopy: *a\n", ("app", "name")),
        ("app: {name: x}\nlist: [&a 1, *a]\nmore: [1]\n", ("more", 0, "x")),
        ("base: &b {x: 1}\napp: {<<: *b, name: x}\n", ("app", "name")),
    ],
)
def test_anchors_and_aliases_are_refused_with_a_way_out(text, path):
    with pytest.raises((CannotEdit, UsageError)) as caught:
        edit(read_document(text), {path: 1})
    if isinstance(caught.value, CannotEdit):
        assert caught.value.code == "cannot-edit"
        assert "--reformat" in str(caught.value)


def test_a_value_beside_an_alias_can_still_change():
    text = "app: {name: x}\na: &a [1]\nb: *a\nc: 1   # one\n"
    assert edit(read_document(text), {("c",): 2}) == text.replace("c: 1", "c: 2")


def test_reformat_writes_the_file_anew():
    document = read_document("# c\nversion: '0.6.0'\napp: {name: x}\n")
    assert rewrite(document, document.app, reformat=False) == "# c\nversion: '0.6.0'\napp: {name: x}\n"
    assert rewrite(document, document.app, reformat=True) == "app:\n  name: x\nversion: 0.6.0\n"


@pytest.mark.parametrize(
    "changes",
    [
        {(): 1},
        {("nope", "x"): 1},
        {("app", "nope"): DELETE},
        {("list", 3): 1},
        {("list", 2): DELETE},
        {("list", "x"): 1},
        {("app", "name", "x"): 1},
        {("app",): {}, ("app", "name"): 1},
        {("app", "name"): Insert((1,))},
    ],
)
def test_a_path_that_leads_nowhere_is_told(changes):
    with pytest.raises(UsageError):
        edit(read_document("app: {name: x}\nlist: [1, 2]\n"), changes)


def test_a_path_is_shown_as_people_write_it():
    assert shown(("workflow", "nodes", 3, "title")) == "workflow.nodes[3].title"


# --- files as nobody exports them -------------------------------------------------------------------------

texts = st.one_of(
    st.sampled_from(
        ["", "plain", "two words", "yes", "1.0", "a: b", "# no", "it's", 'say "x"', "{{#a.b#}}", "- x"]
    ),
    st.sampled_from(
        ["one\ntwo", "one\n\ntwo\n", "  led\nby spaces", "ends\n\n", "\ttab\n x", "中文，🤖", "a " * 60]
    ),
    st.text(alphabet="ab :#'\"\\-\n{}[],&*!|>%@`é🤖\t", max_size=20),
)
scalars = st.one_of(texts, st.integers(-9, 99), st.floats(allow_nan=False), st.booleans(), st.none())
keys = st.sampled_from(["a", "b", "c", "id", "text", "zz", "a key", "on", "1"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


class Scribe:
    """Writes data as people do who have never seen an export."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.count = 0

    def document(self, data: dict[str, object]) -> str:
        text = self.comment(0) + self.mapping(data, 0)
        if self.random.random() < 0.2:
            text = text.removesuffix("\n")
        return text.replace("\n", "\r\n") if self.random.random() < 0.2 else text

    def comment(self, column: int) -> str:
        roll = self.random.random()
        self.count += 1
        return f"{' ' * column}# comment {self.count}\n" if roll < 0.15 else "\n" if roll < 0.25 else ""

    def end(self) -> str:
        self.count += 1
        return f"   # aside {self.count}\n" if self.random.random() < 0.15 else "\n"

    def mapping(self, data: dict[str, object], column: int, first: str | None = None) -> str:
        text = ""
        for index, (key, value) in enumerate(data.items()):
            lead = first if index == 0 and first is not None else self.comment(column) + " " * column
            text += lead + yaml.dump(key).removesuffix("\n").removesuffix("\n...") + ":"
            text += self.value(value, column)
        return text

    def value(self, value: object, column: int) -> str:
        if isinstance(value, dict) and value and self.random.random() < 0.8:
            inner = column + self.random.choice([2, 2, 4, 1])
            return self.end() + self.mapping(value, inner)
        if isinstance(value, list) and value and self.random.random() < 0.8:
            inner = column + self.random.choice([0, 2, 4])
            return self.end() + self.sequence(value, inner)
        return self.random.choice([" ", " ", "   "]) + self.leaf(value, column)

    def sequence(self, items: list[object], column: int) -> str:
        text = ""
        for item in items:
            dash = self.random.choice(["- ", "- ", "-   "])
            text += self.comment(column) + " " * column
            if isinstance(item, dict) and item and self.random.random() < 0.8:
                text += self.mapping(item, column + len(dash), first=dash)
            elif isinstance(item, list) and item and self.random.random() < 0.5:
                inner = self.sequence(item, column + len(dash)).lstrip(" \n")
                text += dash + inner if inner.startswith("-") else dash + self.leaf(item, column)
            else:
                text += dash + self.leaf(item, column)
        return text

    def leaf(self, value: object, column: int) -> str:
        if isinstance(value, str) and "\n" in value and self.random.random() < 0.7:
            style = self.random.choice(["|", "|", ">", '"'])
        else:
            style = self.random.choice([None, None, "'", '"'])
        flow = not isinstance(value, str)
        text = yaml.dump(
            value,
            default_style=style if isinstance(value, str) else None,
            default_flow_style=True if flow else None,
            width=self.random.choice([20, 10_000]),
            allow_unicode=self.random.random() < 0.8,
        ).removesuffix("...\n")
        lines = text.rstrip("\n").split("\n") if not text.startswith(("|", ">")) else text[:-1].split("\n")
        body = ("\n" + " " * (column + 1)).join(line if line else "" for line in lines)
        body = "\n".join(line.rstrip(" ") if not line.strip() else line for line in body.split("\n"))
        return body + ("\n" if text.startswith(("|", ">")) else self.end())


@st.composite
def by_hand(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    data = {"app": {"name": "x"}, **draw(st.dictionaries(keys, values, max_size=5))}
    text = Scribe(Random(draw(st.integers(0, 10_000)))).document(data)
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError:
        assume(False)
    assume(read == data and repr(read) == repr(data))
    return text, data


def places(data: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path]
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, item in children:
        found += places(item, (*path, key))
    return found


def put(data: object, path: tuple[str | int, ...], value: object) -> object:
    if not path:
        return value
    made = dict(data) if isinstance(data, dict) else list(data)  # type: ignore[call-overload]
    if value is DELETE and len(path) == 1:
        del made[path[0]]
    else:
        made[path[0]] = put(made[path[0]], path[1:], value)
    return made


@given(by_hand(), st.data())
def test_any_value_of_any_file_can_be_replaced_and_the_rest_stays(file, data):
    text, before = file
    path = data.draw(
        st.sampled_from([path for path in places(before) if path and path[0] != "app"] or [("app", "name")])
    )
    value = data.draw(values)
    document = read_document(text)
    made = edit(document, {path: value})
    assert repr_of(yaml.safe_load(made)) == repr_of(put(before, path, value))
    mark = document.source.mark(path)
    assert mark is not None
    if not isinstance(value, dict | list) and not isinstance(at(before, path), dict | list):
        assert made.startswith(text[: mark.index].rstrip())
        rest = text[mark.end_index :].lstrip()
        assert made.endswith(rest)


@given(by_hand(), st.data())
def test_what_is_added_and_removed_again_leaves_no_trace(file, data):
    text, before = file
    filled = [
        path
        for path in places(before)
        if path and at(before, path) and isinstance(at(before, path), dict | list)
    ]
    path = data.draw(st.sampled_from(filled))
    value = data.draw(values)
    there = at(before, path)
    place = (*path, "new key") if isinstance(there, dict) else (*path, data.draw(st.integers(0, len(there))))
    made = edit(read_document(text), {place: value if isinstance(there, dict) else Insert((value,))})
    again = edit(read_document(made), {place: DELETE})
    assert yaml.safe_load(made) != yaml.safe_load(text)
    assert again == text


@pytest.mark.parametrize(
    ("text", "path", "index"),
    [
        ("app: {name: x}\nid:   [[null, two words,\n     '']]\n", ("id", 0), 2),
        ("app: {name: x}\na: [one,   two]\n", ("a",), 1),
        ("app: {name: x}\na: [\n  one, two,\n\n    three,\n  ]\n", ("a",), 2),
        ("app: {name: x}\na: [\n  one, # first\n  two, # second\n  three]\n", ("a",), 1),
    ],
)
def test_what_is_added_to_a_flow_list_and_removed_again_leaves_no_trace(text, path, index):
    made = edit(read_document(text), {(*path, index): Insert(("plain",))})
    assert edit(read_document(made), {(*path, index): DELETE}) == text


def test_an_entry_of_a_flow_list_goes_with_its_own_comment_and_leaves_that_of_its_neighbour():
    text = "app: {name: x}\na: [\n  one, # first\n  two, # second\n  three]\n"
    made = edit(read_document(text), {("a", 1): DELETE})
    assert made == "app: {name: x}\na: [\n  one, # first\n  three]\n"
    text = "app: {name: x}\na: [\n  one,\n  two, # second\n  three]\n"
    assert edit(read_document(text), {("a", 1): DELETE}) == "app: {name: x}\na: [\n  one,\n  three]\n"


@pytest.mark.long
@given(by_hand(), st.data())
def test_any_part_of_any_file_can_be_removed(file, data):
    text, before = file
    found = [path for path in places(before) if path and path[0] != "app"]
    assume(found)
    path = data.draw(st.sampled_from(found))
    made = edit(read_document(text), {path: DELETE})
    assert repr_of(yaml.safe_load(made)) == repr_of(put(before, path, DELETE))


def at(data: object, path: tuple[str | int, ...]) -> object:
    for step in path:
        data = data[step]  # type: ignore[index]
    return data


def repr_of(data: object) -> str:
    """Tells 1 from 1.0 and True; the order of keys does not count."""
    if isinstance(data, dict):
        return repr(sorted((key, repr_of(item)) for key, item in data.items()))
    return repr([repr_of(item) for item in data]) if isinstance(data, list) else repr(data)
