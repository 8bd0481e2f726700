"""The filter: numbers as in the kernel's headers, and programs that the kernel would take."""

import re
import struct
from pathlib import Path

import pytest

from difyflow.run.backends.local.code._inside import syscalls
from difyflow.run.backends.local.code._inside.libc import Unsupported
from difyflow.run.backends.local.code._inside.seccomp import program

TABLES = (syscalls.ALLOWED, syscalls.GUARDED, syscalls.FORBIDDEN)
HEADERS = {
    0: ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"],
    1: ["/usr/include/asm-generic/unistd.h"],
}


def header_numbers(column):
    for path in map(Path, HEADERS[column]):
        if path.exists():
            # of the generic header, __NR3264_ names stand for the 64-bit call
            pairs = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\b", path.read_text())
            return {name: int(number) for name, number in pairs}
    return pytest.skip("the kernel's headers are not installed")


GENERIC_NAMES = {"newfstatat": "fstatat"}
"""The generic header gives the 64-bit calls the names of their 32-bit twins."""


@pytest.mark.parametrize("column", [0, 1])
def test_the_numbers_are_those_of_the_kernel_s_headers(column):
    known = header_numbers(column)
    for table in TABLES:
        for name, number in syscalls.numbers(table, column).items():
            expected = known.get(name, known.get(GENERIC_NAMES.get(name, name)))
            if expected is None:
                assert name == "fchmodat2", f"{name} is in no header"  # newer than many headers
            else:
                assert number == expected, name


@pytest.mark.parametrize("column", [0, 1])
def test_no_call_stands_in_two_tables(column):
    rows = [number for table in TABLES for number in syscalls.numbers(table, column).values()]
    assert len(rows) == len(set(rows))


def steps(code):
    return [struct.unpack("<HBBI", code[at : at + 8]) for at in range(0, len(code), 8)]


def decide(code, number, arguments=(), arch=0xC000003E):
    """Runs the filter as the kernel does and gives what it returns."""
    data = struct.pack("<IIQ6Q", number, arch, 0, *arguments, *[0] * (6 - len(arguments)))
    program_steps, at, accumulator = steps(code), 0, 0
    while True:
        operation, yes, no, value = program_steps[at]
        at += 1
        if operation == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
        elif operation == 0x54:
            accumulator &= value
        elif operation == 0x15:
            at += yes if accumulator == value else no
        elif operation == 0x45:
            at += yes if accumulator & value else no
        else:
            assert operation == 0x06
            return value


ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x50001, 0x50026, 0x80000000
THREAD = 0x3D0F00


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("read", (), ALLOW),
        ("socket", (2, 1, 0), EPERM),
        ("clone", (17,), EPERM),
        ("clone", (THREAD,), ALLOW),
        ("clone3", (1, 88), ENOSYS),
        ("execve", (1, 1, 1), EPERM),
        ("kill", (4242, 9), ALLOW),
        ("kill", (1, 9), EPERM),
        ("kill", (2**32 - 1, 9), EPERM),
        ("tgkill", (4242, 4243, 6), ALLOW),
        ("tgkill", (1, 1, 6), EPERM),
        ("openat", (0, 0, 0o1000), EPERM),
        ("openat", (0, 0, 0o1001), ALLOW),
        ("openat", (0, 0, 0), ALLOW),
        ("fcntl", (0, 2), ALLOW),
        ("fcntl", (0, 8), EPERM),
        ("fcntl", (0, 10), EPERM),
        ("ioctl", (0, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), EPERM),
        ("prctl", (15,), ALLOW),
        ("prctl", (1, 0), EPERM),
        ("prlimit64", (0, 7, 0, 1), ALLOW),
        ("prlimit64", (0, 7, 1, 0), EPERM),
        ("prlimit64", (0, 7, 2**32, 0), EPERM),
    ],
)
@pytest.mark.parametrize(
    ("machine", "arch", "column"), [("x86_64", 0xC000003E, 0), ("aarch64", 0xC00000B7, 1)]
)
def test_the_strict_filter_decides_by_the_arguments(machine, arch, column, name, arguments, answer):
    number = {k: v for table in TABLES for k, v in syscalls.numbers(table, column).items()}[name]
    code = program(pid=4242, strict=True, machine=machine)
    assert decide(code, number, arguments, arch) == answer
    assert len(code) // 8 < 4096  # what the kernel takes


def test_calls_that_no_table_names_do_not_exist_for_strict_code_and_pass_otherwise():
    assert decide(program(pid=1, strict=True, machine="x86_64"), 9999) == ENOSYS
    assert decide(program(pid=1, strict=False, machine="x86_64"), 9999) == ALLOW


@pytest.mark.parametrize("strict", [True, False])
def test_other_instruction_sets_are_killed(strict):
    code = program(pid=1, strict=strict, machine="x86_64")
    assert decide(code, 20, arch=0x40000003) == KILL
    assert decide(code, 39 | 1 << 30) == KILL
    assert decide(program(pid=1, strict=strict, machine="aarch64"), 20, arch=0x40000028) == KILL


def test_the_other_filter_lets_a_program_start_but_not_multiply():
    numbers = {k: v for table in TABLES for k, v in syscalls.numbers(table, 0).items()}
    code = program(pid=None, strict=False, machine="x86_64")
    assert decide(code, numbers["execve"]) == ALLOW
    assert decide(code, numbers["clone"], (THREAD,)) == ALLOW
    for name, arguments in (("clone", (17,)), ("fork", ()), ("vfork", ()), ("socket", ()), ("kill", (1, 9))):
        assert decide(code, numbers[name], arguments) == EPERM


def test_a_machine_without_a_table_is_named_in_the_error():
    with pytest.raises(Unsupported, match="no seccomp table for the machine riscv64"):
        program(pid=1, strict=True, machine="riscv64")
