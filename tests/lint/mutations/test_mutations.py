"""Real files are broken at random places, and the linter must find each fault where it was made.

`pytest tests/lint/mutations -s` prints the tables. A fault that Dify provably runs all the same is not made:
nodes that no run comes to and nodes whose failure is caught are left alone (`Document.running`), and so are
references in places where Dify goes on with nothing by design (`Spot.breaks`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from difyflow.build.load import load
from difyflow.dsl import _yaml
from difyflow.errors import DifyflowError
from lint.mutations import code_faults, graph_faults, node_faults, reference_faults
from lint.mutations.bench import Document, Kind, Tally, judge, table

KINDS: tuple[Kind, ...] = (
    *graph_faults.KINDS,
    *reference_faults.KINDS,
    *node_faults.KINDS,
    *code_faults.KINDS,
)


def _documents(files: Sequence[Path]) -> list[Document]:
    found = []
    for file in files:
        try:
            data = _yaml.load(file.read_bytes(), name=file.name)
        except DifyflowError:
            continue
        document = Document(file.stem, data) if isinstance(data, dict) else None
        if document and document.view.mode in ("workflow", "advanced-chat") and len(document.running) > 2:
            found.append(document)
    return found


def _own(root: Path) -> list[Document]:
    """The templates and workflows of the repository."""
    flows = sorted([*root.glob("templates/*/flow.py"), *root.glob("workflows/*/flow.py")])
    return [Document(flow.parent.name, load(str(flow)).data()) for flow in flows]


def _check(tallies: Mapping[str, Tally]) -> None:
    print("\n" + table(tallies))
    made, caught = sum(x.made for x in tallies.values()), sum(x.caught for x in tallies.values())
    breaking, errors = sum(x.breaking for x in tallies.values()), sum(x.as_error for x in tallies.values())
    missed = [f"{name}: {line}" for name, item in tallies.items() for line in item.missed]
    for line in missed[:200]:
        print(line)
    assert caught >= 0.98 * made
    assert errors >= 0.98 * breaking


def test_there_are_more_than_forty_kinds_of_fault() -> None:
    assert len(KINDS) >= 40
    assert len({item.name for item in KINDS}) == len(KINDS)


def test_faults_in_our_own_flows_are_caught(root: Path) -> None:
    _check(judge(_own(root), KINDS, times=2))


@pytest.mark.long
def test_faults_in_real_files_are_caught(corpus_dir: Path) -> None:
    tallies = judge(_documents(sorted((corpus_dir / "dsl").glob("*.yml"))), KINDS, times=12)
    _check(tallies)
    assert sum(1 for item in tallies.values() if item.made) >= 40
