"""assigner, both versions."""

import pytest

from difyflow.nodes._base import class_for
from difyflow.nodes.assigner import Assigner, AssignerV1, assign
from difyflow.terms.selector import Selector

X = Selector(("conversation", "x"))
A = Selector(("llm", "text"))


def test_the_version_picks_the_class_and_items_where_it_is_missing() -> None:
    assert class_for("custom", {"type": "assigner"}) is AssignerV1
    assert class_for("custom", {"type": "assigner", "version": "2"}) is Assigner
    assert class_for("custom", {"type": "assigner", "items": []}) is Assigner


@pytest.mark.parametrize(
    ("made", "operation", "input_type", "value"),
    [
        (assign(X).over_write(A), "over-write", "variable", A),
        (assign(X).over_write("x"), "over-write", "constant", "x"),
        (assign(X).set(False), "set", "constant", False),
        (assign(X).clear(), "clear", "variable", None),
        (assign(X).append(A), "append", "variable", A),
        (assign(X).extend(A), "extend", "variable", A),
        (assign(X).remove_first(), "remove-first", "variable", None),
        (assign(X).remove_last(), "remove-last", "variable", None),
        (assign(X).add(1), "+=", "constant", 1),
        (assign(X).subtract(1), "-=", "constant", 1),
        (assign(X).multiply(2.5), "*=", "constant", 2.5),
        (assign(X).divide(2), "/=", "constant", 2),
    ],
)
def test_each_operation_has_difys_name_and_input_type(made, operation, input_type, value) -> None:
    assert (made.operation, made.input_type, made.value) == (operation, input_type, value)
    assert made.variable_selector == X
    assert "value" in made.dump()


def test_references_are_targets_and_variables_but_not_constants(read, refs, outputs) -> None:
    node = read(
        "assigner",
        version="2",
        items=[
            {"variable_selector": ["conversation", "a"], "input_type": "variable", "value": ["x", "y", "z"]},
            {"variable_selector": ["conversation", "b"], "input_type": "constant", "value": ["x", "y"]},
        ],
    )
    assert refs(node) == {
        "items.0.variable_selector": "conversation.a",
        "items.0.value": "x.y.z",
        "items.1.variable_selector": "conversation.b",
    }
    assert outputs(node) == {}


def test_version_1_has_one_assignment(read, refs) -> None:
    node = read(
        "assigner",
        assigned_variable_selector=["conversation", "a"],
        input_variable_selector=["sys", "query"],
        write_mode="append",
    )
    assert refs(node) == {
        "assigned_variable_selector": "conversation.a",
        "input_variable_selector": "sys.query",
    }
    assert node.canvas_size() == (244, 132)


def test_version_2_is_written_with_its_number() -> None:
    data = Assigner(items=(assign(X).clear(),)).completed("0.3.1").dump()
    assert data["version"] == "2"
    assert data["items"][0]["write_mode"] == "over-write"
    assert data["items"][0]["value"] is None
    assert "write_mode" not in Assigner(items=(assign(X).clear(),)).completed("0.5.0").dump()["items"][0]
