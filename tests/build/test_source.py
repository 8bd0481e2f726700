"""Targets in git's history: nothing of it is executed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from difyflow.build.load import load, read_only
from difyflow.build.source import is_in_history
from difyflow.cli.main import run
from difyflow.errors import ReadError

APP = "app:\n  mode: workflow\n  name: {}\nworkflow:\n  graph:\n    edges: []\n    nodes: []\n"
HOSTILE = "import pathlib\npathlib.Path('executed').write_text('x')\nraise SystemExit(9)\n"


@pytest.fixture
def repo(tmp_path, monkeypatch):
    """Two commits of one file, a flow with its app, a flow without; the test stands in it."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.chdir(tmp_path)

    def git(*arguments):
        who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
        subprocess.run(["git", *who, *arguments], check=True, capture_output=True)

    git("init", "-q")
    for folder in ("wf", "bare"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "flow.py").write_text(HOSTILE, encoding="utf-8")
    (tmp_path / "wf/app.yml").write_text(APP.format("beside"), encoding="utf-8")
    (tmp_path / "app.yml").write_text(APP.format("one"), encoding="utf-8")
    assert run(["split", "app.yml", "parts"]) == 0
    git("add", ".")
    git("commit", "-qm", "one")
    (tmp_path / "app.yml").write_text(APP.format("two"), encoding="utf-8")
    git("add", ".")
    (tmp_path / "app.yml").write_text(APP.format("three"), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("HEAD:app.yml", "one"),
        (":app.yml", "two"),
        ("app.yml", "three"),
        ("HEAD:", "one"),
        ("HEAD:wf", "beside"),
        ("HEAD:wf/", "beside"),
        ("HEAD:wf/flow.py", "beside"),
        ("HEAD:parts", "one"),
        (":parts", "one"),
        ("HEAD:./wf", "beside"),
    ],
)
def test_a_revision_with_a_path_is_a_target(repo, target, name):
    assert load(target).name == read_only(target).name == name
    assert not (repo / "executed").exists()


def test_paths_count_from_the_top_or_from_here(repo, monkeypatch):
    monkeypatch.chdir(repo / "wf")
    assert load("HEAD:app.yml").name == "one"
    assert load("HEAD:./app.yml").name == "beside"
    assert load("HEAD:./flow.py").name == "beside"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("HEAD:bare", "Python from history is never executed"),
        ("HEAD:bare/flow.py", "Python from history is never executed"),
        ("HEAD:gone.yml", "git has no such file there"),
        ("nothing:app.yml", "no revision"),
        ("--help:app.yml", "no revision"),
        ("http://x/app.yml", "cannot be read"),
        ("C:\\app.yml", "cannot be read"),
    ],
)
def test_what_is_not_there_is_said_and_nothing_is_executed(repo, target, says):
    with pytest.raises(ReadError, match=says) as caught:
        load(target)
    assert Path(caught.value.path) == Path(target)
    assert not (repo / "executed").exists()


def test_a_file_with_a_colon_in_its_name_is_a_file(repo):
    (repo / "a:b.yml").write_text(APP.format("colon"), encoding="utf-8")
    assert not is_in_history("a:b.yml")
    assert load("a:b.yml").name == "colon"


@pytest.mark.usefixtures("repo")
def test_commands_take_such_a_target(capsys):
    assert run(["render", "HEAD:app.yml"]) == 0
    assert capsys.readouterr().out == APP.format("one")
    assert run(["show", "HEAD:wf/flow.py"]) == 0
    assert run(["join", "HEAD:parts"]) == 0
    assert run(["split", "HEAD:app.yml", "new"]) == 0
