"""One process per call, and the command lines that start our modules in a bare interpreter."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ._call import CallFiles, PidFd

INSIDE = Path(__file__).parent
"""The folder that holds `_inside`."""

_BOOT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from _inside import {module}; import json; sys.path.pop(0); {module}.{call}"
)


def server_command(control: int, settings: Mapping[str, object]) -> list[str]:
    """The command of the fork server; see `_inside/server.py`."""
    boot = _BOOT.format(module="server", call="main(int(sys.argv[1]), json.loads(sys.argv[2]))")
    return [*bare_python(sys.executable), "-c", boot, str(INSIDE), str(control), json.dumps(settings)]


def python_command(python: Sequence[str], settings: Mapping[str, object], *, inside: str) -> list[str]:
    """The command that runs one Python request; see `_inside/alone.py`."""
    boot = _BOOT.format(module="alone", call="run_python(json.loads(sys.argv[1]))")
    return [*python, "-c", boot, inside, json.dumps(settings)]


def limited_command(command: Sequence[str], settings: Mapping[str, object]) -> list[str]:
    """A command under limits and, if the settings say so, under confinement; see `_inside/alone.py`."""
    boot = _BOOT.format(module="alone", call="execute(json.loads(sys.argv[1]), sys.argv[2:])")
    return [*bare_python(sys.executable), "-c", boot, str(INSIDE), json.dumps(settings), *command]


def bare_python(executable: str) -> list[str]:
    """An interpreter that knows its standard library and nothing else."""
    return [executable, "-I", "-S", "-X", "utf8"]


class Spawned:
    """A process that was started from a command line."""

    def __init__(
        self,
        command: Sequence[str],
        files: CallFiles,
        *,
        folder: Path,
        environment: Mapping[str, str],
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=files.request,
            stdout=files.result,
            stderr=files.output,
            cwd=folder,
            env=environment,
            pass_fds=pass_fds,
            start_new_session=True,
        )
        self._handle = PidFd(self._process.pid) if hasattr(os, "pidfd_open") else None

    def ended(self, timeout_s: float) -> bool:
        """Waits at most that long for the end of the process."""
        if self._handle is not None:
            return self._handle.ended(timeout_s)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """Kills the process and the group that it leads, also what outlived it there."""
        if sys.platform == "win32":
            self._process.kill()
            return
        # macOS says EPERM for a group of which only the zombie is left.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def finish(self) -> int:
        """Reaps the dead process and gives its exit code."""
        status = self._process.wait()
        if self._handle is not None:
            self._handle.close()
        return status
