"""The sources of the code nodes of a document, and findings in them."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint import _javascript, _python
from difyflow.lint._consequence import when_run
from difyflow.lint._python import Source, Spot
from difyflow.lint.finding import Found, Severity
from difyflow.lint.view import NodeView, View


def sources(view: View) -> Iterator[tuple[NodeView, Source]]:
    """The code nodes whose source was read."""
    for node in view.of("code"):
        code = node.raw.get("code")
        if not isinstance(code, str) or not code.strip():
            continue
        named = node.raw.get("code_language")
        if named == "javascript":
            source = _javascript.read(code)
        else:
            source = _python.read(code) if named in ("python3", "python") else None
        if source is not None:
            yield node, source


def language(node: NodeView) -> str:
    return "JavaScript" if node.raw.get("code_language") == "javascript" else "Python"


def at_line(
    view: View, node: NodeView, spot: Spot, message: str, milder: Severity | None = None, *, word: str = ""
) -> Found:
    """A finding at a line of the source: its first words are what is shown."""
    lines = str(node.raw.get("code")).split("\n")
    line = lines[spot.line - 1] if 0 < spot.line <= len(lines) else ""
    text = word if word and word in line else line.strip()
    start = sum(len(item) + 1 for item in lines[: spot.line - 1]) + max(line.find(text), 0)
    severity = milder or when_run(view, node)
    where = f"line {spot.line} of the code: " if len(lines) > 1 else ""
    return Found(node.at("code"), where + message, severity=severity, text=text, start=start)
