"""parameter-extractor."""

from difyflow.nodes.parameter_extractor import ParameterExtractor, parameter


def test_parameters_are_outputs_beside_what_the_node_says_of_itself(read, outputs) -> None:
    given = {"a": "string", "b": "select", "c": "bool", "d": "array[object]", "e": "number"}
    node = read(
        "parameter-extractor",
        parameters=[
            {"name": name, "type": kind, "description": "", "required": False} for name, kind in given.items()
        ],
    )
    assert outputs(node) == {
        "a": "string",
        "b": "string",
        "c": "boolean",
        "d": "array[object]",
        "e": "number",
        "__is_success": "number",
        "__reason": "string",
        "__usage": "object",
    }


def test_references_are_the_query_and_the_instruction(read, refs) -> None:
    node = read("parameter-extractor", query=["sys", "query"], instruction="{{#a.b#}} {{#c.d#}}")
    assert refs(node) == {"query": "sys.query", "instruction": "a.b, c.d"}


def test_a_parameter_with_options_is_a_select() -> None:
    assert parameter("a", "b", options=("x", "y")).dump() == {
        "name": "a",
        "description": "b",
        "type": "select",
        "required": False,
        "options": ("x", "y"),
    }
    assert parameter("a", "b", required=True).completed("0.5.0").dump() == {
        "name": "a",
        "type": "string",
        "description": "b",
        "required": True,
    }


def test_absent_reasoning_mode_is_not_what_the_editor_writes(read) -> None:
    assert read("parameter-extractor").reasoning_mode == "function_call"
    assert ParameterExtractor().completed("0.5.0").reasoning_mode == "prompt"
