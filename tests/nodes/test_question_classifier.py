"""question-classifier."""

from difyflow.nodes.question_classifier import QuestionClass, QuestionClassifier, classes


def test_ways_out_are_the_classes(handles, outputs) -> None:
    node = QuestionClassifier(classes=classes("First", refund="Money back"))
    assert handles(node) == ["1", "refund"]
    assert [item.label for item in node.source_handles()] == ["First", "Money back"]
    assert outputs(node) == {"class_name": "string", "class_label": "string", "usage": "object"}
    assert [item.name for item in node.output_variables() if item.run_time_only] == ["class_id"]


def test_classes_without_an_id_are_numbered() -> None:
    node = QuestionClassifier(
        classes=(QuestionClass(name="a"), QuestionClass(id="x"), QuestionClass(name="c"))
    )
    assert [item.id for item in node.with_ids("n").classes] == ["1", "x", "3"]


def test_references_are_the_query_the_classes_and_the_instruction(read, refs) -> None:
    node = read(
        "question-classifier",
        query_variable_selector=["start", "sys.query"],
        classes=[{"id": "1", "name": "about {{#env.topic#}}"}],
        instruction="{{#conversation.how#}}",
        topics=[],
        vision={"enabled": True, "configs": {"detail": "low", "variable_selector": ["sys", "files"]}},
    )
    assert node.problems() == ()
    assert refs(node) == {
        "query_variable_selector": "start.sys.query",
        "classes.0.name": "env.topic",
        "instruction": "conversation.how",
        "vision.configs.variable_selector": "sys.files",
    }
    assert node.canvas_size() == (244, 132)


def test_a_new_one_has_two_empty_classes() -> None:
    assert QuestionClassifier().completed("0.5.0").dump()["classes"] == (
        {"id": "1", "name": ""},
        {"id": "2", "name": ""},
    )
