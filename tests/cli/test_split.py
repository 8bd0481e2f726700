"""`difyflow split`."""

from __future__ import annotations

import io
import sys

import pytest

from difyflow.cli.main import run

COMMENTED = "# ours\napp: {mode: workflow, name: x}\nworkflow: {graph: {nodes: []}}\n"


@pytest.fixture
def seed(root, tmp_path):
    path = tmp_path / "app.yml"
    path.write_bytes((root / "tests/seed/fine-tune-corpus.yml").read_bytes())
    return path


def test_a_folder_is_made_and_told(seed, tmp_path, capsys):
    assert run(["split", str(seed), str(tmp_path / "wf")]) == 0
    out, said = capsys.readouterr()
    assert out == ""
    made = sorted(str(path) for path in (tmp_path / "wf").rglob("*") if path.is_file())
    assert said.splitlines() == [f"made {path}" for path in made]
    assert run(["render", str(tmp_path / "wf")]) == 0
    assert capsys.readouterr().out.encode() == seed.read_bytes()
    assert run(["show", str(tmp_path / "wf")]) == 0


def test_standard_input_and_an_empty_folder_are_taken(seed, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(seed.read_bytes())))
    (tmp_path / "wf").mkdir()
    assert run(["split", "-", str(tmp_path / "wf")]) == 0
    assert (tmp_path / "wf" / "document.yml").is_file()


def test_a_flow_is_split_too(root, tmp_path, capsys):
    assert run(["split", str(root / "workflows/fine_tune_corpus"), str(tmp_path / "wf")]) == 0
    assert run(["join", str(tmp_path / "wf")]) == 0
    assert capsys.readouterr().out.encode() == (root / "workflows/fine_tune_corpus/app.yml").read_bytes()


def test_force_replaces_an_earlier_split_and_nothing_else(seed, tmp_path, capsys):
    place = tmp_path / "wf"
    assert run(["split", str(seed), str(place)]) == 0
    (place / "README.md").write_bytes(b"ours")
    (place / "prompts/ours.md").write_bytes(b"ours")
    before = {path for path in place.rglob("*") if path.is_file()}
    text = seed.read_bytes().decode()
    assert "title: LLM" in text
    seed.write_bytes(text.replace("title: LLM", "title: Ask").encode())
    capsys.readouterr()
    assert run(["split", str(seed), str(place)]) == 2
    assert "--force" in capsys.readouterr().err
    assert {path for path in place.rglob("*") if path.is_file()} == before
    assert run(["split", str(seed), str(place), "--force"]) == 0
    assert (place / "prompts/Ask.system.md").is_file()
    assert not (place / "prompts/LLM.system.md").exists()
    assert (place / "README.md").read_bytes() == (place / "prompts/ours.md").read_bytes() == b"ours"


def test_force_removes_nothing_through_a_link(seed, tmp_path, capsys):
    place, other = tmp_path / "wf", tmp_path / "other"
    assert run(["split", str(seed), str(place)]) == 0
    (place / "prompts").rename(other)
    (place / "prompts").symlink_to(other)
    assert run(["split", str(seed), str(place), "--force"]) == 3
    assert "leads out of the folder" in capsys.readouterr().err
    assert (other / "LLM.system.md").is_file()


@pytest.mark.parametrize("name", ["app.yml", "flow.py", "notes.txt"])
def test_a_folder_with_other_files_is_left_alone(seed, tmp_path, capsys, name):
    place = tmp_path / "wf"
    place.mkdir()
    (place / name).write_bytes(b"x")
    assert run(["split", str(seed), str(place), "--force"]) == 2
    assert [path.name for path in place.iterdir()] == [name]
    assert str(place) in capsys.readouterr().err


def test_comments_are_not_lost_without_a_word(tmp_path, capsys):
    path = tmp_path / "app.yml"
    path.write_text(COMMENTED, encoding="utf-8")
    assert run(["split", str(path), str(tmp_path / "wf")]) == 3
    assert "app.yml:1: a comment" in capsys.readouterr().err
    assert not (tmp_path / "wf").exists()
    assert run(["split", str(path), str(tmp_path / "wf"), "--reformat"]) == 0


@pytest.mark.parametrize(
    ("target", "place", "code"),
    [
        ("gone.yml", "wf", 3),
        ("app.yml", "app.yml", 2),
        ("app.yml", "gone/wf", 2),
        ("app.yml", "app.yml/wf", 2),
    ],
)
@pytest.mark.usefixtures("seed")
def test_what_cannot_be_split_is_said(tmp_path, capsys, target, place, code):
    assert run(["split", str(tmp_path / target), str(tmp_path / place)]) == code
    assert capsys.readouterr().err.startswith("error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["app.yml"]
