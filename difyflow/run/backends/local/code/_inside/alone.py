"""One call in a process of its own, for the runners without a fork server.

The standard streams are files: the request comes in on 0, the frame goes out on 1, what the code prints
goes to 2.
"""

from __future__ import annotations

import os
import sys

from . import harness, landlock, limits, seccomp


def run_python(settings: dict[str, object]) -> None:
    """Runs the request with this interpreter, under the limits in the settings."""
    if sys.platform != "win32":
        limits.apply(settings["limits"])  # type: ignore[arg-type]  # the parent's JSON
    request = sys.stdin.buffer.read()
    result = os.dup(1)
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    harness.serve(request, result, 1)


def execute(settings: dict[str, object], command: list[str]) -> None:
    """Becomes another program under the limits and, if the settings have `readable`, under confinement.

    Settings:
        limits: see `limits.apply`.
        readable, executable: paths that the program needs; its folder is the current one.
    """
    limits.apply(settings["limits"], address_space=False)  # type: ignore[arg-type]  # the parent's JSON
    if "readable" in settings:
        limits.drop_capabilities()
        filter_code = seccomp.program(pid=os.getpid(), strict=False)
        landlock.restrict(landlock.existing(_rules(settings)), landlock.abi())
        seccomp.install(filter_code)
    os.execve(command[0], command, harness.environment(os.getcwd()))  # noqa: PTH109


def _rules(settings: dict[str, object]) -> list[landlock.Rule]:
    readable, executable = settings["readable"], settings["executable"]
    assert isinstance(readable, list) and isinstance(executable, list)
    return [
        *((str(path), landlock.READ) for path in readable),
        *((str(path), landlock.READ_FILE | landlock.EXECUTE) for path in executable),
        (os.getcwd(), landlock.USE),  # noqa: PTH109
        (os.devnull, landlock.READ_FILE | landlock.WRITE_FILE),
    ]
