"""list-operator."""

from difyflow.build.refs import OutputRef
from difyflow.nodes.list_operator import ListOperator, by, first, nth, where
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


def test_the_outputs_have_the_type_of_the_list(read, outputs) -> None:
    node = read("list-operator", variable=["sys", "files"], var_type="array[file]", item_var_type="file")
    assert outputs(node) == {"result": "array[file]", "first_record": "file", "last_record": "file"}
    assert outputs(read("list-operator", variable=["a", "b"]))["result"] == "array[any]"


def test_a_reference_that_knows_its_type_brings_it() -> None:
    given = OutputRef(("code", "x"), OutputVar("x", VarType.ARRAY_NUMBER))
    node = ListOperator(variable=given).completed("0.5.0")
    assert (node.var_type, node.item_var_type) == ("array[number]", "number")


def test_references_are_the_list_the_filters_values_and_the_serial(refs) -> None:
    node = ListOperator(
        variable=Selector(("a", "b")),
        filter_by=where("contains", Selector(("env", "word"))),
        extract_by=nth(Selector(("start", "n"))),
        order_by=by("name", "desc"),
        limit=first(3),
    )
    assert refs(node) == {
        "variable": "a.b",
        "filter_by.conditions.0.value": "env.word",
        "extract_by.serial": "start.n",
    }


def test_a_filter_value_is_text_or_a_list() -> None:
    assert where("<", 5, key="size").conditions[0].value == "5"
    assert where("in", ["image"], key="type").conditions[0].value == ("image",)
    assert where("is", True).conditions[0].value is True
