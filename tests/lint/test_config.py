"""Settings files."""

from __future__ import annotations

from pathlib import Path

import pytest

from difyflow.errors import UsageError
from difyflow.lint import config, rules
from difyflow.lint.config import Settings

TEXT = """\
[lint]
target = "dify-1.12"
severity = "info"
select = ["references", "code-*"]
ignore = ["ref-type"]
exclude = ["vendor/**"]
baseline = "known.json"

[[lint.paths]]
files = ["legacy/**", "old.yml"]
severity = "error"
target = "dify-0.15"
ignore = ["ref-short"]
"""


def _read(folder: Path, text: str, name: str = "difyflow.toml") -> config.Config:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return config.read(file, rules())


def test_settings_of_a_path_come_before_those_of_the_project(tmp_path: Path) -> None:
    found = _read(tmp_path, TEXT)
    base = found.settings(str(tmp_path / "app.yml"))
    assert base == Settings("dify-1.12", "info", ("references", "code-*"), ("ref-type",))
    old = found.settings(str(tmp_path / "legacy" / "deep" / "app.yml"))
    assert (old.target, old.severity, old.ignore) == ("dify-0.15", "error", ("ref-type", "ref-short"))
    assert found.settings(str(tmp_path / "old.yml")) == old
    assert found.excludes(str(tmp_path / "vendor" / "a.yml"))
    assert found.baseline == "known.json"


def test_what_the_command_line_says_comes_first(tmp_path: Path) -> None:
    found = _read(tmp_path, TEXT).over(Settings("0.6.0", None, ("graph",), ("graph-cycle",)))
    settings = found.settings(str(tmp_path / "old.yml"))
    assert settings == Settings("0.6.0", "error", ("graph",), ("ref-type", "ref-short", "graph-cycle"))


def test_families_ids_and_patterns_choose_rules() -> None:
    chosen = {item.id for item in Settings(select=("references", "code-l*")).chosen(rules())}
    assert "ref-unknown-node" in chosen
    assert "code-language" in chosen
    assert "graph-cycle" not in chosen
    assert "ref-may-be-missing" not in chosen  # info, and the mildest that is told is a warning


def test_a_rule_that_must_be_selected_is_asked_only_where_its_id_is() -> None:
    opt_in = {item.id for item in rules() if item.opt_in}
    assert opt_in == {"edge-id-form", "ref-unchecked-field"}
    for select in ((), ("*",), ("edge-*", "ref-*"), ("edge-data", "unchecked")):
        settings = Settings(severity="info", select=select)
        assert not opt_in & {item.id for item in settings.chosen(rules())}
    both = Settings(severity="info", select=("edge-id-form", "code-*")).chosen(rules())
    assert {"edge-id-form", "code-main"} <= {item.id for item in both}
    assert "--select" in next(item.page for item in rules() if item.id == "edge-id-form")


def test_who_selects_a_rule_by_its_id_is_told_all_of_it() -> None:
    assert [item.id for item in Settings(select=("edge-id-form",)).chosen(rules())] == ["edge-id-form"]
    assert Settings(severity="warning", select=("edge-id-form",)).chosen(rules()) == []


def test_a_pyproject_counts_if_it_speaks_of_us(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.difyflow.lint]\nseverity = "error"\n', encoding="utf-8")
    (inner / "pyproject.toml").write_text("[tool.other]\n", encoding="utf-8")
    found = config.find(inner)
    assert found == tmp_path / "pyproject.toml"
    assert config.read(found, rules()).settings("x").severity == "error"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[lint", "not valid TOML"),
        ("[lint]\nselct = []", "no key 'selct'"),
        ("[lint]\nselect = 5", "must be a list"),
        ("[lint]\nselect = ['ref-unknwn-node']", "no rule"),
        ("[lint]\nseverity = 'bad'", "it may be: error, warning, info"),
        ("[lint]\ntarget = 'dify-x'", "no Dify release"),
        ("[lint]\ntarget = 5", "must be a release"),
        ("[lint]\nbaseline = 5", "name of a file"),
        ("[lint]\npaths = 5", "must be tables"),
        ("[[lint.paths]]\nfile = 'x'", "no key 'file'"),
        ("lint = 5", "must be a table"),
    ],
)
def test_what_nobody_understands_is_an_error_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        _read(tmp_path, text)


def test_a_missing_settings_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        config.read(tmp_path / "no.toml", rules())
