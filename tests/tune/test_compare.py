"""The same questions to several models: once only, at the same time, side by side."""

from __future__ import annotations

import csv
import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from difyflow.errors import AuthError, UsageError
from difyflow.tune._openai import Access
from difyflow.tune.blind import blind_order, count_votes
from difyflow.tune.chat import Chat
from difyflow.tune.compare import Run, compare, names_of
from difyflow.tune.questions import read_questions
from difyflow.tune.sheet import to_csv
from loopback.model_server import ModelServer, refuses, says

MODELS = (("base", "m1"), ("ckpt1", "m2"))


@pytest.fixture
def questions(tmp_path: Path) -> Any:
    path = tmp_path / "q.jsonl"
    messages = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "问一"},
        {"role": "assistant", "content": "答一"},
    ]
    lines = [{"messages": messages}, {"question": "=问二", "reference": "@答二"}, {"question": "问三"}]
    path.write_text(
        "\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n\n", encoding="utf-8"
    )
    return read_questions(path)


def test_questions_are_samples_or_plain_and_each_is_asked_once(questions: Any, tmp_path: Path) -> None:
    assert [(item.system, item.text, item.reference) for item in questions] == [
        ("S", "问一", "答一"),
        ("", "=问二", "@答二"),
        ("", "问三", ""),
    ]
    twice = tmp_path / "twice.jsonl"
    twice.write_text('{"question": "a"}\n{"question": "a", "reference": "b"}\n{"question": "c"}\n')
    assert len(read_questions(twice)) == 2
    assert len(read_questions(twice, limit=1)) == 1


def test_earlier_turns_are_sent_along(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    turns = [{"role": role, "content": f"{role}{n}"} for n in range(2) for role in ("user", "assistant")]
    path.write_text(json.dumps({"messages": turns}))
    (found,) = read_questions(path)
    assert [item["content"] for item in found.messages] == ["user0", "assistant0", "user1"]
    assert found.reference == "assistant1"


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"{}", b"[1]", b"\xff\x00", b'{"question": " "}', b'{"messages": []}']
)
def test_what_is_no_question_is_told_with_its_line(tmp_path: Path, data: Any) -> None:
    path = tmp_path / "q.jsonl"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"q.jsonl"):
        read_questions(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_questions(tmp_path)


@pytest.fixture
def ask(tmp_path: Path, patience: Any, questions: Any) -> Any:
    """`ask(server, ...)` makes a comparison."""

    def call(server: Any, **changes: Any) -> Any:
        with Chat(Access(base_url=server.base_url, key="k"), patience) as chat:
            return compare(questions, Run(folder=tmp_path, models=MODELS, chat=chat, **changes))

    return call


def answer(seen: Any) -> Any:
    body = seen.json()
    return says(f"{body['model']}说{body['messages'][-1]['content']}")


@pytest.mark.local
def test_every_model_is_asked_every_question_with_the_same_settings(ask: Any) -> None:
    with ModelServer(answer) as server:
        found = ask(server, settings={"temperature": 0.3})
        assert len(server.asked) == 6
        assert all(body["temperature"] == 0.3 for body in server.asked)
    assert [[item.reply.text for item in row.answers] for row in found.rows] == [
        ["m1说问一", "m2说问一"],
        ["m1说=问二", "m2说=问二"],
        ["m1说问三", "m2说问三"],
    ]
    assert found.failed == 0
    assert found.totals[0].answers == 3


@pytest.mark.local
def test_a_comparison_that_was_broken_off_asks_only_for_the_rest(ask: Any, tmp_path: Path) -> None:
    with ModelServer(answer) as server:
        ask(server)
        log = tmp_path / "answers.jsonl"
        kept = log.read_bytes().split(b"\n")[:2]
        log.write_bytes(b"\n".join(kept) + b'\n{"question": "torn')
        assert ask(server).failed == 0
        assert len(server.asked) == 6 + 4
        ask(server, settings={"temperature": 1})
        assert len(server.asked) == 10 + 6


@pytest.mark.local
def test_a_model_that_fails_is_told_and_asked_again_the_next_time(ask: Any) -> None:
    broken = [True]

    def sometimes(seen: Any) -> Any:
        if broken[0] and seen.json()["model"] == "m2":
            return refuses(400, "no such model")
        return answer(seen)

    with ModelServer(sometimes) as server:
        found = ask(server)
        assert found.failed == 3
        assert "no such model" in found.rows[0].answers[1].error
        broken[0] = False
        assert ask(server).failed == 0
        assert len(server.asked) == 6 + 3


@pytest.mark.local
@pytest.mark.parametrize(
    "fault", [refuses(503, "busy"), refuses(429, "slow", retry_after="1"), says("x", cut_at=3)]
)
def test_what_passes_is_waited_for(ask: Any, waits: Any, fault: Any) -> None:
    with ModelServer(fault, answer) as server:
        assert ask(server, concurrency=1).failed == 0
    assert len(waits) == 1


@pytest.mark.local
def test_an_answer_that_never_ends_properly_did_not_come(ask: Any) -> None:
    with ModelServer(says("half", finish=None, usage=False, done=False)) as server:
        found = ask(server)
    assert found.failed == 6
    assert "broke off" in found.rows[0].answers[0].error


@pytest.mark.local
def test_a_refused_key_ends_it_at_once(ask: Any) -> None:
    with ModelServer(refuses(401, "bad key")) as server:
        with pytest.raises(AuthError):
            ask(server, concurrency=1)
        assert len(server.asked) == 1


@pytest.mark.local
def test_questions_are_asked_at_the_same_time(ask: Any) -> None:
    together = threading.Barrier(4, timeout=10)

    def all_at_once(seen: Any) -> Any:
        if seen.json()["messages"][-1]["content"] != "问三":
            together.wait()
        return answer(seen)

    with ModelServer(all_at_once) as server:
        assert ask(server, concurrency=4).failed == 0


@pytest.mark.local
def test_a_judge_sees_each_pair_in_both_orders_and_place_wins_nothing(ask: Any) -> None:
    def judging(seen: Any) -> Any:
        body = seen.json()
        text = body["messages"][-1]["content"]
        if body["model"] != "judge":
            return answer(seen)
        assert body["temperature"] == 0
        if "问三" in text:
            return says("A")  # whoever comes first
        return says("why\n", "B" if text.index("m1说") < text.index("m2说") else "A")

    with ModelServer(judging) as server:
        found = ask(server, judge="judge")
        assert [row.verdicts for row in found.rows] == [(None, "second"), (None, "second"), (None, "split")]
        assert found.verdicts == ({"second": 2, "split": 1},)
        before = len(server.asked)
        ask(server, judge="judge")
        assert len(server.asked) == before


@pytest.mark.local
def test_a_judge_that_fails_or_says_nothing_readable_decides_nothing(ask: Any) -> None:
    def judging(seen: Any) -> Any:
        body = seen.json()
        if body["model"] != "judge":
            return answer(seen)
        return refuses(400, "no") if "问一" in body["messages"][-1]["content"] else says("Hard to say.")

    with ModelServer(judging) as server:
        found = ask(server, judge="judge")
    assert found.verdicts == ({"not-asked": 1, "unreadable": 2},)


@pytest.mark.local
def test_the_sheet_is_safe_to_open(ask: Any) -> None:
    def formula(seen: Any) -> Any:
        return says("+cmd|' /C calc'!A0") if seen.json()["model"] == "m2" else says("-1\n二")

    with ModelServer(formula) as server:
        found = ask(server)
    text = to_csv(found)
    assert text.startswith("\ufeffline,system,question,reference,base,")
    rows = list(csv.DictReader(io.StringIO(text[1:])))
    assert len(rows) == 3
    assert rows[1]["question"] == "'=问二"
    assert rows[1]["reference"] == "'@答二"
    assert (rows[0]["base"], rows[0]["ckpt1"]) == ("'-1\n二", "'+cmd|' /C calc'!A0")


def test_blind_orders_are_stable_differ_and_need_the_mark(questions: Any) -> None:
    orders = [blind_order(item, "mark", 2) for item in questions]
    assert orders == [blind_order(item, "mark", 2) for item in questions]
    assert all(sorted(order) == [0, 1] for order in orders)
    assert len({tuple(blind_order(item, f"mark{n}", 2) for item in questions) for n in range(20)}) > 3


def test_votes_are_counted_for_the_models_behind_the_letters() -> None:
    orders = {"q1": ["m1", "m2"], "q2": ["m2", "m1"], "q3": ["m1", "m2"]}
    counts, ties, odd = count_votes({"q1": "A", "q2": "A", "q3": "tie", "q9": "A", "q4": "?"}, orders)
    assert (counts, ties, odd) == ({"m1": 1, "m2": 1}, 1, ("q9", "q4"))


def test_models_have_names_and_none_is_compared_with_itself() -> None:
    known = {"base": "m1", "last": "m2"}
    assert names_of([" base", "last", "base"], lambda name: known.get(name, name)) == (
        ("base", "m1"),
        ("last", "m2"),
    )
    for wrong in ([], [""], ["base", "m1"]):
        with pytest.raises(UsageError):
            names_of(wrong, lambda name: known.get(name, name))
