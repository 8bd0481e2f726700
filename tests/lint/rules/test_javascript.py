"""JavaScript code nodes; needs the parser of `difyflow[javascript]`."""

from __future__ import annotations

import pytest

from difyflow.lint import Finding, lint
from lint_cases import text_of

pytestmark = pytest.mark.local


def _found(
    code: str, *, inputs: tuple[str, ...] = ("text",), outputs: tuple[str, ...] = ("result",)
) -> list[Finding]:
    node = {
        "id": "run",
        "type": "code",
        "code_language": "javascript",
        "code": code,
        "variables": [{"variable": name, "value_selector": ["s", "text"]} for name in inputs],
        "outputs": {name: {"type": "string", "children": None} for name in outputs},
    }
    start = {
        "id": "s",
        "type": "start",
        "variables": [{"variable": "text", "label": "T", "type": "paragraph"}],
    }
    end = {"id": "e", "type": "end", "outputs": [{"variable": "r", "value_selector": ["run", "result"]}]}
    case = {"nodes": [start, node, end], "edges": ["s > run", "run > e"]}
    return [item for item in lint(text_of(case)) if item.rule.startswith("code-")]


@pytest.mark.parametrize(
    "code",
    [
        "function main({text}) { return {result: text} }",
        "const main = ({text}) => ({result: text?.trim() ?? ''})",
        "var main = function (given) { return {'result': given.text} }",
        "function main(given) { const out = {}; out.result = given.text; return out }",
        "function main({text, ...more}) { return more.x ? {result: text} : {result: ''} }",
        "main = require('x')",
        "function main({text}) { throw new Error(text) }",
        "function main({text: t = ''}) { const f = () => { return 1 }; return {result: f() + t} }",
    ],
)
def test_what_may_run_is_left_alone(code: str) -> None:
    assert _found(code) == []


@pytest.mark.parametrize(
    ("code", "rule", "severity"),
    [
        ("function main({text) { return {result: text} }", "code-syntax", "error"),
        ("function main({text}) { return {result: text }", "code-syntax", "error"),
        ("function run({text}) { return {result: text} }", "code-main", "error"),
        ("async function main({text}) { return {result: text} }", "code-main", "error"),
        ("function main({txt}) { return {result: txt} }", "code-parameters", "warning"),
        ("function main({text}) { return {answer: text} }", "code-outputs", "error"),
        ("function main({text}) { return {result: text, more: 1} }", "code-outputs", "error"),
        ("function main({text}) { return 'x' }", "code-outputs", "error"),
        ("function main({text}) { console.log(text) }", "code-outputs", "error"),
        (
            "function main({text}) { if (!text) { return {} } return {result: text} }",
            "code-outputs",
            "warning",
        ),
        ("function main({text}) { return {result: 3} }", "code-output-value", "error"),
    ],
)
def test_what_fails_is_found(code: str, rule: str, severity: str) -> None:
    assert (rule, severity) in [(item.rule, item.severity) for item in _found(code)]


def test_a_finding_points_at_the_line_of_the_code() -> None:
    (found,) = _found("function main({text}) {\n  return {answer: text}\n}\n")
    assert "line 2 of the code" in found.message
