"""Real workflows of strangers: each one runs here or is refused in words."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from difyflow.dsl.reader import read_document
from difyflow.errors import DslError, NotRunnable
from difyflow.run.backends.local import Settings, open_backend
from difyflow.terms.form import LocalFile

_NEEDS_MORE = {"http-request"}  # an address of their own
RUNNABLE = 110  # measured: 115 of 265
SUCCEEDING = 0.9  # of those that succeeded on Dify 1.12.1; measured: 84 of 86 (two import `requests`)


def documents(folder: Path) -> Any:
    for path in sorted((folder / "dsl").glob("*.yml")):
        try:
            data = read_document(path.read_bytes(), name=path.name).app.data()
        except DslError:
            continue
        if (data.get("app") or {}).get("mode") in ("workflow", "advanced-chat"):
            yield path.stem, data


def given(data: Any, file: LocalFile) -> dict[str, Any]:
    """A value for every input of the start node."""
    starts = [node["data"] for node in data["workflow"]["graph"]["nodes"] if node["data"]["type"] == "start"]
    fixed = {"number": 1, "checkbox": True, "file": file, "file-list": [file], "json_object": {}}
    return {
        one["variable"]: fixed.get(one["type"], (one.get("options") or ["学习的方法是什么?"])[0])
        for one in starts[0].get("variables") or []
    }


@pytest.mark.long
def test_every_workflow_runs_or_is_refused_with_reasons(corpus_dir: Path, tmp_path: Path) -> None:
    table = (corpus_dir / "dsl" / "TRUTH.tsv").read_text(encoding="utf-8").splitlines()
    truth = {row["sha8"]: row["1.12.1_run"] for row in csv.DictReader(table, delimiter="\t")}
    path = tmp_path / "sample.txt"
    path.write_text("学而时习之,不亦说乎?有朋自远方来,不亦乐乎?\n", encoding="utf-8")
    seen: Counter[str] = Counter()
    for name, data in documents(corpus_dir):
        try:
            backend = open_backend(data, target=name, form=(), settings=Settings(model_endpoint="demo"))
        except NotRunnable as err:
            assert err.reasons, name
            assert not any("Traceback" in reason or "\n" in reason for reason in err.reasons), name
            seen["refused"] += 1
            continue
        seen["runnable"] += 1
        types = {node["data"].get("type") for node in data["workflow"]["graph"]["nodes"]}
        if truth.get(name) == "succeeded" and not types & _NEEDS_MORE:
            run = backend.start(given(data, LocalFile(path)), user="u", query="你好,请介绍一下学习的方法。")
            list(run.events())
            seen["succeeded" if run.result().ok else "failed"] += 1
        backend.close()
    print(dict(seen))
    assert seen["runnable"] >= RUNNABLE
    assert seen["succeeded"] >= SUCCEEDING * (seen["succeeded"] + seen["failed"])
