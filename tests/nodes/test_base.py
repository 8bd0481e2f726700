"""What all node types share."""

import pytest

from difyflow.nodes._base import NodeData, UnknownNode, class_for, made_id, type_of
from difyflow.nodes._record import READING
from difyflow.terms.selector import Selector


@pytest.mark.parametrize(
    "data", [{"type": "knowledge-retrieval-v2"}, {"type": ""}, {"type": "note"}, {}, {"type": 5}]
)
def test_a_type_without_a_file_is_unknown(data) -> None:
    assert class_for("custom", data) is UnknownNode


def test_a_note_is_told_by_its_envelope() -> None:
    assert class_for("custom-note", {"type": ""}).__name__ == "Note"
    assert class_for("custom-note", {"type": "llm"}).__name__ == "Note"


def test_unknown_types_are_searched_for_what_looks_like_a_reference() -> None:
    data = {
        "type": "x",
        "prompt": "a {{#a.b#}}",
        "query_selector": ["c", "d", "e"],
        "options": ["c", "d"],
        "deep": [{"value_selector": ["f", "g"]}],
    }
    node = UnknownNode.model_validate(data, context=READING)
    assert [(item.path, item.selector) for item in node.references()] == [
        (("prompt",), ("a", "b")),
        (("query_selector",), ("c", "d", "e")),
        (("deep", 0, "value_selector"), ("f", "g")),
    ]
    assert node.dump() == data
    assert node.open_outputs()


def test_common_fields_hold_no_references() -> None:
    assert NodeData(title="{{#a.b#}}").references() == ()


def test_made_ids_are_uuids_that_depend_on_the_path_only() -> None:
    assert made_id("a", 1) == made_id("a", 1) != made_id("a", 2)
    assert len(made_id("a")) == 36


def test_a_bare_selector_knows_no_type() -> None:
    assert type_of(Selector(("a", "b"))) is None
    assert type_of("text") is None
