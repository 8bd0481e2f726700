"""Every node file: is there, has an example, and keeps it through YAML and back."""

from __future__ import annotations

import pytest

from difyflow import _catalog, nodes
from difyflow.dsl.app import App, AppInfo, Workflow
from difyflow.dsl.graph import Graph, Node
from difyflow.dsl.reader import read as read_app
from difyflow.nodes._base import NodeData, class_for, node_class
from difyflow.nodes._record import READING

# The types that Dify's DSL reference knows (dsl.md 5), and notes, whose type is empty.
TYPES = [
    "start",
    "end",
    "answer",
    "llm",
    "knowledge-retrieval",
    "question-classifier",
    "if-else",
    "code",
    "template-transform",
    "http-request",
    "tool",
    "variable-aggregator",
    "variable-assigner",
    "assigner",
    "iteration",
    "iteration-start",
    "loop",
    "loop-start",
    "loop-end",
    "parameter-extractor",
    "document-extractor",
    "list-operator",
    "agent",
    "datasource",
    "knowledge-index",
    "human-input",
    "trigger-webhook",
    "trigger-schedule",
    "trigger-plugin",
    "datasource-empty",
    "start-placeholder",
    "comment",
    "note",
]
VERSIONS = ("0.1.5", "0.3.1", "0.5.0", "0.6.0")


def example(node_type: str) -> NodeData:
    found = _catalog.module(nodes, node_type).EXAMPLE
    assert isinstance(found, NodeData)
    return found


def test_the_folder_holds_exactly_the_documented_types() -> None:
    assert sorted(_catalog.names(nodes)) == sorted(TYPES)


@pytest.mark.parametrize("node_type", TYPES)
def test_a_node_file_names_the_type_that_it_is_for(node_type: str) -> None:
    expected = "" if node_type == "note" else node_type
    assert node_class(node_type).model_fields["type"].default == expected
    assert type(example(node_type)) is node_class(node_type)


@pytest.mark.parametrize("node_type", TYPES)
def test_an_example_survives_yaml(node_type: str) -> None:
    for version in VERSIONS:
        data = example(node_type).with_ids("node").completed(version)
        node = Node(id="node", type=data.ENVELOPE, data=data)
        app = App(
            app=AppInfo(name="x", mode="workflow"),
            kind="app",
            version=version,
            workflow=Workflow(graph=Graph(nodes=(node,))),
        )
        again = read_app(app.render())
        assert again.problems() == ()
        assert again.nodes[0] == node
        assert type(again.nodes[0].data) is type(data)
        assert again.render() == app.render()


@pytest.mark.parametrize("node_type", TYPES)
def test_an_example_completed_by_the_editors_defaults_has_no_problems(node_type: str) -> None:
    for version in VERSIONS:
        made = example(node_type).completed(version)
        assert made.problems() == ()
        assert made.extras() == {}
        assert made.completed(version) == made


@pytest.mark.parametrize("node_type", TYPES)
def test_the_bare_constructor_is_what_the_editor_puts_on_the_canvas(node_type: str) -> None:
    made = node_class(node_type)().with_ids("node").completed("0.6.0")
    data = made.dump()
    assert data["type"] == ("" if node_type == "note" else node_type)
    assert not any(key.startswith("_") for key in data)
    assert class_for(made.ENVELOPE, data).model_validate(data, context=READING) == made


@pytest.mark.parametrize("node_type", TYPES)
def test_references_of_an_example_stand_where_they_say(node_type: str) -> None:
    data = example(node_type).completed("0.6.0").dump()
    for item in example(node_type).references():
        place: object = data
        for part in item.path:
            place = place[part]  # type: ignore[index]  # JSON data
        if item.start is None:
            assert list(place) == list(item.selector)  # type: ignore[call-overload]  # JSON data
        else:
            assert isinstance(place, str)
            assert place[item.start : item.end] == str(item.selector)


@pytest.mark.parametrize("node_type", TYPES)
def test_a_node_file_says_what_other_rooms_ask(node_type: str) -> None:
    made = example(node_type)
    width, height = made.canvas_size()
    assert width > 0
    assert height > 0
    assert all(part.isdecimal() for part in made.SINCE.split("."))
    assert (made.CONTAINER is not None) == (node_type in ("iteration", "loop"))
    is_entry = node_type in ("start", "datasource") or node_type.startswith("trigger-")
    assert made.ENTRY is is_entry
    names = [item.name for item in (*made.output_variables(), *made.inner_variables())]
    assert len(set(names)) == len(names) or made.CONTAINER == "loop"


def test_types_without_a_raw_export_say_that_they_are_from_documentation() -> None:
    said = {node_type for node_type in TYPES if node_class(node_type).FROM_DOCUMENTATION}
    assert said == {
        "comment",
        "datasource",
        "datasource-empty",
        "human-input",
        "knowledge-index",
        "loop-end",
        "start-placeholder",
        "trigger-plugin",
        "trigger-webhook",
    }
