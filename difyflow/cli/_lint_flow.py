"""Executes a `flow.py` for the linter, in a process of its own without keys.

The process says what the flow renders and where in the file each part of it is written. Run as a module it is
that process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tokenize
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from difyflow.cli._lint_places import Made, Places, places
from difyflow.errors import BuildError, DifyflowError

_TIME_S = 60
_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "TZ",
)
_MARK = "difyflow-lint-flow:"


def run(path: Path, environ: Mapping[str, str]) -> tuple[str, Places]:
    """What a flow renders, and where in the file its parts are written.

    Args:
        path: the `flow.py`.
        environ: the environment, of which the process gets no key.

    Raises:
        BuildError: the flow fails; the message names its line.
    """
    if not path.is_file():
        raise BuildError("cannot be read: no such file", path=str(path), code="not-found")
    kept = {key: environ[key] for key in _KEPT if key in environ}
    command = [sys.executable, "-m", "difyflow.cli._lint_flow", str(path)]
    package = str(Path(__file__).resolve().parents[2])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [package, kept.get("PYTHONPATH", "")]))
    try:
        done = subprocess.run(
            command, env=kept, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIME_S, check=False
        )
    except subprocess.TimeoutExpired as err:
        raise BuildError(
            f"the flow has not ended within {_TIME_S} s", path=str(path), code="flow-timeout"
        ) from err
    answer = _answer(done.stdout)
    if answer is None:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()
        said = f": {last[-1]}" if last else ""
        raise BuildError(f"the flow ended its process{said}", path=str(path), code="flow-failed")
    if "error" in answer:
        raise BuildError(
            answer["error"], path=str(path), line=answer["line"], code=answer["code"], hint=answer["hint"]
        )
    return answer["text"], {tuple(path): (line, column) for path, line, column in answer["places"]}


def _answer(output: bytes) -> dict[str, Any] | None:
    """The last line that is ours; a flow may print what it likes."""
    for line in reversed(output.decode("utf-8", "replace").splitlines()):
        if line.startswith(_MARK):
            found = json.loads(line.removeprefix(_MARK))
            return found if isinstance(found, dict) else None
    return None


def _main(path: Path) -> None:
    from difyflow.build.load import execute

    made: list[Made] = []
    sys.setprofile(_watch(path, made))
    try:
        flow = execute(path)
        sys.setprofile(None)
        app = flow.build()
        with tokenize.open(path) as source:
            found = places(source.read(), made, app.data())
        rows = [(list(where), line, column) for where, (line, column) in found.items()]
        answer: dict[str, object] = {"text": app.render(), "places": rows}
    except DifyflowError as err:
        sys.setprofile(None)
        answer = {"error": err.message, "line": err.line, "code": err.code, "hint": err.hint}
    sys.stdout.write(f"\n{_MARK}{json.dumps(answer)}\n")


def _watch(path: Path, made: list[Made]) -> Callable[[FrameType, str, object], None]:
    """Notes where the file calls the flow to add something; the app itself does not know."""
    from difyflow.build.flow import Flow

    keys: Mapping[CodeType, tuple[str, str, Callable[[Mapping[str, Any], object], object]]] = {
        Flow.__init__.__code__: ("call", "flow", lambda _, __: None),
        Flow.add.__code__: ("return", "node", lambda _, result: _id(result)),
        Flow.container.__code__: ("return", "node", lambda _, result: _id(result)),
        Flow.set_data.__code__: ("call", "data", lambda given, _: _id(given.get("node"))),
        Flow.env.__code__: ("call", "environment_variables", lambda given, _: given.get("name")),
        Flow.conversation.__code__: ("call", "conversation_variables", lambda given, _: given.get("name")),
        Flow.connect.__code__: (
            "call",
            "edge",
            lambda given, _: (_id(given.get("source")), given.get("handle"), _id(given.get("target"))),
        ),
    }
    names = {str(path), str(path.resolve())}

    def watch(frame: FrameType, event: str, result: object) -> None:
        known = keys.get(frame.f_code)
        if known is None or known[0] != event:
            return
        caller = frame.f_back
        while caller is not None and caller.f_code.co_filename not in names:
            caller = caller.f_back
        if caller is not None:
            made.append(_made(known[1], known[2](frame.f_locals, result), caller))

    return watch


def _id(node: object) -> object:
    """The id of what may be a node; a flow may hand over anything, and is told so by what it calls."""
    return getattr(node, "id", None)


def _made(what: str, key: object, caller: FrameType) -> Made:
    """The call that a frame is at; where it ends says which one of its line it is."""
    spans = list(caller.f_code.co_positions())
    line, end_line, column, end_column = spans[caller.f_lasti // 2]
    return Made(what, key, line or caller.f_lineno, column or 0, (end_line, end_column))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
