"""`unsafe-subprocess`: a plain subprocess. It bounds accidents, not intentions."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from . import _node
from ._call import CallFiles, encode_request, kernel_limits, perform
from ._inside.harness import environment
from ._process import INSIDE, Spawned, limited_command, python_command
from ._protocol import CodeOutcome, Limits
from ._runner import Runner


class PlainRunner(Runner):
    """Runs code as this user: it can read, write, connect and start what the user can.

    It has limits (not on Windows; memory only on Linux), its own session, a clean environment and a
    temporary folder to start in, and it sees the packages of this Python. What it puts into the background
    in a session of its own outlives it.
    """

    name = "unsafe-subprocess"
    isolated = False

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._nodes = _node.Lookup()

    def describe(self) -> str:
        """One line for the run header."""
        return "unsafe-subprocess (NOT isolated: code can do whatever you can)"

    def _language_problem(self, language: str) -> str | None:
        return self._nodes.problem(language)

    def _perform(
        self, language: str, source: str, inputs: Mapping[str, object], *, stop: threading.Event | None
    ) -> CodeOutcome:
        def start(files: CallFiles, folder: Path) -> Spawned:
            return Spawned(command, files, folder=folder, environment=_environment(folder))

        command = self._command(language)
        request = encode_request(source, inputs, limits=self._limits, isolated=False)
        return perform(start, request, base=None, limits=self._limits, language=language, stop=stop)

    def _command(self, language: str) -> list[str]:
        settings = {"limits": kernel_limits(self._limits)}
        if language == "python3":
            return python_command([sys.executable, "-I", "-X", "utf8"], settings, inside=str(INSIDE))
        node = self._nodes.node()
        command = node.command(self._limits.memory_bytes)
        return command if sys.platform == "win32" else limited_command(command, settings)


def _environment(folder: Path) -> dict[str, str]:
    values = environment(str(folder))
    if sys.platform == "win32":  # Windows programs do not start without it
        values["SYSTEMROOT"] = os.environ.get("SYSTEMROOT", "C:\\Windows")
    return values
