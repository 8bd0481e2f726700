"""What changes in a node when its file moves to another Dify release."""

import pytest

from difyflow.nodes._base import class_for
from difyflow.nodes._moves import GONE, Advice, Move, Obstacle
from difyflow.nodes._record import READING

NEW, OLD = (1, 13, 0), (0, 14, 2)


def steps(data, release):
    node = class_for("custom", data).model_validate(data, context=READING)
    return list(node.steps_to(release))


def moves(data, release):
    return {step.path: step.value for step in steps(data, release) if isinstance(step, Move)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("openai", "langgenius/openai/openai"),
        ("google", "langgenius/gemini/google"),
        ("openai_api_compatible", "langgenius/openai_api_compatible/openai_api_compatible"),
    ],
)
def test_a_provider_is_spelled_as_the_release_spells_it(old, new):
    place = ("model", "provider")
    assert moves({"type": "llm", "model": {"provider": old}}, NEW) == {place: new}
    assert moves({"type": "llm", "model": {"provider": new}}, OLD) == {place: old}
    assert moves({"type": "llm", "model": {"provider": new}}, NEW) == {}
    assert moves({"type": "llm", "model": {"provider": old}}, OLD) == {}


def test_a_plugin_of_others_does_not_go_back_before_plugins():
    found = steps({"type": "llm", "model": {"provider": "someone/thing/thing"}}, OLD)
    assert [type(step) for step in found] == [Obstacle]
    assert found[0].path == ("model", "provider")


def test_providers_deep_in_knowledge_retrieval_change_too():
    data = {
        "type": "knowledge-retrieval",
        "multiple_retrieval_config": {
            "reranking_model": {"provider": "cohere", "model": "m"},
            "weights": {"vector_setting": {"embedding_provider_name": "openai"}},
        },
    }
    assert set(moves(data, NEW).values()) == {"langgenius/cohere/cohere", "langgenius/openai/openai"}


def test_an_empty_provider_stays_empty():
    assert steps({"type": "llm", "model": {"provider": ""}}, NEW) == []


@pytest.mark.parametrize(
    ("mode", "value"), [("over-write", ["a", "b"]), ("append", ["a", "b"]), ("clear", None)]
)
def test_assigner_1_becomes_assigner_2(mode, value):
    data = {
        "type": "assigner",
        "assigned_variable_selector": ["conversation", "x"],
        "input_variable_selector": ["a", "b"],
        "write_mode": mode,
    }
    found = moves(data, NEW)
    item = {
        "input_type": "variable",
        "operation": mode,
        "value": value,
        "variable_selector": ["conversation", "x"],
    }
    assert found.pop(("items",)) == [item]
    assert found == {
        ("version",): "2",
        ("assigned_variable_selector",): GONE,
        ("input_variable_selector",): GONE,
        ("write_mode",): GONE,
    }


def test_the_old_aggregator_gets_its_new_name():
    assert moves({"type": "variable-assigner", "variables": []}, NEW) == {("type",): "variable-aggregator"}


def test_legacy_conditions_become_a_case_with_known_operators():
    condition = {"id": "1", "variable_selector": ["a", "b"], "comparison_operator": "is null", "value": ""}
    data = {"type": "if-else", "logical_operator": "or", "conditions": [condition]}
    found = moves(data, NEW)
    case = found.pop(("cases",))[0]
    assert (case["case_id"], case["logical_operator"]) == ("true", "or")
    assert case["conditions"][0]["comparison_operator"] == "empty"
    assert found == {("conditions",): GONE, ("logical_operator",): GONE}


def test_an_unknown_operator_in_a_case_is_replaced():
    condition = {"variable_selector": ["a", "b"], "comparison_operator": "is not null"}
    data = {"type": "if-else", "cases": [{"case_id": "true", "conditions": [condition]}]}
    assert moves(data, OLD) == {("cases", 0, "conditions", 0, "comparison_operator"): "not empty"}


def test_settings_of_a_tool_lose_their_types():
    data = {
        "type": "tool",
        "provider_id": "langgenius/tavily/tavily",
        "provider_name": "langgenius/tavily/tavily",
        "provider_type": "builtin",
        "tool_node_version": "2",
        "tool_configurations": {
            "n": {"type": "constant", "value": 5},
            "x": {"type": "mixed", "value": "{{#a.b#}}"},
        },
    }
    found = moves(data, OLD)
    assert found == {
        ("provider_id",): "tavily",
        ("provider_name",): "tavily",
        ("tool_configurations", "n"): 5,
        ("tool_node_version",): GONE,
    }
    obstacles = [step.path for step in steps(data, OLD) if isinstance(step, Obstacle)]
    assert obstacles == [("tool_configurations", "x")]
    assert steps(data, NEW) == []


def test_a_tool_that_was_built_in_is_something_to_install():
    found = steps({"type": "tool", "provider_id": "tavily", "provider_type": "builtin"}, NEW)
    assert [type(step) for step in found] == [Advice]


def test_labels_of_classes_go_where_there_are_none():
    data = {"type": "question-classifier", "classes": [{"id": "1", "name": "a", "label": "A"}]}
    assert moves(data, OLD) == {("classes", 0, "label"): GONE}
    assert moves(data, NEW) == {}
