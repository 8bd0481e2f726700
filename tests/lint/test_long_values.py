"""Rules about sizes, whose cases are too long to be written out."""

from __future__ import annotations

from difyflow.lint import lint, rules
from lint_cases import text_of


def _rules(text: str, *names: str) -> set[str]:
    return {item.rule for item in lint(text, only=[rule for rule in rules() if rule.id in names])}


def test_a_variable_of_more_than_200_kib_is_an_error() -> None:
    variable = {"name": "A", "value_type": "string", "value": "x" * 210_000}
    assert _rules(text_of({"environment": [variable]}), "var-size") == {"var-size"}


def test_a_document_of_more_than_10_mib_is_a_warning() -> None:
    case = {"app": {"description": "x" * 11_000_000}}
    assert _rules(text_of(case), "doc-size") == {"doc-size"}


def test_a_chain_of_more_than_fifty_nodes_is_a_warning() -> None:
    nodes = [{"id": "n0", "type": "start", "variables": []}]
    nodes += [{"id": f"n{index}", "type": "code"} for index in range(1, 52)]
    edges = [f"n{index} > n{index + 1}" for index in range(51)]
    assert _rules(text_of({"nodes": nodes, "edges": edges}), "graph-depth") == {"graph-depth"}
    assert _rules(text_of({"nodes": nodes, "edges": edges[:49]}), "graph-depth") == set()


def test_a_description_of_more_than_255_characters_is_an_error_from_dify_1_15_on() -> None:
    variable = {"name": "A", "value_type": "string", "value": "", "description": "x" * 256}
    text = text_of({"conversation": [variable]})
    wanted = [rule for rule in rules() if rule.id == "conv-description"]
    assert [item.severity for item in lint(text, only=wanted, target="dify-1.15")] == ["error"]
    assert [item.severity for item in lint(text, only=wanted, target="dify-1.13")] == ["warning"]
    assert lint(text, only=wanted, target="dify-1.12") == []
