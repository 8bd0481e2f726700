"""tool."""

from difyflow.nodes.tool import Tool, constant, mixed, parameters, settings, variable
from difyflow.terms.selector import Selector

X = Selector(("start", "x"))


def test_an_output_schema_adds_outputs(read, outputs) -> None:
    schema = {"type": "object", "properties": {"urls": {"type": "array", "items": {"type": "string"}}}}
    node = read("tool", output_schema=schema)
    assert outputs(node) == {
        "text": "string",
        "files": "array[file]",
        "json": "array[object]",
        "urls": "array[string]",
    }
    assert not node.open_outputs()


def test_without_a_schema_there_may_be_more_outputs(read) -> None:
    assert read("tool").open_outputs()
    assert not read("tool", output_schema=None).open_outputs()


def test_references_are_mixed_text_and_variables_but_not_constants(read, refs) -> None:
    node = read(
        "tool",
        tool_parameters={
            "a": {"type": "mixed", "value": "x {{#start.a#}} {{#start.b#}}"},
            "b": {"type": "variable", "value": ["start", "file"]},
            "c": {"type": "constant", "value": "{{#start.c#}}"},
            "d": {"type": "constant", "value": ["start", "d"]},
            "e": {"type": "mixed", "value": None},
        },
        tool_configurations={"f": {"type": "mixed", "value": "{{#env.f#}}"}, "g": 5, "h": None},
    )
    assert node.problems() == ()
    assert refs(node) == {
        "tool_parameters.a.value": "start.a, start.b",
        "tool_parameters.b.value": "start.file",
        "tool_configurations.f.value": "env.f",
    }


def test_parameters_choose_their_kind_by_the_value() -> None:
    made = parameters(a="x", b=f"{X}", c=X, d=5, e=constant("{{#no.reference#}}"))
    assert {name: item.type for name, item in made.items()} == {
        "a": "mixed",
        "b": "mixed",
        "c": "variable",
        "d": "constant",
        "e": "constant",
    }
    assert settings(a="x", b=f"{X}")["a"] == constant("x")
    assert settings(a="x", b=f"{X}")["b"] == mixed("{{#start.x#}}")
    assert variable(X).dump() == {"type": "variable", "value": ("start", "x")}


def test_settings_are_bare_values_before_dify_1_7() -> None:
    node = Tool(tool_configurations=settings(depth="basic", key=f"{X}"))
    old, new = node.completed("0.3.0").dump(), node.completed("0.3.1").dump()
    assert "tool_node_version" not in old
    assert old["tool_configurations"] == {
        "depth": "basic",
        "key": {"type": "mixed", "value": "{{#start.x#}}"},
    }
    assert new["tool_node_version"] == "2"
    assert new["tool_configurations"]["depth"] == {"type": "constant", "value": "basic"}


def test_its_height_grows_with_its_settings() -> None:
    assert Tool().canvas_size() == (244, 54)
    assert Tool(tool_configurations=settings(a=1, b=2)).canvas_size() == (244, 116)
