"""`difyflow diff`."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from pathlib import Path

import pytest

import difyflow
from difyflow.cli.main import run
from difyflow.diff.changes import from_json

NODE = {"id": "llm", "type": "custom", "position": {"x": 1, "y": 2}}
DATA = {
    "type": "llm",
    "title": "Ask",
    "model": {
        "provider": "openai",
        "name": "gpt-4o",
        "mode": "chat",
        "completion_params": {"temperature": 0.3},
    },
    "prompt_template": [{"id": "p", "role": "system", "text": "You are kind.\nAnswer in one line.\n"}],
}
START = {
    "id": "start",
    "type": "custom",
    "data": {
        "type": "start",
        "title": "Start",
        "variables": [{"variable": "topic", "label": "Topic", "type": "text-input", "required": False}],
    },
}
KEY = "sk-" + "Qm7Zt2Kp9Wd4Rx8Vb3Nf6Hc1"
APP = {
    "app": {"name": "Demo", "mode": "workflow"},
    "kind": "app",
    "version": "0.3.0",
    "workflow": {
        "environment_variables": [{"name": "key", "value_type": "secret", "value": "hunter2"}],
        "graph": {
            "nodes": [START, NODE | {"data": DATA}],
            "edges": [{"id": "e", "source": "start", "target": "llm"}],
        },
    },
}


@pytest.fixture
def app():
    return copy.deepcopy(APP)


@pytest.fixture
def write(tmp_path):
    def to(name, data):
        path = tmp_path / name
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        path.write_text(text, encoding="utf-8")
        return str(path)

    return to


@pytest.fixture
def pair(app, write):
    """A function that compares the app with its changed self."""

    def of(change):
        changed = copy.deepcopy(app)
        change(changed)
        return write("a.yml", app), write("b.yml", changed)

    return of


def llm(app):
    return app["workflow"]["graph"]["nodes"][1]["data"]


def test_the_same_gives_nothing_and_zero(app, write, capsys):
    assert run(["diff", write("a.yml", app), write("b.yml", app)]) == 0
    assert capsys.readouterr().out == ""


def test_a_text_names_values_lines_words_and_what_breaks(pair, capsys):
    def change(app):
        llm(app)["model"]["completion_params"]["temperature"] = 0.7
        llm(app)["model"]["name"] = "gpt-5"
        llm(app)["prompt_template"][0]["text"] = "You are very kind.\nAnswer in one line.\nAlways.\n"
        app["workflow"]["graph"]["nodes"][0]["data"]["variables"][0]["required"] = True
        app["workflow"]["graph"]["nodes"][1]["position"]["x"] = 99

    one, other = pair(change)
    assert run(["diff", one, other]) == 1
    out = capsys.readouterr().out
    assert (
        out
        == f"""\
--- {one}
+++ {other}

Breaking
  ! input "topic" is required now

Models and plugins
  ~ "Ask" (llm llm)
      model.name gpt-4o -> gpt-5

Nodes
  ~ "Start" (start start)
      variables[topic].required false -> true
  ~ "Ask" (llm llm)
      temperature 0.3 -> 0.7
      prompt_template[system].text
        ~ You are {{+very +}}kind.
          Answer in one line.
        + Always.

Layout: 1 node moved
"""
    )


def test_layout_is_shown_when_asked_for(pair, capsys):
    def move(app):
        app["workflow"]["graph"]["nodes"][1]["position"]["x"] = 99

    files = pair(move)
    assert run(["diff", *files]) == 1
    assert capsys.readouterr().out.endswith("\nLayout: 1 node moved\n")
    assert run(["diff", *files, "--layout"]) == 1
    assert "position.x 1 -> 99" in capsys.readouterr().out


@pytest.mark.parametrize(("fail_on", "code"), [("any", 1), ("breaking", 0), ("never", 0)])
def test_the_exit_code_says_what_was_asked(pair, fail_on, code):
    def change(app):
        llm(app)["title"] = "New"

    assert run(["diff", *pair(change), "--fail-on", fail_on]) == code


def test_a_breaking_change_fails_on_breaking(pair):
    def change(app):
        app["workflow"]["graph"]["nodes"][0]["data"]["variables"].clear()

    assert run(["diff", *pair(change), "--fail-on", "breaking"]) == 1


@pytest.mark.parametrize("kind", ["text", "markdown", "json", "html"])
def test_no_format_tells_a_secret(pair, capsys, kind):
    def change(app):
        app["workflow"]["environment_variables"][0]["value"] = "hunter3"
        llm(app)["prompt_template"][0]["text"] = f"Use {KEY} always."

    assert run(["diff", *pair(change), "--format", kind]) == 1
    out = capsys.readouterr().out
    assert "hunter" not in out
    assert KEY not in out
    assert "sha256" in out
    if kind == "text":
        assert "value: changed (sha256 " in out or "value changed (sha256 " in out


def test_json_can_be_made_again(pair, capsys):
    def change(app):
        llm(app)["title"] = "New"
        app["workflow"]["graph"]["edges"].clear()

    one, other = pair(change)
    assert run(["diff", one, other, "--format", "json"]) == 1
    changes = [from_json(item) for item in json.loads(capsys.readouterr().out)["changes"]]
    made = difyflow.patch(difyflow.read(Path(one).read_bytes()), changes)
    assert made == difyflow.read(Path(other).read_bytes()).data()


def test_the_format_follows_the_name_of_the_file(pair, tmp_path):
    def change(app):
        llm(app)["title"] = "New"

    files = pair(change)
    for name, start in (
        ("d.md", "### Demo"),
        ("d.json", "{"),
        ("d.html", "<!doctype html>"),
        ("d.txt", "---"),
    ):
        assert run(["diff", *files, "-o", str(tmp_path / name)]) == 1
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("", 3, "nothing in it"),
        ("- a list\n", 3, "a DSL document is a mapping"),
        ("a: [\n", 3, "not valid YAML"),
        ("services: {}\n", 3, "no `app:` in this document"),
        ("app:\n<<<<<<< HEAD\n  name: a\n=======\n  name: b\n>>>>>>> x\n", 3, "holds conflict markers"),
    ],
)
def test_a_side_that_cannot_be_read_is_told(app, write, capsys, text, code, says):
    assert run(["diff", write("a.yml", app), write("b.yml", text)]) == code
    err = capsys.readouterr().err
    assert says in err
    assert "b.yml" in err


@pytest.mark.parametrize("targets", [["a", "b", "c"], ["no-such-file.yml", "neither.yml"], ["."]])
def test_targets_that_are_none_are_refused(targets, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["diff", *targets]) in (2, 3)
    assert capsys.readouterr().err.startswith("error: ")


def test_two_folders_are_compared_file_by_file(app, tmp_path, capsys):
    changed = copy.deepcopy(app)
    llm(changed)["title"] = "New"
    for folder, files in (
        ("x", {"same.yml": app, "a/b.yml": app, "old.yaml": app}),
        ("y", {"same.yml": app, "a/b.yml": changed}),
    ):
        for name, data in files.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(data), encoding="utf-8")
        (tmp_path / folder / "other.yml").write_text("a: 1\n", encoding="utf-8")
    assert run(["diff", str(tmp_path / "x"), str(tmp_path / "y")]) == 1
    out = capsys.readouterr().out
    assert out.count("--- ") == 1
    assert "title Ask -> New" in out
    assert f'- gone {tmp_path / "x" / "old.yaml"}: "Demo", 2 nodes' in out


def test_a_revision_is_compared_with_the_files_of_now(app, tmp_path, monkeypatch, capsys):
    def git(*words):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    git("config", "user.email", "a@example.com")
    git("config", "user.name", "A")
    (tmp_path / "app.yml").write_text(json.dumps(app), encoding="utf-8")
    (tmp_path / "values.yml").write_text("a: 1\n", encoding="utf-8")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    llm(app)["title"] = "New"
    (tmp_path / "app.yml").write_text(json.dumps(app), encoding="utf-8")
    (tmp_path / "values.yml").write_text("a: 2\n", encoding="utf-8")
    for targets in (["HEAD"], [], ["HEAD:app.yml", "app.yml"]):
        assert run(["diff", *targets]) == 1
        assert "title Ask -> New" in capsys.readouterr().out
    assert run(["diff", "HEAD", "--format", "json"]) == 1
    assert [item["after"] for item in json.loads(capsys.readouterr().out)["files"]] == ["app.yml"]


def test_a_file_that_cannot_be_read_does_not_hide_the_others(app, tmp_path, capsys):
    changed = copy.deepcopy(app)
    llm(changed)["title"] = "New"
    for folder, files in (
        ("x", {"a.yml": "app:\n  - [", "b.yml": json.dumps(app)}),
        ("y", {"b.yml": json.dumps(changed)}),
    ):
        (tmp_path / folder).mkdir()
        for name, text in files.items():
            (tmp_path / folder / name).write_text(text, encoding="utf-8")
    assert run(["diff", str(tmp_path / "x"), str(tmp_path / "y")]) == 3
    out, err = capsys.readouterr()
    assert "title Ask -> New" in out
    assert "a.yml (before):2: not valid YAML" in err


@pytest.mark.parametrize(("came", "says"), [(True, "+ new "), (False, "- gone ")])
def test_a_side_that_is_not_there_at_all_is_told_in_a_line(app, write, capsys, came, says):
    file = write("a.yml", app)
    targets = [os.devnull, file] if came else [file, os.devnull]
    assert run(["diff", *targets]) == 1
    assert capsys.readouterr().out == f'{says}{file}: "Demo", 2 nodes\n'
    assert run(["diff", *targets, "--fail-on", "breaking"]) == int(not came)


def test_colour_is_for_terminals(pair, capsys):
    def change(app):
        llm(app)["title"] = "New"

    files = pair(change)
    run(["diff", *files])
    assert "\x1b" not in capsys.readouterr().out
    run(["diff", *files, "--color"])
    assert "\x1b[1mNodes\x1b[0m" in capsys.readouterr().out


def test_control_characters_of_a_file_do_not_reach_the_terminal(pair, capsys):
    def change(app):
        llm(app)["title"] = "\x1b[31mred\u202e"
        llm(app)["prompt_template"][0]["text"] = "You\x1b[2J are kind.\nAnswer\u202e in one line.\n"

    one, other = pair(change)
    for kind in ("text", "markdown"):
        run(["diff", one, other, "--format", kind])
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert "\u202e" not in out
