"""Workflow commands of GitHub Actions, which become annotations of a pull request."""

from __future__ import annotations

from difyflow.lint.report import Report

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def write(report: Report) -> str:
    """One command per finding and per file that could not be looked at."""
    lines = []
    for trouble in report.troubles:
        place = {"file": trouble.path, "line": trouble.line, "title": trouble.code}
        hint = f"\n{trouble.hint}" if trouble.hint else ""
        lines.append(_command("error", place, trouble.message + hint))
    for path, item in report:
        place = {"file": path, "line": item.line, "col": item.col, "title": item.rule}
        lines.append(_command(_LEVELS[item.severity], place, item.message))
    return "".join(f"{line}\n" for line in lines)


def _command(level: str, place: dict[str, str | int | None], message: str) -> str:
    properties = ",".join(
        f"{key}={_property(str(value))}" for key, value in place.items() if value is not None
    )
    return f"::{level} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
