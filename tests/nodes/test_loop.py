"""loop."""

import pytest

from difyflow.build.refs import OutputRef
from difyflow.nodes.loop import Loop, variable, when
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


def test_its_variables_are_known_inside_and_afterwards(read, outputs) -> None:
    node = read(
        "loop", loop_variables=[{"label": "i", "var_type": "number", "value_type": "constant", "value": "1"}]
    )
    assert [(item.name, str(item.type)) for item in node.inner_variables()] == [("i", "number")]
    assert outputs(node) == {"i": "number", "loop_round": "number"}
    assert outputs(read("loop", loop_variables=None)) == {"loop_round": "number"}


def test_references_are_first_values_and_break_conditions(read, refs) -> None:
    node = read(
        "loop",
        loop_variables=[
            {"label": "a", "var_type": "string", "value_type": "variable", "value": ["start", "a"]},
            {"label": "b", "var_type": "array[string]", "value_type": "constant", "value": ["x", "y"]},
        ],
        break_conditions=[
            {"variable_selector": ["l", "a"], "comparison_operator": "is", "value": "{{#env.x#}}"}
        ],
    )
    assert node.problems() == ()
    assert refs(node) == {
        "loop_variables.0.value": "start.a",
        "break_conditions.0.variable_selector": "l.a",
        "break_conditions.0.value": "env.x",
    }


@pytest.mark.parametrize(
    ("value", "var_type", "written"),
    [
        ("x", "string", "x"),
        (1, "number", "1"),
        (True, "boolean", True),
        ([], "array[string]", "[]"),
        ([1, 2], "array[number]", "[1, 2]"),
        (["ä"], "array[string]", '["ä"]'),
        ({"a": 1}, "object", '{"a": 1}'),
    ],
)
def test_a_constant_is_written_as_text_with_its_type(value, var_type, written) -> None:
    made = variable("v", value)
    assert (made.var_type, made.value_type, made.value) == (var_type, "constant", written)


def test_a_reference_as_first_value_brings_its_type() -> None:
    made = variable("v", OutputRef(("a", "n"), OutputVar("n", VarType.NUMBER)))
    assert (made.var_type, made.value_type, made.value) == ("number", "variable", ("a", "n"))
    assert variable("v", Selector(("a", "n"))).var_type == "string"


def test_variables_and_conditions_get_ids() -> None:
    node = Loop(loop_variables=(variable("i", 0),), break_conditions=(when(Selector(("l", "i"))) > 3,))
    made = node.with_ids("l")
    assert made.loop_variables is not None
    assert made.loop_variables[0].id
    assert made.break_conditions[0].id
