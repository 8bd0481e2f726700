"""Joins layout, drawing and page for the command `draw`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from difyflow import _catalog
from difyflow.draw import formats
from difyflow.dsl.app import App
from difyflow.errors import UsageError
from difyflow.layout import place, place_missing

_SUFFIXES = {"mmd": "mermaid", "gv": "dot", "htm": "html"}


def kind_of(file: str | None, names: Sequence[str]) -> str:
    """The format that a file's name asks for; svg if it asks for none."""
    suffix = PurePath(file or "").suffix.lower().removeprefix(".")
    suffix = _SUFFIXES.get(suffix, suffix)
    return suffix if suffix in names else "svg"


def drawing(app: App, kind: str, *, organize: bool) -> str:
    """An app drawn in a format.

    Args:
        app: its nodes without a position are given one.
        kind: name of a file in `difyflow/draw/formats/`, or `html`.
        organize: whether all others are given a new one too.

    Raises:
        UsageError: there is no graph.
    """
    workflow = app.workflow
    if workflow is None:
        raise UsageError(
            f"{app.name!r} is an app of mode {app.mode!r}, and only workflows and chatflows have a canvas",
            code="no-graph",
        )
    graph = place(workflow.graph) if organize else place_missing(workflow.graph)
    if graph is not workflow.graph:
        app = app.model_copy(update={"workflow": workflow.model_copy(update={"graph": graph})})
    if kind == "html":
        from difyflow.pages.canvas import canvas

        return canvas(app)
    text: str = _catalog.module(formats, kind).draw(app)
    return text
