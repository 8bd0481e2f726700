"""Where node is and what it needs to start."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from difyflow.errors import NotRunnable

HARNESS = Path(__file__).parent / "_inside" / "harness.js"

_ASK = (
    "console.log(JSON.stringify([process.execPath, process.version, "
    "process.platform === 'linux' ? require('fs').readFileSync('/proc/self/maps', 'utf8') : '']))"
)


@dataclass(frozen=True)
class Node:
    """An installed node."""

    path: str
    """The program itself, not a version manager's stand-in."""
    version: str
    libraries: tuple[str, ...]
    """The shared libraries that it had loaded when asked."""

    def command(self, memory_bytes: int) -> list[str]:
        """The command that runs one JavaScript request; the harness's path is the last part."""
        heap = max(16, memory_bytes // (1024 * 1024))
        # It reads OpenSSL's configuration at the start and refuses to go on if that is closed to it.
        options = [f"--max-old-space-size={heap}", "--no-warnings", f"--openssl-config={os.devnull}"]
        return [self.path, *options, str(HARNESS)]


def find() -> Node | str:
    """The node on PATH, or why there is none."""
    program = shutil.which("node")
    if program is None:
        return "node is not installed (not on PATH)"
    try:
        answer = subprocess.run(
            [program, "-e", _ASK], capture_output=True, stdin=subprocess.DEVNULL, timeout=20, check=True
        )
        path, version, maps = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as err:
        return f"{program} does not answer: {err}"
    return Node(str(path), version=str(version), libraries=mapped_files(str(maps)))


class Lookup:
    """Looks for node once, when first asked; safe to ask from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: Node | str | None = None

    def _once(self) -> Node | str:
        with self._lock:
            if self._found is None:
                self._found = find()
            return self._found

    def problem(self, language: str) -> str | None:
        """Why a language does not run for want of node; None if it does."""
        found = self._once() if language == "javascript" else None
        return found if isinstance(found, str) else None

    def node(self) -> Node:
        """The node.

        Raises:
            NotRunnable: there is none.
        """
        found = self._once()
        if isinstance(found, str):
            raise NotRunnable(found)
        return found


def mapped_files(maps: str) -> tuple[str, ...]:
    """The files in a `/proc/<pid>/maps`, each once."""
    fields = (line.split(maxsplit=5) for line in maps.splitlines())
    return tuple(dict.fromkeys(row[5] for row in fields if len(row) == 6 and row[5].startswith("/")))
