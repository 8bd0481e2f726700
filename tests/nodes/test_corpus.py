"""Real files: nothing is lost, raw exports fit, references stand where they say."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from difyflow.dsl.app import App
from difyflow.nodes._record import READING

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Document:
    name: str
    raw: bool
    """True for what Dify exported and nobody touched."""
    data: dict[str, Any]
    app: App


@pytest.fixture(scope="module")
def documents(corpus_dir: Path) -> list[Document]:
    with (corpus_dir / "dsl" / "SOURCES.tsv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    raw = {row["sha8"] for row in rows if row["byte_identical_to_pyyaml_dump"] == "yes"}
    found = []
    for file in sorted([*(corpus_dir / "dsl").glob("*.yml"), *(corpus_dir / "history").rglob("*.yml")]):
        try:
            data = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, UnicodeDecodeError):
            continue
        if isinstance(data, dict):
            app = App.model_validate(data, context=READING)
            found.append(Document(file.name, file.stem in raw, data, app))
    assert len(found) > 300
    return found


def test_every_file_comes_back_as_it_was(documents: list[Document]) -> None:
    for document in documents:
        again = document.app.data()
        assert again == document.data, document.name
        assert App.model_validate(again, context=READING) == document.app, document.name


def test_the_nodes_of_raw_exports_fit_their_types(documents: list[Document]) -> None:
    nodes = [(item.name, node) for item in documents if item.raw for node in item.app.nodes]
    assert len(nodes) > 1000
    assert [
        (name, node.data.type, node.data.problems()) for name, node in nodes if node.data.problems()
    ] == []


def test_every_reference_stands_where_it_says(documents: list[Document]) -> None:
    count = 0
    for document in documents:
        for node in document.app.nodes:
            plain = node.data.dump()
            for item in node.data.references():
                place: Any = plain
                for part in item.path:
                    place = place[part]
                found = list(place) if item.start is None else place[item.start : item.end]
                assert found == (list(item.selector) if item.start is None else str(item.selector))
                count += 1
    assert count > 3000


def test_raw_exports_hold_what_the_editor_writes(documents: list[Document]) -> None:
    """Of the keys that `completed` writes into a bare node, at most one in fifty is missing in exports."""
    missing = present = 0
    for document in documents:
        for node in document.app.nodes if document.raw else ():
            written = type(node.data)().completed(document.app.version or "0.1.0").dump().keys()
            present += len(written & node.data.dump().keys())
            missing += len(written - node.data.dump().keys())
    assert missing * 50 < present, f"{missing} missing, {present} there"
