"""JUnit XML: a suite per file, a case per finding; a file without findings is a case that passes."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from difyflow.lint.report import FileReport, Report


def write(report: Report) -> str:
    """The report as XML 1.0."""
    suites = [_suite(file) for file in report.files]
    tests = sum(count for count, _, _, _ in suites)
    failures = sum(count for _, count, _, _ in suites)
    errors = sum(count for _, _, count, _ in suites)
    head = f'<testsuites name="difyflow lint" tests="{tests}" failures="{failures}" errors="{errors}">'
    body = "".join(text for _, _, _, text in suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{body}</testsuites>\n'


def _suite(file: FileReport) -> tuple[int, int, int, str]:
    """Number of cases, failures and errors of a file, and its suite."""
    cases = []
    name = _attribute(file.path)
    if file.trouble is not None:
        message = _attribute(file.trouble.message)
        case = f"<testcase name={_attribute(file.trouble.code)} classname={name}>"
        cases.append(
            f"    {case}<error message={message}>{_text(file.trouble.hint or '')}</error></testcase>"
        )
    for item in file.findings:
        where = ":".join(str(part) for part in (file.path, item.line, item.col) if part is not None)
        place = f"{item.rule} {where}" + (f" node {item.node}" if item.node else "")
        kind = f"type={_attribute(item.severity)} message={_attribute(item.message)}"
        case = f"<testcase name={_attribute(place)} classname={name}>"
        cases.append(f"    {case}<failure {kind}>{_text(f'{where} {item.message}')}</failure></testcase>")
    if not cases:
        cases.append(f'    <testcase name="lint" classname={name}/>')
    errors = int(file.trouble is not None)
    failures = len(file.findings)
    head = f'  <testsuite name={name} tests="{len(cases)}" failures="{failures}" errors="{errors}">'
    return len(cases), failures, errors, "\n".join([head, *cases, "  </testsuite>"]) + "\n"


def _allowed(text: str) -> str:
    """Without what XML 1.0 cannot hold, even escaped."""
    return "".join(
        char if (char >= " " and char not in "\ufffe\uffff") or char in "\t\n" else " " for char in text
    )


def _attribute(text: str) -> str:
    return quoteattr(_allowed(text), {"\n": "&#10;"})


def _text(text: str) -> str:
    return escape(_allowed(text))
