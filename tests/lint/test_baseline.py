"""Baselines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from difyflow.errors import UsageError
from difyflow.lint import baseline, lint
from difyflow.lint.report import FileReport
from lint_cases import text_of

CASE = {"nodes": [{"id": "s", "type": "start", "variables": []}, {"id": "a", "type": "code"}]}


def _report(path: Path) -> FileReport:
    return FileReport(str(path), lint(text_of(CASE)))


def test_what_is_in_the_baseline_is_passed_over_wherever_its_line_is(tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    report = _report(tmp_path / "app.yml")
    file.write_text(baseline.render(file, [report]), encoding="utf-8")
    moved = replace(report, findings=[replace(item, line=(item.line or 0) + 5) for item in report.findings])
    left, hidden = baseline.read(file).without_known([moved])
    assert (list(left[0].findings), hidden) == ([], len(report.findings))


def test_one_more_of_the_same_is_new(tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    report = _report(tmp_path / "app.yml")
    file.write_text(baseline.render(file, [report]), encoding="utf-8")
    more = replace(report, findings=[*report.findings, report.findings[0]])
    left, _ = baseline.read(file).without_known([more])
    assert list(left[0].findings) == [report.findings[0]]


def test_the_same_findings_give_the_same_text(tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    report = _report(tmp_path / "app.yml")
    turned = replace(report, findings=list(reversed(report.findings)))
    assert baseline.render(file, [report]) == baseline.render(file, [turned])


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2, "findings": []}', '{"version": 1, "findings": [1]}']
)
def test_something_else_is_no_baseline(tmp_path: Path, text: str) -> None:
    file = tmp_path / "known.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="no baseline"):
        baseline.read(file)


def test_a_missing_baseline_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        baseline.read(tmp_path / "no.json")
