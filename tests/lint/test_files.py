"""Which files are looked at, and what becomes of those that cannot be."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from difyflow.errors import BuildError
from difyflow.lint.config import Config, Settings
from difyflow.lint.files import Wanted, look, wanted
from difyflow.lint.report import FileReport
from lint_cases import text_of

GOOD = text_of(
    {
        "nodes": [{"id": "s", "type": "start", "variables": []}, {"id": "e", "type": "end", "outputs": []}],
        "edges": ["s > e"],
    }
)
BAD = GOOD.replace("source: s", "source: x")


def _flow(path: Path) -> tuple[str, dict[str, int]]:
    raise BuildError("it fails", path=str(path), line=3, code="flow-failed")


def _look(files: Sequence[Wanted], config: Config | None = None, jobs: int | None = None) -> list[FileReport]:
    return look(files, config or Config(), stdin=BAD.encode, flow=_flow, jobs=jobs)


def _names(reports: Sequence[FileReport]) -> list[str]:
    return [Path(item.path).name for item in reports]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "good.yml": GOOD,
        "deep/bad.yaml": BAD,
        "compose.yml": "services: {web: {image: x}}\n",
        "values.yml": "app: {name: x, mode: y}\n",
        "helm.yml": "{{- if .Values.mode }}\na: b\n",
        ".hidden/bad.yml": BAD,
        "node_modules/bad.yml": BAD,
        "flow.py": "raise SystemExit",
        "notes.md": "workflow: graph",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_in_a_folder_only_dsl_files_are_looked_at_and_nothing_is_executed(folder: Path) -> None:
    found = _look(wanted([str(folder)], Config()))
    assert _names(found) == ["good.yml", "bad.yaml"]
    assert all(item.trouble is None for item in found)


def test_other_yaml_that_is_named_is_an_error_of_that_file_only(folder: Path) -> None:
    names = [str(folder / name) for name in ("compose.yml", "good.yml", "no.yml", "helm.yml")]
    found = _look(wanted(names, Config()))
    assert [item.trouble.code if item.trouble else "" for item in found] == [
        "not-dify",
        "",
        "not-found",
        "yaml-syntax",
    ]


def test_other_yaml_that_is_named_may_be_passed_by(folder: Path) -> None:
    names = [str(folder / name) for name in ("compose.yml", "good.yml", "no.yml", "helm.yml")]
    found = _look(wanted(names, Config(), skip_others=True))
    assert [(Path(item.path).name, item.trouble is None) for item in found] == [
        ("good.yml", True),
        ("no.yml", False),
    ]


def test_a_broken_export_in_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "app.yml").write_text(GOOD + "  broken: [\n", encoding="utf-8")
    (found,) = _look(wanted([str(tmp_path)], Config()))
    assert found.trouble is not None
    assert found.trouble.code == "yaml-syntax"


def test_a_pattern_is_what_it_matches(folder: Path) -> None:
    found = wanted([str(folder / "**" / "*.y*ml")], Config())
    assert [Path(item.name).name for item in found if Path(item.name).name.startswith("bad")] == [
        "bad.yaml",
        "bad.yml",
    ]
    missing = wanted([str(folder / "x*.yml")], Config())
    assert _look(missing)[0].trouble is not None


def test_a_file_is_looked_at_once_however_often_it_is_named(folder: Path) -> None:
    found = wanted([str(folder), str(folder / "good.yml"), str(folder)], Config())
    assert [item.named for item in found if item.name.endswith("good.yml")] == [True]


def test_what_is_excluded_is_passed_by_in_folders_and_not_where_it_is_named(folder: Path) -> None:
    config = Config(folder, exclude=("deep/**",))
    assert "bad.yaml" not in [Path(item.name).name for item in wanted([str(folder)], config)]
    assert len(wanted([str(folder / "deep" / "bad.yaml")], config)) == 1


def test_standard_input_has_a_name_of_its_own() -> None:
    (found,) = _look([Wanted("-")])
    assert found.path == "<stdin>"
    assert [item.rule for item in found.findings if item.severity == "error"] == [
        "edge-endpoint",
        "graph-no-result",
    ]


def test_a_flow_that_fails_is_an_error_of_that_file_only(folder: Path) -> None:
    found = _look([Wanted("flow.py"), Wanted(str(folder / "good.yml"))])
    assert found[0].trouble is not None
    assert (found[0].trouble.code, found[0].trouble.line) == ("flow-failed", 3)
    assert found[1].trouble is None


@pytest.mark.skipif(os.name != "posix", reason="links and pipes of Unix")
def test_a_link_to_itself_and_a_folder_without_end_are_no_trap(tmp_path: Path) -> None:
    (tmp_path / "loop.yml").symlink_to("loop.yml")
    (tmp_path / "deep").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "good.yml").write_text(GOOD, encoding="utf-8")
    found = _look(wanted([str(tmp_path)], Config()))
    assert "good.yml" in _names(found)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "yaml-empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "wrong-encoding"),
        (b"a: [", "yaml-syntax"),
        (b"- a", "unreadable"),
        (b"a: &a [*a]", "recursive-alias"),
        (b"[" * 5000, "too-deep"),
        (b"a: b", "not-dify"),
        (b"app: {}\n---\napp: {}\n", "yaml-documents"),
        (b"{1: 2}", "not-dify"),
    ],
)
def test_what_cannot_be_read_is_one_error_with_a_name(tmp_path: Path, data: bytes, code: str) -> None:
    file = tmp_path / "app.yml"
    file.write_bytes(data)
    (found,) = _look([Wanted(str(file))])
    assert found.trouble is not None
    assert found.trouble.code == code


def test_a_file_that_is_too_large_is_not_parsed(tmp_path: Path) -> None:
    file = tmp_path / "app.yml"
    file.write_text(GOOD, encoding="utf-8")
    (found,) = look([Wanted(str(file))], Config(), stdin=bytes, flow=_flow, max_bytes=10)
    assert found.trouble is not None
    assert found.trouble.code == "too-large"


@pytest.mark.long
def test_several_processes_find_the_same_as_one(folder: Path) -> None:
    files = wanted([str(folder), str(folder / "no.yml"), "-"], Config().over(Settings(severity="info")))
    assert _look(files, jobs=3) == _look(files, jobs=1)
