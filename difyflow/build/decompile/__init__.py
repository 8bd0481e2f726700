"""A DSL document back to Python: what a person would have written, and the same bytes when rendered.

Nothing of the document is executed, here or when the result is loaded: its texts become string literals or
files that the flow reads as text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from difyflow.build.decompile._writer import Writer
from difyflow.build.verbatim import Verbatim
from difyflow.dsl.app import App
from difyflow.errors import BuildError, UsageError
from difyflow.records.files import write_whole

__all__ = ["Decompiled", "decompile", "write"]


@dataclass(frozen=True, slots=True)
class Decompiled:
    """A folder that renders the document.

    Attributes:
        files: text by path; `flow.py` among them.
        app: what the flow in `flow.py` builds; made beside it, nothing was executed.
        escapes: places that the side file says and the Python does not: where, a line each.
        unknown: keys that no field is known for; the Python says them by `also(...)`.
    """

    files: Mapping[str, str]
    app: App
    escapes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def difference(self, wanted: App) -> str | None:
        """The first line in which the rendered flow differs from the rendered document; None if none does."""
        made, text = self.app.render(), wanted.render()
        if made == text:
            return None
        lines = zip_longest(made.split("\n"), text.split("\n"), fillvalue="(end)")
        at, (ours, theirs) = next((at, pair) for at, pair in enumerate(lines, start=1) if pair[0] != pair[1])
        return f"line {at} is {ours.strip()!r}, not {theirs.strip()!r}"


def decompile(app: App) -> Decompiled:
    """Writes a document as a Python flow.

    A document that a flow cannot say, such as one with a date in it, is kept whole as data.

    Raises:
        BuildError: a text that no file can hold.
    """
    if (reason := _no_flow(app)) is not None:
        return _verbatim(app, reason)
    try:
        made = Writer(app).write()
    except BuildError as err:
        if err.code != "not-decompilable":
            raise
        return _verbatim(app, err.message)
    return Decompiled(made.files, made.app, made.escapes, made.unknown)


def write(app: App, folder: Path, *, force: bool = False) -> Decompiled:
    """Writes a document into a folder.

    Args:
        app: the document.
        folder: is made; may be empty.
        force: write into a folder that is not empty too; files of the same name are replaced, others stay.

    Raises:
        BuildError: as `decompile`.
        UsageError: there is something in the folder, or it cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError("is a file", path=str(folder), code="exists", hint="name a folder")
    if not force and folder.is_dir() and any(folder.iterdir()):
        raise UsageError(
            "is not empty", path=str(folder), code="exists", hint="name a new folder, or add --force"
        )
    made = decompile(app)
    for name, text in made.files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise UsageError(f"cannot be made: {err.strerror or err}", path=str(path.parent)) from err
        write_whole(path, text.encode())
    return made


def _no_flow(app: App) -> str | None:
    """Why no flow can be written for a document; None if one can."""
    if app.workflow is None or app.app is None:
        return f"no workflow app: {app.mode or app.kind or 'unknown'}"
    graph = app.workflow.graph
    if not graph.nodes:
        return "no nodes"
    if app.misfits() or app.workflow.misfits() or graph.misfits():
        return "not shaped as a document"
    ids = [node.id for node in graph.nodes]
    twice = next((item for item in ids if ids.count(item) > 1 or not item), None)
    return None if twice is None else f"nodes share the id {twice!r}"


def _verbatim(app: App, reason: str) -> Decompiled:
    """The document as data: JSON, or YAML where it has keys or values that JSON does not know."""
    try:
        name, text = "document.json", json.dumps(app.data(), ensure_ascii=False, indent=1, sort_keys=True)
    except TypeError:
        name, text = "document.yml", app.render()
    try:
        text.encode()
    except UnicodeEncodeError as err:
        raise BuildError(f"a text that no file can hold: {err}", code="not-decompilable") from err
    flow = (
        '"""A Dify app, kept as data; difyflow decompile made this folder from its YAML."""\n\n'
        "from difyflow.build import Verbatim, beside\n\n"
        "here = beside(__file__)\n\n"
        f'flow = Verbatim(here("{name}"))\n'
    )
    files = {name: f"{text}\n", "flow.py": flow}
    return Decompiled(files, Verbatim(text).build(), (f"the whole document: {reason}",))
