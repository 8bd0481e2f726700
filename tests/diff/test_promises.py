"""What is told without the classes of nodes is what they say: no change that breaks something is missed."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import difyflow
import documents
from difyflow.diff import compare
from difyflow.diff._breaks import by_class
from difyflow.diff._promises import promises_stay
from difyflow.diff._rename import renamed
from difyflow.diff._sides import Side

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"


@pytest.fixture(scope="module")
def templates():
    return [difyflow.load(TEMPLATES / name).data() for name in ("agent", "approval", "corpus")]


def sides(one, other):
    names = compare(one, other).renames
    return Side(renamed(one, names)), Side(other)


def stays(one, other):
    """Whether nothing breaks for sure; checked, if that is said."""
    told = promises_stay(*sides(one, other))
    if told:
        assert list(by_class(*sides(one, other))) == []
    return told


@pytest.mark.long
@documents.SOME
@given(st.data(), documents.documents())
def test_nothing_breaks_between_any_two_documents_that_are_said_to_keep_their_promises(data, one):
    stays(one, data.draw(documents.edited(one)))
    stays(one, data.draw(documents.documents()))


@pytest.mark.long
@documents.SOME
@given(st.data())
def test_nothing_breaks_in_edited_apps_that_are_said_to_keep_their_promises(templates, data):
    one = data.draw(st.sampled_from(templates))
    other = data.draw(documents.edited(one, most=3))
    stays(one, other)
    stays(other, one)


@pytest.mark.long
def test_nothing_breaks_in_real_steps_that_are_said_to_keep_their_promises(corpus_dir):
    told = []
    for folder in sorted(path for path in (corpus_dir / "history").rglob("*") if path.is_dir()):
        versions = []
        for file in sorted(folder.glob("*.yml")):
            try:
                found = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
            except (yaml.YAMLError, UnicodeDecodeError):
                continue
            versions += [found] if isinstance(found, dict) else []
        told += [stays(one, other) for one, other in itertools.pairwise(versions)]
    assert len(told) > 50 and sum(told) > len(told) / 4


@pytest.fixture
def flow():
    """A small app in which each node uses the one before."""
    text = "Sum up: {{#start.topic#}} {{#env.key#}}"
    data = [
        {
            "id": "start",
            "type": "start",
            "variables": [{"variable": "topic", "type": "text-input", "label": "T"}],
        },
        {"id": "llm", "type": "llm", "prompt_template": [{"role": "user", "text": text}]},
        {"id": "code", "type": "code", "code": "def main(): ...", "outputs": {"x": {"type": "string"}}},
        {"id": "end", "type": "end", "outputs": [{"variable": "out", "value_selector": ["llm", "text"]}]},
        {"id": "odd", "type": "unheard-of", "text": "{{#llm.text#}}"},
    ]
    nodes = [
        {"id": item.pop("id"), "type": "custom", "position": {"x": 0, "y": 0}, "data": item} for item in data
    ]
    graph = {"nodes": nodes, "edges": []}
    return {
        "app": {"mode": "workflow"},
        "workflow": {"graph": graph, "environment_variables": [{"name": "key", "value": "k"}]},
    }


def node(document, name):
    return next(item for item in document["workflow"]["graph"]["nodes"] if item["id"] == name)


def set_data(name, **values):
    return lambda flow: node(flow, name)["data"].update(values)


def drop(name):
    return lambda flow: flow["workflow"]["graph"]["nodes"].remove(node(flow, name))


def add(**data):
    return lambda flow: flow["workflow"]["graph"]["nodes"].append(
        {"id": "new", "type": "custom", "data": data}
    )


PROMPT = [{"role": "user", "text": "In a word: {{#start.topic#}}, {{#sys.query#}}"}]


@pytest.mark.parametrize(
    "change",
    [
        set_data("llm", prompt_template=PROMPT, title="New"),
        set_data("llm", model={"name": "gpt", "completion_params": {"temperature": 2}}),
        set_data("code", code="def main(): return {}"),
        set_data("code", variables=[{"variable": "k", "value_selector": ["env", "key"]}]),
        set_data("code", outputs={"y": {"type": "string"}}),  # nobody refers to the other one
        lambda flow: node(flow, "end").update(position={"x": 7, "y": 7}, selected=True),
        lambda flow: flow["workflow"]["graph"]["edges"].append({"source": "start", "target": "llm"}),
        lambda flow: flow["workflow"]["environment_variables"].append({"name": "more"}),
        drop("code"),
        add(type="llm", prompt_template=[{"role": "user", "text": "{{#env.key#}}"}]),
    ],
)
def test_the_usual_changes_are_told_without_the_classes(flow, change):
    other = copy.deepcopy(flow)
    change(other)
    assert stays(flow, other)


@pytest.mark.parametrize(
    "change",
    [
        set_data("start", variables=[]),
        set_data("llm", prompt_template=[{"role": "user", "text": "{{#code.x#}}"}]),
        set_data("llm", error_strategy="fail-branch"),
        set_data("odd", text="{{#llm.other#}}"),
        set_data("llm", type="code"),
        lambda flow: node(flow, "llm").update(type="custom-note"),
        lambda flow: flow["workflow"]["environment_variables"].clear(),
        lambda flow: flow["workflow"]["graph"]["nodes"].reverse(),
        drop("llm"),
        drop("end"),
        drop("start"),
        add(type="llm", prompt_template=[{"role": "user", "text": "{{#llm.text#}}"}]),
        add(type="end", outputs=[]),
        add(type="unheard-of"),
    ],
)
def test_where_something_may_break_the_classes_are_asked(flow, change):
    other = copy.deepcopy(flow)
    change(other)
    assert not stays(flow, other)
