"""Conditions, as if-else and loop have them."""

import pytest

from difyflow.build.refs import OutputRef
from difyflow.nodes._condition import Condition, attribute, when, with_condition_ids
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType

X = Selector(("start", "x"))


def said(condition: Condition) -> tuple[object, object]:
    return condition.comparison_operator, condition.value


@pytest.mark.parametrize(
    ("condition", "operator", "value"),
    [
        (when(X).is_("a"), "is", "a"),
        (when(X).is_not(True), "is not", True),
        (when(X).contains("a"), "contains", "a"),
        (when(X).not_contains("a"), "not contains", "a"),
        (when(X).start_with("a"), "start with", "a"),
        (when(X).end_with("a"), "end with", "a"),
        (when(X).empty(), "empty", ""),
        (when(X).not_empty(), "not empty", ""),
        (when(X).exists(), "exists", ""),
        (when(X).not_exists(), "not exists", ""),
        (when(X).eq(5), "=", "5"),
        (when(X).ne(0.5), "≠", "0.5"),
        (when(X) > 1, ">", "1"),
        (when(X) < 1, "<", "1"),
        (when(X) >= 1, "≥", "1"),
        (when(X) <= 1, "≤", "1"),
        (when(X).has("in", ["a", "b"]), "in", ("a", "b")),
    ],
)
def test_each_operator_has_difys_name_and_values_are_text(condition, operator, value) -> None:
    assert said(condition) == (operator, value)
    assert condition.variable_selector == X


def test_a_reference_to_compare_with_is_written_into_the_text() -> None:
    condition = when(X) >= Selector(("env", "least"))
    assert said(condition) == ("≥", "{{#env.least#}}")
    assert condition.numberVarType == "variable"


def test_a_reference_that_knows_its_type_says_it() -> None:
    assert when(OutputRef(("a", "n"), OutputVar("n", VarType.NUMBER))).eq(1).varType == "number"
    assert when(X).eq(1).varType is None


def test_conditions_on_files_go_into_the_sub_condition() -> None:
    found = when(X).contains(attribute("type", "in", ["image"]), attribute("size", "<", 5))
    assert said(found) == ("contains", "")
    assert found.sub_variable_condition is not None
    first, second = found.sub_variable_condition.conditions
    assert (first.key, first.varType, first.value) == ("type", "string", ("image",))
    assert (second.key, second.varType, second.value) == ("size", "number", "5")


def test_ids_are_made_for_all_levels_and_stay_when_given() -> None:
    given = when(X).empty().changed(id="mine")
    found = with_condition_ids((given, when(X).all_of(attribute("name", "is", "a"))), "node")
    assert found[0].id == "mine"
    sub = found[1].sub_variable_condition
    assert sub is not None
    assert len({found[1].id, sub.case_id, sub.conditions[0].id}) == 3
