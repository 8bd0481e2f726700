"""Git's marks of a conflict in a file."""

from __future__ import annotations

from difyflow.errors import ReadError

_MARKS = (b"\n<<<<<<< ", b"\n>>>>>>> ")


def unfinished(data: bytes, name: str | None) -> ReadError | None:
    """The error of a file in which a merge is not finished; None if it holds no marks."""
    text = b"\n" + data
    found = [at for mark in _MARKS if (at := text.find(mark)) >= 0]
    if not found:
        return None
    return ReadError(
        "a merge is not finished here: the file holds conflict markers",
        path=name,
        line=text.count(b"\n", 0, min(found)) + 1,
        code="conflict-markers",
        hint="settle it first: git mergetool, or difyflow merge BASE OURS THEIRS -o FILE",
    )
