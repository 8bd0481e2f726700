"""llm."""

from enum import StrEnum

import pytest
from pydantic import BaseModel

from difyflow.nodes.llm import LLM, context, jinja, jinja_names, memory, structured, system, user, vision
from difyflow.terms.selector import Selector


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Line(BaseModel):
    title: str
    count: int


class Order(BaseModel):
    lines: list[Line]
    size: Size
    paid: bool


def test_a_structured_output_has_the_keys_of_the_model() -> None:
    node = LLM(structured_output=structured(Order)).completed("0.5.0")
    assert node.structured_output_enabled is True
    found = next(item for item in node.output_variables() if item.name == "structured_output")
    assert {item.name: str(item.type) for item in found.children or ()} == {
        "lines": "array[object]",
        "size": "string",
        "paid": "boolean",
    }


def test_a_structured_output_that_is_off_is_no_output(read, outputs) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    off = read("llm", structured_output={"schema": schema}, structured_output_enabled=False)
    on = read("llm", structured_output={"schema": schema}, structured_output_switch_on=True)
    assert outputs(off) == {"text": "string", "reasoning_content": "string", "usage": "object"}
    assert "structured_output" in outputs(on)
    assert on.dump()["structured_output"] == {"schema": schema}


def test_references_are_in_messages_memory_context_vision_and_jinja_names(refs) -> None:
    node = LLM(
        prompt_template=(
            system("{{#context#}}"),
            user("{{#a.text#}}"),
            jinja("user", "{{ name }} {{#b.text#}}"),
        ),
        prompt_config=jinja_names(name=Selector(("start", "name"))),
        context=context(Selector(("kb", "result"))),
        memory=memory(),
        vision=vision(Selector(("start", "image"))),
    )
    assert refs(node) == {
        "prompt_template.1.text": "a.text",
        "prompt_config.jinja2_variables.0.value_selector": "start.name",
        "context.variable_selector": "kb.result",
        "memory.query_prompt_template": "sys.query, sys.files",
        "vision.configs.variable_selector": "start.image",
    }


def test_a_completion_prompt_is_one_message(read, refs) -> None:
    node = read("llm", prompt_template={"text": "{{#sys.query#}}", "edition_type": "basic"})
    assert refs(node) == {"prompt_template.text": "sys.query"}
    assert node.with_ids("n") is node


def test_messages_get_ids_that_stay() -> None:
    node = LLM(prompt_template=(system("a"), user("b", id="mine"))).with_ids("n")
    assert isinstance(node.prompt_template, tuple)
    assert node.prompt_template[1].id == "mine"
    assert node.prompt_template[0].id
    assert node.with_ids("other") == node


def test_memory_keeps_all_turns_or_some() -> None:
    assert memory().dump()["window"] == {"enabled": False, "size": 10}
    assert memory(3, query=None).dump() == {"window": {"enabled": True, "size": 3}}


def test_a_role_that_does_not_exist_is_an_error_in_python() -> None:
    with pytest.raises(ValueError, match="role"):
        LLM(prompt_template=({"role": "robot", "text": "x"},))  # type: ignore[arg-type]  # what the test is about
