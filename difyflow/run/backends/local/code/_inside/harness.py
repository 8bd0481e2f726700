"""Runs one request: the source of a Python Code node, its inputs, and back comes one frame.

A request is JSON: `source`, `inputs`, `result_bytes`, `stdout_bytes`, `isolated`. A frame is `MAGIC`, the
length of what follows (8 bytes, big-endian), and JSON: `{"result": {...}}` or
`{"fault": {"kind": ..., "message": ...}}`. The reader trusts none of it.

What the code sees is what Dify's sandbox shows it: it is `__main__`, `main(**inputs)` is called after the
top level ran, the result goes through `json.dumps`, and some names are there without an import. Source:
dify-sandbox `prescript.py` (a94a466) and graphon 0.8.0 `dsl/code_runtime.py`.
"""

from __future__ import annotations

import base64
import ctypes
import io
import json
import linecache
import os
import struct
import sys
import time
import traceback
from types import ModuleType, TracebackType

MAGIC = b"DFCR"
FILENAME = "code.py"
UNWRITTEN, OUT_OF_MEMORY = 71, 72
"""Exit codes: the result's descriptor did not take the frame; not even a fault could be put into words."""
_MESSAGE_CHARACTERS = 8_000
_FRAMES = 20

_dumps, _loads = json.dumps, json.loads
_OUT_OF_MEMORY_FRAME = b'{"fault": {"kind": "memory", "message": "MemoryError: the code used up its memory"}}'

_HINT_MODULE = (
    "hint: isolated code sees the standard library only. `--code-runner http` runs it on a Dify sandbox with "
    "the packages installed there; `--code-runner unsafe-subprocess` runs it unprotected with the packages "
    "installed here."
)
_HINT_FORBIDDEN = (
    "hint: isolated code works on its inputs and in its own temporary folder; other files, the network, "
    "other programs and signals to other processes are closed to it."
)


class Output(io.RawIOBase):
    """A stream to a descriptor that takes everything and keeps the first `limit` bytes."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self._descriptor = descriptor
        self._room = limit

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: object) -> int:
        view = memoryview(data).cast("B")  # type: ignore[arg-type]  # io calls it with any buffer
        kept = view[: self._room]
        while kept:
            kept = kept[os.write(self._descriptor, kept) :]
        self._room -= min(self._room, len(view))
        return len(view)


def open_output(descriptor: int, limit: int) -> io.TextIOWrapper:
    """What `print` writes to: text in UTF-8 to a descriptor, cut at `limit` bytes."""
    stream = io.BufferedWriter(Output(descriptor, limit))
    return io.TextIOWrapper(stream, encoding="utf-8", errors="backslashreplace", line_buffering=True)


def write_frame(descriptor: int, body: bytes) -> None:
    """Writes one frame, whole.

    Raises:
        OSError: the descriptor is closed or full.
    """
    rest = memoryview(MAGIC + struct.pack(">Q", len(body)) + body)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def fault(kind: str, message: str) -> bytes:
    """The body of a frame that tells what went wrong."""
    if len(message) > _MESSAGE_CHARACTERS:
        half = _MESSAGE_CHARACTERS // 2
        message = (
            f"{message[:half]}\n  ... {len(message) - 2 * half} characters left out ...\n{message[-half:]}"
        )
    return _dumps({"fault": {"kind": kind, "message": message}}).encode()


def run(request: dict[str, object]) -> bytes:
    """Runs the request and returns the body of the frame; it lets no exception of the code through."""
    try:
        return _run(request)
    except MemoryError:
        return _OUT_OF_MEMORY_FRAME
    except BaseException as err:  # the code's own SystemExit and KeyboardInterrupt too
        return fault("exception", f"{type(err).__name__} while the code's own error was put into words")


def _run(request: dict[str, object]) -> bytes:
    isolated = bool(request["isolated"])
    try:
        result = _call_main(str(request["source"]), request["inputs"])
    except MemoryError:
        return _OUT_OF_MEMORY_FRAME
    except BaseException as err:
        return _explain(err, isolated=isolated)
    limit = request["result_bytes"]
    assert isinstance(limit, int)
    return _encode(result, limit)


def _call_main(source: str, inputs: object) -> object:
    linecache.cache[FILENAME] = (len(source), None, source.splitlines(keepends=True), FILENAME)
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    scope = module.__dict__
    scope.update(ctypes=ctypes, os=os, sys=sys, traceback=traceback)
    exec(compile(source, FILENAME, "exec", dont_inherit=True), scope)
    scope.update(json=json, b64decode=base64.b64decode)
    if "main" not in scope:
        raise NameError("the code defines no function `main`")
    return scope["main"](**inputs)  # type: ignore[arg-type]  # a JSON object by contract


def _encode(result: object, limit: int) -> bytes:
    if not isinstance(result, dict):
        return fault("bad-result", f"`main` must return a dict, it returned {type(result).__name__}")
    try:
        body = _dumps({"result": result}, ensure_ascii=False, separators=(",", ":"))
        frame = body.encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError) as err:
        return fault("bad-result", f"`main` returned a dict that cannot be written as JSON: {err}")
    if len(frame) > limit:
        return fault(
            "output-too-large", f"the result has {len(frame):,} bytes as JSON; at most {limit:,} are allowed"
        )
    return frame


def _explain(err: BaseException, *, isolated: bool) -> bytes:
    trace = err.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != FILENAME:
        trace = trace.tb_next
    kind = "forbidden" if isolated and _is_forbidden(err) else "exception"
    lines = [_format(err, trace)]
    if kind == "forbidden":
        lines.append(_HINT_FORBIDDEN)
    elif isolated and _is_third_party(err):
        lines.append(_HINT_MODULE)
    return fault(kind, "\n".join(lines))


def _format(err: BaseException, trace: TracebackType | None) -> str:
    # Only the innermost frames: an endless recursion has a thousand of them.
    text = traceback.TracebackException(type(err), err, trace, limit=-_FRAMES, compact=True).format()
    return "".join(text).rstrip()


def _is_third_party(err: BaseException) -> bool:
    if not isinstance(err, ModuleNotFoundError) or not err.name:
        return False
    return err.name.partition(".")[0] not in sys.stdlib_module_names


def _is_forbidden(err: BaseException) -> bool:
    """True if the sandbox is behind the error: refused by the kernel, or no name service to ask."""
    if isinstance(err, PermissionError) or type(err).__name__ == "gaierror":
        return True
    reason = getattr(err, "reason", None)  # urllib.error.URLError wraps the cause
    return isinstance(reason, BaseException) and reason is not err and _is_forbidden(reason)


def set_environment(path: str) -> None:
    """The environment of the code: its folder, UTF-8, and UTC as in the image of Dify's sandbox."""
    os.environ.clear()
    os.environ.update(environment(path))
    time.tzset()


def environment(path: str) -> dict[str, str]:
    """The variables that code gets to see, wherever it runs."""
    return {"HOME": path, "TMPDIR": path, "LANG": "C.UTF-8", "TZ": "UTC0"}


def serve(request: bytes, result_descriptor: int, output_descriptor: int) -> None:
    """Runs a request as the last thing that this process does: it does not return.

    `os._exit` ends it: no exit handler of the code runs and no thread of it is waited for.
    """
    status = OUT_OF_MEMORY
    try:
        decoded = _loads(request)
        output = open_output(output_descriptor, decoded["stdout_bytes"])
        sys.stdout = sys.stderr = output
        body = run(decoded)
        status = UNWRITTEN
        if not output.closed:
            output.flush()
        write_frame(result_descriptor, body)
        status = 0
    finally:
        os._exit(status)
