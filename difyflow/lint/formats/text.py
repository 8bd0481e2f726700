"""One line per finding: `file:line:col rule message`."""

from __future__ import annotations

from difyflow.lint.report import Report


def write(report: Report) -> str:
    """The findings and the files that could not be looked at; an error has no mark behind it."""
    lines = []
    for file in report.files:
        if file.trouble is not None:
            where = file.path if file.trouble.line is None else f"{file.path}:{file.trouble.line}"
            lines.append(f"{where} {file.trouble.code} {_flat(file.trouble.message)} (not read)")
            if file.trouble.hint:
                lines.append(f"  {_flat(file.trouble.hint)}")
        for item in file.findings:
            where = ":".join([file.path, *(str(part) for part in (item.line, item.col) if part is not None)])
            node = f" [{item.node}]" if item.node and item.line is None else ""
            mark = "" if item.severity == "error" else f" ({item.severity})"
            lines.append(f"{where} {item.rule}{node} {_flat(item.message)}{mark}")
    return "".join(f"{line}\n" for line in lines)


def _flat(text: str) -> str:
    """On one line, with nothing in it that steers a terminal."""
    return "".join(char if char.isprintable() else " " for char in " ".join(text.split()))
