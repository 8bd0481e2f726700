"""What linting loads: no network library, no engine, no rich."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from lint_cases import text_of

CODE = """
import json, sys
from difyflow.cli.main import run
code = run(["lint", sys.argv[1], "--format", "json", "-o", sys.argv[2]])
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def test_linting_loads_neither_requests_nor_rich_nor_the_engine(
    in_new_python: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    file = tmp_path / "app.yml"
    nodes = [
        {"id": "s", "type": "start", "variables": []},
        {"id": "c", "type": "code", "code": "def main(): return {}"},
    ]
    file.write_text(text_of({"nodes": nodes, "edges": ["s > c"]}), encoding="utf-8")
    ended = in_new_python("-c", CODE, str(file), str(tmp_path / "out.json"))
    code, loaded = json.loads(ended.stdout.splitlines()[-1])
    assert code == 1, ended.stderr
    assert {"yaml", "pydantic"} <= set(loaded)
    assert not {"requests", "urllib3", "rich", "graphon", "openai", "jinja2", "deepdiff"} & set(loaded)
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["summary"]["files"] == 1
