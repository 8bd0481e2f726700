"""The formats of findings.

`sarif.schema.json` is ours and holds the part of the standard that we write. What we write was also
validated against the standard's own schema (oasis-tcs/sarif-spec, `sarif-2.1/schema/sarif-schema-2.1.0.json`
of commit e0583813): all findings in 316 public files and files that cannot be read, without a fault.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from difyflow import _catalog
from difyflow.lint import Finding, Fix, formats
from difyflow.lint.report import FileReport, Report, Trouble

HERE = Path(__file__).resolve().parent
NASTY = "a, b: 100% <i>&\"'\x00\x1b[31m\nnext\u2028line ]]> {{#x.y#}}"


def _finding(**changes: Any) -> Finding:
    given: dict[str, Any] = {
        "rule": "ref-unknown-node",
        "severity": "error",
        "message": NASTY,
        "path": ("workflow", "graph", "nodes", 0, "data", "answer"),
        "node": "say",
        "field": "answer",
        "fix": Fix("Refer to x", (), safe=False),
        "line": 3,
        "col": 9,
    }
    return Finding(**{**given, **changes})


REPORT = Report(
    [
        FileReport(
            "flows/a b,c%.yml", [_finding(), _finding(severity="warning", line=None, col=None, fix=None)]
        ),
        FileReport("flows/good.yml", [_finding(severity="info", node=None, field=None)]),
        FileReport("broken.yml", (), Trouble("broken.yml", NASTY, "yaml-syntax", 7, "mend it")),
        FileReport("clean.yml"),
    ],
    hidden=2,
    fixed=1,
)


def _written(name: str, report: Report = REPORT) -> str:
    found = _catalog.module(formats, name).write(report)
    assert isinstance(found, str)
    return found


def _schema(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


@pytest.mark.local  # jsonschema comes with the engine
@pytest.mark.parametrize("report", [REPORT, Report([])])
def test_json_is_as_its_schema_says(report: Report) -> None:
    import jsonschema  # type: ignore[import-untyped]  # it ships no types

    data = json.loads(_written("json", report))
    jsonschema.Draft202012Validator(_schema("findings.schema.json")).validate(data)


def test_json_has_every_finding_and_every_file_that_could_not_be_read() -> None:
    data = json.loads(_written("json"))
    assert [item["path"] for item in data["findings"]] == ["flows/a b,c%.yml"] * 2 + ["flows/good.yml"]
    assert data["findings"][0]["fix"] == {"title": "Refer to x", "safe": False}
    assert [item["code"] for item in data["errors"]] == ["yaml-syntax"]
    assert data["summary"] == {
        "files": 4,
        "unreadable": 1,
        "error": 1,
        "warning": 1,
        "info": 1,
        "fixable": 0,
        "fixed": 1,
        "hidden": 2,
    }


@pytest.mark.local
@pytest.mark.parametrize("report", [REPORT, Report([])])
def test_sarif_is_as_the_standard_says(report: Report) -> None:
    import jsonschema

    data = json.loads(_written("sarif", report))
    jsonschema.Draft202012Validator(_schema("sarif.schema.json")).validate(data)


def test_sarif_names_the_rule_the_place_and_the_node() -> None:
    (run,) = json.loads(_written("sarif"))["runs"]
    first, second, third = run["results"]
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == "ref-unknown-node"
    place = first["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "flows/a%20b%2Cc%25.yml"},
        "region": {"startLine": 3, "startColumn": 9},
    }
    assert first["locations"][0]["logicalLocations"] == [{"name": "say", "kind": "element"}]
    assert "region" not in second["locations"][0]["physicalLocation"]
    assert [item["level"] for item in (first, second, third)] == ["error", "warning", "note"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [item["descriptor"]["id"] for item in invocation["toolExecutionNotifications"]] == ["yaml-syntax"]


def test_github_commands_are_one_line_each_with_everything_escaped() -> None:
    lines = _written("github").split("\n")[:-1]
    assert len(lines) == 4
    assert lines[0].startswith("::error file=broken.yml,line=7,title=yaml-syntax::")
    assert lines[1].startswith(
        "::error file=flows/a b%2Cc%25.yml,line=3,col=9,title=ref-unknown-node::a, b: 100%25"
    )
    assert lines[2].startswith("::warning file=flows/a b%2Cc%25.yml,title=")
    assert lines[3].startswith("::notice ")


def test_junit_is_xml_whose_numbers_are_right() -> None:
    root = ElementTree.fromstring(_written("junit"))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("5", "3", "1")
    suites = {suite.get("name"): suite for suite in root}
    assert len(suites["clean.yml"].findall("testcase")) == 1
    failure = suites["flows/a b,c%.yml"].findall("testcase/failure")[0]
    assert failure.get("type") == "error"
    assert "{{#x.y#}}" in str(failure.get("message"))


def test_text_is_a_line_per_finding_and_steers_no_terminal() -> None:
    text = _written("text")
    assert "\x1b" not in text
    assert "\x00" not in text
    lines = text.splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("flows/a b,c%.yml:3:9 ref-unknown-node a, b: 100% <i>")
    assert lines[1].startswith("flows/a b,c%.yml ref-unknown-node [say] ")
    assert lines[1].endswith(" (warning)")
    assert lines[3].startswith("broken.yml:7 yaml-syntax ")
    assert lines[4] == "  mend it"


@pytest.mark.parametrize("name", _catalog.names(formats))
def test_every_format_takes_a_report_without_files(name: str) -> None:
    assert _written(name, Report([])).strip() == "" or _written(name, Report([])).endswith("\n")
