"""The conditions of a document: those of if-else nodes and those that end a loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from difyflow.dsl.edit import Path
from difyflow.lint.view import NodeView, View
from difyflow.terms.selector import Selector

UNARY = frozenset(("empty", "not empty", "null", "not null", "exists", "not exists"))
NUMERIC = frozenset(("=", "≠", ">", "<", "≥", "≤"))
OF_FILE_LISTS = frozenset(("contains", "not contains", "all of"))


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a case or of a loop."""

    node: NodeView
    path: Path
    raw: Mapping[str, object]

    @property
    def operator(self) -> str:
        found = self.raw.get("comparison_operator")
        return found if isinstance(found, str) else ""

    @property
    def selector(self) -> Selector | None:
        found = self.raw.get("variable_selector")
        return Selector(found) if isinstance(found, list) and all(isinstance(x, str) for x in found) else None


def conditions(view: View) -> Iterator[Condition]:
    for node in view.of("if-else"):
        cases = node.raw.get("cases")
        for index, case in enumerate(cases if isinstance(cases, list) else []):
            if isinstance(case, dict):
                yield from _listed(node, ("cases", index, "conditions"), case.get("conditions"))
        if cases is None:
            yield from _listed(node, ("conditions",), node.raw.get("conditions"))
    for node in view.of("loop"):
        yield from _listed(node, ("break_conditions",), node.raw.get("break_conditions"))


def _listed(node: NodeView, path: Path, found: object) -> Iterator[Condition]:
    for index, item in enumerate(found if isinstance(found, list) else []):
        if isinstance(item, dict):
            yield Condition(node, node.at(*path, index), item)
