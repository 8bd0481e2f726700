"""A seccomp filter for one process, written as BPF without a library.

Two kinds. The strict one names what is allowed and is meant for Python, whose needs are known. The other
one names what is forbidden and is meant for programs that bring their own run time (node).

Source of the layout: `linux/seccomp.h`, `linux/filter.h`, `linux/audit.h`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from functools import cache

from . import syscalls
from .libc import Unsupported, prctl

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""Machine -> (AUDIT_ARCH number, column of the tables)."""

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_KILL_PROCESS = 0x80000000
_LOAD, _JUMP_EQUAL, _JUMP_ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x45, 0x54, 0x06

_CLONE_THREAD = 0x00010000
_TRUNCATE_ONLY = (os.O_TRUNC if hasattr(os, "O_TRUNC") else 0x200) | 0x3
_FCNTL_ALLOWED = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030)
"""F_DUPFD to F_SETLKW, the F_OFD locks, F_DUPFD_CLOEXEC. F_SETOWN and F_SETSIG would signal others."""
_IOCTL_ALLOWED = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451, 0x802C542A)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX, TCGETS2: what `isatty` and files ask for."""
_PRCTL_ALLOWED = (3, 15, 16, 0x53564D41)
"""PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_SET_VMA."""

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)


def _argument(index: int, *, high: bool = False) -> bytes:
    return _step(_LOAD, 16 + 8 * index + (4 if high else 0))


_GRANT = _step(_RETURN, _ALLOW)
_REFUSE = _step(_RETURN, _ERRNO | errno.EPERM)
_UNKNOWN = _step(_RETURN, _ERRNO | errno.ENOSYS)
_KILL = _step(_RETURN, _KILL_PROCESS)


def _one_of(index: int, values: tuple[int, ...]) -> bytes:
    """Grants the call if its argument (low word: the kernel takes an int there) is one of the values."""
    checks = b"".join(_step(_JUMP_EQUAL, value, no=1) + _GRANT for value in values)
    return _argument(index) + checks + _REFUSE


def _no_truncating_read(index: int) -> bytes:
    """Refuses `O_RDONLY | O_TRUNC`, which empties a file that Landlock before ABI 3 lets be read."""
    flags = _argument(index) + _step(_AND, _TRUNCATE_ONLY)
    return flags + _step(_JUMP_EQUAL, _TRUNCATE_ONLY & ~0x3, no=1) + _REFUSE + _GRANT


def _null_pointer(index: int) -> bytes:
    """Grants the call if a pointer argument is NULL."""
    low = _argument(index) + _step(_JUMP_EQUAL, 0, no=3)
    return low + _argument(index, high=True) + _step(_JUMP_EQUAL, 0, no=1) + _GRANT + _REFUSE


def _guards(pid: int | None, *, may_exec: bool) -> dict[str, bytes]:
    """The filters of the calls that depend on their arguments, by name."""
    own = _REFUSE if pid is None else _one_of(0, (pid,))
    return {
        "open": _no_truncating_read(1),
        "openat": _no_truncating_read(2),
        # Python's fork() is a clone without this flag; a thread is a clone with it.
        "clone": _argument(0) + _step(_JUMP_ANY_BIT, _CLONE_THREAD, no=1) + _GRANT + _REFUSE,
        # Its flags lie in memory where no filter can look; the C library then falls back to clone.
        "clone3": _UNKNOWN,
        "fcntl": _one_of(1, _FCNTL_ALLOWED),
        "ioctl": _one_of(1, _IOCTL_ALLOWED),
        "prctl": _one_of(0, _PRCTL_ALLOWED),
        # Without privileges limits can only be lowered, which a program may do to itself.
        "prlimit64": _one_of(0, (0,)) if may_exec else _null_pointer(2),
        "kill": own,
        # Without a pid the process lies in a pid namespace of its own and needs this one to abort itself.
        "tgkill": _GRANT if pid is None else own,
        "execve": _GRANT if may_exec else _REFUSE,
    }


def _when(number: int, code: bytes) -> bytes:
    return _step(_JUMP_EQUAL, number, no=len(code) // 8) + code


@cache
def _guarded(column: int) -> dict[str, int]:
    return syscalls.numbers(syscalls.GUARDED, column)


@cache
def _settled(column: int, strict: bool) -> bytes:
    """The part of the filter that looks at no argument: the same for every process."""
    allowed = syscalls.numbers(syscalls.ALLOWED, column).values() if strict else ()
    refused = syscalls.numbers(syscalls.FORBIDDEN, column).values()
    return b"".join(
        [*(_when(number, _GRANT) for number in allowed), *(_when(number, _REFUSE) for number in refused)]
    )


def program(*, pid: int | None, strict: bool, machine: str | None = None) -> bytes:
    """Builds the filter as the bytes of a `struct sock_filter[]`.

    Args:
        pid: the process that the filter is for, the only one that it may signal; None inside a pid
            namespace of its own.
        strict: True allows only what is known to be needed and no exec; False forbids what is known to be
            harmful and allows exec (without fork, that only replaces the process itself).
        machine: as `platform.machine()` names it; None for this one.

    Raises:
        Unsupported: there is no table for this machine.
    """
    name = machine or platform.machine()
    if name not in _ARCHITECTURES:
        known = ", ".join(_ARCHITECTURES)
        raise Unsupported(errno.ENOSYS, f"no seccomp table for the machine {name} (there is one for {known})")
    arch, column = _ARCHITECTURES[name]
    guarded = _guarded(column)
    guards = _guards(pid, may_exec=not strict)
    by_argument = b"".join(_when(guarded[call], code) for call, code in guards.items() if call in guarded)
    # A call of another instruction set has other numbers: x86-64 also answers i386 and x32 (bit 30).
    start = _step(_LOAD, 4) + _step(_JUMP_EQUAL, arch, yes=1) + _KILL + _step(_LOAD, 0)
    x32 = _step(_JUMP_ANY_BIT, 0x40000000, no=1) + _KILL if name == "x86_64" else b""
    return start + x32 + _settled(column, strict) + by_argument + (_UNKNOWN if strict else _GRANT)


def install(code: bytes) -> None:
    """Puts this process, for good, under a filter made by `program`.

    Raises:
        Unsupported: the kernel refuses.
    """
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header)
