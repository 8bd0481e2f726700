"""Dify's engine takes what we write: every example it has a model for passes that model."""

from importlib import import_module

import pytest

from difyflow import _catalog, nodes
from difyflow.dsl.app import App, Workflow
from difyflow.dsl.graph import Graph, Node
from difyflow.nodes.assigner import AssignerV1
from difyflow.terms.selector import Selector

pytestmark = pytest.mark.local

MODELS = {
    "answer": "answer.entities:AnswerNodeData",
    "assigner": "variable_assigner.v2.entities:VariableAssignerNodeData",
    "code": "code.entities:CodeNodeData",
    "document-extractor": "document_extractor.entities:DocumentExtractorNodeData",
    "end": "end.entities:EndNodeData",
    "http-request": "http_request.entities:HttpRequestNodeData",
    "human-input": "human_input.entities:HumanInputNodeData",
    "if-else": "if_else.entities:IfElseNodeData",
    "iteration": "iteration.entities:IterationNodeData",
    "iteration-start": "iteration.entities:IterationStartNodeData",
    "list-operator": "list_operator.entities:ListOperatorNodeData",
    "llm": "llm.entities:LLMNodeData",
    "loop": "loop.entities:LoopNodeData",
    "loop-end": "loop.entities:LoopEndNodeData",
    "loop-start": "loop.entities:LoopStartNodeData",
    "parameter-extractor": "parameter_extractor.entities:ParameterExtractorNodeData",
    "question-classifier": "question_classifier.entities:QuestionClassifierNodeData",
    "start": "start.entities:StartNodeData",
    "template-transform": "template_transform.entities:TemplateTransformNodeData",
    "tool": "tool.entities:ToolNodeData",
    "variable-aggregator": "variable_aggregator.entities:VariableAggregatorNodeData",
}


def check(where: str, node: Node) -> None:
    module, _, name = where.partition(":")
    model = getattr(import_module(f"graphon.nodes.{module}"), name)
    app = App(workflow=Workflow(graph=Graph(nodes=(node,))))
    model.model_validate(app.data()["workflow"]["graph"]["nodes"][0]["data"])


@pytest.mark.parametrize("node_type", MODELS)
@pytest.mark.parametrize("version", ["0.1.5", "0.6.0"])
def test_an_example_passes_the_engines_model(node_type: str, version: str) -> None:
    example = _catalog.module(nodes, node_type).EXAMPLE
    check(MODELS[node_type], Node(data=example.with_ids("node").completed(version)))


def test_version_1_of_the_assigner_passes_too() -> None:
    node = AssignerV1(
        assigned_variable_selector=Selector(("conversation", "x")),
        input_variable_selector=Selector(("sys", "query")),
    )
    check("variable_assigner.v1.node_data:VariableAssignerData", Node(data=node.completed("0.1.3")))


def test_a_bare_node_passes_where_an_empty_choice_is_allowed() -> None:
    for node_type in (
        "answer",
        "start",
        "end",
        "template-transform",
        "code",
        "http-request",
        "llm",
        "list-operator",
    ):
        found = _catalog.module(nodes, node_type).NODE()
        check(MODELS[node_type], Node(data=found.with_ids("node").completed("0.6.0")))
