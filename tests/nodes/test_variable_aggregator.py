"""variable-aggregator."""

from difyflow.build.refs import OutputRef
from difyflow.nodes.variable_aggregator import VariableAggregator, group, groups
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType

A, B = Selector(("a", "text")), Selector(("b", "text"))


def test_the_output_has_the_noted_type(read, outputs, refs) -> None:
    node = read("variable-aggregator", output_type="array[file]", variables=[["a", "files"], ["b", "files"]])
    assert outputs(node) == {"output": "array[file]"}
    assert refs(node) == {"variables.0": "a.files", "variables.1": "b.files"}


def test_groups_are_objects_with_an_output(outputs, refs) -> None:
    settings = groups(group("one", A, output_type="string"), group("two", B))
    node = VariableAggregator(advanced_settings=settings).with_ids("n")
    assert outputs(node) == {"one": "object", "two": "object"}
    inside = node.output_variables()[0].child("output")
    assert inside is not None
    assert inside.type is VarType.STRING
    assert refs(node) == {
        "advanced_settings.groups.0.variables.0": "a.text",
        "advanced_settings.groups.1.variables.0": "b.text",
    }
    assert node.advanced_settings is not None
    assert len({item.groupId for item in node.advanced_settings.groups}) == 2


def test_groups_that_are_off_change_nothing(read, outputs) -> None:
    node = read(
        "variable-aggregator",
        output_type="string",
        variables=[],
        advanced_settings={"group_enabled": False, "groups": [{"group_name": "g", "variables": []}]},
    )
    assert outputs(node) == {"output": "string"}


def test_references_of_one_type_bring_it() -> None:
    def ref(kind: VarType) -> OutputRef:
        return OutputRef(("a", "x"), OutputVar("x", kind))

    same = VariableAggregator(variables=(ref(VarType.NUMBER), ref(VarType.NUMBER)))
    mixed = VariableAggregator(variables=(ref(VarType.NUMBER), ref(VarType.STRING)))
    assert same.completed("0.5.0").output_type == "number"
    assert mixed.completed("0.5.0").output_type == "any"
    assert group("g", ref(VarType.FILE)).output_type == "file"
