"""Whatever the contents are, and however they are misprinted: the same contents, or a reject."""

from __future__ import annotations

import ast
import json
import random
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from difyflow.records.jsonl import Collection, Sample, collect, collect_lines


@dataclass(frozen=True)
class Pairs:
    members: list


FRAGMENTS = [
    "\"", "“", "”", "'", "‘", "’", "{", "}", "[", "]", ":", ",", "：", "，", "｛", "｝", "\\", "\n", "\t",
    "\r\n",
    '"}', '"}]}', '"}, {"', '", "role": "user"', '{"role": "user", "content": "x"}', '{"messages": [', "//",
    "#", "/*", "*/", "...", "</think>", "<think>", "```", "\n```json\n", "&quot;", "&lt;", "\\n", '\\"',
    "\\u4f60", "🔥", "\u2028", "\ufeff", "\x00", '"""', "True", "1. ", "- ", "|", "`", "好", "他说", " ",
]  # fmt: skip
awkward = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), min_size=1, max_size=9).map("".join)
proper = awkward.filter(lambda said: said.strip() and not any("\ud800" <= sign <= "\udfff" for sign in said))

WORDS = [
    "消防",
    "他说",
    "问:",
    "答:",
    "注意",
    "3米",
    "(注)",
    "、",
    "。",
    ",",
    ", ",
    ":",
    "；",
    "A类",
    "{k}",
    "[1]",
]
quoted = st.sampled_from(["“好”", "“预防为主，防消结合”", "‘恕’", '"好"', '"不能。"', '"a","b"', '"k":"v"'])
prose = st.lists(st.sampled_from(WORDS) | quoted, min_size=1, max_size=12)
prose = prose.map("".join).filter(lambda content: '""' not in content)


def chats_of(content):
    pairs = st.tuples(content, content).map(lambda pair: (("user", pair[0]), ("assistant", pair[1])))
    system = st.just(()) | content.map(lambda said: (("system", said),))
    chat = st.tuples(system, st.lists(pairs, min_size=1, max_size=2)).map(
        lambda parts: sum(parts[1], parts[0])
    )
    return st.lists(chat, min_size=1, max_size=3)


def read(text: str) -> list:
    return [tuple((one.role, one.content) for one in sample.messages) for sample in collect(text).samples]


@given(chats=chats_of(proper), kind=st.integers(0, 10**6), seed=st.integers(0, 10**6))
def test_what_loses_nothing_is_saved_whole(misprints, chats, kind, seed):
    name = misprints.LOSSLESS[kind % len(misprints.LOSSLESS)]
    text = misprints.MADE[name][0](chats, random.Random(seed))

    assert read(text) == [tuple(chat) for chat in misprints.expected(name, text, chats)], name


@given(chats=chats_of(prose), kind=st.integers(0, 10**6), seed=st.integers(0, 10**6))
def test_no_misprint_of_prose_gives_contents_that_nobody_wrote(misprints, chats, kind, seed):
    name = sorted(misprints.MADE)[kind % len(misprints.MADE)]
    if name == "roles-as-keys" and any(len(chat) > 3 for chat in chats):
        return
    text = misprints.MADE[name][0](chats, random.Random(seed))
    draft = (("user", "草稿问题"), ("assistant", "草稿回答"))

    assert set(read(text)) <= {tuple(chat) for chat in chats} - {draft}, name


@given(chats=chats_of(prose), seed=st.integers(0, 10**6))
def test_unescaped_quotes_in_prose_cost_no_sample(misprints, chats, seed):
    text = misprints.raw_inner_quotes(chats, random.Random(seed))

    assert read(text) == [tuple(chat) for chat in chats]


@given(chats=chats_of(prose), seed=st.integers(0, 10**6), data=st.data())
def test_a_lost_sign_of_the_structure_never_changes_a_content(misprints, chats, seed, data):
    del seed
    text = "\n".join(misprints.lines(chats))
    outside = [at for at, inside in enumerate(in_strings(text)) if not inside]
    at = data.draw(st.sampled_from(outside))

    assert set(read(text[:at] + text[at + 1 :])) <= {tuple(chat) for chat in chats}


@given(chats=chats_of(proper), data=st.data())
def test_a_cut_anywhere_never_changes_a_content(misprints, chats, data):
    text = "\n".join(misprints.lines(chats))
    cut = data.draw(st.integers(0, len(text)))

    assert (
        read(text[:cut])
        == [tuple(chat) for chat in chats][: text[: cut + 1].count("\n") + (cut == len(text))]
    )


@given(content=proper)
def test_python_literals_say_what_python_says(content):
    text = repr(
        {"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": content}]}
    )
    meant = ast.literal_eval(text)["messages"][0]["content"]

    assert read(text) == [(("user", meant), ("assistant", meant))]


@given(text=st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=6), max_size=30).map("".join))
def test_no_text_raises_and_every_sample_is_a_line_of_jsonl(text):
    for sample in collect(text).samples:
        said = json.loads(sample.to_line().encode())
        assert [tuple(one.values()) for one in said["messages"]] == [
            (m.role, m.content) for m in sample.messages
        ]


@given(chats=chats_of(proper), seed=st.integers(0, 10**6))
def test_lines_give_what_the_text_gives(misprints, chats, seed):
    text = misprints.prose_around(chats, random.Random(seed))
    found = [one for one in collect_lines(text.split("\n")) if isinstance(one, Sample)]

    assert [one.messages for one in found] == [one.messages for one in collect(text).samples]


KEYS = [
    "role",
    "content",
    "messages",
    "user",
    "assistant",
    "system",
    "from",
    "value",
    "角色",
    "samples",
    "id",
]
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["user", "assistant", "system", "好", " ", "[{}]"])
)
objects = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.lists(st.tuples(st.sampled_from(KEYS), inner), max_size=4).map(Pairs)
    ),
    max_leaves=24,
)


@given(
    values=st.lists(objects, max_size=3),
    sign=st.sampled_from(['"', ",", "}", "{", "]", "：", "“", "\n", ""]),
    data=st.data(),
)
def test_no_shape_of_objects_raises(values, sign, data):
    text = "\n".join(map(dumped, values))
    at = data.draw(st.integers(0, len(text)))

    collect(text[:at] + sign + text[at:])
    list(collect_lines(text.split("\n")))


def dumped(value: object) -> str:
    """JSON in which keys may come twice."""
    if isinstance(value, Pairs):
        return "{" + ", ".join(f"{json.dumps(key)}: {dumped(member)}" for key, member in value.members) + "}"
    return f"[{', '.join(map(dumped, value))}]" if isinstance(value, list) else json.dumps(value)


def in_strings(text: str) -> list[bool]:
    """For each character of JSON `text`: does it stand in a string (quotes excluded)?"""
    inside, escaped, found = False, False, []
    for sign in text:
        if not inside or escaped or sign != '"':
            found.append(inside)
        else:
            found.append(False)
        if sign == '"' and not escaped:
            inside = not inside
        escaped = inside and sign == "\\" and not escaped
    return found


@given(text=st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=20).map("".join))
def test_a_text_without_an_opening_brace_holds_nothing_in_either_way_of_reading(text):
    text = text.replace("{", "(").replace("｛", "(")

    assert list(collect_lines(text.split("\n"))) == []
    assert collect(text) == Collection((), {}, ())
