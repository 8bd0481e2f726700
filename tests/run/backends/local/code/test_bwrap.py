"""Hostile Python in a box of bubblewrap; what every runner must do is in test_harness.py."""

import os
import sys
import threading
import time

import pytest

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is for Linux"), pytest.mark.long]


def attempt(runner, statement, **inputs):
    names = ", ".join(inputs)
    source = f"import os, sys, signal, socket\ndef main({names}):\n    return {{'got': repr({statement})}}"
    return runner.run("python3", source, inputs)


@pytest.mark.parametrize(
    "statement",
    [
        "open('/etc/passwd').read()",
        "os.listdir('/proc')",
        "os.listdir('/tmp')",
        "open(parent_file).read()",
        "open(packages).read()",
        "open('/proc/self/environ').read()",
        "open('/x', 'w')",
        "open(os.__file__, 'a')",
        "open('/difyflow/_inside/harness.py', 'a')",
        "os.mkdir('/usr/x')",
        "os.chmod('.', 0o777)",
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "socket.socketpair()",
        "os.fork()",
        "os.posix_spawn(sys.executable, [sys.executable, '-c', ''], {})",
        "os.kill(parent, 0)",
        "os.kill(1, signal.SIGKILL)",
        "os.memfd_create('x')",
        "os.unshare(0x10000000) if hasattr(os, 'unshare') else 1 / 0",
    ],
)
def test_what_code_may_not_do_fails(bwrap, statement):
    inputs = {"parent": os.getpid(), "parent_file": __file__, "packages": pytest.__file__}
    outcome = attempt(bwrap, statement, **inputs)
    assert outcome.result is None, outcome.result
    assert outcome.error.kind in ("forbidden", "exception")


def test_nothing_but_the_interpreter_lies_in_the_box(bwrap):
    result = attempt(bwrap, "sorted(os.listdir('/'))").result
    assert not {"home", "tmp", "proc", "sys", "var", "work", "boot", "srv"} & set(eval(result["got"]))


def test_code_without_end_is_ended_with_its_whole_box(quick, processes, temporary_folder):
    before = processes()
    outcome = quick("bwrap", wall_s=0.5).run("python3", "def main():\n    while True: open('x', 'w')", {})
    assert outcome.error.kind == "timeout"
    assert processes() <= before
    assert list(temporary_folder.iterdir()) == []


def test_a_stop_ends_the_call_at_once(bwrap, processes):
    before, stop = processes(), threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    outcome = bwrap.run("python3", "import time\ndef main(): time.sleep(60)", {}, stop=stop)
    assert outcome.error.kind == "stopped"
    assert time.monotonic() - began < 30
    assert processes() <= before
