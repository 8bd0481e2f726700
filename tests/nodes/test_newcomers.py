"""What in a node needs which Dify release, and which nodes an import refuses."""

import pytest

from difyflow.nodes._base import class_for
from difyflow.nodes._record import READING


def node(data, envelope="custom"):
    return class_for(envelope, data).model_validate(data, context=READING)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"type": "llm", "title": "x", "reasoning_format": "tagged"}, []),
        ({"type": "llm", "reasoning_format": "separated"}, [("1.9.0", "reasoning_format: separated")]),
        ({"type": "llm", "model": {"provider": "openai"}}, []),
        (
            {"type": "llm", "model": {"provider": "langgenius/openai/openai"}},
            [("1.0.0", "provider: langgenius/openai/openai")],
        ),
        ({"type": "http-request", "ssl_verify": True}, []),
        ({"type": "http-request", "ssl_verify": False}, [("1.3.0", "ssl_verify: False")]),
        ({"type": "iteration", "is_parallel": False}, [("0.6.9", "node type iteration")]),
        ({"type": "code", "retry_config": {"retry_enabled": False}}, []),
        ({"type": "code", "retry_config": {"retry_enabled": True}}, [("0.14.2", "retry_enabled: True")]),
        (
            {"type": "code", "outputs": {"ok": {"type": "boolean"}, "text": {"type": "string"}}},
            [("1.8.0", "type: boolean")],
        ),
        (
            {"type": "start", "variables": [{"type": "text-input"}, {"type": "file"}]},
            [("0.11.0", "type: file")],
        ),
        ({"type": "assigner", "version": "2", "items": []}, [("0.13.0", "node type assigner version 2")]),
        ({"type": "assigner", "write_mode": "append"}, [("0.7.0", "node type assigner")]),
        ({"type": "magic"}, []),
    ],
)
def test_a_value_says_since_when_dify_knows_it(data, found):
    assert [(item.since, item.what) for item in node(data).newcomers()] == found


def test_the_place_is_told():
    data = {"type": "start", "variables": [{"variable": "a"}, {"variable": "b", "type": "checkbox"}]}
    assert [item.path for item in node(data).newcomers(("data",))] == [("data", "variables", 1, "type")]


def test_an_import_checks_human_input_whole():
    data = {
        "type": "human-input",
        "inputs": [{"type": "paragraph", "output_variable_name": "a"}] * 2,
        "user_actions": [{"id": "ok"}, {"id": "ok"}, {"id": "1x"}],
        "timeout": "soon",
    }
    assert list(node(data).import_faults((0, 5, 0))) == []
    faults = "\n".join(node(data).import_faults((0, 6, 0)))
    assert "duplicated user action id 'ok'" in faults
    assert "duplicated output_variable_name in inputs 'a'" in faults
    assert "'1x'" in faults
    assert "timeout" in faults


def test_other_nodes_are_imported_as_they_are():
    assert list(node({"type": "llm", "model": 5}).import_faults((0, 6, 0))) == []
