"""Fixtures for local runs: small workflows, a model endpoint on the loopback interface, opened backends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from difyflow.dsl.reader import read_values
from difyflow.records.events import Event, Ping, decode
from difyflow.records.result import Result
from difyflow.run.backends.local import Settings, open_backend
from difyflow.run.backends.local.backend import LocalBackend

Document = dict[str, Any]


def chain(
    *middle: Mapping[str, Any],
    inputs: list[dict[str, Any]] | None = None,
    outputs: Mapping[str, list[str]] | None = None,
    **workflow: Any,
) -> Document:
    """start -> the nodes in order -> end; a node is its data with its `id` among it."""
    start = {"id": "start", "type": "start", "title": "Start", "variables": inputs or []}
    taken = [{"variable": name, "value_selector": selector} for name, selector in (outputs or {}).items()]
    end = {"id": "end", "type": "end", "title": "End", "outputs": taken}
    nodes = [start, *middle, end]
    edges = [
        {"id": f"e{number}", "source": one["id"], "target": two["id"], "sourceHandle": "source"}
        for number, (one, two) in enumerate(pairwise(nodes))
    ]
    return document(nodes, edges, **workflow)


def document(nodes: list[Any], edges: list[Any], *, mode: str = "workflow", **workflow: Any) -> Document:
    """A DSL file's data from node data and edges."""
    return {
        "app": {"name": "Test", "mode": mode},
        "kind": "app",
        "version": workflow.pop("version", "0.5.0"),
        "workflow": {"graph": {"nodes": [_node(data) for data in nodes], "edges": edges}, **workflow},
    }


def _node(data: Mapping[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in data.items() if key not in ("id", "parentId")}
    envelope = {"id": data["id"], "type": "custom", "data": rest}
    return {**envelope, "parentId": data["parentId"]} if "parentId" in data else envelope


def text_input(name: str, **more: Any) -> dict[str, Any]:
    """A variable of the start node."""
    return {"variable": name, "label": name, "type": "paragraph", "required": True, **more}


def llm(node_id: str = "llm", *, prompt: str = "{{#start.q#}}", **more: Any) -> dict[str, Any]:
    """A chat model node that asks one question."""
    model = {"provider": "openai", "name": "gpt-x", "mode": "chat", "completion_params": {}}
    data = {
        "id": node_id,
        "type": "llm",
        "title": "Model",
        "model": {**model, **more.pop("model", {})},
        "prompt_template": [{"role": "user", "text": prompt}],
        "context": {"enabled": False, "variable_selector": []},
    }
    return {**data, **more}


def question(**more: Any) -> Document:
    """start(q) -> llm -> end(text)."""
    return chain(llm(**more), inputs=[text_input("q")], outputs={"text": ["llm", "text"]})


class Local:
    """Opens documents and runs them; closes everything at the end of the test."""

    def __init__(self) -> None:
        self.opened: list[LocalBackend] = []

    def open(self, data: Document, **settings: Any) -> LocalBackend:
        """A backend, with the demo responder unless an endpoint is named."""
        if "model_endpoint" not in settings and "environ" not in settings and "models" not in settings:
            settings["model_endpoint"] = "demo"
        backend = open_backend(data, target="test.yml", form=(), settings=Settings(**settings))
        self.opened.append(backend)
        return backend

    def events(self, data: Document, inputs: Mapping[str, Any] | None = None, **settings: Any) -> list[Event]:
        """All events of one run."""
        return self.run(data, inputs, **settings)[0]

    def run(
        self, data: Document, inputs: Mapping[str, Any] | None = None, *, query: str = "", **settings: Any
    ) -> tuple[list[Event], Result]:
        """The events and the result of one run."""
        run = self.open(data, **settings).start(inputs or {}, user="u1", query=query)
        events = list(run.events())
        return events, run.result()

    def result(self, data: Document, inputs: Mapping[str, Any] | None = None, **settings: Any) -> Result:
        """The result of one run."""
        return self.run(data, inputs, **settings)[1]


@pytest.fixture
def local() -> Iterator[Local]:
    opened = Local()
    yield opened
    for backend in opened.opened:
        backend.close()


@pytest.fixture
def flows() -> Any:
    """The builders of small workflows: `flows.chain`, `flows.llm`, ..."""

    class Flows:
        pass

    for builder in (chain, document, text_input, llm, question):
        setattr(Flows, builder.__name__, staticmethod(builder))
    return Flows


@pytest.fixture
def model_server() -> Iterator[Callable[..., Any]]:
    """`model_server(answer, ...)` starts a model endpoint that answers with these in turn."""
    from loopback.model_server import ModelServer

    servers: list[Any] = []

    def start(*answers: Any) -> Any:
        servers.append(ModelServer(*answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def answers() -> Any:
    """The module with the answers of a model: `answers.says(...)`, `answers.refuses(...)`."""
    from loopback import model_server

    return model_server


@pytest.fixture
def seed(root: Path) -> Document:
    """The founding case, as data."""
    return read_values(root / "tests" / "seed" / "fine-tune-corpus.yml")


@pytest.fixture
def recorded_flow(root: Path) -> Callable[[str], Document]:
    """`recorded_flow("loop")` is the workflow of a recording of Dify 1.12.1."""
    return lambda name: read_values(root / "tests" / "recordings" / "1.12.1" / "inputs" / f"{name}.yml")


@pytest.fixture
def recorded_events(recording: Callable[[str, str], Any]) -> Callable[[str], list[Event]]:
    """`recorded_events("run/loop-streaming")`: what Dify 1.12.1 sent, without its pings."""

    def load(name: str) -> list[Event]:
        frames = [frame for frame in recording("1.12.1", name).events if frame.startswith(b"data:")]
        events = [decode(json.loads(frame[5:])) for frame in frames]
        return [event for event in events if not isinstance(event, Ping)]

    return load
