"""What the linter calls an error, run on Dify's own engine: the run fails, or a value is lost or invented.

Beside each broken document lies the same one mended, on which nothing is found and which runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from difyflow.errors import DifyflowError
from difyflow.lint import lint
from lint_cases import data_of

pytestmark = [pytest.mark.long, pytest.mark.local]

FAILS = "the run fails"
START = {
    "id": "s",
    "type": "start",
    "variables": [
        {"variable": "text", "label": "T", "type": "paragraph"},
        {"variable": "n", "label": "N", "type": "number"},
        {"variable": "flag", "label": "F", "type": "checkbox"},
    ],
}
INPUTS = {"text": "abc", "n": 3, "flag": True}
OFF = {"enabled": False}


def _flow(*middle: Mapping[str, Any], taken: list[str], edges: list[str], **more: Any) -> dict[str, Any]:
    end = {"id": "e", "type": "end", "outputs": [{"variable": "r", "value_selector": taken}]}
    return {"version": "0.7.0", "nodes": [START, *middle, end], "edges": edges, **more}


def _list(**settings: Any) -> dict[str, Any]:
    """A list operator on the three characters of a list that a template cannot make, so an iteration does."""
    rest = {"filter_by": {**OFF, "conditions": []}, "order_by": {**OFF, "key": "", "value": "asc"}}
    given = {**rest, "limit": {**OFF, "size": 10}, "extract_by": {**OFF, "serial": "1"}, **settings}
    node = {"id": "l", "type": "list-operator", "variable": ["conversation", "list"], **given}
    answer = {"id": "a", "type": "answer", "answer": "{{#l.result#}}"}
    variable = {"name": "list", "value_type": "array[string]", "value": ["x", "y", "z"]}
    return {
        "version": "0.7.0",
        "mode": "advanced-chat",
        "conversation": [{**variable, "id": "4f3c2b1a-0000-4000-8000-000000000001"}],
        "nodes": [START, node, answer],
        "edges": ["s > l", "l > a"],
    }


def _text_node(**more: Any) -> dict[str, Any]:
    """A node inside of a container."""
    return {"id": "t", "in": "l", "type": "template-transform", "template": "a", "variables": [], **more}


def _loop(kind: str, value: object) -> dict[str, Any]:
    variable = {"id": "v", "label": "x", "var_type": kind, "value_type": "constant", "value": value}
    loop = {
        "id": "l",
        "type": "loop",
        "loop_count": 1,
        "break_conditions": [],
        "logical_operator": "and",
        "start_node_id": "b",
        "loop_variables": [variable],
    }
    begin = {"id": "b", "in": "l", "type": "loop-start", "isInLoop": True, "loop_id": "l"}
    inner = _text_node(isInLoop=True, loop_id="l")
    return _flow(loop, begin, inner, taken=["l", "x"], edges=["s > l", "l > e", "b > t"])


def _condition(name: str, operator: str, value: object, **more: Any) -> dict[str, Any]:
    condition = {"id": "c", "variable_selector": ["s", name], "comparison_operator": operator, "value": value}
    case = {"case_id": "true", "id": "true", "logical_operator": "and", "conditions": [condition]}
    node = {"id": "i", "type": "if-else", "cases": [case], **more}
    return _flow(node, taken=["s", "text"], edges=["s > i", "i:true > e", "i:false > e"])


def _assign(kind: str, start: object, operation: str, value: object) -> dict[str, Any]:
    item = {"variable_selector": ["conversation", "v"], "input_type": "constant", "operation": operation}
    node = {"id": "x", "type": "assigner", "version": "2", "items": [{**item, "value": value}]}
    variable = {"name": "v", "value_type": kind, "value": start, "id": "4f3c2b1a-0000-4000-8000-000000000002"}
    return {
        "version": "0.7.0",
        "mode": "advanced-chat",
        "conversation": [variable],
        "nodes": [START, node, {"id": "a", "type": "answer", "answer": "{{#conversation.v#}}"}],
        "edges": ["s > x", "x > a"],
    }


def _iteration(selector: list[str], **more: Any) -> dict[str, Any]:
    node = {
        "id": "l",
        "type": "iteration",
        "iterator_selector": selector,
        "output_selector": ["t", "output"],
        "output_type": "array[string]",
        "start_node_id": "b",
        "is_parallel": False,
        "error_handle_mode": "terminated",
        **more,
    }
    begin = {"id": "b", "in": "l", "type": "iteration-start", "isInIteration": True, "iteration_id": "l"}
    inner = _text_node(isInIteration=True, iteration_id="l")
    return _flow(node, begin, inner, taken=["l", "output"], edges=["s > l", "l > e", "b > t"])


def _rounds(count: int) -> dict[str, Any]:
    return _iteration(["sys", "files"], is_parallel=True, parallel_nums=count)


def _template(selector: list[str], taken: list[str]) -> dict[str, Any]:
    given = [{"variable": "a", "value_selector": selector}]
    node = {"id": "t", "type": "template-transform", "template": "[{{ a }}]", "variables": given}
    return _flow(node, taken=taken, edges=["s > t", "t > e"])


def _answer(text: str, **more: Any) -> dict[str, Any]:
    answer = {"id": "a", "type": "answer", "answer": text}
    variable = {"name": "known", "value_type": "string", "value": "v"}
    return {
        "version": "0.7.0",
        "mode": "advanced-chat",
        "environment": [{**variable, "id": "4f3c2b1a-0000-4000-8000-000000000003"}],
        "nodes": [START, answer],
        "edges": ["s > a"],
        **more,
    }


def _groups(taken: str) -> dict[str, Any]:
    group = {"groupId": "g", "group_name": "G", "output_type": "string", "variables": [["s", "text"]]}
    settings = {"group_enabled": True, "groups": [group]}
    node = {"id": "g", "type": "variable-aggregator", "output_type": "string", "variables": []}
    answer = {"id": "a", "type": "answer", "answer": f"= {{{{#{taken}#}}}}"}
    nodes = [START, {**node, "advanced_settings": settings}, answer]
    return _answer("", nodes=nodes, edges=["s > g", "g > a"])


def _branches(selector: list[str]) -> dict[str, Any]:
    condition = {"id": "c", "variable_selector": ["s", "text"], "comparison_operator": "is", "value": "no"}
    case = {"case_id": "true", "id": "true", "logical_operator": "and", "conditions": [condition]}
    one = {"id": "one", "type": "template-transform", "template": "1", "variables": []}
    given = [{"variable": "a", "value_selector": selector}]
    other = {"id": "other", "type": "template-transform", "template": "[{{ a }}]", "variables": given}
    end = {"id": "f", "type": "end", "outputs": [{"variable": "r", "value_selector": ["one", "output"]}]}
    nodes: list[dict[str, Any]] = [{"id": "i", "type": "if-else", "cases": [case]}, one, other, end]
    edges = ["s > i", "i:true > one", "i:false > other", "one > f", "other > e"]
    return _flow(*nodes, taken=["other", "output"], edges=edges)


LIMIT = {"enabled": True}
CASES: list[tuple[str, dict[str, Any], object, dict[str, Any] | None]] = [
    ("loop-variable-value", _loop("number", "three"), FAILS, _loop("number", "3")),
    ("loop-variable-value", _loop("boolean", "True"), FAILS, _loop("boolean", "true")),
    ("loop-variable-value", _loop("string", 5), FAILS, _loop("string", "5")),
    ("loop-variable-value", _loop("object", "[1]"), FAILS, _loop("object", "{}")),
    ("loop-variable-value", _loop("array[string]", ["a"]), [], _loop("array[string]", '["a"]')),
    ("condition-boolean", _condition("flag", "is", "yes"), FAILS, _condition("flag", "is", True)),
    ("condition-boolean", _condition("text", "start with", True), FAILS, _condition("text", "is", "a")),
    ("condition-number", _condition("n", ">", "many"), FAILS, _condition("n", ">", "1")),
    ("condition-operator", _condition("n", "contains", "1"), FAILS, _condition("n", "=", "1")),
    ("condition-value-type", _condition("n", "=", 1.5), FAILS, None),
    (
        "iteration-parallel",
        _iteration(["conversation", "list"], is_parallel=True, parallel_nums=0),
        FAILS,
        None,
    ),
    ("retry-range", _condition("n", "=", "3", retry_config={"max_retries": "many"}), FAILS, None),
    ("list-filter", _list(limit={**LIMIT, "size": 0}), "", _list(limit={**LIMIT, "size": 1})),
    ("list-filter", _list(limit={**LIMIT, "size": -1}), "- x\n- y", None),
    ("list-filter", _list(limit=LIMIT), "- x\n- y", None),
    ("list-filter", _list(extract_by={"enabled": True, "serial": "0"}), FAILS, None),
    ("assigner-operation", _assign("number", 1, "set", "2"), FAILS, _assign("number", 1, "set", 2)),
    ("assigner-operation", _assign("object", {}, "set", "[1]"), FAILS, _assign("object", {}, "set", "{}")),
    ("assigner-operation", _assign("string", "", "+=", 2), FAILS, _assign("string", "", "set", "a")),
    ("ref-type", _iteration(["s", "text"]), FAILS, None),
    ("iteration-input", _iteration([]), FAILS, None),
    (
        "ref-unknown-output",
        _template(["s", "gone"], ["t", "output"]),
        "[None]",
        _template(["s", "text"], ["t", "output"]),
    ),
    ("ref-unknown-output", _template(["s", "text"], ["t", "gone"]), None, None),
    ("ref-unknown-output", _groups("g.text"), "= g.text", _groups("g.G.output")),
    ("ref-not-upstream", _branches(["one", "output"]), "[None]", _branches(["s", "text"])),
    ("ref-environment", _answer("= {{#env.gone#}}"), "= env.gone", _answer("= {{#env.known#}}")),
    ("ref-conversation", _answer("= {{#conversation.gone#}}"), "= conversation.gone", None),
    ("ref-system", _answer("= {{#sys.gone#}}"), "= sys.gone", _answer("= {{#sys.query#}}")),
    ("ref-unknown-node", _template(["gone", "text"], ["t", "output"]), "[None]", None),
]


def _run(document: dict[str, Any]) -> object:
    """What a run puts out, or that it fails."""
    from difyflow.run.backends.local import Settings, open_backend

    try:
        backend = open_backend(document, target="case.yml", form=(), settings=Settings(model_endpoint="demo"))
    except DifyflowError:
        return FAILS
    try:
        run = backend.start(INPUTS, user="u", query="q")
        list(run.events())
        result = run.result()
    finally:
        backend.close()
    if result.status != "succeeded":
        return FAILS
    return result.outputs.get("r", result.outputs.get("answer"))


@pytest.mark.parametrize(
    ("rule", "broken", "outcome", "mended"),
    CASES,
    ids=[f"{case[0]}-{place}" for place, case in enumerate(CASES)],
)
def test_an_error_fails_the_run_or_changes_what_it_puts_out(
    rule: str, broken: dict[str, Any], outcome: object, mended: dict[str, Any] | None
) -> None:
    document = data_of(broken)
    found = lint(_text(document))
    assert rule in {item.rule for item in found if item.severity == "error"}
    assert _run(document) == outcome
    if mended is not None:
        document = data_of(mended)
        assert [item for item in lint(_text(document)) if item.severity == "error"] == []
        assert _run(document) not in (FAILS, outcome)


def _text(document: dict[str, Any]) -> str:
    from difyflow.dsl import _yaml

    return _yaml.dump(document)
