"""code."""

from difyflow.nodes.code import EXAMPLE, Code, defaults, inputs, returns
from difyflow.terms.selector import Selector


def test_declared_outputs_are_outputs(read, outputs) -> None:
    node = read("code", outputs={"a": {"type": "array[object]", "children": None}, "b": {"type": "boolean"}})
    assert outputs(node) == {"a": "array[object]", "b": "boolean"}


def test_an_error_strategy_brings_two_more_outputs_and_a_way_out(read, handles) -> None:
    node = read("code", outputs={}, error_strategy="fail-branch")
    assert [item.name for item in node.all_outputs()] == ["error_message", "error_type"]
    assert handles(node) == ["source", "fail-branch"]
    assert node.canvas_size() == (244, 90)


def test_arguments_are_references_and_code_is_not(refs) -> None:
    node = Code(variables=inputs(a=Selector(("x", "y"))), code="# {{#x.z#}}")
    assert refs(node) == {"variables.0.value_selector": "x.y"}


def test_returns_writes_null_children_as_the_editor_does() -> None:
    assert Code(outputs=returns(a="string")).completed("0.5.0").dump()["outputs"] == {
        "a": {"type": "string", "children": None}
    }


def test_defaults_stand_in_for_outputs() -> None:
    node = EXAMPLE.changed(error_strategy="default-value", default_value=defaults(result="", count=0))
    assert node.dump()["default_value"] == (
        {"key": "result", "type": "string", "value": ""},
        {"key": "count", "type": "number", "value": 0},
    )
