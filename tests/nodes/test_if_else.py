"""if-else."""

from difyflow.nodes.if_else import EXAMPLE, IfElse, attribute, case, when
from difyflow.terms.selector import Selector

X = Selector(("start", "x"))


def test_ways_out_are_the_cases_and_else(handles) -> None:
    node = IfElse(cases=(case(when(X).is_("a")), case(when(X).is_("b")), case(when(X).is_("c"), id="third")))
    assert handles(node.with_ids("n")) == ["true", "case_2", "third", "false"]
    assert [item.label for item in node.source_handles()] == ["IF", "ELIF 1", "ELIF 2", "ELSE"]


def test_a_case_id_is_written_twice_and_conditions_get_ids() -> None:
    node = IfElse(cases=(case(when(X).empty()),)).with_ids("n")
    assert node.cases[0].id == node.cases[0].case_id == "true"
    assert node.cases[0].conditions[0].id
    assert node == IfElse(cases=(case(when(X).empty()),)).with_ids("n")


def test_references_are_the_variables_and_those_in_the_values(refs) -> None:
    node = IfElse(cases=(case(when(X) > Selector(("start", "least")), when(X).contains("{{#env.word#}}")),))
    assert refs(node) == {
        "cases.0.conditions.0.variable_selector": "start.x",
        "cases.0.conditions.0.value": "start.least",
        "cases.0.conditions.1.variable_selector": "start.x",
        "cases.0.conditions.1.value": "env.word",
    }


def test_conditions_on_files_name_no_variable(refs) -> None:
    node = IfElse(
        cases=(case(when(X).all_of(attribute("type", "in", ["image"]), attribute("size", "<", 5))),)
    )
    assert refs(node) == {"cases.0.conditions.0.variable_selector": "start.x"}


def test_the_legacy_form_is_one_case(read, handles, refs, outputs) -> None:
    node = read(
        "if-else",
        logical_operator="and",
        conditions=[{"id": "1", "variable_selector": ["a", "b"], "comparison_operator": "is", "value": "x"}],
    )
    assert handles(node) == ["true", "false"]
    assert refs(node) == {"conditions.0.variable_selector": "a.b"}
    assert outputs(node) == {}
    assert node.problems() == ()


def test_a_bare_number_as_value_is_a_problem(read) -> None:
    conditions = [{"variable_selector": ["a", "b"], "comparison_operator": "=", "value": 5}]
    node = read("if-else", cases=[{"case_id": "true", "logical_operator": "and", "conditions": conditions}])
    assert {item.path[:5] for item in node.problems()} == {("cases", 0, "conditions", 0, "value")}
    assert node.dump()["cases"][0]["conditions"][0]["value"] == 5


def test_heights_are_as_measured_in_exports() -> None:
    def node(*conditions_per_case: int) -> IfElse:
        return IfElse(cases=tuple(case(*[when(X).empty()] * count) for count in conditions_per_case))

    assert [node(*counts).canvas_height() for counts in ((1,), (3,), (1, 1), (2, 1), (1, 1, 1, 2))] == [
        126,
        178,
        174,
        200,
        296,
    ]


def test_without_cases_the_editor_writes_an_empty_one() -> None:
    assert IfElse().completed("0.6.0").dump()["cases"] == (
        {"case_id": "true", "logical_operator": "and", "conditions": ()},
    )
    assert EXAMPLE.completed("0.6.0").cases == EXAMPLE.cases
