"""Executes a `flow.py` for the linter, in a process of its own without keys.

The process says what the flow renders and at which line each node was added. Run as a module it is that
process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

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


def run(path: Path, environ: Mapping[str, str]) -> tuple[str, dict[str, int]]:
    """What a flow renders, and by node id the line of the file that adds the node.

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
    return answer["text"], answer["lines"]


def _answer(output: bytes) -> dict[str, Any] | None:
    """The last line that is ours; a flow may print what it likes."""
    for line in reversed(output.decode("utf-8", "replace").splitlines()):
        if line.startswith(_MARK):
            found = json.loads(line.removeprefix(_MARK))
            return found if isinstance(found, dict) else None
    return None


def _main(path: Path) -> None:
    from difyflow.build.load import execute

    lines: dict[str, int] = {}
    sys.setprofile(_watch(path, lines))
    try:
        flow = execute(path)
        sys.setprofile(None)
        answer: dict[str, object] = {"text": flow.build().render(), "lines": lines}
    except DifyflowError as err:
        sys.setprofile(None)
        answer = {"error": err.message, "line": err.line, "code": err.code, "hint": err.hint}
    sys.stdout.write(f"\n{_MARK}{json.dumps(answer)}\n")


def _watch(path: Path, lines: dict[str, int]) -> Callable[[FrameType, str, object], None]:
    """Notes where the file calls the flow to add a node; the app itself does not know."""
    from difyflow.build.flow import Flow

    code = Flow.add.__code__
    names = {str(path), str(path.resolve())}

    def watch(frame: FrameType, event: str, result: object) -> None:
        if event != "return" or frame.f_code is not code:
            return
        node_id = getattr(result, "id", None)
        caller = frame.f_back
        while caller is not None and caller.f_code.co_filename not in names:
            caller = caller.f_back
        if isinstance(node_id, str) and caller is not None:
            lines[node_id] = caller.f_lineno

    return watch


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
