"""Does the isolation hold here? Found out by trying to break out, not by asking for versions."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from difyflow.errors import DifyflowError

from ._call import private_folder
from ._protocol import CodeOutcome, CodeRunner, Limits

_INSIDE = Path(__file__).parent / "_inside"
_SCRIPTS = {"python3": "hostile.py", "javascript": "hostile.js"}
_CHECKS = (
    "reading files",
    "writing files",
    "network",
    "new processes",
    "signals to others",
    "memory",
    "ordinary work",
)
_MEMORY_FACTOR = 4


def probe(runner: CodeRunner, language: str, *, limits: Limits) -> list[str]:
    """Runs a hostile script through a runner and tells what it achieved.

    Args:
        runner: any runner that claims to be isolated.
        language: `python3` or `javascript`.
        limits: those of the runner.

    Returns:
        One line per check that did not hold; empty if all held.
    """
    source = (_INSIDE / _SCRIPTS[language]).read_text(encoding="utf-8")
    name = f"difyflow-probe-{secrets.token_hex(8)}"
    with private_folder(None) as folder:
        secret = folder / "secret"
        secret.write_text(name, encoding="utf-8")
        inputs: dict[str, object] = {
            "secret_files": [str(secret), "/etc/passwd", __file__],
            "write_to": [str(folder), tempfile.gettempdir(), str(Path.home())],
            "name": name,
            "parent": os.getpid(),
            "memory_bytes": limits.memory_bytes * _MEMORY_FACTOR,
        }
        try:
            outcome = runner.run(language, source, inputs)
        except DifyflowError as err:
            return [err.message]
    return _read(outcome)


def _read(outcome: CodeOutcome) -> list[str]:
    if outcome.error is not None:
        talk = f"; it printed: {outcome.stdout.strip()[:300]}" if outcome.stdout.strip() else ""
        return [f"the probe itself did not end well: {outcome.error.kind}: {outcome.error.message}{talk}"]
    result = outcome.result or {}
    return [f"{check}: {_got(result, check)}" for check in _CHECKS if result.get(check) != ""]


def _got(result: Mapping[str, object], check: str) -> str:
    return f"got through to {result[check]}" if result.get(check) else "no answer"
