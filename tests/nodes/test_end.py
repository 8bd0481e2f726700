"""end."""

from difyflow.build.refs import OutputRef
from difyflow.nodes.end import End, outputs
from difyflow.terms.vartype import OutputVar, VarType


def test_outputs_are_references_and_nothing_follows(read, refs, handles) -> None:
    node = read("end", outputs=[{"variable": "a", "value_selector": ["llm", "text"], "value_type": "string"}])
    assert refs(node) == {"outputs.0.value_selector": "llm.text"}
    assert handles(node) == []
    assert node.canvas_size() == (244, 90)


def test_types_are_written_since_dify_1_11() -> None:
    node = End(outputs=outputs(a=OutputRef(("code", "n"), OutputVar("n", VarType.NUMBER))))
    assert "value_type" not in node.completed("0.4.0").dump()["outputs"][0]
    assert node.completed("0.5.0").dump()["outputs"][0]["value_type"] == "number"
