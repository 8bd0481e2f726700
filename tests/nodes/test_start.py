"""start."""

from difyflow.nodes.start import Start, checkbox, file, files, json_object, number, paragraph, select, text


def test_inputs_are_outputs_of_their_type(outputs, handles) -> None:
    node = Start(
        variables=(
            text("a", "A"),
            paragraph("b", "B"),
            select("c", "C", ("x",)),
            number("d", "D"),
            checkbox("e", "E"),
            file("f", "F"),
            files("g", "G"),
            json_object("h", "H"),
        )
    )
    assert outputs(node) == {
        "a": "string",
        "b": "string",
        "c": "string",
        "d": "number",
        "e": "boolean",
        "f": "file",
        "g": "array[file]",
        "h": "object",
    }
    assert handles(node) == ["source"]
    assert node.canvas_size() == (244, 64 + 26 * 8)


def test_an_absent_required_is_false_though_the_editor_writes_true(read) -> None:
    node = read("start", variables=[{"variable": "a", "type": "text-input", "label": "A"}])
    assert node.form()[0].required is False
    written = Start(variables=(text("a", "A"), text("b", "B", required=False))).completed("0.5.0")
    assert [item.required for item in written.form()] == [True, False]


def test_an_input_of_an_unknown_type_is_kept(read, outputs) -> None:
    node = read("start", variables=[{"variable": "a", "type": "hologram", "label": "A", "shine": 3}])
    assert outputs(node) == {"a": "any"}
    assert node.dump()["variables"] == ({"variable": "a", "type": "hologram", "label": "A", "shine": 3},)
