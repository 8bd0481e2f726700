"""The DSL document: read, model, render."""

from difyflow.dsl.app import App, AppInfo, Dependency, Variable, Workflow
from difyflow.dsl.features import Features
from difyflow.dsl.graph import Edge, EdgeData, Graph, Node, Position, Viewport
from difyflow.dsl.reader import Document, read, read_document, read_file

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
