"""`bwrap`: bubblewrap's namespaces, a seccomp filter against new processes, and rlimits.

For Linux kernels without Landlock that let ordinary users make namespaces.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from difyflow.errors import NotRunnable

from . import _node
from ._call import CallFiles, PidFd, encode_request, kernel_limits, perform
from ._inside import seccomp
from ._inside.harness import environment
from ._inside.libc import Unsupported
from ._process import INSIDE, Spawned, bare_python, limited_command, python_command
from ._protocol import CodeOutcome, Limits
from ._runner import Runner

_HOME, _OURS = "/code", "/difyflow"
"""Where the private folder and our own modules lie in the box."""
_PACKAGES = ("site-packages", "dist-packages")
_ASK = (
    "import sys; sys.path.insert(0, sys.argv[1]); from _inside import server; sys.path.pop(0); "
    "server.warm_up(); import json, os, zoneinfo; print(json.dumps("
    "[os.path.realpath(sys.executable), sys.path, zoneinfo.TZPATH, open('/proc/self/maps').read()]))"
)


class BwrapRunner(Runner):
    """Runs each call in a box of its own: only the interpreter's files, no network, own process table.

    Raises:
        NotRunnable: bubblewrap is not installed, or there is no seccomp table for this machine.
    """

    name = "bwrap"
    isolated = True

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        program = shutil.which("bwrap")
        if program is None:
            raise NotRunnable("bubblewrap is not installed (no bwrap on PATH)")
        try:
            self._filter = seccomp.program(pid=None, strict=False)
        except Unsupported as err:
            raise NotRunnable(str(err.strerror)) from err
        self._program = program
        self._python, python_paths = _ask_python()
        self._python_box = _mounts([*python_paths, self._python], inside=INSIDE / "_inside")
        self._nodes = _node.Lookup()

    def describe(self) -> str:
        """One line for the run header."""
        return "bwrap (namespaces, seccomp, rlimits)"

    def _language_problem(self, language: str) -> str | None:
        return self._nodes.problem(language)

    def _perform(
        self, language: str, source: str, inputs: Mapping[str, object], *, stop: threading.Event | None
    ) -> CodeOutcome:
        def start(files: CallFiles, folder: Path) -> Spawned:
            return self._start(language, files, folder)

        request = encode_request(source, inputs, limits=self._limits, isolated=True)
        return perform(start, request, base=None, limits=self._limits, language=language, stop=stop)

    def _start(self, language: str, files: CallFiles, folder: Path) -> Spawned:
        settings = {"limits": kernel_limits(self._limits)}
        filter_file = os.memfd_create("difyflow-filter")
        theirs, ours = -1, -1
        try:
            os.write(filter_file, self._filter)
            os.lseek(filter_file, 0, os.SEEK_SET)
            ours, theirs = os.pipe()
            box = [self._program, *_box(folder), "--seccomp", str(filter_file), "--info-fd", str(theirs)]
            if language == "python3":
                python = python_command(bare_python(self._python), settings, inside=_OURS)
                command = [*box, *self._python_box, *python]
            else:
                command = limited_command([*box, *self._node_command()], settings)
            process = _Boxed(command, files, folder=folder, environment={}, pass_fds=(filter_file, theirs))
            os.close(theirs)
            theirs = -1
            process.find_init(ours)
            return process
        finally:
            for descriptor in (filter_file, theirs, ours):
                if descriptor >= 0:
                    os.close(descriptor)

    def _node_command(self) -> list[str]:
        node = self._nodes.node()
        folders = {str(Path(library).parent) for library in node.libraries if library != node.path}
        command = node.command(self._limits.memory_bytes)
        harness = f"{_OURS}/_inside/{_node.HARNESS.name}"
        return [*_mounts([*folders, node.path], inside=INSIDE / "_inside"), *command[:-1], harness]


class _Boxed(Spawned):
    """Bubblewrap and, inside, the process that is number 1 of the box."""

    _init: PidFd | None = None

    def find_init(self, info: int) -> None:
        """Takes hold of the box's first process: when that is dead, everything in the box is."""
        text = b""
        while b"}" not in text:
            part = os.read(info, 4096)
            if not part:
                return  # bubblewrap failed before it had one
            text += part
        try:
            self._init = PidFd(json.loads(text)["child-pid"])
        except ProcessLookupError:
            return

    def kill(self) -> None:
        """Kills bubblewrap and the box."""
        super().kill()
        if self._init is not None:
            self._init.kill()

    def finish(self) -> int:
        """Waits until nothing in the box is left; bubblewrap reports a signal as 128 and its number."""
        status = super().finish()
        if self._init is not None:
            while not self._init.ended(1.0):
                self._init.kill()
            self._init.close()
        return 128 - status if status > 128 else status


def _ask_python() -> tuple[str, list[str]]:
    """This interpreter's own file, and the folders that it needs: its library and its shared libraries."""
    command = [*bare_python(sys.executable), "-c", _ASK, str(INSIDE)]
    try:
        answer = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=30, check=True, env={}
        )
        executable, library, zones, maps = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as err:
        raise NotRunnable(f"this interpreter does not start bare: {err}") from err
    libraries = (file for file in _node.mapped_files(maps) if ".so" in Path(file).name)
    return executable, [*library, *zones, *{str(Path(file).parent) for file in libraries}]


def _box(folder: Path) -> list[str]:
    """The options that make the empty box; `--unshare-all` takes the network, too."""
    options = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    for name, value in environment(_HOME).items():
        options += ["--setenv", name, value]
    for device in ("/dev/null", "/dev/urandom"):
        options += ["--dev-bind", device, device]
    return [*options, "--bind", str(folder), _HOME, "--chdir", _HOME]


def _mounts(paths: Sequence[str], *, inside: Path) -> list[str]:
    """The options that show these paths, read-only, without installed packages; and nothing else."""
    options = []
    shown = sorted({path for path in [*paths, *_loader_paths()] if Path(path).exists()})
    for path in shown:  # a folder comes before what lies in it
        options += ["--ro-bind", path, path]
    for path in shown:
        for name in _PACKAGES:
            if (Path(path) / name).is_dir():
                options += ["--tmpfs", f"{path}/{name}"]
    for link in _root_links():
        options += ["--symlink", str(link.readlink()), str(link)]
    return [*options, "--ro-bind", str(inside), f"{_OURS}/{inside.name}", "--remount-ro", "/", "--"]


def _loader_paths() -> Iterable[str]:
    """Where programs name their loader, and the loader's list of libraries."""
    return [
        *(str(path) for path in map(Path, ("/usr/lib64", "/lib64")) if not path.is_symlink()),
        "/etc/ld.so.cache",
    ]


def _root_links() -> list[Path]:
    """Links such as /lib -> usr/lib, which the loader's path goes through."""
    return [path for path in map(Path, ("/lib", "/lib64", "/lib32")) if path.is_symlink()]
