"""Runners that are opened once, and what a test needs to look at the machine from outside."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from difyflow.errors import NotRunnable
from difyflow.run.backends.local.code import Limits, open_runner

LIMITS = Limits(wall_s=10.0, cpu_s=10.0, memory_bytes=256 * 1024 * 1024, stdout_bytes=10_000)


def open_or_skip(choice, limits=LIMITS):
    try:
        return open_runner(choice, limits=limits)
    except NotRunnable as err:
        pytest.skip(f"{choice} does not hold here: {err}")


@pytest.fixture(scope="session")
def sandbox():
    """The sandbox, or a skip with the reason why it does not hold on this machine."""
    with open_or_skip("sandbox") as runner:
        yield runner


@pytest.fixture(scope="session")
def bwrap():
    with open_or_skip("bwrap") as runner:
        yield runner


@pytest.fixture(scope="session")
def plain():
    with open_runner("unsafe-subprocess", limits=LIMITS) as runner:
        yield runner


EVERY = ["sandbox", pytest.param("bwrap", marks=pytest.mark.long), "unsafe-subprocess"]


@pytest.fixture(params=EVERY, scope="session")
def any_runner(request):
    """Every runner of this machine in turn."""
    with open_or_skip(request.param) as runner:
        yield runner


@pytest.fixture
def quick(request):
    """Opens a runner with limits of the test's own; it is closed afterwards."""

    def open_quick(choice, **limits):
        runner = open_or_skip(choice, Limits(**limits))
        request.addfinalizer(runner.close)
        return runner

    return open_quick


@pytest.fixture
def node_on_path():
    if shutil.which("node") is None:
        pytest.skip("node is not installed")


@pytest.fixture
def temporary_folder(tmp_path, monkeypatch):
    """The system's temporary folder for this test: what is left in it was left behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def processes():
    """The pids of all processes whose ancestor is this one, as a function."""
    if sys.platform != "linux":
        pytest.skip("reads /proc")

    def parents():
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                stat = (folder / "stat").read_text()
            except OSError:
                continue  # it ended while we looked
            found[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
        return found

    def descendants():
        tree, found = parents(), {os.getpid()}
        while grown := {pid for pid, parent in tree.items() if parent in found} - found:
            found |= grown
        return found - {os.getpid()}

    return descendants
