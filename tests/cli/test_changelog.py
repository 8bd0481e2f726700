"""`difyflow changelog`."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from difyflow.cli.main import run

APP = (
    "app:\n  mode: workflow\n  name: '{name}'\nkind: app\nworkflow:\n  graph:\n    edges: []\n    nodes:\n"
    "    - data:\n        code: {code}\n        title: Sum\n        type: code\n      id: '1'\n"
)


@pytest.fixture
def repo(tmp_path, monkeypatch):
    """Two commits: one workflow changes, one comes, one goes."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.chdir(tmp_path)

    def git(*arguments):
        settings = ["-c", "user.name=Ann", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *settings, *arguments], check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / "a.yml").write_text(APP.format(name="A [x] <b>", code="1"), encoding="utf-8")
    (tmp_path / "old.yml").write_text(
        APP.format(name="Old", code="x = 9" + "+".join(map(str, range(2000)))), encoding="utf-8"
    )
    git("add", ".")
    git("commit", "-qm", "one")
    git("tag", "v1")
    (tmp_path / "a.yml").write_text(APP.format(name="A [x] <b>", code="2"), encoding="utf-8")
    (tmp_path / "old.yml").unlink()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/new.yml").write_text(
        APP.format(name="New", code="-".join(f"w{n * n}" for n in range(2000))).replace("Sum", "Y"),
        encoding="utf-8",
    )
    git("add", ".")
    git("commit", "-qm", "two *stars*")
    return tmp_path


@pytest.mark.usefixtures("repo")
def test_all_workflows_are_told_as_markdown(capsys):
    assert run(["changelog", "v1..HEAD"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(
        "# Workflows: v1..HEAD\n\n3 changed, 1 breaking.\n\n## A \\[x\\] \\<b>\n\n`a.yml`\n\n"
    )
    assert '- changed "Sum" (code 1): code 1 -> 2\n' in shown
    assert "## Old (breaking)\n\n`old.yml`\n\n- **Breaking:** the app is gone\n- removed, 1 node\n" in shown
    assert "## New\n\n`sub/new.yml`\n\n- new, 1 node\n" in shown
    assert shown.count("two \\*stars\\* (Ann)") == 3


@pytest.mark.usefixtures("repo")
def test_one_revision_reaches_to_head_and_paths_narrow_it_down(capsys, monkeypatch, repo):
    monkeypatch.chdir(repo / "sub")
    assert run(["changelog", "v1", "new.yml", "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["new_path"], row["kind"], [item["author"] for item in row["commits"]]) == (
        "sub/new.yml",
        "added",
        ["Ann"],
    )


def test_it_goes_to_a_file(repo, capsys):
    assert run(["changelog", "v1..HEAD", "-o", "CHANGES.md"]) == 0
    assert (repo / "CHANGES.md").read_text(encoding="utf-8").startswith("# Workflows")
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("repo")
def test_nothing_changed_is_said(capsys):
    assert run(["changelog", "HEAD..HEAD"]) == 0
    assert capsys.readouterr().out == "# Workflows: HEAD..HEAD\n\nNo workflow changed.\n"


@pytest.mark.parametrize(
    "span", ["", "nothing..HEAD", "HEAD..nothing", "--output=x..HEAD", "--output=x", "v1...none"]
)
def test_a_revision_that_git_does_not_know_is_said(repo, capsys, span):
    assert run(["changelog", "--", span]) == 2
    assert "no revision" in capsys.readouterr().err
    assert not (repo / "x").exists()
