"""The fork server: a warm interpreter that makes a fresh, locked-down child for every call.

It starts with an empty environment and holds no secret. Its parent tells it over a socket pair (one
message = one JSON object, descriptors beside it) what to do and does the waiting and killing itself:

    run  {"folder": path} + request, result, output  ->  {"pid": n}
    reap {"pid": n}                                  ->  {"status": n}, once the parent saw it end
    bye  {"bye": true}                               ->  nothing: it kills what is left and ends

A child stays a zombie until it is reaped, so its pid cannot come to mean another process meanwhile. When
the socket closes without a bye, the parent was killed: then the server also empties the folder of the calls.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import importlib.util
import json
import os
import signal
import socket
import sys
from importlib.machinery import ExtensionFileLoader

from . import folder, harness, landlock, libc, limits, seccomp

_PR_SET_PDEATHSIG = 1
_MESSAGE_BYTES = 65_536
_RESULT = 3
_HIGH = 100
"""Above every descriptor of the server: it holds a socket, /dev/null and three files per call at most."""
_PACKAGES = ("site-packages", "dist-packages")
_UNWANTED = ("_tkinter", "_curses", "_dbm", "_gdbm", "readline", "_test", "xx", "_xx", "ossaudiodev", "nis")
"""Prefixes of extension modules that no code node needs; loading them drags in terminals and windows."""
_COMMON = """
ast base64 bisect calendar cmath codecs collections.abc concurrent.futures.thread contextlib copy csv
dataclasses datetime decimal difflib email encodings.big5 encodings.gb18030 encodings.gbk encodings.idna
encodings.latin_1 encodings.utf_16 enum fractions functools hashlib heapq hmac html html.parser http.client
inspect io ipaddress itertools json logging math operator pathlib pprint queue random re secrets shutil ssl
statistics string struct tempfile textwrap threading time traceback types typing unicodedata urllib.parse
urllib.request uuid xml.etree.ElementTree zipfile zlib zoneinfo
"""


def warm_up() -> None:
    """Imports what code may want: pure modules for speed, compiled ones because they cannot be loaded later.

    A compiled module needs shared libraries from places that the sandbox closes.
    """
    for name in sorted(sys.stdlib_module_names):
        if not name.startswith(_UNWANTED) and _is_compiled(name):
            _import(name)
    for name in _COMMON.split():
        _import(name)
    hashlib.sha256(b"").hexdigest()  # the library behind it reads its configuration at the first use


def _is_compiled(name: str) -> bool:
    spec = importlib.util.find_spec(name) if name not in sys.modules else None
    return spec is not None and isinstance(spec.loader, ExtensionFileLoader)


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except ImportError:
        return  # an interpreter built without it; code that imports it is told so


def library_rules() -> list[landlock.Rule]:
    """Reading rights on the standard library, entry by entry, without installed packages; and time zones."""
    rules = []
    for path in sys.path:
        if os.path.isfile(path):  # noqa: PTH113 - a standard library in a zip file
            rules.append((path, landlock.READ_FILE))
        elif os.path.isdir(path):  # noqa: PTH112
            with os.scandir(path) as entries:
                rules += [(entry.path, landlock.READ) for entry in entries if entry.name not in _PACKAGES]
    return [*rules, (os.path.realpath(sys.executable), landlock.READ_FILE), *_common_rules()]


def _common_rules() -> list[landlock.Rule]:
    import zoneinfo

    zones = [(path, landlock.READ) for path in zoneinfo.TZPATH]
    return [*zones, ("/dev/null", landlock.READ_FILE | landlock.WRITE_FILE)]


class Server:
    """The state of the server: its settings and the children that are not reaped yet."""

    def __init__(self, control: socket.socket, settings: dict[str, object]) -> None:
        self._control = control
        self._base = str(settings["base"])
        self._limits = settings["limits"]
        abi = landlock.abi()
        wanted = settings.get("abi")
        self._abi = min(abi, wanted) if isinstance(wanted, int) else abi
        self._children: set[int] = set()
        self._null = os.open(os.devnull, os.O_RDONLY)
        self._library: list[landlock.Rule] = []

    def lock_down(self) -> None:
        """Confines the server itself to what its children may have at most."""
        harness.set_environment(self._base)  # also the time zone, before it could be read from outside
        warm_up()
        seccomp.program(pid=os.getpid(), strict=True)  # is there a table for this machine?
        limits.drop_capabilities()
        landlock.restrict(landlock.existing([*library_rules(), (self._base, landlock.USE)]), self._abi)
        # The children's own layer may name whole folders: a call must pass every layer.
        folders = [(path, landlock.READ) for path in sys.path]
        library = [*folders, (os.path.realpath(sys.executable), landlock.READ_FILE), *_common_rules()]
        self._library = landlock.existing(library)
        gc.freeze()

    def serve(self) -> None:
        """Answers until the parent hangs up."""
        self._send({"ready": self._abi})
        while True:
            message, descriptors, _, _ = socket.recv_fds(self._control, _MESSAGE_BYTES, 3)
            if not message:
                break
            request = json.loads(message)
            if "bye" in request:
                self._end_children()
                return
            if "folder" in request:
                self._send(self._fork(request["folder"], descriptors))
            else:
                self._send(self._reap(request["pid"]))
        self._end_children()
        self._empty_folder()

    def _send(self, message: dict[str, object]) -> None:
        self._control.sendall(json.dumps(message).encode())

    def _fork(self, path: str, descriptors: list[int]) -> dict[str, object]:
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as err:
            answer: dict[str, object] = {"error": f"cannot start a process: {err.strerror}"}
        else:
            if pid == 0:
                self._child(path, descriptors, server)
            self._children.add(pid)
            answer = {"pid": pid}
        for descriptor in descriptors:
            os.close(descriptor)
        return answer

    def _reap(self, pid: int) -> dict[str, object]:
        if pid not in self._children:  # a child of an earlier server, which died with it
            return {"status": -signal.SIGKILL}
        self._children.remove(pid)
        _, status = os.waitpid(pid, 0)
        return {"status": os.waitstatus_to_exitcode(status)}

    def _end_children(self) -> None:
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _empty_folder(self) -> None:
        with os.scandir(self._base) as entries:
            left = [entry.path for entry in entries]
        for path in left:
            folder.remove(path)

    def _child(self, path: str, descriptors: list[int], server: int) -> None:
        """Becomes the process of one call; never returns."""
        try:
            request = _read_all(descriptors[0])
            os.setsid()
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != server:  # it died before the line above could notice
                os._exit(1)
            self._keep_only(stdin=self._null, output=descriptors[2], result=descriptors[1])
            self._confine(path)
        except BaseException as err:
            text = (
                f"the process could not be locked down, so the code was not run: {type(err).__name__}: {err}"
            )
            harness.write_frame(_RESULT, harness.fault("killed", text))
            os._exit(0)
        harness.serve(request, _RESULT, 1)

    def _keep_only(self, *, stdin: int, output: int, result: int) -> None:
        """Leaves four descriptors: the standard ones and the result's."""
        for target, descriptor in enumerate((stdin, output, output, result)):
            os.dup2(descriptor, _HIGH + target)  # out of the way, in case one of them is below 4
        for target in range(4):
            os.dup2(_HIGH + target, target)
        os.closerange(4, _HIGH + 4)

    def _confine(self, path: str) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(path)
        os.environ.update(harness.environment(path))
        filter_code = seccomp.program(pid=os.getpid(), strict=True)
        landlock.restrict([*self._library, (path, landlock.USE)], self._abi)
        limits.apply(self._limits)  # type: ignore[arg-type]  # the parent's JSON
        seccomp.install(filter_code)


def _read_all(descriptor: int) -> bytes:
    size, parts, done = os.fstat(descriptor).st_size, [], 0
    while done < size:
        part = os.pread(descriptor, size - done, done)
        if not part:
            break
        parts.append(part)
        done += len(part)
    return b"".join(parts)


def main(control: int, settings: dict[str, object]) -> None:
    """Runs the server on an inherited socket until the other end closes it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=control)
    try:
        server = Server(connection, settings)
        server.lock_down()
    except Exception as err:  # whatever it is, the parent must hear of it
        reason = err.strerror if isinstance(err, OSError) and err.strerror else f"{type(err).__name__}: {err}"
        connection.sendall(json.dumps({"error": reason}).encode())
        return
    server.serve()
