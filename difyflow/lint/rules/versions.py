"""Rules about what a Dify release does not have yet."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint._consequence import when_built
from difyflow.lint.finding import Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import View
from difyflow.nodes._base import NodeData
from difyflow.nodes._record import numbers

_ENGINE = {"human-input": "1.12.0"}
"""Types that the engine of an earlier release than the editor's runs (recorded at 1.12.1)."""


@rule("version-node-type", severity="error")
def version_node_type(view: View) -> Iterator[Found]:
    """The type of a node came with a later Dify.

    What it does:
        Compares the release that brought a node type with the target. Without `--target` it is a warning: the
        version says what wrote a document, and another Dify may run it.

    Why is it bad:
        The import passes, or is refused by Dify 1.10 to 1.12; a run fails: "'agent' is not a valid NodeType".

    Example:
        ```yaml
        version: 0.1.4   # Dify 0.13
        data: {type: loop, title: Again}
        ```

    Use instead:
        What the target has, or a newer Dify; `difyflow migrate` tells what is in the way.

    Dify:
        Recorded at 0.15.3 (agent, loop, human-input).
    """
    for node in view.nodes:
        since = node.data.SINCE
        if node.kind and view.target.highest < numbers(since) and since != NodeData.SINCE:
            text = f"nodes of type {node.kind} came with Dify {since}, and the target is {view.target.name}"
            mild: Severity | None = "warning" if _may_run(view, node.kind) else when_built(view, node)
            yield Found(node.at("type"), text, severity=mild)


def _may_run(view: View, kind: str) -> bool:
    """True if the engine may know the type all the same, or nobody has said which one it will be."""
    return not view.is_given or (kind in _ENGINE and view.target.highest >= numbers(_ENGINE[kind]))


@rule("version-newcomer", severity="warning")
def version_newcomer(view: View) -> Iterator[Found]:
    """A field or a value came with a later Dify.

    What it does:
        Compares the release that brought a field, or one of its values, with the target; without `--target`,
        with the newest release that writes the document's version.

    Why is it bad:
        An older Dify passes over it, so that it has no effect, or cannot build the node.

    Example:
        ```yaml
        version: 0.1.5
        data: {type: llm, structured_output_enabled: true, ...}   # 1.3
        ```

    Use instead:
        What the target has, or a newer Dify; `difyflow migrate` tells what is in the way.

    Dify:
        Each field's release is that of the reference; see `difyflow migrate`.
    """
    for node in view.nodes:
        for found in node.data.newcomers():
            if found.path == ("type",) or view.target.highest >= numbers(found.since):
                continue
            text = f"{found.what} came with Dify {found.since}, and the target is {view.target.name}"
            yield Found(node.at(*found.path), text)


@rule("version-parallel", severity="warning", until="0.7")
def version_parallel(view: View) -> Iterator[Found]:
    """Several edges leave one way out, and the target runs one of them.

    What it does:
        Finds ways out with several edges, for Dify before 0.8.

    Why is it bad:
        Parallel branches came with 0.8; before, only the first edge counted.

    Example:
        ```yaml
        edges: [{source: start, target: a}, {source: start, target: b}]   # --target dify-0.7
        ```

    Use instead:
        One after the other, or a newer Dify.

    Dify:
        Up to 0.7.
    """
    seen: set[tuple[str, str]] = set()
    for edge in view.edges:
        key = (edge.source, edge.handle)
        if key in seen and all(key):
            text = "a second edge from the same way out: parallel branches came with Dify 0.8"
            yield Found((*edge.path, "source"), text, node=edge.source)
        seen.add(key)
