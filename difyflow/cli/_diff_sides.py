"""Reads one side of a diff or merge, and says so if a merge is not finished in it."""

from __future__ import annotations

from pathlib import Path

from difyflow.build.load import load, locate, read_target
from difyflow.build.source import is_in_history, source_of
from difyflow.dsl.app import App
from difyflow.dsl.reader import Document, read_document
from difyflow.errors import DslError
from difyflow.git.marks import unfinished


def side(target: str) -> Document | App:
    """The document behind a target; an `App` for a `flow.py`, which has no text.

    Raises:
        DslError, BuildError: it cannot be read; conflict markers in it are told as such.
    """
    if target != "-" and not is_in_history(target) and locate(Path(target)).suffix == ".py":
        return load(target)
    try:
        return read_target(target)
    except DslError as err:
        if target == "-" or err.code in ("not-found", "too-large"):
            raise
        raise unfinished(source_of(target).data, err.path) or err from err


def side_of(data: bytes, name: str) -> Document:
    """The document in some bytes; as `side`."""
    try:
        return read_document(data, name=name)
    except DslError as err:
        raise unfinished(data, err.path) or err from err
