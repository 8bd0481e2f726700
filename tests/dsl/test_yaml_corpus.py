"""The YAML door over every public DSL file of the corpus; skipped without it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from difyflow.dsl import _yaml
from difyflow.errors import ReadError

Step = str | int


@pytest.fixture(scope="module")
def dsl_dir(corpus_dir: Path) -> Path:
    return corpus_dir / "dsl"


@pytest.fixture(scope="module")
def readable(dsl_dir: Path) -> dict[str, bytes]:
    """The text of each file that PyYAML can read, by name."""
    texts = {file.name: file.read_bytes() for file in sorted(dsl_dir.glob("*.yml"))}
    return {name: text for name, text in texts.items() if _is_yaml(text)}


def _is_yaml(text: bytes) -> bool:
    try:
        return yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) is not None
    except yaml.YAMLError:
        return False


def test_every_raw_export_is_written_back_byte_for_byte(dsl_dir: Path) -> None:
    with (dsl_dir / "SOURCES.tsv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    names = [f"{row['sha8']}.yml" for row in rows if row["byte_identical_to_pyyaml_dump"] == "yes"]
    assert len(names) == 172
    texts = {name: (dsl_dir / name).read_bytes() for name in names}
    assert [
        name for name in names if _yaml.dump(_yaml.load(texts[name], name=name)).encode() != texts[name]
    ] == []


@pytest.mark.long
def test_every_readable_file_is_read_and_written_as_by_pyyaml(readable: dict[str, bytes]) -> None:
    assert len(readable) == 315
    for name, text in readable.items():
        data = _yaml.load(text, name=name)
        expected = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        # `repr` tells 1 from 1.0 and True, and shows the order of keys.
        assert repr(data) == repr(expected), name
        assert _yaml.dump(data) == yaml.dump(expected, allow_unicode=True), name


def test_the_file_that_is_no_yaml_says_in_which_line(dsl_dir: Path) -> None:
    with pytest.raises(ReadError) as caught:
        _yaml.load((dsl_dir / "263dce35.yml").read_bytes(), name="263dce35.yml")
    assert caught.value.line == 223


def _paths(data: object, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], object]]:
    yield path, data
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _paths(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _paths(value, (*path, index))


@pytest.mark.long
def test_what_stands_at_a_mark_reads_as_the_value_there(readable: dict[str, bytes]) -> None:
    for name, text in list(readable.items())[::5]:
        composed = _yaml.compose(text, name=name)
        assert composed.text.encode(composed.encoding) == text
        for path, value in _paths(composed.data):
            mark = composed.mark(path)
            assert mark is not None
            there = " " * (mark.column - 1) + composed.text[mark.index : mark.end_index]
            again = yaml.load(there, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            assert again == value, (name, path)
