"""Every rule has a manual page and a file of cases that it must pass and fail."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from difyflow.dsl import _yaml
from difyflow.lint import Finding, fix, lint, rules
from difyflow.lint.engine import check
from difyflow.lint.rule import Rule
from lint_cases import data_of, text_of

CASES = Path(__file__).resolve().parents[1] / "cases" / "lint"
HEADINGS = ("What it does:", "Why is it bad:", "Example:", "Use instead:", "Dify:")


RULES = {rule.id: rule for rule in rules()}


@cache
def _file(name: str) -> Mapping[str, list[dict[str, Any]]]:
    found = _yaml.load((CASES / f"{name}.yml").read_bytes(), name=name)
    assert isinstance(found, dict)
    return found


def _found(rule: Rule, case: Mapping[str, Any]) -> list[Finding]:
    if "text" in case or any("line" in item for item in case.get("finds", ())):
        return lint(text_of(case), target=case.get("target"), only=[rule])
    return check(data_of(case), None, target=case.get("target"), only=[rule])


@pytest.mark.parametrize("name", sorted(file.stem for file in CASES.glob("*.yml")))
def test_a_rule_finds_what_its_cases_say(name: str) -> None:
    assert name in RULES, "the case file is named after no rule"
    rule = RULES[name]
    for case in _file(name)["pass"]:
        assert _found(rule, case) == [], case
    for case in _file(name)["fail"]:
        found = _found(rule, case)
        assert found, case
        for wanted in case.get("finds", ()):
            assert any(_fits(item, wanted) for item in found), f"{wanted} is not among {found}"
        if "fixed" in case:
            _check_fix(rule, case)


def _fits(item: Finding, wanted: Mapping[str, Any]) -> bool:
    return all(
        value in item.message if key == "message" else getattr(item, key) == value
        for key, value in wanted.items()
    )


def _check_fix(rule: Rule, case: Mapping[str, Any]) -> None:
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
    assert _file(rule.id)["pass"], "there is no case that passes"


def test_ids_are_in_kebab_case_and_belong_to_one_rule_each() -> None:
    ids = [rule.id for rule in rules()]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", item) for item in ids)


def test_a_rule_that_mends_has_a_case_of_it() -> None:
    lacking = [
        rule.id
        for rule in rules()
        if rule.fix is not None and not any("fixed" in case for case in _file(rule.id)["fail"])
    ]
    assert lacking == []
