"""`difyflow join`."""

from __future__ import annotations

import pytest

from difyflow.cli.main import run


@pytest.fixture
def seed(root):
    return root / "tests/seed/fine-tune-corpus.yml"


@pytest.fixture
def folder(seed, tmp_path, capsys):
    assert run(["split", str(seed), str(tmp_path / "wf")]) == 0
    capsys.readouterr()
    return tmp_path / "wf"


def test_the_same_bytes_come_back(folder, seed, tmp_path, capsys):
    assert run(["join", str(folder)]) == 0
    assert capsys.readouterr().out.encode() == seed.read_bytes()
    assert run(["join", str(folder), "-o", str(tmp_path / "app.yml")]) == 0
    assert (tmp_path / "app.yml").read_bytes() == seed.read_bytes()


def test_check_compares_with_the_file(folder, tmp_path, capsys):
    out = tmp_path / "app.yml"
    assert run(["join", str(folder), "--check", "-o", str(out)]) == 1
    assert run(["join", str(folder), "-o", str(out)]) == 0
    assert run(["join", str(folder), "--check", "-o", str(out)]) == 0
    (folder / "prompts/LLM.system.md").write_bytes(b"another\n")
    capsys.readouterr()
    assert run(["join", str(folder), "--check", "-o", str(out)]) == 1
    assert "write it with: difyflow join" in capsys.readouterr().err
    assert run(["join", str(folder), "--check"]) == 2


def test_a_file_or_another_folder_is_no_split_folder(seed, tmp_path, capsys):
    for target in (seed, tmp_path, tmp_path / "gone"):
        assert run(["join", str(target)]) == 2
        assert "document.yml" in capsys.readouterr().err


def test_a_missing_part_is_named(folder, capsys):
    (folder / "prompts/LLM.system.md").unlink()
    assert run(["join", str(folder)]) == 3
    assert "prompts/LLM.system.md" in capsys.readouterr().err
