"""template-transform."""


def test_names_are_references_and_the_template_is_not(read, outputs, refs) -> None:
    node = read(
        "template-transform",
        template="{{ x }} {{#a.b#}}",
        variables=[{"variable": "x", "value_selector": ["start", "x"], "value_type": "string"}],
    )
    assert node.problems() == ()
    assert outputs(node) == {"output": "string"}
    assert refs(node) == {"variables.0.value_selector": "start.x"}
