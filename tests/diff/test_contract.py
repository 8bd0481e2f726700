"""What breaks for callers and for nodes further on."""

from __future__ import annotations

import copy

import pytest

from difyflow.diff import compare
from difyflow.diff.report import report


def app(*nodes, mode="workflow", edges=(), **more):
    found = [{"id": data.pop("id"), "type": "custom", "data": data} for data in map(dict, nodes)]
    return {
        "app": {"name": "x", "mode": mode},
        "workflow": {"graph": {"nodes": found, "edges": list(edges)}, **more},
    }


def start(**more):
    variable = {
        "variable": "topic",
        "label": "Topic",
        "type": "text-input",
        "required": False,
        "max_length": 48,
    }
    return {"id": "start", "type": "start", "title": "Start", "variables": [variable | more]}


def breaks(one, other):
    return [(item.kind, item.message) for item in report(compare(one, other)).breaking]


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ({}, {"required": True}, [("input-required", 'input "topic" is required now')]),
        ({}, {"type": "number"}, [("input-type", 'input "topic" has another type: text-input -> number')]),
        ({}, {"type": "paragraph"}, []),
        ({"type": "paragraph"}, {"type": "text-input"}, []),
        ({"type": "select"}, {"type": "paragraph"}, []),
        ({}, {"max_length": 20}, [("input-limits", 'input "topic" takes at most 20 now, not 48')]),
        (
            {"max_length": None},
            {"max_length": 48},
            [("input-limits", 'input "topic" takes at most 48 now, not any')],
        ),
        ({}, {"max_length": 96}, []),
        ({}, {"max_length": None}, []),
        (
            {"type": "select", "options": ["a", "b", "c"]},
            {"type": "select", "options": ["b", "d"]},
            [("input-limits", 'input "topic" takes fewer options: without a, c')],
        ),
        (
            {"type": "file", "allowed_file_types": ["image", "document"]},
            {"type": "file", "allowed_file_types": ["image"]},
            [("input-limits", 'input "topic" takes fewer file types: without document')],
        ),
        ({}, {"variable": "subject"}, [("input-renamed", 'input "topic" is called "subject" now')]),
        ({}, {"label": "Other"}, []),
    ],
)
def test_what_an_input_takes(was, now, expected):
    assert breaks(app(start(**was)), app(start(**(was | now)))) == expected


def test_an_input_that_is_gone_breaks():
    assert breaks(app(start()), app(start() | {"variables": []})) == [
        ("input-removed", 'input "topic" is gone')
    ]


@pytest.mark.parametrize(
    ("required", "default", "count"), [(True, None, 1), (True, "x", 0), (False, None, 0)]
)
def test_a_new_input_breaks_if_nobody_can_do_without_it(required, default, count):
    new = {"variable": "new", "label": "New", "type": "text-input", "required": required, "default": default}
    other = start()
    other["variables"] = [*other["variables"], new]
    assert len(breaks(app(start()), app(other))) == count


def test_another_mode_breaks():
    assert breaks(app(mode="workflow"), app(mode="advanced-chat")) == [
        ("mode", "mode workflow -> advanced-chat")
    ]


CODE = {"id": "code", "type": "code", "title": "Sum", "outputs": {"total": {"type": "number"}}}
END = {
    "id": "end",
    "type": "end",
    "title": "End",
    "outputs": [{"variable": "out", "value_selector": ["code", "total"]}],
}


def test_an_output_that_is_gone_breaks():
    assert breaks(app(CODE, END), app(CODE, END | {"outputs": []})) == [
        ("output-removed", 'output "out" is gone')
    ]


def test_an_output_of_another_type_breaks():
    other = CODE | {"outputs": {"total": {"type": "string"}}}
    assert breaks(app(CODE, END), app(other, END)) == [
        ("output-type", 'output "out" has another type: number -> string')
    ]


def test_a_reference_that_leads_nowhere_now_breaks():
    assert breaks(app(CODE, END), app(END)) == [
        ("reference", '"End" refers to code.total, and "Sum" is gone')
    ]
    assert breaks(app(CODE, END), app(CODE | {"outputs": {}}, END)) == [
        ("reference", '"End" refers to code.total, and "Sum" has no such output')
    ]
    assert breaks(app(END), app(END)) == []


def test_a_reference_that_led_nowhere_before_does_not_break_anything_new():
    assert breaks(app(END), app(END | {"title": "New"})) == []


def test_a_variable_that_is_gone_breaks_its_references():
    answer = {"id": "a", "type": "answer", "title": "A", "answer": "{{#env.url#}} {{#conversation.seen#}}"}
    one = app(
        answer,
        environment_variables=[{"name": "url", "value": ""}],
        conversation_variables=[{"name": "seen", "value": ""}],
    )
    assert breaks(one, app(answer)) == [
        ("reference", '"A" refers to env.url, and there is no such variable'),
        ("reference", '"A" refers to conversation.seen, and there is no such variable'),
    ]


def entries(one, other):
    found = report(compare(one, other))
    return {entry.title: entry for section in found.sections for entry in section.entries}


def test_a_changed_node_names_whom_it_affects_nearest_first():
    second = {
        "id": "b",
        "type": "code",
        "title": "Second",
        "variables": [{"variable": "x", "value_selector": ["code", "total"]}],
        "outputs": {"y": {"type": "number"}},
    }
    third = {
        "id": "c",
        "type": "end",
        "title": "Third",
        "outputs": [{"variable": "y", "value_selector": ["b", "y"]}],
    }
    found = entries(app(CODE, third, second), app(CODE | {"code": "x"}, third, second))
    assert found["Sum"].affects == ("Second", "Third")
    assert not found["Sum"].more


def test_a_branching_node_affects_what_its_ways_lead_to():
    branch = {
        "id": "if",
        "type": "if-else",
        "title": "Which",
        "cases": [{"case_id": "true", "conditions": []}],
    }
    edges = [{"source": "if", "target": "code", "sourceHandle": "true"}]
    one = app(branch, CODE, edges=edges)
    other = copy.deepcopy(one)
    other["workflow"]["graph"]["nodes"][0]["data"]["cases"][0]["logical_operator"] = "or"
    assert entries(one, other)["Which"].affects == ("Sum",)


def test_many_affected_nodes_are_cut_and_that_is_said():
    ends = [END | {"id": f"e{number}", "title": f"E{number}"} for number in range(30)]
    found = entries(app(CODE, *ends), app(CODE | {"code": "x"}, *ends))["Sum"]
    assert len(found.affects) == 12
    assert found.more


def test_models_and_plugins_have_a_heading_of_their_own():
    def llm(name, temperature):
        model = {
            "provider": "openai",
            "name": name,
            "mode": "chat",
            "completion_params": {"temperature": temperature},
        }
        return {"id": "llm", "type": "llm", "title": "Ask", "model": model}

    def of(version):
        value = {"marketplace_plugin_unique_identifier": f"langgenius/openai:{version}@abc"}
        return [{"type": "marketplace", "value": value}]

    one = app(llm("gpt-4o", 0.3)) | {"dependencies": of("0.0.1")}
    other = app(llm("gpt-5", 0.7)) | {"dependencies": of("0.0.2")}
    found = {
        section.heading: [
            (entry.title, [detail.label for detail in entry.details]) for entry in section.entries
        ]
        for section in report(compare(one, other)).sections
    }
    assert found == {
        "Models and plugins": [
            ("Ask", ["model.name"]),
            ("langgenius/openai", ["value.marketplace_plugin_unique_identifier"]),
        ],
        "Nodes": [("Ask", ["temperature"])],
    }
