"""What stands on raw exports and what on documentation alone is said, and stays true."""

from __future__ import annotations

import ast
import csv
from collections import Counter
from pathlib import Path

import pytest

from difyflow.dsl.reader import read_file

HERE = Path(__file__).parent
NODES = Path(__file__).parents[2] / "difyflow" / "nodes"


@pytest.fixture(scope="module")
def seen() -> dict[str, dict[str, int]]:
    """Raw exports of public repositories, by node type and DSL version."""
    with (HERE / "raw_exports.tsv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    return {row.pop("type"): {version: int(count) for version, count in row.items()} for row in rows}


@pytest.mark.parametrize("file", sorted(NODES.glob("[a-z]*.py")), ids=lambda file: file.stem)
def test_a_type_that_no_raw_export_has_says_so(file: Path, seen: dict[str, dict[str, int]]) -> None:
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    count = sum(seen[file.stem.replace("_", "-")].values())
    assert ("From documentation" in said) == (count == 0)


def test_the_readme_names_all_of_them(seen: dict[str, dict[str, int]]) -> None:
    readme = (HERE.parents[1] / "README.md").read_text(encoding="utf-8")
    line = next(line for line in readme.splitlines() if "from documentation only" in line)
    missing = {node_type for node_type, counts in seen.items() if not sum(counts.values())}
    assert {node_type for node_type in missing if node_type not in line} == set()
    assert "0.7.0" in line
    assert all("0.7.0" not in counts for counts in seen.values())


@pytest.mark.long
def test_the_table_is_that_of_the_corpus(corpus_dir: Path, seen: dict[str, dict[str, int]]) -> None:
    with (corpus_dir / "dsl" / "SOURCES.tsv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row["byte_identical_to_pyyaml_dump"] == "yes":
            app = read_file(corpus_dir / "dsl" / f"{row['sha8']}.yml").app
            types = {node.data.type or "note" for node in (app.nodes if app.workflow else ())}
            found.update((node_type, app.version or "") for node_type in types)
    counts = {(kind, version): count for kind, row in seen.items() for version, count in row.items() if count}
    assert found == counts
