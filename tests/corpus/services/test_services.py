"""What each service takes beyond the common chat sample."""

from __future__ import annotations

from typing import Any

import pytest

from difyflow.corpus.check import Tally, check, rules, service_names
from difyflow.corpus.samples import to_line
from difyflow.corpus.services import openai

USER, ANSWER = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
GOOD = {
    "openai": {"messages": [USER, ANSWER]},
    "llamafactory": {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
}


def found(service: str, value: Any) -> Any:
    lines = [to_line(value), *[to_line(GOOD[service])] * 10]
    return [one.id for one in check(lines, service=service) if one.id != "mixed-kinds"]


@pytest.mark.parametrize("service", service_names())
def test_every_rule_has_a_severity_and_a_name_in_kebab_case(service: str) -> None:
    for name, severity in rules(service).items():
        assert name == name.lower().replace("_", "-").replace(" ", "-")
        assert severity in ("error", "warning", "info")


@pytest.mark.parametrize(
    "value",
    [
        {"messages": [{"role": "developer", "content": "s"}, USER, {**ANSWER, "weight": 0}, USER, ANSWER]},
        {"messages": [USER, {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
                      {"role": "tool", "tool_call_id": "1", "content": "x"}, ANSWER],
         "tools": [{}], "parallel_tool_calls": False},
        {"input": {"messages": [USER]}, "preferred_output": [ANSWER],
         "non_preferred_output": [{"role": "assistant", "content": "c"}]},
    ],
)  # fmt: skip
def test_openai_takes_tools_weights_and_preferences(value: Any) -> None:
    assert found("openai", value) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"messages": [USER, {**ANSWER, "weight": 2}]}, "bad-weight"),
        ({"messages": [USER, {**ANSWER, "weight": True}]}, "bad-weight"),
        ({"messages": [{**USER, "weight": 1}, ANSWER]}, "weight-not-assistant"),
        ({"messages": [USER, {**ANSWER, "weight": 0}]}, "all-weights-zero"),
        ({"messages": [USER, {**ANSWER, "mood": "x"}]}, "extra-message-keys"),
        ({"messages": [USER]}, "no-assistant"),
        ({"messages": [USER, {"role": "assistant", "content": None}]}, "content-not-text"),
        ({"messages": [USER, {"role": "tool", "content": "x"}, ANSWER]}, "no-tool-call-id"),
        ({"messages": [USER, ANSWER], "tools": {}}, "tools-not-a-list"),
        ({"input": {}, "preferred_output": [ANSWER], "non_preferred_output": [USER]}, "bad-preference"),
        ({"input": {"messages": [USER]}, "preferred_output": [ANSWER], "non_preferred_output": [ANSWER]},
         "bad-preference"),
    ],
)  # fmt: skip
def test_openai_refuses(value: Any, expected: Any) -> None:
    assert expected in found("openai", value)


def test_a_line_of_alpaca_is_no_broken_preference_of_openai() -> None:
    assert found("openai", {"instruction": "a", "input": "b", "output": "c"}) == ["no-messages"]


def test_openai_learns_from_one_kind_and_from_files_of_half_a_gigabyte_at_most() -> None:
    pair = {"input": {"messages": [USER]}, "preferred_output": [ANSWER],
            "non_preferred_output": [{"role": "assistant", "content": "c"}]}  # fmt: skip
    lines = [to_line(pair), *[to_line(GOOD["openai"])] * 10]
    assert [one.id for one in check(lines, service="openai")] == ["mixed-kinds"]
    large = Tally(lines=20, samples=20, size=512 * 1024 * 1024 + 1, kinds={"supervised": 20})
    assert [fault.id for fault in openai.whole(large)] == ["file-too-large"]


HUMAN, GPT = {"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}


@pytest.mark.parametrize(
    "value",
    [
        {"conversations": [{"from": "system", "value": "s"}, HUMAN, GPT]},
        {"conversations": [HUMAN, {"from": "function_call", "value": "{}"},
                           {"from": "observation", "value": "1"}, GPT], "tools": "[]", "system": "s"},
        {"conversations": [HUMAN], "chosen": GPT, "rejected": GPT},
        {"instruction": "a", "input": "", "output": "b", "system": "s", "history": [["a", "b"]]},
        {"instruction": "a", "chosen": "b", "rejected": "c"},
    ],
)  # fmt: skip
def test_llamafactory_takes_its_kinds(value: Any) -> None:
    assert found("llamafactory", value) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"conversations": [GPT, HUMAN]}, "turn-out-of-place"),
        ({"conversations": [HUMAN, {"from": "system", "value": "s"}]}, "turn-out-of-place"),
        ({"conversations": [HUMAN]}, "last-not-assistant"),
        ({"conversations": [HUMAN, {"from": "bot", "value": "b"}]}, "unknown-from"),
        ({"conversations": [HUMAN, {"from": "gpt", "value": 5}]}, "bad-turn"),
        ({"conversations": {}}, "no-conversations"),
        ({"conversations": [HUMAN, {"from": "gpt", "value": " "}]}, "empty-content"),
        ({"conversations": [HUMAN], "chosen": GPT}, "bad-preference"),
        ({"instruction": "a"}, "no-output"),
        ({"instruction": "", "output": "b"}, "no-instruction"),
        ({"instruction": "a", "output": ["b"]}, "field-not-text"),
        ({"instruction": "a", "output": "b", "history": ["x"]}, "bad-history"),
        ({"instruction": "a", "chosen": "b"}, "bad-preference"),
        ({"instruction": "a", "output": "b", "topic": "x"}, "extra-keys"),
    ],
)
def test_llamafactory_refuses(value: Any, expected: Any) -> None:
    assert expected in found("llamafactory", value)
