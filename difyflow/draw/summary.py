"""What an app is, on one screen: inputs, outputs, nodes in the order of a run, models, plugins, variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from difyflow.draw._names import drawn, way_label
from difyflow.draw.text import one_line, readable
from difyflow.dsl.app import App, Dependency, Variable
from difyflow.dsl.graph import Edge, Graph, Node
from difyflow.dsl.nesting import nesting, run_order
from difyflow.nodes._base import NOTE_ENVELOPE
from difyflow.terms.form import FILE_TYPES, FormField
from difyflow.terms.selector import Selector

_SOURCE = 160
"""Characters of the text that an output is made of."""
_MODEL_KEYS = (
    ("provider", "model"),
    ("embedding_model_provider", "embedding_model"),
    ("embedding_provider_name", "embedding_model_name"),
    ("reranking_provider_name", "reranking_model_name"),
    ("model_provider_name", "model_name"),
)
"""Pairs of keys that name a model, besides `provider` and `name` of a node's own model (dsl.md 5.3)."""


@dataclass(frozen=True, slots=True)
class InputLine:
    """An input; `rules` in words, such as `at most 48 characters`."""

    variable: str
    label: str
    type: str
    required: bool
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutputLine:
    """What the app puts out: `source` is a reference by title, or a text with such references."""

    name: str
    type: str
    source: str
    node: str


@dataclass(frozen=True, slots=True)
class Feed:
    """An edge: label of the way out (empty for the plain one), id and title of the target."""

    way: str
    node: str
    title: str


@dataclass(frozen=True, slots=True)
class NodeLine:
    """A node; `depth` counts the containers around it."""

    id: str
    type: str
    title: str
    depth: int
    feeds: tuple[Feed, ...]


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A model and the ids of the nodes that use it; no ids in apps without a graph."""

    provider: str
    name: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VariableLine:
    """An environment or conversation variable; the value of a secret is never here."""

    name: str
    type: str
    secret: bool
    value: object


@dataclass(frozen=True, slots=True)
class Summary:
    """Of one app. `problems` are values that do not fit their field."""

    name: str
    kind: str
    mode: str
    version: str
    description: str
    inputs: tuple[InputLine, ...]
    outputs: tuple[OutputLine, ...]
    nodes: tuple[NodeLine, ...]
    notes: int
    models: tuple[ModelLine, ...]
    plugins: tuple[str, ...]
    environment_variables: tuple[VariableLine, ...]
    conversation_variables: tuple[VariableLine, ...]
    problems: tuple[str, ...]


def summarize(app: App) -> Summary:
    """The summary of an app of any kind and mode; secrets are left out."""
    workflow = app.workflow
    nodes = _nodes(app.graph)
    return Summary(
        name=app.name,
        kind=app.kind or "app",
        mode=app.mode,
        version=app.version or "",
        description=app.app.description if app.app else "",
        inputs=tuple(_input(item) for item in _form(app)),
        outputs=tuple(_outputs(app.graph, [line.id for line in nodes])),
        nodes=nodes,
        notes=sum(node.type == NOTE_ENVELOPE for node in app.nodes),
        models=_models(app),
        plugins=tuple(_plugin(item) for item in app.dependencies or ()),
        environment_variables=tuple(map(_variable, workflow.environment_variables if workflow else ())),
        conversation_variables=tuple(map(_variable, workflow.conversation_variables if workflow else ())),
        problems=tuple(_problems(app)),
    )


def _form(app: App) -> tuple[FormField, ...]:
    """The inputs of the start node, or of an app without a graph (`user_input_form`)."""
    if app.workflow is not None or app.app_model_config is None:
        return app.form()
    given = app.app_model_config.get("user_input_form")
    pairs = [pair for item in _list(given) if isinstance(item, Mapping) for pair in item.items()]
    return tuple(
        FormField(
            variable=str(item.get("variable") or ""),
            type=str(kind),
            label=str(item.get("label") or ""),
            required=bool(item.get("required")),
            max_length=length if isinstance(length := item.get("max_length"), int) else None,
            options=tuple(str(option) for option in _list(item.get("options"))),
            default=item.get("default") or None,
        )
        for kind, item in pairs
        if isinstance(item, Mapping)
    )


def _list(value: object) -> Iterable[object]:
    return value if isinstance(value, list | tuple) else ()


def _input(item: FormField) -> InputLine:
    return InputLine(item.variable, item.label, item.type, item.required, tuple(_rules(item)))


def _rules(item: FormField) -> Iterator[str]:
    unit = {"file-list": "files", "text-input": "characters", "paragraph": "characters"}.get(item.type)
    if item.max_length is not None and unit:
        yield f"at most {item.max_length} {unit}"
    if item.options:
        yield f"one of: {', '.join(item.options)}"
    if item.type in FILE_TYPES:
        kinds = [kind for kind in item.allowed_file_types if kind != "custom"]
        if "custom" in item.allowed_file_types:
            kinds += item.allowed_file_extensions
        if kinds:
            yield ", ".join(kinds)
    if item.default not in (None, ""):
        yield f"default: {item.default}"


def _nodes(graph: Graph) -> tuple[NodeLine, ...]:
    whole, inside = drawn(graph), nesting(graph, by_flags=True)
    feeds: dict[int, list[Feed]] = {}
    for edge, source, target in sorted(whole.edges, key=lambda found: _rank(graph.nodes[found[1]], found[0])):
        feed = Feed(way_label(graph.nodes[source], edge.sourceHandle), edge.target, whole.title(target))
        feeds.setdefault(source, []).append(feed)
    return tuple(
        NodeLine(
            id=graph.nodes[index].id,
            type=graph.nodes[index].data.type,
            title=whole.title(index),
            depth=len(inside.ancestors(index)) - 1,
            feeds=tuple(feeds.get(index, ())),
        )
        for index in run_order(graph)
        if not whole.is_note(index)
    )


def _rank(node: Node, edge: Edge) -> int:
    """Place of an edge's handle among those of its source; the last for a handle that is none."""
    ways = [way.id for way in node.data.source_handles()]
    return ways.index(edge.sourceHandle) if edge.sourceHandle in ways else len(ways)


def _outputs(graph: Graph, ids: Iterable[str]) -> Iterator[OutputLine]:
    by_id = {node.id: node for node in graph.nodes}

    def title(node_id: str) -> str:
        return by_id[node_id].data.title if node_id in by_id else node_id

    for node_id in ids:
        for name, source in by_id[node_id].data.app_outputs():
            kind = "string"
            if isinstance(source, Selector):
                made = by_id[source.node_id].data.all_outputs() if source.node_id in by_id else ()
                kind = next((str(var.type) for var in made if var.name == source.variable), "any")
            said = one_line(readable(source, title))
            said = said if len(said) <= _SOURCE else f"{said[:_SOURCE]}…"
            yield OutputLine(name, kind, said, node_id)


def _models(app: App) -> tuple[ModelLine, ...]:
    """Every model that is named, in the order in which it is first used."""
    users: dict[tuple[str, str], dict[str, None]] = {}
    for index in run_order(app.graph):
        node = app.nodes[index]
        for model in _models_in(node.data.dump()):
            users.setdefault(model, {})[node.id] = None
    for model in _models_in(app.app_model_config):
        users.setdefault(model, {})
    return tuple(ModelLine(*model, tuple(nodes)) for model, nodes in users.items())


def _models_in(value: object) -> Iterator[tuple[str, str]]:
    """Provider and name of the models in plain data, found by the keys that name them."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            own = ("provider", "name") if "completion_params" in part or "mode" in part else ("", "")
            for provider, name in (own, *_MODEL_KEYS):
                found = part.get(provider), part.get(name)
                if isinstance(found[0], str) and isinstance(found[1], str) and all(found):
                    yield found[0], found[1]
            waiting += reversed(list(part.values()))
        elif isinstance(part, list | tuple):
            waiting += reversed(part)


def _plugin(item: Dependency) -> str:
    """Its identifier as the file has it."""
    found = [value for key, value in item.value.items() if key.endswith("unique_identifier")]
    name = next(
        (value for value in (*found, item.current_identifier) if isinstance(value, str) and value), "?"
    )
    return f"{name} ({item.type})"


def _variable(item: Variable) -> VariableLine:
    secret = item.value_type == "secret"
    return VariableLine(item.name, item.value_type, secret, None if secret else item.value)


def _problems(app: App) -> Iterator[str]:
    for problem in app.problems():
        match problem.path:
            case ("workflow", "graph", "nodes", int(index), *rest) if index < len(app.nodes):
                node = app.nodes[index]
                where = f'node "{one_line(node.data.title)}" ({node.id}): {".".join(map(str, rest))}'
            case path:
                where = ".".join(map(str, path))
        yield f"{where}: {problem.message}"
