"""Every rule has a manual page and a file of cases that it must pass and fail."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from difyflow.dsl import _yaml
from difyflow.lint import Finding, fix, lint, rules
from difyflow.lint.rule import Rule
from lint_cases import text_of

CASES = Path(__file__).resolve().parents[1] / "cases" / "lint"
HEADINGS = ("What it does:", "Why is it bad:", "Example:", "Use instead:", "Dify:")


def _cases() -> list[Any]:
    by_id = {rule.id: rule for rule in rules()}
    cases = []
    for file in sorted(CASES.glob("*.yml")):
        found = _yaml.load(file.read_bytes(), name=file.name)
        assert isinstance(found, dict)
        for kind in ("pass", "fail"):
            for index, case in enumerate(found[kind]):
                cases.append(pytest.param(by_id.get(file.stem), kind, case, id=f"{file.stem}-{kind}-{index}"))
    return cases


def _found(rule: Rule, case: Mapping[str, Any]) -> list[Finding]:
    return [item for item in lint(text_of(case), target=case.get("target")) if item.rule == rule.id]


@pytest.mark.parametrize(("rule", "kind", "case"), _cases())
def test_a_rule_finds_what_its_cases_say(rule: Rule, kind: str, case: dict[str, Any]) -> None:
    assert rule is not None, "the case file is named after no rule"
    found = _found(rule, case)
    if kind == "pass":
        assert found == []
        return
    assert found
    for wanted in case.get("finds", ()):
        assert any(_fits(item, wanted) for item in found), f"{wanted} is not among {found}"


def _fits(item: Finding, wanted: Mapping[str, Any]) -> bool:
    return all(
        value in item.message if key == "message" else getattr(item, key) == value
        for key, value in wanted.items()
    )


@pytest.mark.parametrize(("rule", "kind", "case"), _cases())
def test_a_fix_makes_the_finding_go_away_and_is_as_the_case_says(
    rule: Rule, kind: str, case: dict[str, Any]
) -> None:
    if kind == "pass" or "fixed" not in case:
        return
    assert rule.fix is not None
    made = fix(text_of(case), target=case.get("target"), unsafe=rule.fix == "unsafe", only=[rule])
    wanted = {**{key: value for key, value in case.items() if key not in ("fixed", "finds")}, **case["fixed"]}
    assert _yaml.load(made.text, name="made") == _yaml.load(text_of(wanted), name="wanted")
    assert _found(rule, {"text": made.text, "target": case.get("target")}) == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_a_rule_has_a_manual_page_and_cases(rule: Rule) -> None:
    page = rule.page
    assert rule.summary.endswith("."), "the first line of the page is one sentence"
    places = [page.find(f"\n{heading}") for heading in HEADINGS]
    assert -1 not in places, f"the page lacks a heading: {HEADINGS[places.index(-1)]}"
    assert places == sorted(places)
    assert ("\nFix safety:" in page) == (rule.fix is not None)
    assert (CASES / f"{rule.id}.yml").is_file(), "there is no case file"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_an_id_is_in_kebab_case_and_belongs_to_one_rule(rule: Rule) -> None:
    assert rule.id == rule.id.lower().replace("_", "-").replace(" ", "-")
    assert [item.id for item in rules()].count(rule.id) == 1
