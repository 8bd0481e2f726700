"""What `lint` makes of texts, apps and odd documents."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import difyflow
from difyflow.dsl import _yaml
from difyflow.dsl.reader import read_document
from difyflow.errors import ReadError, UsageError
from difyflow.lint import errors, lint, rules
from difyflow.lint.engine import check
from lint_cases import document, text_of

START = {"id": "start", "type": "start", "variables": [{"variable": "q", "label": "Q", "type": "paragraph"}]}
END = {"id": "end", "type": "end", "outputs": [{"variable": "x", "value_selector": ["start", "q"]}]}
GOOD: dict[str, Any] = {"nodes": [START, END], "edges": ["start > end"]}


def test_a_good_document_has_no_findings() -> None:
    assert [item for item in lint(text_of(GOOD)) if item.severity != "info"] == []


def test_a_finding_has_the_place_of_the_very_words() -> None:
    text = """\
app: {name: a, mode: advanced-chat}
kind: app
version: 0.5.0
workflow:
  graph:
    nodes:
    - {id: start, type: custom, position: {x: 0, y: 0}, data: {type: start, title: S, variables: []}}
    - id: say
      type: custom
      position: {x: 0, y: 0}
      data:
        type: answer
        title: Say
        answer: |
          First {{#sys.query#}},
          then {{#sys.query#}} and {{#strat.q#}}.
    edges: [{source: start, target: say, sourceHandle: source}]
"""
    (found,) = [item for item in lint(text) if item.severity == "error"]
    assert (found.rule, found.line, found.col) == ("ref-unknown-node", 16, 36)
    assert (found.node, found.field) == ("say", "answer")
    assert found.path == ("workflow", "graph", "nodes", 1, "data", "answer")


def test_the_second_of_two_equal_references_is_pointed_at() -> None:
    case = {
        "mode": "advanced-chat",
        "nodes": [START, {"id": "say", "type": "answer", "answer": "{{#no.q#}} and {{#no.q#}}"}],
        "edges": ["start > say"],
    }
    columns = [item.col for item in lint(text_of(case)) if item.rule == "ref-unknown-node"]
    assert columns[1] - columns[0] == len("{{#no.q#}} and ")  # type: ignore[operator]  # they have columns


def test_an_app_is_judged_without_lines() -> None:
    app = difyflow.read(text_of({**GOOD, "edges": []}))
    found = [item for item in lint(app) if item.severity == "error"]
    assert [item.rule for item in found] == ["graph-no-result"]
    assert found[0].line is None


def test_a_document_that_was_read_is_judged_with_lines() -> None:
    text = text_of({**GOOD, "edges": []})
    assert lint(read_document(text)) == lint(text)


def test_errors_are_the_findings_that_are_errors() -> None:
    text = text_of({**GOOD, "edges": []})
    assert errors(text) == [item for item in lint(text) if item.severity == "error"]


@pytest.mark.parametrize("text", ["a: [", "", "- a", "\x00"])
def test_what_is_no_mapping_is_an_error_of_reading(text: str) -> None:
    with pytest.raises(ReadError):
        lint(text)


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(UsageError, match="no Dify release"):
        lint(text_of(GOOD), target="dify-one")


def test_every_rule_is_asked_without_a_version_only_what_all_releases_do() -> None:
    case = {
        "mode": "advanced-chat",
        "nodes": [START, {"id": "t", "type": "trigger-webhook"}],
        "top": {"version": None},
    }
    assert "graph-start-and-trigger" not in {item.rule for item in lint(text_of(case))}
    found = {item.rule for item in lint(text_of(case), target="dify-1.12")}
    assert "graph-start-and-trigger" in found


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "start", "x", "{{#a.b#}}"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "data", "nodes", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def _places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            found += _places(item, (*path, key))
    return found


EXAMPLE = """
features: {file_upload: {enabled: true}}
environment: [{name: A, value_type: string, value: x}]
nodes:
- {id: start, type: start, variables: [{variable: q, label: Q, type: paragraph}]}
- id: each
  type: iteration
  iterator_selector: [start, q]
  output_selector: [t, output]
  start_node_id: eachstart
- {id: eachstart, type: iteration-start, in: each}
- id: t
  in: each
  type: template-transform
  template: '{{ a }}'
  variables: [{variable: a, value_selector: [each, item]}]
- id: c
  type: if-else
  cases:
  - case_id: 'true'
    logical_operator: and
    conditions: [{variable_selector: [start, q], comparison_operator: is, value: x}]
- {id: v, type: variable-aggregator, variables: [[each, output]], output_type: any}
- {id: end, type: end, outputs: [{variable: x, value_selector: [v, output]}]}
edges: [start > each, eachstart > t, each > c, 'c:true > v', v > end]
"""


@given(st.data())
def test_no_oddity_makes_the_linter_fail(data: st.DataObject) -> None:
    tree = document(cast(dict[str, Any], _yaml.load(EXAMPLE, name="example")))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(_places(tree)))
        holder: Any = tree
        for part in path[:-1]:
            holder = holder[part]
        if data.draw(st.booleans()):
            holder[path[-1]] = data.draw(VALUES)
        else:
            del holder[path[-1]]
    for item in check(tree, None):
        assert item.rule in {rule.id for rule in rules()}
    lint(_yaml.dump(tree))


def test_the_package_has_the_verb() -> None:
    found = difyflow.lint(text_of({**GOOD, "edges": []}), target="dify-1.12")
    assert [item.rule for item in found if item.severity == "error"] == ["graph-no-result"]
    assert isinstance(found[0], difyflow.Finding)
