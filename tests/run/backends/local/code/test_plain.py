"""The plain runner: limits, a clean start and a clean end, but no isolation."""

import sys
import threading
from pathlib import Path

import pytest


def run(runner, source, **inputs):
    return runner.run("python3", source, inputs)


def test_it_says_that_it_isolates_nothing(plain):
    assert not plain.isolated
    assert plain.describe() == "unsafe-subprocess (NOT isolated: code can do whatever you can)"


def test_packages_of_this_python_are_visible(plain):
    assert run(plain, "import yaml\ndef main(): return {'a': yaml.safe_load('b: 1')}").result == {
        "a": {"b": 1}
    }


def test_a_missing_package_is_told_without_a_hint_that_does_not_apply(plain):
    outcome = run(plain, "import no_such_package\ndef main(): return {}")
    assert outcome.error.kind == "exception"
    assert outcome.error.message.endswith("ModuleNotFoundError: No module named 'no_such_package'")


def test_a_refused_file_is_an_ordinary_exception(plain):
    outcome = run(plain, "def main(): raise PermissionError(13, 'no')")
    assert outcome.error.kind == "exception"


@pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
@pytest.mark.parametrize("wait", [True, False])
def test_what_it_started_ends_with_it(quick, processes, wait):
    before = processes()
    source = (
        "import subprocess, sys, time\ndef main(wait):\n"
        "    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "    if wait: time.sleep(60)\n    return {}"
    )
    outcome = quick("unsafe-subprocess", wall_s=1.0).run("python3", source, {"wait": wait})
    assert (outcome.error and outcome.error.kind) == ("timeout" if wait else None)
    assert processes() <= before


def test_code_without_end_is_ended_at_the_wall_clock_limit(quick, temporary_folder):
    outcome = quick("unsafe-subprocess", wall_s=0.5).run("python3", "while True: pass", {})
    assert outcome.error.kind == "timeout"
    assert outcome.elapsed_s < 5
    assert list(temporary_folder.iterdir()) == []


def test_a_stop_ends_the_call_at_once(plain):
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    outcome = plain.run("python3", "import time\ndef main(): time.sleep(60)", {}, stop=stop)
    assert outcome.error.kind == "stopped"
    assert outcome.elapsed_s < 5


def test_it_starts_in_its_own_folder_and_leaves_none(plain, temporary_folder):
    outcome = run(plain, "import os\ndef main():\n    open('x', 'w')\n    return {'cwd': os.getcwd()}")
    assert Path(outcome.result["cwd"]).parent == temporary_folder.resolve()
    assert list(temporary_folder.iterdir()) == []
