"""Writes a document back to where it came from: a file, or a folder made by `difyflow split`.

Of a folder, only the files that are concerned are written: texts keep the files that they have, and of a part
that changes, what does not change keeps its spelling and its comments.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from difyflow.build import folder
from difyflow.build.source import APP_FILE, folder_reader, is_split
from difyflow.dsl import _yaml
from difyflow.dsl.canonical import canonical
from difyflow.dsl.reader import read_document
from difyflow.errors import CannotEdit, UsageError
from difyflow.records.files import write_whole


def write_back(path: Path, text: str, *, encoding: str = "utf-8", reformat: bool = False) -> tuple[Path, ...]:
    """Makes a file, or a folder made by `split`, hold a document.

    Args:
        path: a file, a folder with an `app.yml`, or a folder made by `split`; links are followed.
        text: the document.
        encoding: of a file.
        reformat: write the parts of a folder that change anew where their text does not take it.

    Returns:
        The files that were written or removed.

    Raises:
        CannotEdit: a part of a folder that changes holds a comment that would be lost.
        UsageError: it cannot be written, or is another folder.
    """
    if is_split(path):
        return write_files(path, changes(folder_reader(path), text, name=str(path), reformat=reformat))
    if path.is_dir() and not (path / APP_FILE).is_file():
        raise UsageError(
            "is a folder that holds no document", path=str(path), code="is-a-folder",
            hint="name a file, or make the folder with: difyflow split",
        )  # fmt: skip
    file = path / APP_FILE if path.is_dir() else path
    write_whole(file, text.encode(encoding))
    return (file,)


def changes(
    read: folder.Reader, text: str, *, name: str, anew: bool = False, reformat: bool = False
) -> dict[str, bytes | None]:
    """What must be written for a folder to hold a document: by path in it a file, None for one that goes.

    Args:
        read: gives the folder's files.
        text: the document.
        name: of the folder, for messages.
        anew: also write files whose content stays in the form that `split` gives them.
        reformat: comments in the parts that are written may be lost.

    Raises:
        ReadError: the folder, or the text, cannot be read.
        CannotEdit: a comment would be lost.
    """
    before = folder.held(read, name=name)
    old = read_document(canonical(before.data), name=name)
    new = read_document(text, name=name)
    named = _renumbered(before.named, old.source.data, new.source.data)
    wanted = folder.split(new.app, named)
    gone = {item: None for item in folder.files_of(read, name=name) if item not in wanted}
    if anew:
        return {**_anew(read, wanted, name, reformat=reformat), **gone}
    was = folder.split(old.app, before.named)
    touched = {item: data for item, data in wanted.items() if was.get(item) != data}
    for chosen in (touched, wanted):
        made = {item: _respelled(read, item, data, name, reformat=reformat) for item, data in chosen.items()}
        found: dict[str, bytes | None] = {item: data for item, data in made.items() if read(item) != data}
        found |= gone
        if _holds(read, found, new.source.data, name):
            return found
    raise CannotEdit(
        "the folder does not take the change", path=name, code="not-kept",
        hint=f"split it anew: difyflow join {name} | difyflow split - NEW",
    )  # fmt: skip


def write_files(place: Path, files: Mapping[str, bytes | None]) -> tuple[Path, ...]:
    """Writes files of a folder, removes those that are None, and then folders of texts that are empty.

    Raises:
        UsageError: one cannot be written.
    """
    for name, data in files.items():
        if data is not None:
            put(place / name, data)
    for name, data in files.items():
        if data is None:
            (place / name).unlink(missing_ok=True)
    for inside in folder.FOLDERS:
        with contextlib.suppress(OSError):  # it holds files, or is not there
            (place / inside).rmdir()
    return tuple(place / name for name in files)


def put(path: Path, data: bytes) -> None:
    """Writes a file, in a new folder if there is none.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as err:
        raise UsageError(
            f"cannot be written: {err.strerror or err}", path=str(path.parent), code="not-writable"
        ) from err
    write_whole(path, data)


def _renumbered(named: Mapping[folder.Path, str], old: Any, new: Any) -> dict[folder.Path, str]:  # noqa: ANN401  plain data
    """Which texts have which file, after nodes have come, gone or moved."""
    before, after = _ids(old), _ids(new)
    places = {node_id: place for place, node_id in enumerate(after)}
    told_apart = len(places) == len(after) and len(set(before)) == len(before)
    found = {}
    for path, name in named.items():
        match path:
            case ("workflow", "graph", "nodes", int(place), *inside) if told_apart:
                if before[place] in places:
                    found[("workflow", "graph", "nodes", places[before[place]], *inside)] = name
            case _:
                found[path] = name
    return found


def _ids(data: Any) -> list[object]:  # noqa: ANN401  plain data
    """The ids of the nodes, in order."""
    workflow = data.get("workflow") if isinstance(data, dict) else None
    graph = workflow.get("graph") if isinstance(workflow, dict) else None
    nodes = graph.get("nodes") if isinstance(graph, dict) else None
    if not isinstance(nodes, list):
        return []
    ids = [node.get("id") if isinstance(node, dict) else None for node in nodes]
    return [item if isinstance(item, str) else None for item in ids]


def _anew(
    read: folder.Reader, wanted: Mapping[str, bytes], name: str, *, reformat: bool
) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    for item, data in wanted.items():
        source = read(item)
        if source != data:
            if item in folder.PARTS and source is not None and not reformat:
                _yaml.check_comments(_yaml.compose(source, name=f"{name}/{item}"))
            found[item] = data
    return found


def _respelled(read: folder.Reader, item: str, data: bytes, name: str, *, reformat: bool) -> bytes:
    """A part with the data that it shall hold, in the spelling that it has; a text as it is."""
    source = read(item)
    if item not in folder.PARTS or source is None:
        return data
    path = f"{name}/{item}"
    composed = _yaml.compose(source, name=path)
    try:
        return _yaml.retext(composed, _yaml.load(data, name=path)).encode(composed.encoding)
    except CannotEdit:
        if not reformat:
            _yaml.check_comments(composed)
        return data


def _holds(read: folder.Reader, found: Mapping[str, bytes | None], data: object, name: str) -> bool:
    """Whether the folder, with these files written, holds this document."""
    made = folder.held(lambda item: found[item] if item in found else read(item), name=name)
    return _yaml.same(made.data, data)
