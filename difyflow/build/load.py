"""A target to an `App`: a `flow.py`, a DSL file, a folder that holds one, either of them in git's history."""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from difyflow.build.flow import Flow
from difyflow.build.folder import DOCUMENT
from difyflow.build.source import APP_FILE as APP_FILE
from difyflow.build.source import FLOW_FILE, is_in_history, source_of
from difyflow.build.verbatim import Verbatim
from difyflow.dsl.app import App
from difyflow.dsl.reader import MAX_BYTES, Document, read_document
from difyflow.errors import BuildError, DifyflowError, ReadError


def load(target: str | Path, *, max_bytes: int = MAX_BYTES) -> App:
    """Gives the document behind a target. A `flow.py` is executed: load only those that you trust.

    Args:
        target: `flow.py`, a DSL file, a folder with a `flow.py` or an `app.yml`, a folder made by
            `difyflow split`, `-` for standard input; or `REV:path`, of which nothing is executed.
        max_bytes: size above which no file is parsed.

    Raises:
        ReadError: no such target, or not a DSL document.
        BuildError: the `flow.py` fails; the message names its line.
    """
    if str(target) != "-" and not is_in_history(target) and (path := locate(Path(target))).suffix == ".py":
        return _built(execute(path), path)
    return read_only(target, max_bytes=max_bytes)


def read_only(target: str | Path, *, max_bytes: int = MAX_BYTES) -> App:
    """As `load` without `flow.py`; never executes anything.

    Raises:
        ReadError: no such target, or not a DSL document.
    """
    return read_target(target, max_bytes=max_bytes).app


def read_target(target: str | Path, *, max_bytes: int = MAX_BYTES) -> Document:
    """As `read_only`, with the marks of every value; those of a split folder stand in the text it makes.

    Raises:
        ReadError: no such target, or not a DSL document.
    """
    source = source_of(target, max_bytes=max_bytes)
    return read_document(source.data, name=source.name, max_bytes=max_bytes)


def locate(path: Path) -> Path:
    """The file that a target stands for; of a folder made by `difyflow split` its `document.yml`.

    Raises:
        ReadError: there is none.
    """
    if not path.is_dir():
        return path
    for name in (FLOW_FILE, APP_FILE, DOCUMENT):
        if (path / name).is_file():
            return path / name
    found = sorted(item.name for item in path.iterdir() if item.suffix in (".yml", ".yaml"))
    raise ReadError(
        f"the folder holds neither {FLOW_FILE} nor {APP_FILE}",
        path=str(path),
        code="no-flow",
        hint=f"name the file: {path / found[0]}" if found else "make a flow here with: difyflow new NAME",
    )


def execute(path: Path) -> Flow | Verbatim:
    """Runs a `flow.py` and gives its `flow`.

    Raises:
        BuildError: it fails, or has no `flow`.
    """
    try:
        with _importing_from(path.parent.resolve()):
            names = runpy.run_path(str(path))
    except DifyflowError as err:
        if err.path is None:
            err.path, err.line = str(path), _line_in(path, err)
        raise
    except (Exception, SystemExit) as err:
        from difyflow.build._mistakes import told  # what only a flow that fails waits for

        message, hint = told(err)
        raise BuildError(
            message, path=str(path), line=_line_in(path, err), code="flow-failed", hint=hint
        ) from err
    flow = names.get("flow")
    if not isinstance(flow, Flow | Verbatim):
        raise BuildError(
            "no `flow` in this file",
            path=str(path),
            code="no-flow",
            hint='it needs: flow = Flow("name"), then nodes',
        )
    return flow


def _built(flow: Flow | Verbatim, path: Path) -> App:
    try:
        return flow.build()
    except BuildError as err:
        err.path = err.path or str(path)
        raise


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Lets a flow import modules beside it; forgets them afterwards, for another flow may use the names."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin and Path(origin).is_relative_to(folder):
                del sys.modules[name]


def _line_in(path: Path, err: BaseException) -> int | None:
    """The last line of this file that the error passed through."""
    if isinstance(err, SyntaxError):
        return err.lineno
    names = {str(path), str(path.resolve())}
    frames = [frame for frame in traceback.extract_tb(err.__traceback__) if frame.filename in names]
    return frames[-1].lineno if frames else None
