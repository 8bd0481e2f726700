"""What an app is, as values."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given as forall

import difyflow
import graphs as given
from difyflow import Flow
from difyflow.draw.summary import Feed, InputLine, ModelLine, OutputLine, VariableLine, summarize
from difyflow.errors import ReadError
from difyflow.nodes.agent import Agent, model, parameters
from difyflow.nodes.end import End, outputs
from difyflow.nodes.knowledge_retrieval import KnowledgeRetrieval, reranked
from difyflow.nodes.start import Start, file, text


def test_the_founding_case(founding):
    found = summarize(founding)
    assert (found.name, found.mode, found.version) == ("Fine-tune 语料构造器", "workflow", "0.1.5")
    assert found.inputs[0] == InputLine(
        "attachments", "语料文件", "file-list", required=True, rules=("at most 10 files", "document")
    )
    assert found.outputs == (OutputLine("text", "string", "LLM/text", "1735807769820"),)
    assert [line.type for line in found.nodes] == ["start", "document-extractor", "code", "llm", "end"]
    assert found.nodes[0].feeds == (Feed("", "1735807758092", "文档提取器"),)
    assert found.models == (ModelLine("siliconflow", "Qwen/Qwen2.5-72B-Instruct-128K", ("1735807764975",)),)
    assert found.notes == 2
    assert found.problems == ()


def test_branches_containers_and_variables(branches):
    found = summarize(branches)
    by_id = {line.id: line for line in found.nodes}
    assert [feed.way for feed in by_id["route"].feeds] == ["Geld zurück", "Alles andere"]
    assert [feed.way for feed in by_id["fetch"].feeds] == ["", "fail-branch"]
    assert (by_id["each"].depth, by_id["sum_up"].depth) == (0, 1)
    assert by_id["sum_up"].title == "Zusammenfassen und kürzen"
    assert [(line.name, line.source) for line in found.outputs] == [
        ("answer", "Hier: {Je Teil/output}"),
        ("answer", "Das ging nicht."),
    ]
    assert [line.rules for line in found.inputs] == [
        ("at most 48 characters",),
        ("one of: kurz, lang",),
        ("default: 3",),
    ]
    assert found.plugins == ("langgenius/openai:0.2.6@abc (marketplace)",)
    (topics,) = found.conversation_variables
    assert (topics.name, topics.type, list(topics.value)) == ("topics", "array[string]", ["a", "b"])


def test_the_value_of_a_secret_is_nowhere(branches):
    found = summarize(branches)
    assert found.environment_variables[0] == VariableLine("TOKEN", "secret", secret=True, value=None)
    assert "s3cret" not in json.dumps(asdict(found), default=str)


def test_models_of_agents_and_of_reranking_are_found():
    flow = Flow("x")
    brain = model("langgenius/openai/openai", "gpt-4o")
    flow.add(Agent(agent_parameters=parameters(query="hi", model=brain)), id="agent")
    rerank = reranked("langgenius/cohere/cohere", "rerank-3")
    flow.add(KnowledgeRetrieval(multiple_retrieval_config=rerank), id="search")
    assert summarize(flow.build()).models == (
        ModelLine("langgenius/openai/openai", "gpt-4o", ("agent",)),
        ModelLine("langgenius/cohere/cohere", "rerank-3", ("search",)),
    )


def test_an_output_has_the_type_of_what_it_names():
    flow = Flow("x")
    start = flow.add(Start(variables=(file("doc", "Doc"), text("said", "Said"))))
    end = flow.add(End(outputs=outputs(doc=start.doc, said=start.said, who=flow.sys("user_id"))))
    start >> end
    found = summarize(flow.build()).outputs
    assert [(line.name, line.type, line.source) for line in found] == [
        ("doc", "file", "Start/doc"),
        ("said", "string", "Start/said"),
        ("who", "any", "sys/user_id"),
    ]


def test_an_app_without_a_graph_shows_its_form_and_model():
    found = summarize(
        difyflow.read(
            """
app: {mode: chat, name: Chat}
kind: app
version: 0.1.5
model_config:
  model: {provider: openai, name: gpt-4, mode: chat, completion_params: {}}
  user_input_form:
  - text-input: {variable: who, label: Who, required: true, max_length: 20}
  - select: {variable: how, label: How, required: false, options: [a, b]}
  - broken
"""
        )
    )
    assert [line.variable for line in found.inputs] == ["who", "how"]
    assert found.inputs[0].rules == ("at most 20 characters",)
    assert found.models == (ModelLine("openai", "gpt-4", ()),)
    assert found.nodes == ()


def test_a_value_that_does_not_fit_is_a_problem_with_its_node():
    found = summarize(
        difyflow.read(
            """
app: {mode: workflow, name: x}
kind: app
version: 0.1.5
workflow:
  graph:
    nodes:
    - {id: '1', type: custom, data: {type: llm, title: Ask, model: 3}}
    edges: []
"""
        )
    )
    (problem,) = found.problems
    assert problem.startswith('node "Ask" (1): data.model: ')


@pytest.mark.long
@forall(given.graphs())
def test_any_graph_has_a_summary_that_json_can_hold(graph):
    found = summarize(given.app(graph))
    assert json.dumps(asdict(found), default=str)
    assert len(found.nodes) + found.notes == len(graph.nodes)


@pytest.mark.long
def test_every_app_of_the_corpus_has_a_summary(corpus_dir):
    for path in sorted((corpus_dir / "dsl").glob("*.yml")):
        try:
            app = difyflow.read(path.read_bytes())
        except ReadError:
            continue
        found = summarize(app)
        assert json.dumps(asdict(found), default=str), path.name
        assert len(found.nodes) + found.notes == len(app.nodes)


def test_a_list_of_nodes_that_holds_something_else_is_a_problem_by_its_place():
    app = difyflow.read("app: {name: x, mode: workflow}\nworkflow: {graph: {nodes: [~, {id: a}]}}\n")
    assert summarize(app).problems[0].startswith("workflow.graph.nodes.0: ")
