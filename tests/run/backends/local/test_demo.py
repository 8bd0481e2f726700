"""The responder without a model: sensible, the same every time, and never mistaken for a model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from difyflow.records.demo import reads_as_demo
from difyflow.run.backends.local.demo import respond
from difyflow.run.backends.local.sentences import question, sentences
from difyflow.terms.form import LocalFile

ZH = "「内容」\n{}\n「触发词」\n你是当代大儒"
SYSTEM = (
    "你每次回列出 10 个通俗「问题」,整理为 JSONL 格式\n示例如下:\n"
    '{"messages": [{"role": "system", "content": "x"}, {"role": "user", "content": "应该怎么学习?"}, '
    '{"role": "assistant", "content": "贤贤易色;事父母,能竭其力。"}]}'
)
TEXT = (
    "子曰:学而时习之,不亦说乎?有朋自远方来,不亦乐乎?人不知而不愠,不亦君子乎?\n"
    "# 为政\n- 温故而知新,可以为师矣。\n| 篇 | 句 |\n吾日三省吾身。"
)


def samples(content: str, *, system: str = SYSTEM, user: str = ZH) -> list[Any]:
    lines = respond([("system", system), ("user", user.format(content))]).splitlines()
    return [json.loads(line) for line in lines]


def test_ten_samples_with_the_trigger_word_and_the_documents_own_sentences() -> None:
    found = samples(TEXT)
    assert len(found) == 10
    assert len({sample["messages"][1]["content"] for sample in found}) == 10
    for sample in found:
        assert [turn["role"] for turn in sample["messages"]] == ["system", "user", "assistant"]
        assert sample["messages"][0]["content"] == "你是当代大儒"
        assert sample["messages"][2]["content"] in TEXT
        assert "「" not in sample["messages"][1]["content"]


@pytest.mark.parametrize("text", [TEXT, "Test the smoke detector every month. Keep exits clear of boxes!"])
def test_its_samples_are_known_by_their_wording(text: str) -> None:
    for sample in samples(text):
        asked, answered = (turn["content"] for turn in sample["messages"][1:])
        assert reads_as_demo(asked, answered)


def test_the_same_prompt_gets_the_same_answer() -> None:
    assert samples(TEXT) == samples(TEXT)


def test_a_long_document_is_used_from_end_to_end() -> None:
    text = "".join(f"第{n}条规定必须遵守并且认真执行。" for n in range(200))
    answers = [sample["messages"][2]["content"] for sample in samples(text)]
    assert answers[0].startswith("第0条")
    assert answers[-1].startswith("第180条")


def test_english_documents_get_english_questions() -> None:
    text = "Test the smoke detector every month. Keep exits clear of boxes! Never leave a stove alone."
    found = samples(text, user="「内容」\n{}\n「触发词」\nYou are a fire expert")
    assert found[0]["messages"][0]["content"] == "You are a fire expert"
    assert found[0]["messages"][1]["content"] == (
        'What does "Test the smoke detector every month" mean in everyday life?'
    )
    assert found[1]["messages"][2]["content"] == "Keep exits clear of boxes!"


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        ('{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}', "from"),
        ('{"instruction": "q", "input": "", "output": "a"}', "instruction"),
    ],
)
def test_the_form_of_the_example_is_kept(example: str, expected: str) -> None:
    (first, *_rest) = samples(TEXT, system=f"Write 3 lines of JSONL like {example}")
    assert expected in json.dumps(first)
    assert len(_rest) == 2
    if expected == "instruction":
        assert (first["input"], first["output"] in TEXT) == ("", True)


def test_without_an_example_chat_messages_are_written() -> None:
    found = samples(TEXT, system="Make JSONL.", user="{}")
    assert [turn["role"] for turn in found[0]["messages"]] == ["user", "assistant"]


def test_a_document_without_sentences_is_said_to_be_one() -> None:
    answer = respond([("system", SYSTEM), ("user", ZH.format(""))])
    assert answer == "文中没有可用的句子。"


def test_everything_else_gets_the_first_sentences() -> None:
    prompt = [
        ("user", "One is the first thing. Two is the second thing. Three is next here. Four is the last one.")
    ]
    assert respond(prompt) == "One is the first thing. Two is the second thing. Three is next here."
    assert respond([("user", "hello")]) == "hello"
    assert respond([]) == ""


def test_a_prompt_with_a_json_example_gets_that_shape() -> None:
    prompt = [("system", 'Answer as JSON: {"summary": "...", "score": 1}'), ("user", "Is this a good text?")]
    assert json.loads(respond(prompt)) == {"summary": "...", "score": 1}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "enum": ["dry", "kind"]}, "kind"),
        ({"type": "integer"}, 12),
        ({"type": "number"}, 12),
        ({"type": "boolean"}, True),
        ({"type": "array", "items": {"type": "number"}}, [12, 3.5]),
        ({"type": "array", "items": {"type": "string"}}, ["Make 12 kind lines of 3.5 words."]),
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": 12}),
    ],
)
def test_a_value_fits_its_schema(schema: Any, expected: Any) -> None:
    wrapped = {"type": "object", "properties": {"v": schema}}
    answer = json.loads(respond([("user", "Make 12 kind lines of 3.5 words.")], schema=wrapped))
    assert answer == {"v": expected}


def test_sentences_leave_signs_and_tables_out() -> None:
    assert sentences(TEXT) == [
        "子曰:学而时习之,不亦说乎?",
        "有朋自远方来,不亦乐乎?",
        "人不知而不愠,不亦君子乎?",
        "温故而知新,可以为师矣。",
        "吾日三省吾身。",
    ]


def test_a_question_is_about_the_first_clause_that_says_something() -> None:
    assert question("子曰:学而时习之,不亦说乎?", 0) == "“学而时习之”放到今天的生活里,该怎么理解?"


def test_demo_stands_wherever_a_model_name_stands(local: Any, seed: Any, root: Any) -> None:
    document = root / "tests" / "recordings" / "1.12.1" / "inputs" / "docs" / "lunyu.txt"
    inputs = {"attachments": [LocalFile(document)], "trigger": "你是当代大儒"}
    events, result = local.run(seed, inputs)
    assert result.models == ("demo",)
    assert result.to_json()["model"] == "demo"
    assert [node.model for node in result.nodes if node.node_type == "llm"] == ["demo"]
    assert "Qwen" not in str(events)
    assert len(str(result.outputs["text"]).splitlines()) == 10
