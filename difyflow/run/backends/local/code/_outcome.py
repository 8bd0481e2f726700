"""From what a process left behind to an outcome. Nothing in here is believed before it is checked."""

from __future__ import annotations

import json
import re
import signal
import struct
from dataclasses import dataclass
from typing import Literal, TypeGuard, get_args

from ._inside.harness import MAGIC, OUT_OF_MEMORY, UNWRITTEN
from ._protocol import CodeFault, FaultKind, Limits

Verdict = Literal["ended", "timeout", "stopped", "full"]
"""How the watch over a process ended; only `ended` means that it ended by itself."""

_HEAD = len(MAGIC) + 8
_MOST_VALUES = 4_000_000
"""More JSON values in 16 MiB are no data but an attempt: each costs the reader some 60 bytes of memory."""
_MESSAGE_CHARACTERS = 16_000
_SCIENTIFIC = re.compile(r"-?[0-9]+\.?[0-9]*[eE][+-][0-9]+")


@dataclass(frozen=True)
class Remains:
    """What is left of a process that is dead."""

    verdict: Verdict
    status: int
    """Exit code; negative for a signal."""
    frame: bytes
    elapsed_s: float


Judgement = dict[str, object] | CodeFault


def judge(remains: Remains, *, limits: Limits, language: str) -> Judgement:
    """The result, or why there is none."""
    if remains.verdict == "stopped":
        return CodeFault("stopped", "stopped before the code was done")
    if remains.verdict == "timeout":
        return CodeFault("timeout", f"the code ran longer than {limits.wall_s:g} s")
    if remains.verdict == "full":
        return CodeFault(
            "output-too-large",
            f"the code put more than {limits.file_bytes:,} bytes (or too many files) in its folder",
        )
    if remains.status < 0:
        return _by_signal(-remains.status, remains.elapsed_s, limits=limits, language=language)
    if remains.status != 0 or not remains.frame:
        return _by_itself(remains.status)
    return read_frame(remains.frame, limits=limits)


def _by_signal(number: int, elapsed_s: float, *, limits: Limits, language: str) -> CodeFault:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if name == "SIGXCPU" or (name == "SIGKILL" and elapsed_s >= limits.cpu_s):
        return CodeFault("timeout", f"the code used more than {limits.cpu_s:g} s of CPU time")
    if name == "SIGXFSZ":
        return CodeFault(
            "output-too-large", f"the code wrote a file of more than {limits.file_bytes:,} bytes"
        )
    if name == "SIGSYS":
        return CodeFault("forbidden", "the code made a call to the kernel that isolated code may not make")
    if language == "javascript" and name in ("SIGABRT", "SIGTRAP", "SIGILL"):
        return CodeFault("memory", f"node gave up ({name}), as it does when memory runs out")
    return CodeFault("killed", f"the code's process was ended by {name} before `main` returned")


def _by_itself(status: int) -> CodeFault:
    if status == OUT_OF_MEMORY:
        return CodeFault("memory", "the code used up its memory")
    if status == UNWRITTEN:
        return CodeFault(
            "bad-result", "the result could not be written: the code closed or filled its descriptor"
        )
    return CodeFault(
        "killed", f"the code ended its own process (exit status {status}) before `main` returned"
    )


def read_frame(frame: bytes, *, limits: Limits) -> Judgement:
    """Reads the bytes that should be one frame of `_inside/harness.py`, whatever they are."""
    length = struct.unpack(">Q", frame[len(MAGIC) : _HEAD])[0] if len(frame) >= _HEAD else -1
    if frame[: len(MAGIC)] != MAGIC or length != len(frame) - _HEAD:
        if len(frame) > limits.output_bytes:
            return CodeFault("output-too-large", "more was written in place of the result than is allowed")
        return CodeFault("bad-result", "something else was written in place of the result")
    body = frame[_HEAD:]
    if body.count(b",") + body.count(b"[") + body.count(b"{") > _MOST_VALUES:
        return CodeFault("output-too-large", f"the result has more than {_MOST_VALUES:,} values")
    try:
        message = json.loads(body)
        return _read_message(message)
    except (ValueError, RecursionError) as err:
        return CodeFault("bad-result", f"the result cannot be read as JSON: {err}")


def _read_message(message: object) -> Judgement:
    if isinstance(message, dict) and len(message) == 1:
        result, fault = message.get("result"), message.get("fault")
        if isinstance(result, dict):
            return as_dify_reads(result)
        if isinstance(fault, dict):
            kind, text = fault.get("kind"), fault.get("message")
            if _is_kind(kind) and isinstance(text, str):
                return CodeFault(kind, text[:_MESSAGE_CHARACTERS])
    return CodeFault("bad-result", "something else was written in place of the result")


def _is_kind(value: object) -> TypeGuard[FaultKind]:
    return isinstance(value, str) and value in get_args(FaultKind)


def as_dify_reads(result: dict[str, object]) -> dict[str, object]:
    """Turns strings in scientific notation with a signed exponent (`1.5e-07`) into numbers.

    Dify does so with every result of a Code node, at any depth (graphon 0.8.0 `dsl/code_runtime.py`).

    Raises:
        RecursionError: the result is nested too deeply.
    """
    return {key: _as_dify_reads(value) for key, value in result.items()}


def _as_dify_reads(value: object) -> object:
    if isinstance(value, str):
        return float(value) if len(value) < 400 and _SCIENTIFIC.fullmatch(value) else value
    if isinstance(value, dict):
        return {key: _as_dify_reads(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_dify_reads(inner) for inner in value]
    return value
