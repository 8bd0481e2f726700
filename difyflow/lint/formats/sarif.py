"""SARIF 2.1.0, which code hosts show beside the lines."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from difyflow.lint.engine import rules
from difyflow.lint.finding import Finding
from difyflow.lint.report import Report, Trouble
from difyflow.lint.rule import Rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def write(report: Report) -> str:
    """One run, with the manual pages of the rules that found something."""
    used = {item.rule for _, item in report}
    told = [item for item in rules() if item.id in used]
    places = {item.id: index for index, item in enumerate(told)}
    run = {
        "tool": {
            "driver": {"name": "difyflow", "version": report.version, "rules": [_rule(item) for item in told]}
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.troubles,
                "toolExecutionNotifications": [_trouble(item) for item in report.troubles],
            }
        ],
        "results": [_result(path, item, places[item.rule]) for path, item in report],
    }
    data = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.summary},
        "help": {"text": rule.page},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.family]},
    }


def _result(path: str, item: Finding, index: int) -> dict[str, object]:
    location: dict[str, object] = {"physicalLocation": _place(path, item.line, item.col)}
    if item.node is not None:
        location["logicalLocations"] = [{"name": item.node, "kind": "element"}]
    return {
        "ruleId": item.rule,
        "ruleIndex": index,
        "level": _LEVELS[item.severity],
        "message": {"text": item.message},
        "locations": [location],
    }


def _trouble(item: Trouble) -> dict[str, object]:
    return {
        "descriptor": {"id": item.code},
        "level": "error",
        "message": {"text": item.message},
        "locations": [{"physicalLocation": _place(item.path, item.line, None)}],
    }


def _place(path: str, line: int | None, col: int | None) -> dict[str, object]:
    found: dict[str, object] = {"artifactLocation": {"uri": quote(Path(path).as_posix())}}
    if line is not None:
        found["region"] = {"startLine": line, **({"startColumn": col} if col is not None else {})}
    return found
