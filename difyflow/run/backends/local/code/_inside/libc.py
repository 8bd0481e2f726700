"""Calls to the kernel that Python has no function for, through the C library (Linux)."""

from __future__ import annotations

import ctypes
import os
from functools import cache


class Unsupported(OSError):
    """This machine or kernel cannot do, or does not allow, what is asked."""


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _convert(value: int | bytes | None) -> ctypes.c_long | ctypes.c_char_p:
    return ctypes.c_long(value) if isinstance(value, int) else ctypes.c_char_p(value)


def call(function: str, *arguments: int | bytes | None) -> int:
    """Calls a function of the C library; bytes are passed as a pointer.

    Raises:
        Unsupported: it failed.
    """
    result = int(getattr(_library(), function)(*map(_convert, arguments)))
    if result < 0:
        code = ctypes.get_errno()
        raise Unsupported(code, f"{function}{arguments[:1]}: {os.strerror(code)}")
    return result


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """Makes a kernel call by its number; see `call`."""
    return call("syscall", number, *arguments)


def prctl(option: int, *arguments: int | bytes) -> int:
    """Makes a `prctl`, with 0 for arguments that are left out; see `call`."""
    return call("prctl", option, *(*arguments, 0, 0, 0, 0)[:4])
