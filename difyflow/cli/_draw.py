"""Joins layout, drawing and page for the command `draw`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from difyflow import _catalog
from difyflow.draw import formats
from difyflow.dsl.app import App
from difyflow.dsl.graph import Graph
from difyflow.errors import UsageError
from difyflow.layout import place, place_missing

_SUFFIXES = {"mmd": "mermaid", "gv": "dot", "htm": "html"}


def kind_of(file: str | None, names: Sequence[str]) -> str:
    """The format that a file's name asks for; svg if it asks for none."""
    suffix = PurePath(file or "").suffix.lower().removeprefix(".")
    suffix = _SUFFIXES.get(suffix, suffix)
    return suffix if suffix in names else "svg"


def graph_of(app: App) -> Graph:
    """The graph.

    Raises:
        UsageError: an app of a mode without one.
    """
    if app.workflow is None:
        raise UsageError(
            f"{app.name!r} is an app of mode {app.mode!r}, and only workflows and chatflows have a canvas",
            code="no-graph",
        )
    return app.workflow.graph


def with_graph(app: App, graph: Graph) -> App:
    """A copy with another graph."""
    if app.workflow is None or graph is app.workflow.graph:
        return app
    return app.model_copy(update={"workflow": app.workflow.model_copy(update={"graph": graph})})


def drawing(app: App, kind: str, *, organize: bool) -> str:
    """An app drawn in a format.

    Args:
        app: its nodes without a position are given one.
        kind: name of a file in `difyflow/draw/formats/`, or `html`.
        organize: whether all others are given a new one too.

    Raises:
        UsageError: there is no graph.
    """
    graph = graph_of(app)
    app = with_graph(app, place(graph) if organize else place_missing(graph))
    if kind == "html":
        from difyflow.pages.canvas import canvas

        return canvas(app)
    text: str = _catalog.module(formats, kind).draw(app)
    return text
