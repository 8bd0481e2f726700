"""Rules about types: what a reference names, and what the field takes in which it stands."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint import _uses
from difyflow.lint._consequence import when_run
from difyflow.lint.finding import Found, Severity
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View
from difyflow.nodes._base import Reference, Takes
from difyflow.nodes._takes import takes_of
from difyflow.terms.vartype import VarType

_TEXTS = frozenset((VarType.STRING, VarType.SECRET, VarType.NUMBER, VarType.INTEGER, VarType.BOOLEAN))


@rule("ref-type", severity="error")
def ref_type(view: View) -> Iterator[Found]:
    """A reference names a variable of a type that the field cannot take.

    What it does:
        Follows the types from the inputs, declared outputs and parameters through aggregators, list operators
        and iterations to the fields that take certain types only: an iteration and a list operator take
        lists, a document extractor and the eyes of a model take files, a knowledge retrieval and a classifier
        take text.

    Why is it bad:
        The node fails when it runs: "Invalid iterator value: ..., please provide a list."

    Example:
        ```yaml
        data: {type: iteration, iterator_selector: [ask, text]}   # a text
        ```

    Use instead:
        ```yaml
        data: {type: iteration, iterator_selector: [split, sections]}   # a list
        ```

    Dify:
        Every release (`IterationNode._run`, `DocumentExtractorNode._run`, `ListOperatorNode._run`).
    """
    for node in view.nodes:
        for path, selector, takes in takes_of(node.data):
            kind = view.resolve(selector, node).type
            if kind is None or takes.accepts(kind) or _uses.sleeps(node, Reference(path, selector)):
                continue
            text = f"{'.'.join(selector)} is {_a(kind)}, and this takes {takes}"
            yield Found(node.at(*path), text, severity=_consequence(view, node, kind, takes))


def _a(kind: VarType) -> str:
    return f"an {kind}" if str(kind)[0] in "aio" else f"a {kind}"


def _consequence(view: View, node: NodeView, kind: VarType, takes: Takes) -> Severity | None:
    """Where text is wanted, numbers and booleans become text in some releases."""
    if VarType.STRING in takes.kinds and kind in _TEXTS:
        return "warning"
    return when_run(view, node)
