"""Reads one side of a diff or merge, and says so if a merge is not finished in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from difyflow.build.load import load, locate, read_target
from difyflow.build.source import is_in_history, source_of
from difyflow.dsl.app import App
from difyflow.dsl.reader import Document, read_document
from difyflow.errors import DslError, ReadError

_MARKER: Final = re.compile(rb"(?m)^(<{7}|>{7}) ")


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
        raise _better(err, source_of(target).data) from err


def side_of(data: bytes, name: str) -> Document:
    """The document in some bytes; as `side`."""
    try:
        return read_document(data, name=name)
    except DslError as err:
        raise _better(err, data) from err


def _better(err: DslError, data: bytes) -> DslError:
    """The same error, or one that says that two versions are still in the file."""
    marker = _MARKER.search(data)
    if marker is None:
        return err
    return ReadError(
        "a merge is not finished here: the file holds conflict markers",
        path=err.path,
        line=data.count(b"\n", 0, marker.start()) + 1,
        code="conflict-markers",
        hint="settle it first: git mergetool, or difyflow merge BASE OURS THEIRS -o FILE",
    )
