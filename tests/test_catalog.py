from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from difyflow import _catalog


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "plug_ins_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "two_words.py").write_text('"""Say two words.\n\nMore.\n"""\nraise RuntimeError("imported")\n')
    (package / "bare.py").write_text("VALUE = 3\n")
    (package / "_private.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == package.name]:
        monkeypatch.delitem(sys.modules, name)
    return package


def test_plug_ins_are_the_public_modules_of_a_folder(folder: Path) -> None:
    package = importlib.import_module(folder.name)
    assert _catalog.names(package) == ("bare", "two-words")
    assert _catalog.module(package, "bare").VALUE == 3


def test_a_name_that_is_no_plug_in_is_refused_with_those_there_are(folder: Path) -> None:
    with pytest.raises(KeyError, match="bare, two-words"):
        _catalog.module(importlib.import_module(folder.name), "-private")


def test_it_has_exactly_the_names_that_it_lists(folder: Path) -> None:
    (folder / "folder").mkdir()
    (folder / "sub").mkdir()
    (folder / "sub" / "__init__.py").write_text("")
    package = importlib.import_module(folder.name)
    tried = (
        "bare", "two-words", "two_words", "sub", "folder", "-private", "_private", "", "-", "no", "sub.bare",
        "..", "bare ", "a\0b", "1", "--pycache--", "__init__", "--init--", "bare.py",
    )  # fmt: skip
    assert [name for name in tried if _catalog.has(package, name)] == ["bare", "two-words", "sub"]
    assert sorted(_catalog.names(package)) == ["bare", "sub", "two-words"]


def test_a_summary_is_read_without_importing_the_module(folder: Path) -> None:
    package = importlib.import_module(folder.name)
    assert _catalog.summary(package, "two-words") == "Say two words."
    assert _catalog.summary(package, "bare") == ""
    assert f"{folder.name}.two_words" not in sys.modules
