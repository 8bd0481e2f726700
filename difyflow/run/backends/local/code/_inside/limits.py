"""Limits of the kernel on this process: memory, CPU time, file size, open files; and root's privileges."""

from __future__ import annotations

import ctypes
import math
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress

from .libc import call

_CAPABILITIES_VERSION_3 = 0x20080522
_CAP_DAC_READ_SEARCH = 1 << 2
_M_ARENA_MAX = -8


def apply(limits: Mapping[str, float], *, address_space: bool = True) -> None:
    """Lowers the limits of this process and of what it starts; they cannot be raised again.

    Args:
        limits: `cpu_s`, `memory_bytes`, `file_bytes`, `open_files`.
        address_space: True bounds the address space, which suits Python; False bounds the writable memory,
            for programs that reserve far more addresses than they use (node).

    On macOS memory stays unbounded: its kernel does not enforce RLIMIT_AS.
    """
    import resource

    if sys.platform == "linux" and address_space:
        _share_one_heap()
    seconds = max(1, math.ceil(limits["cpu_s"]))
    wanted = {
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_FSIZE: (int(limits["file_bytes"]),) * 2,
        resource.RLIMIT_NOFILE: (int(limits["open_files"]),) * 2,
        resource.RLIMIT_CORE: (0, 0),
    }
    if sys.platform == "linux":
        kind = resource.RLIMIT_AS if address_space else resource.RLIMIT_DATA
        wanted[kind] = (int(limits["memory_bytes"]),) * 2
    for kind, (soft, hard) in wanted.items():
        _, highest = resource.getrlimit(kind)
        if highest != resource.RLIM_INFINITY:  # never more than the caller's own limit
            soft, hard = min(soft, highest), min(hard, highest)
        resource.setrlimit(kind, (soft, hard))


def drop_capabilities() -> None:
    """Gives up root's privileges for good, save finding an interpreter in another user's home folder.

    Landlock bounds what is read in any case. Does nothing for an ordinary user, who has none.

    Raises:
        OSError: the kernel refuses.
    """
    header = struct.pack("=Ii", _CAPABILITIES_VERSION_3, 0)
    held = ctypes.create_string_buffer(24)  # effective, permitted, inheritable; twice, for 64 bits
    call("capget", header, ctypes.addressof(held))
    _, permitted, *_ = struct.unpack("=6I", held.raw)
    kept = permitted & _CAP_DAC_READ_SEARCH
    call("capset", header, struct.pack("=6I", kept, kept, 0, 0, 0, 0))


def _share_one_heap() -> None:
    """Keeps glibc from reserving 64 MB of addresses for each thread, of which few would fit the limit."""
    with suppress(AttributeError):  # another C library, which reserves nothing
        call("mallopt", _M_ARENA_MAX, 1)
