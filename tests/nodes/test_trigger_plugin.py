"""trigger-plugin."""


def test_outputs_are_the_properties_of_the_schema(read, outputs) -> None:
    schema = {"properties": {"title": {"type": "string"}, "issue": {"type": "object"}}}
    node = read(
        "trigger-plugin", output_schema=schema, event_parameters={"a": {"type": "constant", "value": "x"}}
    )
    assert node.problems() == ()
    assert outputs(node) == {"title": "string", "issue": "object"}
    assert not node.open_outputs()


def test_without_a_schema_nobody_can_say(read, outputs) -> None:
    node = read("trigger-plugin", event_name="x")
    assert outputs(node) == {}
    assert node.open_outputs()
