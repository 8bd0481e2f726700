"""Findings over the public files, against what real servers did with them.

`judged.tsv` lists every error on a raw export or on a file that ran, with the recording or the place in
Dify's source that proves it. What is not in it is a cry of wolf and fails here.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from difyflow.errors import ReadError
from difyflow.lint import Finding, lint

HERE = Path(__file__).resolve().parent
TARGETS = {"dify-0.15": ("0.15.3",), "dify-1.12": ("1.12.1",), None: ("0.15.3", "1.12.1")}
Truth = Mapping[str, dict[str, str]]
NO_APP = "Missing app data in YAML content"
"""Said to pipelines, which are imported in another place. Apps without `app` are in the case files."""
RAN = ("succeeded", "partial")

pytestmark = pytest.mark.long


def _table(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.fixture(scope="module")
def dsl(corpus_dir: Path) -> Path:
    return corpus_dir / "dsl"


@pytest.fixture(scope="module")
def truth(dsl: Path) -> Truth:
    return {row["sha8"]: row for row in _table(dsl / "TRUTH.tsv")}


@cache
def _errors(folder: Path, target: str | None) -> Mapping[str, list[Finding] | None]:
    """By file the errors; None for one that cannot be read."""
    errors: dict[str, list[Finding] | None] = {}
    for file in sorted(folder.glob("*.yml")):
        try:
            found = lint(file.read_bytes(), path=file.name, target=target)
        except ReadError:
            errors[file.stem] = None
        else:
            errors[file.stem] = [item for item in found if item.severity == "error"]
    return errors


@pytest.mark.parametrize("target", TARGETS)
def test_every_error_on_a_raw_export_or_on_a_file_that_ran_is_judged(
    dsl: Path, truth: Truth, target: str | None
) -> None:
    raw = {
        row["sha8"] for row in _table(dsl / "SOURCES.tsv") if row["byte_identical_to_pyyaml_dump"] == "yes"
    }
    judged = {(row["sha8"], row["rule"]) for row in _table(HERE / "judged.tsv")}
    unjudged = [
        (name, item.rule, item.node, item.message)
        for name, errors in _errors(dsl, target).items()
        if name in raw or any(truth[name][f"{server}_run"] in RAN for server in TARGETS[target])
        for item in errors or ()
        if (name, item.rule) not in judged
    ]
    assert unjudged == []


@pytest.mark.parametrize(
    ("target", "server"), [("dify-0.15", "0.15.3"), ("dify-1.12", "1.12.1"), ("dify-1.15", "1.15-dev")]
)
def test_what_a_server_refuses_to_import_is_an_error(
    dsl: Path, truth: Truth, target: str, server: str
) -> None:
    silent = [
        (name, truth[name][f"{server}_import_error"])
        for name, errors in _errors(dsl, target).items()
        if truth[name][f"{server}_import_error"] not in ("-", NO_APP) and errors == []
    ]
    assert silent == []


@pytest.mark.parametrize(("target", "server"), [("dify-0.15", "0.15.3"), ("dify-1.12", "1.12.1")])
def test_what_a_server_cannot_build_is_an_error(dsl: Path, truth: Truth, target: str, server: str) -> None:
    silent = [
        (name, truth[name][f"{server}_run_detail"])
        for name, errors in _errors(dsl, target).items()
        if truth[name][f"{server}_run"] == "build-error" and errors == []
    ]
    assert silent == []
