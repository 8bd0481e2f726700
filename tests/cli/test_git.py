"""`difyflow git`: the words of the command; what git does with it is tested in `tests/git`."""

from __future__ import annotations

import os
import subprocess

import pytest

from difyflow.cli.main import run

APP = "app:\n  mode: workflow\n  name: x\nkind: app\nworkflow:\n  graph:\n    edges: []\n    nodes: []\n"


@pytest.fixture
def repo(tmp_path, monkeypatch):
    """A repository with settings of its own, in which the test stands."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, capture_output=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_install_says_what_it_wrote(repo, capsys):
    (repo / "app.yml").write_text(APP, encoding="utf-8")
    assert run(["git", "install"]) == 0
    assert capsys.readouterr() == (
        "",
        f"wrote {repo}/.git/difyflow/driver\n"
        f"wrote {repo}/.git/config\n"
        f"wrote {repo}/.gitattributes\n"
        "  /app.yml diff=difyflow merge=difyflow\n"
        "commit .gitattributes: who has no difyflow sees git's own output\n",
    )
    assert run(["git", "install"]) == 0
    assert capsys.readouterr().err.startswith("everything was there already\n")
    assert run(["git", "uninstall"]) == 0
    assert capsys.readouterr().err == (
        f"removed {repo}/.gitattributes\nchanged {repo}/.git/config\nremoved {repo}/.git/difyflow/driver\n"
    )
    assert run(["git", "uninstall"]) == 0
    assert capsys.readouterr().err == "nothing of difyflow's is there\n"


@pytest.mark.usefixtures("repo")
def test_without_documents_that_is_said(capsys):
    assert run(["git", "install"]) == 0
    assert "no file here holds a Dify document yet" in capsys.readouterr().err


def test_the_text_of_a_document_is_printed(tmp_path, capsysbinary):
    (tmp_path / "-x.yml").write_text(APP, encoding="utf-8")
    assert run(["git", "textconv", "--", str(tmp_path / "-x.yml")]) == 0
    assert capsysbinary.readouterr().out == b"app.mode: workflow\napp.name: x\nkind: app\n"


def test_what_is_no_document_is_printed_as_it_is_after_a_word(tmp_path, capsysbinary):
    file = tmp_path / "x.yml"
    file.write_bytes(b"app: [\nworkflow:\n")
    assert run(["git", "textconv", str(file)]) == 0
    first, rest = capsysbinary.readouterr().out.split(b"\n", 1)
    assert first.startswith(b"# not read as a Dify document: line 2: ")
    assert rest == b"app: [\nworkflow:\n"


def test_the_group_shows_its_commands_and_hides_what_git_calls(capsys):
    assert run(["git", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "install" in shown and "uninstall" in shown and "textconv" not in shown
