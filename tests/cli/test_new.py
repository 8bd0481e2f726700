"""`difyflow new`: a folder to start from, whatever it is called."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from difyflow.cli import main


@pytest.mark.parametrize("name", ["论语 语料", 'a"b', "it's $HOME"])
def test_what_is_told_to_do_next_can_be_pasted_into_a_shell(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main.run(["new", name]) == 0
    said = capfd.readouterr().err.splitlines()[-1]
    words = shlex.split(said.removeprefix("next: difyflow "))
    assert words == ["render", name]
    assert main.run(words) == 0
