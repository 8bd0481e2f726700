"""What cannot run here is refused before anything runs: once, with every reason, and how to mend it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from difyflow.errors import NotRunnable, UsageError
from difyflow.run.backends.local import ModelConfig, ModelRule


def refusal(local: Any, data: Any, **settings: Any) -> NotRunnable:
    with pytest.raises(NotRunnable) as caught:
        local.open(data, **settings)
    return caught.value


def test_types_that_need_a_server_are_all_named_in_one_message(local: Any, flows: Any) -> None:
    types = ("tool", "agent", "knowledge-retrieval", "human-input", "datasource", "quantum-node")
    nodes = [{"id": f"n{n}", "type": kind, "title": kind.upper()} for n, kind in enumerate(types)]
    err = refusal(local, flows.chain(*nodes))
    assert len(err.reasons) == len(types)
    for number, kind in enumerate(types):
        assert any(f"{kind.upper()!r} (n{number}), {kind}: " in reason for reason in err.reasons)
    assert "difyflow does not know this node type" in str(err)
    assert str(err).startswith("test.yml: cannot run here\n")


def test_a_missing_key_names_node_provider_variable_and_the_ways_out(local: Any, seed: Any) -> None:
    err = refusal(local, seed, environ={})
    assert len(err.reasons) == 1
    for part in ("'LLM'", "siliconflow", "SILICONFLOW_API_KEY", "--model-endpoint URL", "demo"):
        assert part in err.reasons[0]


def test_a_key_is_enough(local: Any, seed: Any) -> None:
    notes = local.open(seed, environ={"SILICONFLOW_API_KEY": "sk-1"}).header().notes
    assert "model of 'LLM': Qwen/Qwen2.5-72B-Instruct-128K at https://api.siliconflow.cn/v1" in notes
    assert "sk-1" not in str(notes)


def test_provider_and_key_of_another_provider_do_not_help(local: Any, seed: Any) -> None:
    assert refusal(local, seed, environ={"OPENAI_API_KEY": "sk-1"}).reasons


@pytest.mark.parametrize("provider", ["azure_openai", "langgenius/bedrock/bedrock", "langgenius/acme/acme"])
def test_a_provider_without_a_known_endpoint_says_why(local: Any, flows: Any, provider: str) -> None:
    err = refusal(local, flows.question(model={"provider": provider}), environ={})
    assert repr(provider) in err.reasons[0]
    assert "--model-endpoint URL" in err.reasons[0]


def test_no_model_chosen_is_said(local: Any, flows: Any) -> None:
    data = flows.question(model={"provider": "", "name": ""})
    assert refusal(local, data, environ={}).reasons == ("'Model' (llm), llm: no model is chosen",)


def test_a_wrong_endpoint_is_a_usage_error(local: Any, flows: Any) -> None:
    with pytest.raises(UsageError, match="not the URL of a model endpoint"):
        local.open(flows.question(), model_endpoint="localhost:11434")


def test_faults_in_node_data_say_which_field_and_what_to_write(local: Any, flows: Any) -> None:
    code = {"id": "c", "type": "code", "title": "C", "variables": [], "outputs": {}, "code": ""}
    node = flows.llm()
    del node["context"]
    reasons = refusal(local, flows.chain({**code, "code_language": "python"}, node)).reasons
    assert "'C' (c), code: `code_language` is 'python'; Dify takes 'python3' or 'javascript'" in reasons
    assert any("`context` is missing; add `context: {enabled: false" in reason for reason in reasons)


def test_all_kinds_of_faults_come_together(local: Any, flows: Any) -> None:
    tool = {"id": "t", "type": "tool", "title": "T"}
    broken = {"id": "i", "type": "if-else", "title": "I", "cases": [{"case_id": True}]}
    data = flows.chain(tool, broken, flows.llm())
    data["workflow"]["graph"]["edges"].append({"source": "llm", "target": "gone"})
    data["workflow"]["environment_variables"] = [{"name": "N", "value_type": "number", "value": "x"}]
    reasons = refusal(local, data, environ={}).reasons
    for part in ("'T' (t), tool", "`cases.0.case_id`", "OPENAI_API_KEY", "no node 'gone'", "variable 'N'"):
        assert any(part in reason for reason in reasons), part


def test_a_cycle_is_refused(local: Any, flows: Any) -> None:
    nodes = [
        {"id": name, "type": "template-transform", "title": name, "template": "", "variables": []}
        for name in ("a", "b")
    ]
    data = flows.chain(*nodes)
    data["workflow"]["graph"]["edges"].append({"source": "b", "target": "a"})
    assert "contains a cycle: a -> b -> a" in refusal(local, data).reasons[0]


def test_an_edge_across_a_container_is_refused(local: Any, recorded_flow: Any) -> None:
    data = recorded_flow("loop")
    data["workflow"]["graph"]["edges"].append({"source": "step", "target": "end"})
    assert "crosses container scopes" in refusal(local, data).reasons[0]


@pytest.mark.parametrize("mode", ["chat", "agent-chat", "completion", None])
def test_a_mode_without_a_graph_is_refused(local: Any, mode: Any) -> None:
    err = refusal(local, {"app": {"mode": mode}, "model_config": {}})
    assert "only workflow and advanced-chat have a graph that runs here" in err.reasons[0]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"app": None},
        {"app": {"mode": "workflow"}, "workflow": None},
        {"app": {"mode": "workflow"}, "workflow": {"graph": []}},
        {"app": {"mode": "workflow"}, "workflow": {"graph": {"nodes": [1, {"id": "a"}, {"data": {}}]}}},
        {"app": {"mode": "workflow"}, "workflow": {"graph": {"nodes": [], "edges": [1, {}]}}},
    ],
)
def test_whatever_a_file_holds_it_is_refused_with_reasons(local: Any, data: Any) -> None:
    assert refusal(local, data).reasons


def test_code_is_refused_where_its_runner_cannot_be_had(local: Any, flows: Any) -> None:
    code = {"id": "c", "type": "code", "title": "C", "code_language": "python3", "variables": []}
    data = flows.chain({**code, "outputs": {}, "code": "def main(): return {}"})
    with pytest.raises(UsageError, match="no code runner"):
        local.open(data, code_runner="wishful")
    assert local.open(flows.question(), code_runner="wishful"), "no code, no runner"


def test_the_header_says_what_the_run_works_with(local: Any, seed: Any) -> None:
    header = local.open(seed, model_endpoint="http://user:pass@127.0.0.1:9/v1?key=secret").header()
    assert (header.backend, header.app_name, header.mode) == ("local", "Fine-tune 语料构造器", "workflow")
    assert header.notes[0] == "engine: graphon 0.8.0, in this process"
    assert header.notes[1].startswith("code: ")
    assert header.notes[2].endswith("at http://127.0.0.1:9/v1")
    assert not any(word in json.dumps(header.notes) for word in ("pass", "secret"))


def test_the_header_names_a_model_once_with_all_its_nodes(local: Any, flows: Any) -> None:
    data = flows.chain(flows.llm("a", prompt="x", title="A"), flows.llm("b", prompt="y", title="B"))
    assert "model of 'A', 'B': demo answers by rules, without a model" in local.open(data).header().notes


def test_a_secret_that_an_export_left_out_is_pointed_at(local: Any, flows: Any) -> None:
    data = flows.question()
    data["workflow"]["environment_variables"] = [{"name": "TOKEN", "value_type": "secret", "value": ""}]
    assert any("'TOKEN' is empty" in note for note in local.open(data).header().notes)
    given = local.open(data, environment_variables={"TOKEN": "t"})
    assert not any("TOKEN" in note for note in given.header().notes)


def test_a_config_file_makes_a_provider_without_endpoint_run(
    local: Any, flows: Any, model_server: Any, answers: Any
) -> None:
    server = model_server(answers.says("yes"))
    rule = ModelRule(base_url=server.base_url, model="local-name")
    models = ModelConfig(rules={"openai_api_compatible/gpt-x": rule})
    provider = "langgenius/openai_api_compatible/openai_api_compatible"
    data = flows.question(model={"provider": provider})
    result = local.result(data, {"q": "x"}, models=models)
    assert (result.outputs, result.models) == ({"text": "yes"}, ("local-name",))
    assert server.asked[0]["model"] == "local-name"
