"""agent, both versions."""

from difyflow.nodes._base import class_for
from difyflow.nodes._record import READING
from difyflow.nodes.agent import (
    EXAMPLE,
    Agent,
    AgentModel,
    AgentTool,
    AgentV2,
    declared,
    job,
    parameters,
    tool,
)
from difyflow.nodes.agent import model as agent_model
from difyflow.terms.selector import Selector


def test_the_kind_picks_the_class() -> None:
    assert class_for("custom", {"type": "agent", "agent_strategy_name": "x", "version": "2"}) is Agent
    assert class_for("custom", {"type": "agent", "agent_node_kind": "dify_agent", "version": "2"}) is AgentV2
    assert class_for("custom", {"type": "agent", "version": "2"}) is AgentV2
    assert class_for("custom", {"type": "agent"}) is Agent


def test_outputs_of_version_1(read, outputs) -> None:
    schema = {"type": "object", "properties": {"score": {"type": "number"}}}
    assert outputs(read("agent", output_schema=schema)) == {
        "text": "string",
        "files": "array[file]",
        "json": "array[object]",
        "usage": "object",
        "score": "number",
    }


def test_model_and_tools_are_read_as_records_and_kept() -> None:
    data = EXAMPLE.completed("0.5.0").dump()
    node = Agent.model_validate(data, context=READING)
    assert isinstance(node.agent_parameters["model"].value, AgentModel)
    assert isinstance(node.agent_parameters["tools"].value[0], AgentTool)
    assert node.dump() == data


def test_references_are_in_text_of_every_kind_and_in_the_parameters_of_tools(read, refs) -> None:
    tools = [
        {
            "tool_name": "t",
            "parameters": {
                "auto": {"auto": 1, "value": None},
                "given": {"auto": 0, "value": {"type": "mixed", "value": "{{#a.query#}}"}},
                "file": {"auto": 0, "value": {"type": "variable", "value": ["start", "file"]}},
                "old": {"auto": 0, "value": "{{#a.old#}}"},
            },
            "settings": {"key": {"value": {"type": "mixed", "value": "{{#env.key#}}"}}, "n": {"value": 5}},
        }
    ]
    node = read(
        "agent",
        agent_parameters={
            "instruction": {"type": "constant", "value": "{{#start.how#}}"},
            "query": {"type": "mixed", "value": "{{#sys.query#}}"},
            "context": {"type": "variable", "value": ["kb", "result"]},
            "tools": {"type": "constant", "value": tools},
        },
        memory={"window": {"enabled": True, "size": 5}, "query_prompt_template": "{{#sys.files#}}"},
    )
    assert node.problems() == ()
    assert refs(node) == {
        "agent_parameters.instruction.value": "start.how",
        "agent_parameters.query.value": "sys.query",
        "agent_parameters.context.value": "kb.result",
        "agent_parameters.tools.value.0.parameters.given.value.value": "a.query",
        "agent_parameters.tools.value.0.parameters.file.value.value": "start.file",
        "agent_parameters.tools.value.0.parameters.old.value": "a.old",
        "agent_parameters.tools.value.0.settings.key.value.value": "env.key",
        "memory.query_prompt_template": "sys.files",
    }


def test_parameters_are_constants_unless_they_are_references() -> None:
    made = parameters(
        model=agent_model("p", "m"), query="q", tools=[tool("p", "t")], context=Selector(("a", "b"))
    )
    assert {name: item.type for name, item in made.items()} == {
        "model": "constant",
        "tools": "constant",
        "instruction": "constant",
        "query": "constant",
        "context": "variable",
    }


def test_version_2_puts_out_what_is_declared(outputs, handles) -> None:
    node = AgentV2(
        agent_job=job("do", outputs=(declared("n", type="number"), declared("l", type="array", items="file")))
    )
    assert outputs(node) == {"n": "number", "l": "array[file]"}
    assert handles(node) == ["source"]
    assert outputs(AgentV2()) == {"text": "string", "files": "array[file]", "json": "object"}


def test_version_2_may_fail_by_an_output(read, handles) -> None:
    outputs_ = [{"name": "n", "type": "file", "failure_strategy": {"on_failure": "fail_branch"}}]
    node = read("agent", version="2", agent_node_kind="dify_agent", agent_job={"declared_outputs": outputs_})
    assert isinstance(node, AgentV2)
    assert handles(node) == ["source", "fail-branch"]


def test_version_2_refers_in_its_prompt_and_its_list(refs) -> None:
    node = AgentV2(agent_job=job("read {{#a.text#}}", Selector(("b", "files"))))
    assert refs(node) == {
        "agent_job.workflow_prompt": "a.text",
        "agent_job.previous_node_output_refs.0.selector": "b.files",
    }


def test_version_2_is_written_with_number_and_kind() -> None:
    data = AgentV2().completed("0.7.0").dump()
    assert (data["version"], data["agent_node_kind"]) == ("2", "dify_agent")
    assert data["agent_binding"] == {"binding_type": "inline_agent"}
