"""The DSL document: read, model, render.

The names are loaded on first use: whoever needs only the text of a file does not wait for the model.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from difyflow.dsl.app import App, AppInfo, Dependency, Variable, Workflow
    from difyflow.dsl.features import Features
    from difyflow.dsl.graph import Edge, EdgeData, Graph, Node, Position, Viewport
    from difyflow.dsl.reader import Document, read, read_document, read_file

_HOME = {
    "App": "app",
    "AppInfo": "app",
    "Dependency": "app",
    "Document": "reader",
    "Edge": "graph",
    "EdgeData": "graph",
    "Features": "features",
    "Graph": "graph",
    "Node": "graph",
    "Position": "graph",
    "Variable": "app",
    "Viewport": "graph",
    "Workflow": "app",
    "read": "reader",
    "read_document": "reader",
    "read_file": "reader",
}

__all__ = [
    "App",
    "AppInfo",
    "Dependency",
    "Document",
    "Edge",
    "EdgeData",
    "Features",
    "Graph",
    "Node",
    "Position",
    "Variable",
    "Viewport",
    "Workflow",
    "read",
    "read_document",
    "read_file",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
