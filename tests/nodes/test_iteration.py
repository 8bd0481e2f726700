"""iteration."""

from difyflow.build.refs import OutputRef
from difyflow.nodes.iteration import Iteration
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


def ref(kind: VarType) -> OutputRef:
    return OutputRef(("code", "x"), OutputVar("x", kind))


def test_the_output_is_a_list_of_the_noted_type(read, outputs, refs, handles) -> None:
    node = read(
        "iteration", iterator_selector=["a", "b"], output_selector=["c", "d"], output_type="array[number]"
    )
    assert outputs(node) == {"output": "array[number]"}
    assert outputs(read("iteration")) == {"output": "array[any]"}
    assert refs(node) == {"iterator_selector": "a.b", "output_selector": "c.d"}
    assert handles(node) == ["source"]


def test_inside_are_item_and_index(read) -> None:
    noted = read("iteration", iterator_input_type="array[file]").inner_variables()
    assert [(item.name, str(item.type)) for item in noted] == [("item", "file"), ("index", "number")]
    assert str(read("iteration").inner_variables()[0].type) == "any"
    assert Iteration(iterator_selector=ref(VarType.ARRAY_STRING)).inner_variables()[0].type is VarType.STRING


def test_types_flow_along_references() -> None:
    node = Iteration(iterator_selector=ref(VarType.ARRAY_OBJECT)).completed("0.5.0")
    assert node.iterator_input_type == "array[object]"
    assert node.changed(output_selector=ref(VarType.STRING)).output_type == "array[string]"
    assert node.changed(output_selector=ref(VarType.ARRAY_NUMBER)).output_type == "array[number]"
    assert node.changed(output_selector=Selector(("a", "b"))).output_type is None


def test_newer_editors_write_more() -> None:
    assert "is_parallel" not in Iteration().completed("0.1.2").dump()
    assert "flatten_output" not in Iteration().completed("0.4.0").dump()
    data = Iteration().completed("0.5.0").dump()
    assert (data["is_parallel"], data["parallel_nums"], data["error_handle_mode"]) == (
        False,
        10,
        "terminated",
    )
    assert data["flatten_output"] is True


def test_it_is_as_large_as_it_says(read) -> None:
    assert read("iteration", width=700.5, height=300).canvas_size() == (700.5, 300)
