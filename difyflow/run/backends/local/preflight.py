"""Everything that would keep a workflow from running here, found before it runs, as lines of words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphon.graph.edge import Edge
from graphon.graph.graph import Graph
from graphon.graph.validation import get_edge_issues
from pydantic import ValidationError

from difyflow.errors import NotRunnable
from difyflow.run.backends.local.code import CodeRunner
from difyflow.run.backends.local.factory import Factory, node_class
from difyflow.run.backends.local.flow import Flow, FlowNode
from difyflow.run.backends.local.pool import declared_variable
from difyflow.run.backends.local.providers import Endpoint, find_endpoint
from difyflow.run.backends.local.settings import Settings

MODEL_TYPES = ("llm", "question-classifier", "parameter-extractor")
LANGUAGES = ("python3", "javascript")
_MAX_FAULTS = 3  # of one node; the rest is counted

# Why the types that Dify knows do not run here.
_NEEDS_A_SERVER = {
    "agent": "agents run in Dify's plug-in daemon",
    "datasource": "data sources run in Dify's plug-in daemon",
    "datasource-empty": "it is a placeholder of the editor",
    "human-input": "a local run cannot wait for a person",
    "knowledge-index": "knowledge bases live on a Dify server",
    "knowledge-retrieval": "knowledge bases live on a Dify server",
    "start-placeholder": "it is a placeholder of the editor",
    "tool": "tools run in Dify's plug-in daemon",
    "trigger-plugin": "triggers fire on a Dify server",
    "trigger-schedule": "triggers fire on a Dify server",
    "trigger-webhook": "triggers fire on a Dify server",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found.

    Attributes:
        reasons: one line for each thing that is in the way.
        endpoints: by node id, for nodes with a model.
    """

    reasons: tuple[str, ...]
    endpoints: Mapping[str, Endpoint]


def inspect(flow: Flow, settings: Settings, open_code: Callable[[], CodeRunner]) -> Report:
    """Looks at the whole flow; starts nothing but, where there is code, the code runner.

    Raises:
        UsageError: a setting is wrong in itself.
    """
    reasons = list(flow.problems)
    endpoints: dict[str, Endpoint] = {}
    for node in flow.nodes.values():
        found = list(_of_node(node, settings, endpoints))
        reasons += (f"{node}: {reason}" for reason in found)
    reasons += _of_code(flow, open_code)
    reasons += _of_variables(flow, settings)
    if not flow.problems:
        reasons += _of_edges(flow)
    return Report(reasons=tuple(dict.fromkeys(reasons)), endpoints=endpoints)


def build_problem(flow: Flow, factory: Factory) -> str | None:
    """What the engine has against the graph as a whole; None if it takes it."""
    try:
        Graph.init(graph_config=flow.graph_config, node_factory=factory, root_node_id=flow.start_id)
    except (ValueError, TypeError, LookupError) as err:
        return f"graph: {_first_line(err)}"
    return None


def _of_node(node: FlowNode, settings: Settings, endpoints: dict[str, Endpoint]) -> Iterator[str]:
    cls = node_class(node.type, node.data)
    if cls is None:
        yield f"{_NEEDS_A_SERVER.get(node.type, 'difyflow does not know this node type')}; run it on a server"
        return
    try:
        cls.validate_node_data(dict(node.data))
    except ValidationError as err:
        yield from _faults(err, node.data)
    except (ValueError, TypeError) as err:
        yield _first_line(err)
    if node.type in MODEL_TYPES:
        found = _endpoint(node, settings)
        if isinstance(found, str):
            yield found
        else:
            endpoints[node.id] = found


def _endpoint(node: FlowNode, settings: Settings) -> Endpoint | str:
    model = node.data.get("model")
    named = model if isinstance(model, Mapping) else {}
    provider, name = str(named.get("provider") or ""), str(named.get("name") or "")
    if (not provider or not name) and settings.model_endpoint is None:
        return "no model is chosen"
    return find_endpoint(provider, name, settings)


def _faults(err: ValidationError, data: Mapping[str, object]) -> Iterator[str]:
    faults = [_fault(fault, data) for fault in err.errors(include_url=False)]
    faults = list(dict.fromkeys(faults))
    yield from faults[:_MAX_FAULTS]
    if len(faults) > _MAX_FAULTS:
        yield f"and {len(faults) - _MAX_FAULTS} more faults in its data"


def _fault(fault: Mapping[str, Any], data: Mapping[str, object]) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    message = str(fault["msg"])
    if fault["type"] == "missing":
        advice = _ADVICE.get(place, "Dify's engine needs it")
        return f"`{place}` is missing; {advice}"
    if place == "code_language":
        return f"`code_language` is {data.get(place)!r}; Dify takes 'python3' or 'javascript'"
    value = fault.get("input")
    shown = "" if isinstance(value, Mapping | list) else f" (it is {value!r})"
    return f"`{place or 'data'}`: {message}{shown}"


_ADVICE = {"context": "add `context: {enabled: false, variable_selector: []}`"}


def _of_code(flow: Flow, open_code: Callable[[], CodeRunner]) -> Iterator[str]:
    """Code that the chosen runner does not take; the runner is opened only if there is code."""
    nodes = list(flow.of_type("code"))
    if not nodes:
        return
    try:
        runner = open_code()
    except NotRunnable as err:
        why = "; ".join([err.message, *err.reasons, *([err.hint] if err.hint else [])])
        yield f"{'; '.join(str(node) for node in nodes)}: {why}"
        return
    for node in nodes:
        language = str(node.data.get("code_language"))
        problem = runner.supports(language) if language in LANGUAGES else None
        if problem is not None:
            yield f"{node}: {problem}"


def _of_variables(flow: Flow, settings: Settings) -> Iterator[str]:
    for entry in flow.environment:
        try:
            declared_variable(entry, "env", settings.environment_variables.get(str(entry.get("name"))))
        except ValueError as err:
            yield f"environment variable {entry.get('name')!r}: {_first_line(err)}"
    for entry in flow.conversation if flow.is_chat else ():
        try:
            declared_variable(entry, "conversation")
        except ValueError as err:
            yield f"conversation variable {entry.get('name')!r}: {_first_line(err)}"


def _of_edges(flow: Flow) -> Iterator[str]:
    edges = flow.graph_config["edges"]
    built = [
        Edge(id=edge["id"], tail=edge["source"], head=edge["target"], source_handle=edge["sourceHandle"])
        for edge in (edges if isinstance(edges, list) else [])
    ]
    for issue in get_edge_issues(dict.fromkeys(flow.nodes, ""), built):
        yield f"graph: {issue.message.replace(repr(''), 'of the workflow')}"


def _first_line(err: Exception) -> str:
    text = str(err).strip() or type(err).__name__
    return text.split("\n", 1)[0]
