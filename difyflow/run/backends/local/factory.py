"""Builds the engine's nodes: which class a type has, and which of our adapters it gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphon.entities.base_node_data import BaseNodeData
from graphon.entities.graph_config import NodeConfigDict
from graphon.enums import NodeExecutionType
from graphon.nodes.answer.answer_node import AnswerNode
from graphon.nodes.base.node import Node
from graphon.nodes.code.code_node import CodeNode
from graphon.nodes.code.limits import CodeNodeLimits
from graphon.nodes.end.end_node import EndNode
from graphon.nodes.http_request.config import build_http_request_config
from graphon.nodes.http_request.node import HttpRequestNode, HttpRequestNodeDependencies
from graphon.nodes.if_else.if_else_node import IfElseNode
from graphon.nodes.iteration.iteration_node import IterationNode
from graphon.nodes.iteration.iteration_start_node import IterationStartNode
from graphon.nodes.list_operator.node import ListOperatorNode
from graphon.nodes.llm.node import LLMNode
from graphon.nodes.loop.loop_end_node import LoopEndNode
from graphon.nodes.loop.loop_node import LoopNode
from graphon.nodes.loop.loop_start_node import LoopStartNode
from graphon.nodes.parameter_extractor.parameter_extractor_node import ParameterExtractorNode
from graphon.nodes.question_classifier.question_classifier_node import QuestionClassifierNode
from graphon.nodes.start.start_node import StartNode
from graphon.nodes.template_transform.template_transform_node import TemplateTransformNode
from graphon.nodes.variable_aggregator.variable_aggregator_node import VariableAggregatorNode
from graphon.nodes.variable_assigner.v1.node import VariableAssignerNode as AssignerV1
from graphon.nodes.variable_assigner.v2.node import VariableAssignerNode as AssignerV2
from graphon.runtime.init_params import InitParams
from graphon.runtime.runtime_state import RuntimeState

from difyflow.run.backends.local.adapters import (
    CodeAdapter,
    DocumentNode,
    DocumentReader,
    History,
    PromptList,
)
from difyflow.run.backends.local.files import RunFiles
from difyflow.run.backends.local.http import NodeHttpClient
from difyflow.run.backends.local.models import LocalModel
from difyflow.run.backends.local.template import SandboxedTemplates

NodeClass = type[Node[Any]]

_CLASSES: Mapping[str, NodeClass] = {
    "answer": AnswerNode,
    "assigner": AssignerV2,
    "code": CodeNode,
    "document-extractor": DocumentNode,
    "end": EndNode,
    "http-request": HttpRequestNode,
    "if-else": IfElseNode,
    "iteration": IterationNode,
    "iteration-start": IterationStartNode,
    "list-operator": ListOperatorNode,
    "llm": LLMNode,
    "loop": LoopNode,
    "loop-end": LoopEndNode,
    "loop-start": LoopStartNode,
    "parameter-extractor": ParameterExtractorNode,
    "question-classifier": QuestionClassifierNode,
    "start": StartNode,
    "template-transform": TemplateTransformNode,
    "variable-aggregator": VariableAggregatorNode,
}
_HTTP_LIMITS = build_http_request_config()


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the nodes of one run work with.

    Attributes:
        model: makes the model of a node from its id and its `model` mapping.
        code: None in a flow without code.
        documents: None = documents are read with the engine's own extractor.
        max_text: characters that a template may give.
    """

    files: RunFiles
    http: NodeHttpClient
    templates: SandboxedTemplates
    model: Callable[[str, Mapping[str, Any]], LocalModel]
    code: CodeAdapter | None
    code_limits: CodeNodeLimits
    documents: DocumentReader | None
    max_text: int
    history: History | None = None


def node_class(kind: str, data: Mapping[str, object], *, own_documents: bool = True) -> NodeClass | None:
    """The class of a node type; None if there is none that runs here."""
    if kind == "assigner" and "items" not in data:
        return AssignerV1
    if kind == "document-extractor" and not own_documents:
        from graphon.nodes.document_extractor.node import DocumentExtractorNode  # loads pandas

        return DocumentExtractorNode
    return _CLASSES.get(kind)


@dataclass(frozen=True, slots=True)
class Factory:
    """The engine's `NodeFactory`; containers make a copy of it for every round."""

    services: Services
    init_params: InitParams
    runtime_state: RuntimeState

    def with_runtime_state(self, runtime_state: RuntimeState) -> Factory:
        """The same for another frame."""
        return replace(self, runtime_state=runtime_state)

    def with_graph_config(self, graph_config: Mapping[str, Any]) -> Factory:
        """The same for the graph of one container."""
        params = self.init_params.model_copy(update={"graph_config": graph_config})
        return replace(self, init_params=params)

    def validate_node(self, node_config: NodeConfigDict) -> NodeExecutionType:
        """Checks node data against its model; makes nothing."""
        data = _plain(node_config["data"])
        cls = self._class(data)
        cls.validate_node_data(data)
        return cls.execution_type

    def create_node(self, node_config: NodeConfigDict) -> Node[Any]:
        """A node with its adapters."""
        data, node_id = _plain(node_config["data"]), node_config["id"]
        cls = self._class(data)
        adapters = _ADAPTERS.get(str(data["type"]), _none)
        return cls(
            node_id=node_id,
            data=cls.validate_node_data(data),
            init_params=self.init_params,
            runtime_state=self.runtime_state,
            **adapters(self.services, node_id, data),
        )

    def _class(self, data: Mapping[str, Any]) -> NodeClass:
        own = self.services.documents is not None
        cls = node_class(str(data["type"]), data, own_documents=own)
        if cls is None:
            raise ValueError(f"no class for node type {data['type']!r}")
        return cls


def _plain(data: BaseNodeData | Mapping[str, Any]) -> dict[str, Any]:
    # Only what the file says: a default written out could hide an old field.
    return data.model_dump(exclude_unset=True) if isinstance(data, BaseNodeData) else dict(data)


Adapters = dict[str, Any]


def _none(_services: Services, _node_id: str, _data: Mapping[str, Any]) -> Adapters:
    return {}


def _code(services: Services, _node_id: str, _data: Mapping[str, Any]) -> Adapters:
    return {"code_executor": services.code, "code_limits": services.code_limits}


def _template(services: Services, _node_id: str, _data: Mapping[str, Any]) -> Adapters:
    return {"jinja2_template_renderer": services.templates, "max_output_length": services.max_text}


def _extractor(services: Services, _node_id: str, _data: Mapping[str, Any]) -> Adapters:
    own = services.documents
    return {"http_client": services.http} if own is None else {"reader": own}


def _http(services: Services, _node_id: str, _data: Mapping[str, Any]) -> Adapters:
    dependencies = HttpRequestNodeDependencies(
        tool_file_manager_factory=lambda: services.files,
        file_manager=services.files,
        file_reference_factory=services.files,
        http_client=services.http,
    )
    return {"http_request_config": _HTTP_LIMITS, "dependencies": dependencies}


def _model(services: Services, node_id: str, data: Mapping[str, Any]) -> Adapters:
    return {
        "model_instance": services.model(node_id, data["model"]),
        "prompt_message_serializer": PromptList(),
        "memory": services.history if data.get("memory") else None,
    }


def _llm(services: Services, node_id: str, data: Mapping[str, Any]) -> Adapters:
    return {
        **_model(services, node_id, data),
        "llm_file_saver": services.files,
        "jinja2_template_renderer": services.templates,
        "default_query_selector": ("sys", "query"),
    }


def _classifier(services: Services, node_id: str, data: Mapping[str, Any]) -> Adapters:
    return {
        **_model(services, node_id, data),
        "llm_file_saver": services.files,
        "template_renderer": services.templates,
    }


_ADAPTERS: Mapping[str, Callable[[Services, str, Mapping[str, Any]], Adapters]] = {
    "code": _code,
    "document-extractor": _extractor,
    "http-request": _http,
    "llm": _llm,
    "parameter-extractor": _model,
    "question-classifier": _classifier,
    "template-transform": _template,
}
