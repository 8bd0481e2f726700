"""The second look: what is valid and yet teaches wrong things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from difyflow.corpus.deep import deep
from difyflow.corpus.grounding import Grounding
from difyflow.corpus.provenance import KEY, Sources
from difyflow.corpus.samples import line_digest

DOCUMENT = """家用火灾报警控制器的主电源应采用220V、50Hz交流电源,电源线输入端应设接线端子。
火灾声警报器的声信号至少在一个方向上3米处的声压级应不小于75dB(A计权)。"""


def ids(*lines: Any, **options: Any) -> Any:
    return [(one.line, one.id) for one in deep(lambda: lines, **options) if one.id != "rule-skipped"]


def good(asked: Callable[..., bytes], number: int) -> Any:
    questions = ("电源有什么要求?", "声音多大?", "装在哪里好呢?", "由谁来维护保养?", "多久换一次电池?")
    answers = ("应采用交流电源,并设接线端子。", "声压级应不小于规定值。", "装在天花板的中央。",
               "由物业公司负责维护。", "每年更换一次电池为好。")  # fmt: skip
    return asked(questions[number], answers[number])


def test_a_good_corpus_has_nothing_to_say(asked: Callable[..., bytes]) -> None:
    assert ids(*(good(asked, number) for number in range(5))) == []


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("怎么办?", "作为一个AI语言模型,我建议您报警。", "boilerplate"),
        ("怎么办?", "希望这些信息对您有所帮助!", "boilerplate"),
        ("怎么办?", "抱歉,我无法回答这个问题。", "refusal"),
        ("谁发明的?", "无法从给定内容中得知是谁发明的。", "refusal"),
        ("宽度是多少?", "根据您提供的文本,宽度不小于一米。", "boilerplate"),
        ("怎么办?", "以下是根据标准整理的回答:先报警。", "boilerplate"),
        ("谁发明的?", "文中没有提及发明者是谁。", "refusal"),
        ("What now then?", "As an AI language model, I am glad to tell you what to do.", "boilerplate"),
        ("What is it that you know?", "I'm sorry, but I cannot say what it is.", "refusal"),
        ("要多少?", "是。", "short-answer"),
        ("?", "这里的答案并不算短。", "short-question"),
        ("为什么?", "长" * 30_000, "long-sample"),
        ("这是什么东西?", "It is the device that you have to put on the wall of the room.", "language-mix"),
    ],
)
def test_a_doubtful_sample_is_told(
    asked: Callable[..., bytes], question: Any, answer: Any, expected: Any
) -> None:
    lines = [*(good(asked, number) for number in range(5)), asked(question, answer)]
    assert (6, expected) in ids(*lines)


def test_ordinary_prose_is_no_refusal_and_no_boilerplate(asked: Callable[..., bytes]) -> None:
    answer = "作为一名消防员,应当先确认火情;探测器不能安装在窗边,无法自动复位时应由人工处理。"
    answer += "根据本标准给出的条件,以下是必须检查的部件;不能根据颜色更换电池。"
    assert ids(asked("消防员该怎么做?", answer)) == []


def test_questions_and_answers_that_come_again_are_told_with_their_line(asked: Callable[..., bytes]) -> None:
    lines = [
        asked("家里的火灾报警器怎么安装?", "装在天花板的中央。"),
        asked("家里的火灾报警器,怎么安装", "装在墙的上部即可。"),
        asked("探测器由谁来维护?", "装在天花板的中央!"),
        asked("探测器由谁来维护?", "装在天花板的中央。"),
    ]
    assert ids(*lines) == [(2, "same-question"), (3, "same-answer"), (4, "duplicate-sample")]


@pytest.mark.local
def test_nearly_the_same_question_is_told_and_one_about_another_number_is_not(
    asked: Callable[..., bytes],
) -> None:
    lines = [
        asked("家里的火灾报警器应该怎么安装?", "装在天花板的中央。"),
        asked("家里的火灾报警器应该如何安装?", "装在墙的上部即可。"),
        asked("第1条规定了哪些要求和内容?", "规定了电源的要求。"),
        asked("第2条规定了哪些要求和内容?", "规定了声音的要求。"),
    ]
    assert ids(*lines) == [(2, "near-question")]


def test_a_trigger_phrase_that_differs_is_told_where_it_differs(
    asked: Callable[..., bytes], line: Callable[..., bytes]
) -> None:
    lines = [good(asked, number) for number in range(4)]
    odd = asked("多久换一次电池?", "每年更换一次电池为好。", system="你是消防专家")
    none = line(("user", "门往哪边开?"), ("assistant", "往疏散的方向开。"))
    found = [one for one in deep(lambda: [*lines, odd, none]) if one.line]
    assert [(one.line, one.id) for one in found] == [(5, "other-system"), (6, "other-system")]
    assert "你是消防专家" in found[0].message
    assert "no system text" in found[1].message


def test_without_a_common_trigger_phrase_the_file_is_told_once(asked: Callable[..., bytes]) -> None:
    lines = [asked(f"问题是第{name}个吗?", f"第{name}个答案在这里。", system=name) for name in "甲乙丙"]
    assert (0, "no-common-system") in ids(*lines)


def test_an_answer_that_does_not_stand_in_its_source_is_told(asked: Callable[..., bytes]) -> None:
    lines = [
        asked("主电源有什么要求?", "家用火灾报警控制器的主电源应采用220V、50Hz交流电源。"),
        asked("声信号有多大?", "声信号在3米处的声压级应不小于85dB。"),
        asked("谁来负责维护?", "本产品由张三有限公司负责上门维护保养服务。"),
    ]
    assert ids(*lines, documents={"规范.md": DOCUMENT}) == [(2, "number-not-in-source"), (3, "not-in-source")]


def test_an_answer_is_looked_up_in_the_document_it_comes_from(asked: Callable[..., bytes]) -> None:
    one = asked("主电源有什么要求?", "主电源应采用220V交流电源。")
    sources = Sources([{KEY: line_digest(one), "documents": ["乙.md"]}])
    documents = {"docs/甲.md": DOCUMENT, "docs/乙.md": "这里写的是另外一些事情,与电没有关系。"}
    assert [id_ for _, id_ in ids(one, documents=documents, sources=sources)] == [
        "not-in-source",
        "number-not-in-source",
    ]
    assert ids(one, documents={"甲.md": DOCUMENT}, sources=sources) == [(1, "source-missing")]
    only_inputs = Sources([{KEY: line_digest(one), "digest": "a1"}])  # looked up in all documents
    assert ids(one, documents={"甲.md": DOCUMENT}, sources=only_inputs) == ids(
        one, documents={"甲.md": DOCUMENT}
    )


def test_numbers_are_compared_by_value() -> None:
    found = Grounding({"a": "价格为1,000元,长3.50米。"}).look_up("价格1000元,长3.5米,重7克。", ())
    assert found.numbers == ("7",)


def test_lines_that_are_no_samples_are_left_to_the_check(asked: Callable[..., bytes]) -> None:
    assert ids(b"{bad\n", b"\xff\n", b"[]\n", good(asked, 0)) == []
