"""JSON; its schema lies in `tests/lint/findings.schema.json` and is stable."""

from __future__ import annotations

import json

from difyflow.lint.finding import Fix
from difyflow.lint.report import Report


def write(report: Report) -> str:
    """`findings`, `errors` (files that could not be looked at) and a `summary`."""
    data: dict[str, object] = {
        "findings": [
            {
                "path": path,
                "line": item.line,
                "col": item.col,
                "rule": item.rule,
                "severity": item.severity,
                "message": item.message,
                "node": item.node,
                "field": item.field,
                "fix": _fix(item.fix),
            }
            for path, item in report
        ],
        "errors": [
            {
                "path": item.path,
                "line": item.line,
                "code": item.code,
                "message": item.message,
                "hint": item.hint,
            }
            for item in report.troubles
        ],
        "summary": {
            "files": len(report.files),
            "unreadable": len(report.troubles),
            **{str(severity): count for severity, count in report.counts.items()},
            "fixable": sum(1 for _, item in report if item.fix is not None and item.fix.safe),
            "fixed": report.fixed,
            "hidden": report.hidden,
        },
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _fix(fix: Fix | None) -> dict[str, object] | None:
    return None if fix is None else {"title": fix.title, "safe": fix.safe}
