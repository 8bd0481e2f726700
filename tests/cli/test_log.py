"""`difyflow log`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from difyflow.cli.main import run
from difyflow.dsl import _yaml


def app(*inputs, text="hi", x=1):
    variables = [{"variable": name, "label": name, "type": "text-input", "required": True} for name in inputs]
    start = {"id": "a", "type": "custom", "position": {"x": x, "y": 2}}
    start["data"] = {"type": "start", "title": "Start", "variables": variables}
    template = {"type": "template-transform", "title": "Say", "template": text, "variables": []}
    nodes = [start, {"id": "b", "type": "custom", "data": template}]
    edges = [{"id": "e", "source": "a", "target": "b"}]
    return _yaml.dump(
        {
            "app": {"name": "Greeter", "mode": "workflow"},
            "kind": "app",
            "version": "0.3.0",
            "workflow": {"graph": {"nodes": nodes, "edges": edges}, "features": {}},
        }
    )


@pytest.fixture
def repo(tmp_path, monkeypatch):
    """Four commits of `app.yml` by two people; the test stands there."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.chdir(tmp_path)

    def commit(who, message, text):
        (tmp_path / "app.yml").write_text(text, encoding="utf-8")
        settings = ["-c", f"user.name={who}", "-c", "user.email=x@example.com"]
        subprocess.run(["git", "add", "."], check=True)
        date = {"GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z"}
        subprocess.run(["git", *settings, "commit", "-qm", message], check=True, env={**os.environ, **date})

    subprocess.run(["git", "init", "-q"], check=True, capture_output=True)
    commit("Ann", "one", app("query"))
    commit("Bob", "say hello", app("query", text="hello"))
    commit("Ann", "tidy \x1b[31m", app("query", text="hello", x=90))
    commit("Bob", "another input", app("question", text="hello", x=90))
    return tmp_path


def ids():
    out = subprocess.run(
        ["git", "log", "--format=%H"], check=True, capture_output=True, encoding="utf-8"
    ).stdout
    return [line[:10] for line in out.split()]


@pytest.mark.usefixtures("repo")
def test_each_commit_is_told_in_words_of_the_workflow(capsys):
    assert run(["log", "app.yml"]) == 0
    four, three, two, one = ids()
    shown = capsys.readouterr().out
    blocks = shown.split("\n\n")
    assert blocks[0].splitlines()[0] == f"{four}  2026-01-02  Bob  another input  BREAKING"
    assert '  ! input "query" is ' in blocks[0]
    assert blocks[1] == f"{three}  2026-01-02  Ann  tidy \\x1b[31m\n  layout: 1 node moved"
    assert (
        blocks[2]
        == f'{two}  2026-01-02  Bob  say hello\n  ~ "Say" (template-transform b): template hi -> hello'
    )
    assert blocks[3] == f'{one}  2026-01-02  Ann  one\n  added "Greeter", 2 nodes\n'


@pytest.mark.usefixtures("repo")
def test_the_same_as_json(capsys):
    assert run(["log", "app.yml", "--format", "json", "-n", "1"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["commit"]["author"] == "Bob"
    assert (entry["kind"], entry["name"], len(entry["breaking"]) > 0) == ("changed", "Greeter", True)


@pytest.mark.usefixtures("repo")
def test_a_break_can_fail(capsys):
    assert run(["log", "app.yml", "--fail-on", "breaking"]) == 1
    assert run(["log", "app.yml"]) == 0
    assert capsys.readouterr().err == ""


def test_versions_that_cannot_be_read_are_told(repo, capsys):
    for text in ("app: [\nworkflow: {\n", app("query")):
        (repo / "app.yml").write_text(text, encoding="utf-8")
        settings = ["-c", "user.name=Ann", "-c", "user.email=x@example.com"]
        subprocess.run(["git", *settings, "commit", "-qam", "more"], check=True)
    assert run(["log", "app.yml", "-n", "2"]) == 0
    mended, broke = capsys.readouterr().out.split("\n\n")
    assert "  not read: as it was before: app.yml:2: not valid YAML" in mended
    assert "  not read: app.yml:2: not valid YAML" in broke


@pytest.mark.usefixtures("repo")
def test_the_same_as_markdown_in_a_file(capsys):
    assert run(["log", "app.yml", "--format", "markdown", "-o", "HISTORY.md", "--author", "Bob"]) == 0
    assert capsys.readouterr().out == ""
    four, _, two, _ = ids()
    shown = Path("HISTORY.md").read_text(encoding="utf-8")
    assert shown.startswith(
        f"# History of `app.yml`\n\n## another input (breaking)\n\n{four}, 2026-01-02, Bob\n\n"
    )
    assert shown.endswith(
        f"## say hello\n\n{two}, 2026-01-02, Bob\n\n"
        '- changed "Say" (template-transform b): template hi -\\> hello\n'.replace("\\>", ">")
    )


@pytest.mark.usefixtures("repo")
def test_revisions_come_before_the_file_and_nothing_found_is_said(capsys):
    assert run(["log", "HEAD~2..HEAD~1", "app.yml"]) == 0
    assert capsys.readouterr().out.startswith(ids()[1])
    assert run(["log", "HEAD~1", "app.yml", "-n", "1"]) == 0
    assert capsys.readouterr().out.startswith(ids()[1])
    assert run(["log", "HEAD..HEAD", "app.yml", "--fail-on", "breaking"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "none of the commits asked for changed it\n")
    assert run(["log", "--", "-p", "app.yml"]) == 2
    assert "no revision" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["gone.yml", "/", "-"])
@pytest.mark.usefixtures("repo")
def test_what_has_no_history_is_said(target, capsys):
    assert run(["log", target]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_outside_a_repository_that_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert run(["log", "app.yml"]) == 2
    assert "lies in no git repository" in capsys.readouterr().err
