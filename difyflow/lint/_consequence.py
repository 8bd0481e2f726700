"""What a fault in a node does, by where the node lies and for which Dify."""

from __future__ import annotations

from difyflow.lint.finding import Severity
from difyflow.lint.view import NodeView, View

_BUILDS_ALL = "1.9.0"
"""From this release on every node is built before the first one runs (recorded at 1.12.1; dsl.md 10)."""


def when_built(view: View, node: NodeView) -> Severity | None:
    """For a node that cannot be built: a warning if no run of this Dify ever comes to build it."""
    return None if view.holds(_BUILDS_ALL) or view.is_reached(node) else "warning"


def when_run(view: View, node: NodeView) -> Severity | None:
    """For a node that fails when it runs: a warning if it never runs, or if its failure is caught."""
    if not view.is_reached(node) or node.raw.get("error_strategy") in ("fail-branch", "default-value"):
        return "warning"
    return None


def when_reached(view: View, node: NodeView) -> Severity | None:
    """For a node that does the wrong thing when it runs: a warning if it never runs."""
    return None if view.is_reached(node) else "warning"
