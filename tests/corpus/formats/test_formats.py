"""Formats: what is read is what was written, and what cannot be written is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.corpus import formats
from difyflow.corpus.convert import Converted, convert, dataset_info
from difyflow.corpus.samples import Sample, Turn, to_line
from difyflow.errors import UsageError

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
PAIRS = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=3)
CHATS = st.builds(
    lambda system, pairs: [
        *([{"role": "system", "content": system}] if system else []),
        *(
            {"role": role, "content": text}
            for pair in pairs
            for role, text in zip(("user", "assistant"), pair, strict=True)
        ),
    ],
    st.none() | TEXT,
    PAIRS,
)


def converted(lines: Any, **options: Any) -> Any:
    return list(convert(lines, **options))


def values(lines: Any, **options: Any) -> Any:
    found = converted(lines, **options)
    assert all(isinstance(one, Converted) for one in found), found
    return [one.value for one in found]


@pytest.mark.parametrize("name", ["messages", "openai", "alpaca", "sharegpt"])
@given(chat=CHATS)
def test_a_chat_goes_to_each_format_and_back(name: str, chat: Any) -> None:
    line = to_line({"messages": chat})
    (there,) = converted([line], to=name)
    assert not there.lost
    assert values([there.to_line()], to="messages") == [{"messages": chat}]


@given(chat=CHATS, bad=TEXT)
def test_a_preference_goes_to_each_format_that_holds_one_and_back(chat: Any, bad: Any) -> None:
    value = {
        "input": {"messages": chat[:-1]},
        "preferred_output": chat[-1:],
        "non_preferred_output": [{"role": "assistant", "content": bad}],
    }
    for name in ("sharegpt", "alpaca", "dpo"):
        (there,) = converted([to_line(value)], to=name)
        assert there.ranked
        assert values([there.to_line()], to="dpo") == [value]


TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {}}}]


@pytest.mark.parametrize(
    ("to", "value", "reason"),
    [
        ("alpaca", {"messages": [{"role": "user", "content": "a"},
                                 {"role": "assistant", "content": "b", "weight": 0}]}, "message-member"),
        ("messages", {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
                      "tools": TOOLS}, "sample-member"),
        ("sharegpt", {"messages": [{"role": "user", "content": "a"},
                                   {"role": "assistant", "content": None, "tool_calls": [{}]}]},
         "no-content"),
        ("dpo", {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
         "no-rejected-answer"),
        ("messages", {"instruction": "a", "chosen": "b", "rejected": "c"}, "rejected-answer"),
        ("messages", {"messages": [{"role": "developer", "content": "s"}, {"role": "user", "content": "a"},
                                   {"role": "assistant", "content": "b"}]}, "roles-do-not-fit"),
        ("alpaca", {"messages": [{"role": "user", "content": "a"}]}, "roles-do-not-fit"),
        ("alpaca", {"messages": [{"role": "system", "content": ""}, {"role": "user", "content": "a"},
                                 {"role": "assistant", "content": "b"}]}, "empty-system"),
        ("openai", {"conversations": [{"from": "human", "value": "a"},
                                      {"from": "function_call", "value": "{}"},
                                      {"from": "observation", "value": "1"}, {"from": "gpt", "value": "b"}]},
         "roles-do-not-fit"),
        ("messages", {"prompt": "a", "completion": "b"}, "unknown-format"),
        ("messages", {"instruction": "a", "output": 5}, "field-not-text"),
        ("messages", {"conversations": [{"from": "Human", "value": "a"}]}, "unknown-from"),
        ("openai", {"conversations": []}, "no-conversations"),
    ],
)  # fmt: skip
def test_what_a_format_cannot_hold_is_refused_with_its_reason(to: str, value: Any, reason: str) -> None:
    (found,) = converted([to_line(value)], to=to)
    assert not isinstance(found, Converted)
    assert reason in [fault.id for fault in found.faults]
    assert found.line == 1


def test_losses_that_are_allowed_are_told() -> None:
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 1}]
    (found,) = converted([to_line({"messages": chat, "id": 7})], to="messages", lossy=True)
    assert [fault.id for fault in found.lost] == ["message-member", "sample-member"]
    assert found.value == {
        "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    }


def test_tools_and_weights_go_through_openai_untouched() -> None:
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0}]
    value = {"messages": chat, "tools": TOOLS, "parallel_tool_calls": False}
    assert values([to_line(value)], to="openai") == [value]


def test_tools_are_a_text_in_sharegpt() -> None:
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    (there,) = values([to_line({"messages": chat, "tools": TOOLS})], to="sharegpt")
    assert json.loads(there["tools"]) == TOOLS
    assert values([to_line(there)], to="openai") == [{"messages": chat, "tools": TOOLS}]


def test_the_input_of_alpaca_stands_on_the_line_below_the_instruction() -> None:
    value = {"instruction": "翻译", "input": "hello", "output": "你好"}
    chat = [{"role": "user", "content": "翻译\nhello"}, {"role": "assistant", "content": "你好"}]
    (found,) = converted([to_line(value)], to="messages")
    assert (found.value, found.joined) == ({"messages": chat}, True)
    for whole in ({**value, "input": ""}, {**value, "instruction": ""}):
        assert [one.joined for one in converted([to_line(whole)], to="alpaca")] == [False]


def test_a_third_answer_of_alpaca_is_not_dropped_in_silence() -> None:
    value = {"instruction": "a", "output": "z", "chosen": "b", "rejected": "c"}
    for to in ("alpaca", "sharegpt"):
        (found,) = converted([to_line(value)], to=to)
        assert [fault.message for fault in found.faults] == ['has no place for "output"']
    assert converted([to_line({**value, "output": ""})], to="alpaca")[0].ranked


def test_a_key_that_is_given_twice_is_not_read_one_way_in_silence() -> None:
    raw = b'{"instruction": "a", "instruction": "b", "output": "c"}\n'
    (found,) = converted([raw], to="messages")
    assert [fault.id for fault in found.faults] == ["duplicate-key"]


def test_the_format_that_is_named_is_the_one_that_is_read() -> None:
    raw = to_line({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})
    (found,) = converted([raw], to="alpaca", from_="sharegpt")
    assert [fault.id for fault in found.faults] == ["unknown-format"]
    for options in ({"to": "x"}, {"to": "alpaca", "from_": "x"}):
        with pytest.raises(UsageError, match="alpaca, dpo, messages, openai, sharegpt"):
            converted([raw], **options)


def test_dataset_info_names_columns_tags_and_ranking() -> None:
    assert dataset_info("x", "x.jsonl", "alpaca", ranked=True) == {
        "x": {
            "file_name": "x.jsonl",
            "ranking": True,
            "columns": {"prompt": "instruction", "query": "input", "system": "system", "history": "history",
                        "chosen": "chosen", "rejected": "rejected"},
        }
    }  # fmt: skip
    openai: Any = dataset_info("x", "x.jsonl", "openai", ranked=False)
    assert openai["x"]["tags"]["role_tag"] == "role"
    assert openai["x"]["formatting"] == "sharegpt"
    assert dataset_info("x", "x.jsonl", "dpo", ranked=True) is None


@pytest.mark.parametrize("name", formats.names())
def test_a_format_reads_what_it_writes(name: str) -> None:
    format_ = formats.load(name)
    rejected = (Turn("assistant", "c"),) if name == "dpo" else ()
    sample = Sample((Turn("user", "a"), Turn("assistant", "b")), rejected)
    value, faults = format_.write(sample)
    assert (faults, format_.fits(value), format_.read(value)) == ([], True, sample)
