"""Asks every rule about a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from difyflow import _catalog
from difyflow.dsl.edit import Path, shown
from difyflow.dsl.reader import Document, read_source
from difyflow.lint import rules as _folder
from difyflow.lint._places import Places
from difyflow.lint.finding import SEVERITIES, Finding, Found, Severity
from difyflow.lint.rule import Rule
from difyflow.lint.target import within
from difyflow.lint.view import View

if TYPE_CHECKING:
    from difyflow.dsl._yaml import Composed
    from difyflow.dsl.app import App  # the rules look at plain data, and git waits for them


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, by family and in the order of the files."""
    found = []
    for name in _catalog.names(_folder):
        module = _catalog.module(_folder, name)
        found += [
            item
            for item in vars(module).values()
            if isinstance(item, Rule) and item.check.__module__ == module.__name__
        ]
    return tuple(found)


def lint(
    source: str | bytes | App | Document,
    *,
    path: str = "<text>",
    target: str | None = None,
    only: Sequence[Rule] | None = None,
) -> list[Finding]:
    """What the rules find in a document, in the order of its lines.

    Args:
        source: YAML text or its bytes, or a document; only a text has lines.
        path: file name, for messages of what cannot be read.
        target: `dify-1.12`, `0.5.0`; default: what the document's own version says.
        only: the rules to be asked; None = all but those that must be selected by their id.

    Raises:
        ReadError: no YAML, or no mapping.
        UsageError: `target` is no release that is known.
    """
    if isinstance(source, str | bytes):
        composed, found = read_source(source, name=path)
        return check(found, composed, target=target, only=only)
    if isinstance(source, Document):
        composed, data = source.source, source.source.data
        return check(data, composed, target=target, only=only)  # type: ignore[arg-type]  # it was read
    return check(source.data(), None, target=target, only=only)


def check(
    data: Mapping[str, Any],
    source: Composed | None,
    *,
    target: str | None = None,
    only: Sequence[Rule] | None = None,
) -> list[Finding]:
    """As `lint`, for a document that is read already; `source` gives the lines."""
    view = View(data, target, source.text if source else "")
    places = Places(source)
    chosen = [item for item in rules() if not item.opt_in] if only is None else only
    asked = [item for item in chosen if within(view.target, item.since, item.until)]
    findings = [_finding(view, places, rule, found) for rule in asked for found in rule.check(view)]
    return sorted(findings, key=_by_place)


def errors(source: str | bytes | App | Document, *, target: str | None = None) -> list[Finding]:
    """The findings of a document that are errors; see `lint`."""
    return [item for item in lint(source, target=target) if item.severity == "error"]


def _finding(view: View, places: Places, rule: Rule, found: Found) -> Finding:
    node, field = _belongs_to(view, found.path)
    line, col = places.of(found)
    return Finding(
        rule=rule.id,
        severity=_milder(rule, found),
        message=found.message,
        path=found.path,
        node=found.node or node,
        field=field,
        fix=found.fix,
        line=line,
        col=col,
    )


def _milder(rule: Rule, found: Found) -> Severity:
    """The severity of the finding, which is never above that of its rule."""
    return max(rule.severity, found.severity or rule.severity, key=SEVERITIES.index)


def _belongs_to(view: View, path: Path) -> tuple[str | None, str | None]:
    """The node that a place lies in, and the place inside of it."""
    if path[:3] != ("workflow", "graph", "nodes") or len(path) < 4:
        return None, shown(path) or None
    nodes = view.graph.get("nodes")
    index = path[3]
    node = nodes[index] if isinstance(nodes, list) and isinstance(index, int) and index < len(nodes) else None
    node_id = node.get("id") if isinstance(node, dict) else None
    inside = path[5:] if path[4:5] == ("data",) else path[4:]
    return str(node_id) if node_id is not None else None, shown(inside) or None


def _by_place(finding: Finding) -> tuple[int, int, str, Iterator[str] | str]:
    return finding.line or 0, finding.col or 0, finding.rule, finding.message
