"""The name of a tuned model that a console shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from difyflow.errors import ApiError, UsageError
from difyflow.tune._openai import Access
from difyflow.tune.adopt import adopt
from difyflow.tune.chat import Chat
from difyflow.tune.job import read_job
from difyflow.tune.service import TunedName
from difyflow.tune.services.siliconflow import model_fault, parse
from loopback.model_server import ModelServer, refuses, says

BASE = "Qwen/Qwen2.5-7B-Instruct"
NAME = f"ft:LoRA/{BASE}:d0example0000000000a:confucius:abcdefghijklmnopqrst"


def test_a_name_comes_apart_into_its_parts() -> None:
    whole = TunedName(BASE, "d0example0000000000a", "confucius", "abcdefghijklmnopqrst")
    assert parse(f"{NAME}-ckpt_step_182") == replace(whole, step=182)
    assert parse(f"{NAME}:new") == replace(whole, more=("new",))
    assert parse("gpt-4o") is None


@pytest.mark.parametrize(
    "name", [NAME, f"{NAME}-ckpt_step_182", f"{NAME}:new", "ft:LoRA/a/b:c:d:e-ckpt_step_x"]
)
def test_names_of_the_known_shape_and_with_unknown_parts_are_taken(name: str) -> None:
    assert model_fault(name) is None


@pytest.mark.parametrize(
    "name", ["", BASE, "ft:LoRA/", "ft:LoRA/x:a:b:c", f"ft:LoRA/{BASE}", NAME[:-21], f"{NAME} x"]
)
def test_names_of_another_shape_are_told_why(name: str) -> None:
    assert model_fault(name)


def test_a_model_is_kept_without_a_call_if_none_is_wished(prepared: Any) -> None:
    folder, job = prepared(service="siliconflow", base=BASE)
    found = adopt(folder, job, f" {NAME}\n", None)
    assert (found.word, found.reply, found.notes) == ("ckpt1", None, ())
    second = adopt(folder, found.job, f"{NAME}-ckpt_step_182", None)
    assert second.word == "ckpt2"
    assert [(model.id, model.step) for model in read_job(folder).models] == [
        (NAME, None),
        (f"{NAME}-ckpt_step_182", 182),
    ]
    assert adopt(folder, second.job, NAME, None).word == "ckpt1"


def test_a_model_of_another_base_is_noted_and_a_wrong_name_refused(prepared: Any) -> None:
    folder, job = prepared(service="siliconflow", base="Qwen/Qwen2.5-72B-Instruct")
    assert "was tuned from Qwen/Qwen2.5-7B-Instruct" in adopt(folder, job, NAME, None).notes[0]
    with pytest.raises(UsageError, match="no tuned model of SiliconFlow"):
        adopt(folder, job, "gpt-4o", None)


@pytest.mark.local
def test_one_call_shows_that_it_answers(prepared: Any, patience: Any) -> None:
    folder, job = prepared(service="siliconflow", base=BASE)
    with ModelServer(refuses(503, "overloaded"), says("灭", "火器")) as server:
        access = Access(base_url=server.base_url, key="sk-x", key_env="SILICONFLOW_API_KEY")
        with Chat(access, patience) as chat:
            found = adopt(folder, job, NAME, chat)
        asked = server.asked[-1]
    assert found.reply is not None
    assert found.reply.text == "灭火器"
    assert asked["model"] == NAME
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert asked["messages"][0]["content"] == "你是消防系统专家"


@pytest.mark.local
def test_a_model_that_does_not_answer_is_not_kept(prepared: Any, patience: Any) -> None:
    folder, job = prepared(service="siliconflow", base=BASE)
    with (
        ModelServer(refuses(400, "Model does not exist")) as server,
        Chat(Access(base_url=server.base_url), patience) as chat,
        pytest.raises(ApiError, match="not exist"),
    ):
        adopt(folder, job, NAME, chat)
    assert read_job(folder).models == ()
