"""The hook for pre-commit: its file is what pre-commit reads, and its command is one that we have.

`pre-commit validate-manifest` and `try-repo` (4.7) were run by hand; here stands what they ask for.
"""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

from difyflow.cli.main import run
from difyflow.dsl import _yaml

ROOT = Path(__file__).resolve().parents[1]
KINDS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "name": str,
    "entry": str,
    "language": str,
    "description": str,
    "files": str,
    "exclude": str,
    "language_version": str,
    "minimum_pre_commit_version": str,
    "log_file": str,
    "alias": str,
    "types": list,
    "types_or": list,
    "exclude_types": list,
    "args": list,
    "stages": list,
    "additional_dependencies": list,
    "pass_filenames": (bool, int),
    "always_run": bool,
    "fail_fast": bool,
    "require_serial": bool,
    "verbose": bool,
}
"""The keys of a hook, and what they hold (`clientlib.py` of pre-commit)."""


def _hooks() -> list[dict[str, Any]]:
    found = _yaml.load((ROOT / ".pre-commit-hooks.yaml").read_bytes(), name="hooks")
    assert isinstance(found, list)
    return found


def test_the_file_holds_what_pre_commit_reads() -> None:
    for hook in _hooks():
        assert {"id", "name", "entry", "language"} <= set(hook) <= set(KINDS)
        assert all(isinstance(value, KINDS[key]) for key, value in hook.items())
        assert hook["language"] == "python"


def test_the_hook_passes_by_what_is_no_dsl_file_and_tells_what_breaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("other.yml").write_text("jobs: [1", encoding="utf-8")
    Path("app.yml").write_text(
        "kind: app\nversion: 0.5\napp: {name: A, mode: workflow}\n"
        "workflow: {graph: {nodes: [], edges: []}}\n",
        encoding="utf-8",
    )
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    for hook in _hooks():
        script, *words = shlex.split(hook["entry"])
        assert script in scripts
        assert run([*words, "other.yml"]) == 0
        assert run([*words, "--severity", "error", "other.yml", "app.yml"]) == 1
        assert capsys.readouterr().out.startswith("app.yml:2:10 doc-version-type")
