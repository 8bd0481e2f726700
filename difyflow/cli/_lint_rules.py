"""The manual pages of the lint rules."""

from __future__ import annotations

import json
import re

from difyflow.errors import UsageError
from difyflow.lint import rules
from difyflow.lint._names import meant
from difyflow.lint.rule import Rule

_HEADING = re.compile(r"(?m)^([A-Z][^\n:]{1,40}):(?: *)\n")


def page(rule_id: str) -> str:
    """The manual page of a rule.

    Raises:
        UsageError: there is no such rule.
    """
    found = next((item for item in rules() if item.id == rule_id), None)
    if found is None:
        hint = meant(rule_id, [item.id for item in rules()]).removeprefix("; ")
        raise UsageError(
            f"there is no rule {rule_id!r}",
            code="unknown-rule",
            hint=hint if hint.startswith("do you mean") else "`difyflow rules` lists them",
        )
    return f"{found.id} ({_facts(found)})\n\n{found.page.rstrip()}\n"


def listing(format_: str) -> str:
    """All rules, as a list for people, Markdown or JSON."""
    if format_ == "json":
        rows = [
            {
                "id": item.id,
                "family": item.family,
                "severity": item.severity,
                "since": item.since,
                "until": item.until,
                "fix": item.fix,
                "opt_in": item.opt_in,
                "summary": item.summary,
            }
            for item in rules()
        ]
        return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
    return _markdown() if format_ == "markdown" else _text()


def _text() -> str:
    width = max(len(item.id) for item in rules())
    lines: list[str] = []
    family = ""
    for item in rules():
        if item.family != family:
            family = item.family
            lines += ["", family] if lines else [family]
        only = " Only with --select." if item.opt_in else ""
        lines.append(f"  {item.id:<{width}}  {item.severity:<7}  {item.summary}{only}")
    return "\n".join(lines) + "\n"


def _markdown() -> str:
    lines = ["# Lint rules", ""]
    family = ""
    for item in rules():
        if item.family != family:
            family = item.family
            lines += [f"## {family}", ""]
        lines += [f"### {item.id}", "", f"*{_facts(item)}*", "", _page_in_markdown(item), ""]
    return "\n".join(lines).rstrip() + "\n"


def _facts(item: Rule) -> str:
    parts: list[str] = [item.severity]
    if item.since:
        parts.append(f"since Dify {item.since}")
    if item.until:
        parts.append(f"until Dify {item.until}")
    parts.append({"safe": "fix: --fix", "unsafe": "fix: --unsafe-fixes"}[item.fix] if item.fix else "no fix")
    if item.opt_in:
        parts.append(f"only with --select {item.id}")
    return ", ".join(parts)


def _page_in_markdown(item: Rule) -> str:
    """The page with bold headings, and what stands under them no longer indented."""
    text = _HEADING.sub(r"**\1**\n\n", item.page)
    return re.sub(r"(?m)^    ", "", text).rstrip()
