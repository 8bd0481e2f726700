"""`difyflow model set`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from difyflow.cli import main

OLD, NEW = "Qwen/Qwen2.5-72B-Instruct-128K", "ft:LoRA/Qwen/Qwen2.5-7B-Instruct:abc:law:xyz"


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Any:
    def call(*arguments: Any) -> Any:
        code = main.run(["model", "set", *map(str, arguments)])
        captured = capfdbinary.readouterr()
        return code, captured.out.decode(), captured.err.decode()

    return call


@pytest.fixture
def file(root: Any, tmp_path: Path) -> Any:
    path = tmp_path / "app.yml"
    path.write_bytes((root / "tests/seed/fine-tune-corpus.yml").read_bytes())
    return path


def test_the_tuned_model_comes_into_the_founding_case_and_nothing_else_changes(file: Any, run: Any) -> None:
    before = file.read_text(encoding="utf-8")
    code, text, said = run(file, "--from", OLD, "--to", NEW)
    assert (code, text) == (0, before.replace(f"name: {OLD}", f"name: {NEW}"))
    assert file.read_text(encoding="utf-8") == before
    assert said == f"1 model changed\n  LLM (1735807764975): {OLD} of siliconflow -> {NEW} of siliconflow\n"


def test_the_file_itself_is_written_when_told_so_and_not_in_a_dry_run(file: Any, run: Any) -> None:
    before = file.read_bytes()
    code, text, said = run(file, "--nodes", "LLM", "--to", NEW, "--write", "--dry-run")
    assert (code, text, file.read_bytes()) == (0, "", before)
    assert "would be changed" in said
    assert run(file, "--nodes", "LLM", "--to", NEW, "--write")[:2] == (0, "")
    assert f"name: {NEW}\n" in file.read_text(encoding="utf-8")


def test_the_report_is_json_and_the_file_goes_where_it_is_told_to(
    file: Any, tmp_path: Path, run: Any
) -> None:
    out = tmp_path / "new.yml"
    options = ("--from-provider", "siliconflow", "--to-provider", "openai", "--to", "gpt", "--format", "json")
    code, text, said = run(file, *options, "-o", out)
    assert (code, said) == (0, "")
    assert json.loads(text)["changed"][0]["to"] == {"provider": "openai", "name": "gpt"}
    assert "provider: openai" in out.read_text(encoding="utf-8")
    code, _, said = run(file, *options, "-o", out)
    assert code == 2
    assert "--force" in said


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--from", "nope", "--to", "x"], 2, "the file asks: Qwen/"),
        (["--to", "x"], 2, "--from MODEL"),
        (["--from", OLD, "--to", "x", "--write", "-o", "y"], 2, "leave one out"),
    ],
)
def test_what_cannot_be_done_is_said(file: Any, run: Any, arguments: Any, code: Any, words: Any) -> None:
    found = run(file, *arguments)
    assert found[0] == code
    assert words in found[2]


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"[1]", None])
def test_what_is_no_dsl_file_is_refused(tmp_path: Path, run: Any, data: Any) -> None:
    path = tmp_path / "app.yml"
    if data is not None:
        path.write_bytes(data)
    code, text, said = run(path, "--from", "a", "--to", "b")
    assert (code, text) == (3, "")
    assert "Traceback" not in said


def test_the_code_of_a_flow_is_not_rewritten(root: Any, run: Any) -> None:
    code, _, said = run(root / "workflows/fine_tune_corpus", "--from", "a", "--to", "b")
    assert code == 2
    assert "in its code" in said
