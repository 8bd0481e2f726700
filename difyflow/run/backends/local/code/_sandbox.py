"""`sandbox`: Landlock, seccomp and rlimits; Python from a fork server, JavaScript in a confined node.

Linux from 5.13 on x86-64 and aarch64, without privileges or packages.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from difyflow.errors import NotRunnable

from . import _node
from ._call import CallFiles, PidFd, encode_request, kernel_limits, perform
from ._inside import folder as folders
from ._inside.harness import environment
from ._process import Spawned, limited_command, server_command
from ._protocol import CodeOutcome, Limits
from ._runner import Runner

_ANSWER_S = 30.0
"""How long the server may take to start or to answer; it takes milliseconds."""
_MESSAGE_BYTES = 65_536


class SandboxRunner(Runner):
    """Runs each call in a fresh, locked-down process that shares nothing with the others.

    Args:
        limits: what each call may use.
        landlock_abi: treat the kernel as having this older version of Landlock.

    Raises:
        NotRunnable: the kernel or the machine lacks what it takes.
    """

    name = "sandbox"
    isolated = True

    def __init__(self, limits: Limits, *, landlock_abi: int | None = None) -> None:
        super().__init__(limits)
        if not hasattr(os, "pidfd_open"):
            raise NotRunnable("Landlock and seccomp are parts of Linux; this is not Linux")
        self._base = Path(tempfile.mkdtemp(prefix="difyflow-code-"))
        settings = {"base": str(self._base), "limits": kernel_limits(limits), "abi": landlock_abi}
        self._server = _ServerClient(settings)
        self._nodes = _node.Lookup()
        self._idle = threading.Condition()
        self._calls = 0
        self._closed = False
        try:
            self._abi = self._server.open()
        except BaseException:
            self.close()
            raise

    def describe(self) -> str:
        """One line for the run header."""
        return f"sandbox (Landlock ABI {self._abi}, seccomp, rlimits)"

    def close(self) -> None:
        """Ends the fork server and whatever it still runs, and removes all folders."""
        with self._idle:
            self._closed = True
        self._server.close()
        with self._idle:  # calls that were under way end now, with their processes gone
            self._idle.wait_for(lambda: self._calls == 0, timeout=_ANSWER_S)
        folders.remove(str(self._base))

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._idle:
            if self._closed:
                raise NotRunnable("the code runner is closed")
            self._calls += 1
        try:
            yield
        finally:
            with self._idle:
                self._calls -= 1
                self._idle.notify_all()

    def _language_problem(self, language: str) -> str | None:
        return self._nodes.problem(language)

    def _perform(
        self, language: str, source: str, inputs: Mapping[str, object], *, stop: threading.Event | None
    ) -> CodeOutcome:
        request = encode_request(source, inputs, limits=self._limits, isolated=True)
        start = self._start_python if language == "python3" else self._start_node
        with self._counted():
            return perform(start, request, base=self._base, limits=self._limits, language=language, stop=stop)

    def _start_python(self, files: CallFiles, folder: Path) -> _Forked:
        return self._server.fork(files, folder)

    def _start_node(self, files: CallFiles, folder: Path) -> Spawned:
        node = self._nodes.node()
        settings = {
            "limits": kernel_limits(self._limits),
            "readable": [str(_node.HARNESS), "/etc/ld.so.cache"],
            "executable": [node.path, *node.libraries],
        }
        command = limited_command(node.command(self._limits.memory_bytes), settings)
        return Spawned(command, files, folder=folder, environment=environment(str(folder)))


class _Forked:
    """A child of the fork server."""

    def __init__(self, server: _ServerClient, pid: int) -> None:
        self._server = server
        self._pid = pid
        self._handle = PidFd(pid)

    def ended(self, timeout_s: float) -> bool:
        """Waits at most that long for its end."""
        return self._handle.ended(timeout_s)

    def kill(self) -> None:
        """Kills it; it cannot have children."""
        self._handle.kill()

    def finish(self) -> int:
        """Lets the server reap it, once it is dead."""
        while not self._handle.ended(_ANSWER_S):
            self._handle.kill()
        self._handle.close()
        return self._server.reap(self._pid)


class _ServerClient:
    """This side of the fork server: starts it, asks it, starts it again should it ever be gone."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._closed = False

    def open(self) -> int:
        """Starts the server and gives the version of Landlock that it uses.

        Raises:
            NotRunnable: it cannot lock itself down.
        """
        with self._lock:
            return self._open()

    def _open(self) -> int:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                server_command(theirs.fileno(), self._settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C in the terminal is not for it
            )
        ours.settimeout(_ANSWER_S)
        self._control = ours
        try:
            answer = json.loads(ours.recv(_MESSAGE_BYTES) or b"{}")
        except (OSError, ValueError) as err:
            raise NotRunnable(f"the fork server does not start: {err}") from err
        if "ready" not in answer:
            raise NotRunnable(str(answer.get("error", "the fork server ended while starting")))
        return int(answer["ready"])

    def fork(self, files: CallFiles, folder: Path) -> _Forked:
        """Starts a child for one call.

        Raises:
            NotRunnable: the server cannot make one.
        """
        descriptors = [files.request.fileno(), files.result.fileno(), files.output.fileno()]
        message = json.dumps({"folder": str(folder)}).encode()
        with self._lock:
            if self._closed:
                raise NotRunnable("the code runner is closed")
            answer = self._ask(message, descriptors)
            if answer is None:  # it is gone, killed by someone: its children went with it
                self._hang_up()
                self._open()
                answer = self._ask(message, descriptors)
            if answer is None or "pid" not in answer:
                reason = "the fork server ended" if answer is None else answer.get("error")
                raise NotRunnable(f"the code runner cannot start a process: {reason}")
            return _Forked(self, answer["pid"])

    def reap(self, pid: int) -> int:
        """Frees a dead child's entry; if its server is gone, the kernel has done that and knows no status."""
        with self._lock:
            answer = self._ask(json.dumps({"pid": pid}).encode(), [])
        return -9 if answer is None else int(answer["status"])

    def _ask(self, message: bytes, descriptors: Sequence[int]) -> dict[str, int] | None:
        """Sends one message and waits for its answer; None if the server is gone."""
        if self._control is None:
            return None
        try:
            socket.send_fds(self._control, [message], descriptors)
            answer = self._control.recv(_MESSAGE_BYTES)
        except OSError:
            return None
        except BaseException:  # Ctrl-C: the answer that is still to come would be taken for the next one
            self._say_bye()
            raise
        return json.loads(answer) if answer else None

    def close(self) -> None:
        """Hangs up and waits for the server's end; it kills its children first."""
        with self._lock:
            self._closed = True
            self._hang_up()

    def _say_bye(self) -> None:
        if self._control is not None:
            with suppress(OSError):  # it may be gone
                self._control.sendall(b'{"bye": true}')
            self._control.close()
            self._control = None

    def _hang_up(self) -> None:
        self._say_bye()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_ANSWER_S)
            self._process.kill()
            self._process.wait()
            self._process = None
