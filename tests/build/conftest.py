"""Documents made by hand, and their way through Python and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import difyflow
from difyflow.build.decompile import decompile
from difyflow.dsl import _yaml
from difyflow.dsl.app import App

Data = dict[str, Any]


@pytest.fixture
def node() -> Callable[..., Data]:
    """`node("llm", "n1", title="LLM", ...)` is a node as a file has it."""

    def make(kind: str, id: str, *, envelope: str = "custom", parent: str | None = None, **data: Any) -> Data:
        found = {"type": kind, "title": kind, **data}
        made: Data = {"data": found, "id": id, "position": {"x": 1, "y": 2.5}, "type": envelope}
        return made if parent is None else {**made, "parentId": parent}

    return make


@pytest.fixture
def edge() -> Callable[..., Data]:
    """`edge("a", "b", "true")` is an edge as a file has it."""

    def make(source: str, target: str, handle: str = "source", **more: Any) -> Data:
        ends = {"source": source, "sourceHandle": handle, "target": target, "targetHandle": "target"}
        return {"id": f"{source}-{handle}-{target}-target", **ends, "type": "custom", **more}

    return make


@pytest.fixture
def document() -> Callable[..., App]:
    """`document(nodes, edges, mode="workflow")` is a document that was read from its text."""

    def make(
        nodes: Iterable[Data],
        edges: Iterable[Data] = (),
        *,
        mode: str = "workflow",
        name: str = "x",
        **more: Any,
    ) -> App:
        graph = {"edges": list(edges), "nodes": list(nodes), "viewport": {"x": 0, "y": 0, "zoom": 1}}
        data: Data = {
            "app": {"name": name, "mode": mode, "icon": "🤖", "icon_background": "#FFEAD5"},
            "kind": "app",
            "version": "0.3.0",
            "workflow": {"graph": graph, "features": {}, **more},
        }
        return difyflow.read(_yaml.dump(data))

    return make


@pytest.fixture
def through_python(tmp_path: Path) -> Callable[[App], str]:
    """Writes a document as Python, loads that, and gives what it renders."""

    def go(app: App) -> str:
        for name, text in decompile(app).files.items():
            path = tmp_path / "flow" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return difyflow.load(tmp_path / "flow").render()

    return go
