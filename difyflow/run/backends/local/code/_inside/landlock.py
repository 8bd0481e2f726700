"""Landlock: which files this process and its children may touch, through bare kernel calls.

Source: `linux/landlock.h`; what each ABI adds is in the kernel's `userspace-api/landlock.rst`.
Landlock does not cover looking at a file's existence and size (`stat`, `access`), nor changing mode, owner
or times; the latter are left to seccomp.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable, Sequence

from .libc import Unsupported, prctl, syscall

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every machine
_RULE_PATH_BENEATH = 1
_VERSION_FLAG = 1
_PR_SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG, MAKE_SYM = 1 << 7, 1 << 8, 1 << 12
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

READ = READ_FILE | READ_DIR
USE = WRITE_FILE | READ | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER | TRUNCATE
"""What the private folder allows: everything but devices, sockets, pipes and running programs."""
_OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

Rule = tuple[str, int]
"""A path and the rights granted on it and on everything beneath."""


def abi() -> int:
    """The version of Landlock that the running kernel has.

    Raises:
        Unsupported: it has none.
    """
    try:
        return syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    except Unsupported as err:
        raise Unsupported(err.errno, f"this kernel has no usable Landlock ({err.strerror})") from err


def _handled(version: int) -> int:
    """The file rights that this version knows."""
    bits = 13 + (version >= 2) + (version >= 3) + (version >= 5)
    return (1 << bits) - 1


def _ruleset(version: int) -> int:
    files = _handled(version)
    if version < 4:
        return syscall(_CREATE_RULESET, struct.pack("=Q", files), 8, 0)
    if version < 6:  # TCP: binding and connecting
        return syscall(_CREATE_RULESET, struct.pack("=QQ", files, 0b11), 16, 0)
    # abstract Unix sockets and signals to processes outside
    return syscall(_CREATE_RULESET, struct.pack("=QQQ", files, 0b11, 0b11), 24, 0)


def _add(ruleset: int, rule: Rule, version: int) -> None:
    path, rights = rule
    rights &= _handled(version)
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_A_FILE
        attribute = struct.pack("=Qi", rights, descriptor)
        syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, attribute, 0)
    finally:
        os.close(descriptor)


def existing(rules: Iterable[Rule]) -> list[Rule]:
    """The rules whose paths exist."""
    return [rule for rule in rules if os.path.exists(rule[0])]  # noqa: PTH110


def restrict(rules: Sequence[Rule], version: int) -> None:
    """From now on this process may touch only what the rules grant; it adds to earlier restrictions.

    Args:
        rules: of paths that exist; see `existing`.
        version: the ABI to use, at most `abi()`.

    Raises:
        OSError: a path does not exist.
        Unsupported: the kernel refuses.
    """
    ruleset = _ruleset(version)
    try:
        for rule in rules:
            _add(ruleset, rule, version)
        prctl(_PR_SET_NO_NEW_PRIVS, 1)
        syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
