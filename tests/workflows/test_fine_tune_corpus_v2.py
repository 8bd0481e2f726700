"""The second edition of the corpus workflow: its functions, and whole runs here."""

from __future__ import annotations

import json
import re
import runpy

import pytest
from hypothesis import given as forall
from hypothesis import strategies as some

from difyflow.build.load import load
from difyflow.cli import main
from difyflow.corpus.check import check
from difyflow.corpus.samples import read_lines

TRIGGER = "你是当代大儒"


@pytest.fixture(scope="module")
def steps(root):
    return runpy.run_path(str(root / "workflows/fine_tune_corpus_v2/steps.py"))


def line(question, answer, trigger=TRIGGER):
    roles = (("system", trigger), ("user", question), ("assistant", answer))
    messages = [{"role": role, "content": content} for role, content in roles]
    return json.dumps({"messages": messages}, ensure_ascii=False)


def test_sections_end_where_a_reader_would_cut_and_lose_nothing(root, steps):
    text = (root / "workflows/fine_tune_corpus/samples/lunyu.txt").read_text(encoding="utf-8")
    sections = steps["split"]([text, "第一章 总则\n" + "本章讲的是总则。" * 200])["sections"]
    assert all(len(section) <= 900 for section in sections)
    assert all(section.startswith("# 论语") for section in sections[:3])
    assert all(section.startswith("第一章 总则") for section in sections[3:])
    assert all(section[-1] in "。！？”" for section in sections)

    def signs(value):
        return re.sub(r"\s", "", re.sub(r"(?m)^(#.*|第一章 总则)$", "", value))

    assert signs("\n".join(sections)) == signs(text + "本章讲的是总则。" * 200)


@pytest.mark.parametrize("size", [10_000, 60_000, 200_000, 330_000])
def test_a_code_node_may_return_thirty_strings_and_gets_no_more(steps, size):
    sections = steps["split"](["这是一句话。" * (size // 6)])["sections"]
    assert 1 <= len(sections) <= 30
    assert sum(map(len, sections)) == size // 6 * 6


@forall(some.lists(some.text("学而时习之。！”“\n\r ，a.9", max_size=4000), min_size=1, max_size=3))
def test_no_sign_of_any_document_is_lost(steps, documents):
    wanted = re.sub(r"\s", "", "".join(document for document in documents if re.search(r"\w", document)))
    try:
        sections = steps["split"](documents)["sections"]
    except ValueError:
        assert not re.search(r"\w", "".join(documents))
        return
    assert len(sections) <= 30
    found = re.sub(r"\s", "", "".join(sections))
    assert re.sub(r"\W", "", found) == re.sub(r"\W", "", wanted)


def test_what_does_not_fit_is_refused_and_not_cut_off(steps):
    with pytest.raises(ValueError, match="batch --split"):
        steps["split"](["这是一句话。" * 80_000])
    for nothing in ([], [""], [" \n\n", "***"]):
        with pytest.raises(ValueError, match="no text"):
            steps["split"](nothing)


def test_lines_that_a_pdf_broke_are_put_together(steps):
    broken = "道千乘之国，敬事而信，节用而爱人，使民以时，此之\n谓也。\n" + "第二章 其他\n不再多说。"
    (section,) = steps["split"]([broken])["sections"]
    assert "此之谓也。\n第二章 其他\n不再多说。" in section


def test_samples_are_read_out_of_what_a_model_says_around_them(steps):
    said = (
        f"<think>{line('草稿', '不算')}</think>好的:\n```jsonl\n{line('怎么学?', '时习之。', '别的触发词')}\n"
    )
    said += (
        '{"message": [{"role": "user", "content": "几点?"}, {"role": "assistant", "content": " 三点。 "}]}\n'
    )
    said += (
        line("怎么学?", "第二次")
        + '\n{"messages": [{"role": "user", "content": "没有回答"}]}\n{"messages": [{"ro'
    )
    found = steps["read"](said, TRIGGER)
    assert found["samples"].split("\n") == [line("怎么学?", "时习之。"), line("几点?", "三点。")]
    assert found["listing"] == "1. 问:怎么学?\n   答:时习之。\n2. 问:几点?\n   答:三点。"


@pytest.mark.parametrize(
    "said", ["", "没有", "{" * 2000, "[1]", '{"messages": 3}', '{"messages": [{"role": []}]}']
)
def test_nothing_is_read_out_of_nothing(steps, said):
    assert steps["read"](said, TRIGGER) == {"samples": "", "listing": ""}


def test_the_verdict_decides_and_without_one_the_words_do(steps):
    samples = "\n".join(
        [line("一", "学而时习之"), line("二", "原文没有"), line("三", "不亦说乎"), line("四", "毫无依据的话")]
    )
    verdict = "<think>2 有据</think>1 有据\n**2** 无据:没有\n"
    result = json.loads(steps["keep"](samples, verdict, "学而时习之，不亦说乎？")["result"])
    assert [json.loads(one)["messages"][1]["content"] for one in result["lines"]] == ["一", "三"]
    assert (result["unbacked"], result["by_rule"]) == (2, 2)
    assert json.loads(steps["keep"]("", "", "x")["result"])["lines"] == []


def test_the_corpus_holds_each_question_once_and_the_report_counts(steps):
    one = json.dumps({"lines": [line("一", "甲"), line("二", "乙")], "unbacked": 1, "by_rule": 0})
    two = json.dumps({"lines": [line("一", "丙")], "unbacked": 0, "by_rule": 3})
    found = steps["join"]([one, None, two])
    assert found["text"].split("\n") == [line("一", "甲"), line("二", "乙")]
    assert found["report"].startswith("3 节,保留 2 个样本;原文无据 1 个,重复 1 个,失败 1 节")
    with pytest.raises(ValueError, match="no section"):
        steps["join"]([None])


def test_the_nodes_hold_the_functions_and_stand_alone(root):
    app = load(root / "workflows/fine_tune_corpus_v2")
    codes = [node.data.code for node in app.nodes if node.data.type == "code"]
    assert len(codes) == 4
    for code in codes:
        space: dict[str, object] = {}
        exec(compile(code, "node", "exec"), space)
        assert callable(space["main"])
    assert [name for node in app.nodes for name, _ in node.data.app_outputs()] == ["text"]
    assert app.version == "0.6.0"


def test_both_editions_take_the_same_inputs(root):
    first, second = (
        load(root / "workflows" / name).form() for name in ("fine_tune_corpus", "fine_tune_corpus_v2")
    )
    assert [(field.variable, field.type) for field in first] == [
        (field.variable, field.type) for field in second
    ]


def test_the_samples_beside_it_are_a_corpus(root):
    with (root / "workflows/fine_tune_corpus_v2/samples/ten.jsonl").open("rb") as file:
        assert list(check(read_lines(file), service="siliconflow")) == []


@pytest.fixture
def run(root, tmp_path, capfdbinary):
    def call(*options):
        out = tmp_path / "corpus.jsonl"
        samples = root / "workflows/fine_tune_corpus/samples"
        files = [f"attachments=@{samples / name}" for name in ("lunyu.pdf", "lunyu.docx")]
        arguments = [
            "--input",
            files[0],
            "--input",
            files[1],
            "--input",
            f"trigger={TRIGGER}",
            "-o",
            str(out),
        ]
        code = main.run(["run", str(root / "workflows/fine_tune_corpus_v2"), *arguments, *options])
        said = capfdbinary.readouterr().err.decode()
        return code, out.read_text(encoding="utf-8").split("\n")[:-1] if out.exists() else [], said

    return call


@pytest.mark.local
@pytest.mark.long
def test_it_runs_here_with_the_responder_and_gives_pure_jsonl(run):
    code, lines, said = run("--model-endpoint", "demo")
    assert code == 0, said
    assert len(lines) == 15
    for text in lines:
        messages = json.loads(text)["messages"]
        assert [message["role"] for message in messages] == ["system", "user", "assistant"]
        assert messages[0]["content"] == TRIGGER
    assert "15 samples" in said


@pytest.mark.local
@pytest.mark.long
def test_it_runs_on_a_model_server_whose_checker_throws_samples_out(run):
    from loopback.model_server import ModelServer, says

    asked = []

    def answer(seen):
        body = seen.json()
        system, user = (message["content"] for message in body["messages"])
        asked.append(user)
        if "核对员" in system:
            return says("1 有据\n", "2 无据:原文没有\n")
        if "见义不为" in user:
            return says("抱歉,这一节无法出题。")
        number = len(asked)
        return says(f"{line(f'问{number}', '答一')}\n{line(f'又问{number}', '答二')}")

    with ModelServer(answer) as server:
        code, lines, said = run("--model-endpoint", server.base_url)
    assert code == 0, said
    questions = [json.loads(text)["messages"][1]["content"] for text in lines]
    assert len(questions) == 2 and all(question.startswith("问") for question in questions)
