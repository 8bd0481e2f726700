"""`difyflow decompile` as a user meets it."""

from __future__ import annotations

import io

import pytest

import difyflow
from difyflow.cli.main import run


@pytest.fixture
def seed(root):
    return root / "tests" / "seed" / "fine-tune-corpus.yml"


def test_a_file_becomes_a_folder_that_renders_the_same_bytes(seed, tmp_path, capsys):
    assert run(["decompile", str(seed), "-o", str(tmp_path / "flow")]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert f"made {tmp_path / 'flow' / 'flow.py'}\n" in err
    assert difyflow.load(tmp_path / "flow").render().encode() == seed.read_bytes()


def test_a_folder_with_something_in_it_is_refused_unless_forced(seed, tmp_path, capsys):
    (tmp_path / "mine").write_text("mine")
    assert run(["decompile", str(seed), "-o", str(tmp_path)]) == 2
    assert "is not empty\n  name a new folder, or add --force" in capsys.readouterr().err
    assert [item.name for item in tmp_path.iterdir()] == ["mine"]
    assert run(["decompile", str(seed), "-o", str(tmp_path), "--force"]) == 0
    assert (tmp_path / "mine").read_text() == "mine"
    assert difyflow.load(tmp_path).render().encode() == seed.read_bytes()


def test_standard_input_is_read(seed, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(seed.read_bytes())))
    assert run(["decompile", "-", "-o", str(tmp_path / "flow")]) == 0
    assert difyflow.load(tmp_path / "flow").render().encode() == seed.read_bytes()


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "\0", "import os\nos.system('x')\n", "just words"])
def test_what_is_no_document_gives_one_error_and_no_folder(text, tmp_path, capsys):
    file = tmp_path / "flow.py"
    file.write_text(text)
    assert run(["decompile", str(file), "-o", str(tmp_path / "flow")]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("error: ") == 1
    assert "Traceback" not in err
    assert not (tmp_path / "flow").exists()


def test_a_file_that_is_not_there_gives_one_error(tmp_path, capsys):
    assert run(["decompile", str(tmp_path / "no.yml"), "-o", str(tmp_path / "flow")]) == 3
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'no.yml'}: ")


def test_what_only_the_side_file_says_is_told(tmp_path, capsys):
    file = tmp_path / "a.yml"
    file.write_text(
        "app: {mode: workflow, name: x}\nkind: app\nworkflow: {graph: {nodes: [{id: '1', data: "
        "{type: answer, answer: [1]}}], edges: [{source: '1', target: '9'}]}}\n"
    )
    assert run(["decompile", str(file), "-o", str(tmp_path / "flow")]) == 0
    err = capsys.readouterr().err
    assert "only in the side file: node 1: data/answer\n" in err
    assert "only in the side file: edge 1 to 9: cannot be drawn\n" in err


def test_the_help_has_examples(capsys):
    assert run(["decompile", "--help"]) == 0
    assert "difyflow decompile app.yml -o flow/\n" in capsys.readouterr().out
