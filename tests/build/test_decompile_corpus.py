"""Real exports through Python: the same bytes, no escapes, and Python that tools are content with."""

from __future__ import annotations

import csv
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import difyflow
from difyflow.build.decompile import Decompiled, decompile

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def exports(corpus_dir) -> list[Path]:
    """The raw exports of the corpus."""
    with (corpus_dir / "dsl" / "SOURCES.tsv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t")]
    raw = [row["sha8"] for row in rows if row["byte_identical_to_pyyaml_dump"] == "yes"]
    assert len(raw) > 150
    return [corpus_dir / "dsl" / f"{name}.yml" for name in raw]


@pytest.fixture(scope="module")
def made(exports, tmp_path_factory) -> dict[Path, tuple[Decompiled, Path]]:
    """Every export as Python: what was made, and its folder."""
    top = tmp_path_factory.mktemp("corpus")
    found = {}
    for export in exports:
        result = decompile(difyflow.read(export.read_bytes()))
        folder = top / f"f_{export.stem}"
        for name, text in result.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        found[export] = (result, folder)
    return found


@pytest.fixture(scope="module")
def tool(made) -> Callable[..., str]:
    """`tool("ruff", "check")` runs a tool over every flow.py and gives what it complains of."""
    flows = [str(folder / "flow.py") for _, folder in made.values()]

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", *arguments, *flows]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    return run


def test_every_export_comes_back_from_python_with_the_same_bytes(made):
    differing = [
        export.name
        for export, (_, folder) in made.items()
        if difyflow.load(folder).render().encode() != export.read_bytes()
    ]
    assert differing == []


def test_what_is_built_beside_is_what_the_python_gives(made):
    assert [export.name for export, (result, _) in made.items()
            if result.app.render().encode() != export.read_bytes()] == []  # fmt: skip


def test_typed_nodes_need_no_escape(made):
    escapes = {
        export.name: [item for item in result.escapes if not item.startswith("the whole document")]
        for export, (result, _) in made.items()
    }
    assert {name: found for name, found in escapes.items() if found} == {}


def test_a_whole_document_is_kept_only_where_there_is_no_graph(made):
    for export, (result, _) in made.items():
        if any(item.startswith("the whole document") for item in result.escapes):
            assert difyflow.read(export.read_bytes()).workflow is None, export.name


def test_the_python_is_at_most_two_fifths_as_long_as_the_yaml(made):
    ratios = [
        result.files["flow.py"].count("\n") / export.read_bytes().count(b"\n")
        for export, (result, _) in made.items()
        if "document.json" not in result.files
    ]
    assert statistics.median(ratios) <= 0.4


def test_ruff_would_format_nothing_and_finds_nothing(tool):
    assert tool("ruff", "format", "--isolated", "--check") == ""
    assert tool("ruff", "check", "--isolated", "--select", "E9,F,I,ISC") == ""


def test_mypy_is_content(made, tmp_path):
    """One run; a folder holds one `flow`, so each is copied under a name of its own."""
    for _, folder in made.values():
        (tmp_path / f"{folder.name}.py").write_bytes((folder / "flow.py").read_bytes())
    files = [str(path) for path in sorted(tmp_path.glob("*.py"))]
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        f"--cache-dir={tmp_path / 'cache'}",
    ]
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[:5000] + done.stderr[:2000]


def test_every_file_of_the_corpus_survives_even_if_it_is_no_export(corpus_dir, tmp_path):
    lost = []
    for number, file in enumerate(sorted((corpus_dir / "dsl").glob("*.yml"))):
        try:
            app = difyflow.read(file.read_bytes())
        except difyflow.errors.ReadError:
            continue
        folder = tmp_path / str(number)
        for name, text in decompile(app).files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        if difyflow.load(folder).render() != app.render():
            lost.append(file.name)
    assert lost == []
