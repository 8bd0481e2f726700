"""Edits of which it is said that they cannot break a rule together do not: held against all rules."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import difyflow
import documents
from difyflow.diff.merge import merge
from difyflow.errors import ReadError
from difyflow.git.quiet import cannot_clash
from difyflow.lint.engine import check

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"
TEXTS = (
    "", " ", "Other words.", "def main(): return {}", "x = {", "{{ a", "{{#start.topic#}}", "{{#no.x#}} {{b}}"
)  # fmt: skip


@pytest.fixture(scope="module")
def templates():
    folders = sorted(file.parent for file in TEMPLATES.glob("*/flow.py"))
    found = [difyflow.load(folder).data() for folder in folders]
    assert len(found) > 3
    return found


def errors(document):
    found = (finding for finding in check(document, None) if finding.severity == "error")
    return {(finding.rule, finding.node, finding.message) for finding in found}


def says_so_rightly(base, ours, theirs):
    """Whether it is said that these cannot clash; checked, if so."""
    if not cannot_clash(base, ours, theirs):
        return False
    made = merge(base, ours, theirs).data
    assert errors(made) <= errors(ours) | errors(theirs)
    return True


@st.composite
def worded(draw, document, most=3):
    """A copy in which somebody moved nodes, tuned models, and edited prompts, code and descriptions."""
    made = copy.deepcopy(document)
    nodes = made["workflow"]["graph"]["nodes"]
    for _ in range(draw(st.integers(1, most))):
        node = draw(st.sampled_from(nodes))
        data = node["data"]
        match draw(st.integers(0, 6)):
            case 0:
                node["position"] = {"x": draw(st.integers(0, 999)), "y": 7}
            case 1:
                node["selected"] = not node.get("selected")
            case 2:
                data["desc"] = draw(st.sampled_from(TEXTS))
            case 3 if isinstance(data.get("model"), dict):
                name = draw(st.sampled_from(("temperature", "top_p", "new")))
                value = draw(st.sampled_from((0.9, 7, "x", None)))
                data["model"]["completion_params"] = {
                    **(data["model"].get("completion_params") or {}),
                    name: value,
                }
            case _:
                keys = ("code", "template", "answer", "instruction")
                holders = [(data, key) for key in keys if isinstance(data.get(key), str)]
                prompt = data.get("prompt_template")
                items = prompt if isinstance(prompt, list) else [prompt]
                holders += [(item, "text") for item in items if isinstance(item, dict)]
                for holder, key in holders:
                    text = str(holder[key])
                    more = draw(st.sampled_from(TEXTS))
                    holder[key] = draw(st.sampled_from((f"{more}\n{text}", f"{text} more", text[:-9], more)))
    return made


@st.composite
def built(draw, document):
    """A copy in which somebody broke and joined things: what rules read together with texts and code."""
    made = copy.deepcopy(document)
    graph = made["workflow"]["graph"]
    for _ in range(draw(st.integers(1, 3))):
        nodes = [node for node in graph["nodes"] if isinstance(node.get("data"), dict)]
        node = draw(st.sampled_from(nodes))
        match draw(st.integers(0, 6)):
            case 0:
                graph["nodes"].remove(node)
            case 1 if graph["edges"]:
                graph["edges"].remove(draw(st.sampled_from(graph["edges"])))
            case 2:
                ends = {"source": node["id"], "target": draw(st.sampled_from(nodes))["id"]}
                graph["edges"].append({"id": "new", "sourceHandle": "source", **ends})
            case 3:
                made["version"] = draw(st.sampled_from(("0.1.5", "0.3.1", "0.6.0")))
            case 4:
                mode = draw(st.sampled_from(("workflow", "advanced-chat")))
                made["app"] = {**made.get("app", {}), "mode": mode}
            case 5:
                node["data"]["title"] = draw(st.sampled_from(("", "Other")))
            case _:
                key = draw(st.sampled_from(list(node["data"])))
                del node["data"][key]
        if not graph["nodes"]:
            return copy.deepcopy(document)
    return made


def others(base):
    return st.one_of(worded(base), built(base), documents.edited(base, most=3))


@pytest.mark.long
@documents.SOME
@given(st.data())
def test_what_is_said_not_to_clash_has_no_error_that_neither_side_had(templates, data):
    base = data.draw(st.sampled_from(templates))
    ours, theirs = data.draw(worded(base)), data.draw(others(base))
    says_so_rightly(base, ours, theirs)
    says_so_rightly(base, theirs, ours)


@pytest.mark.long
@documents.SOME
@given(st.data())
def test_nor_has_it_in_real_files(corpus_dir, data):
    file = data.draw(st.sampled_from(sorted((corpus_dir / "dsl").glob("*.yml"))))
    try:
        base = difyflow.read(file.read_bytes()).data()
    except ReadError:
        return
    nodes = base.get("workflow", {}).get("graph", {}).get("nodes")
    if nodes and len(nodes) < 20 and all(isinstance(node.get("data"), dict) for node in nodes):
        says_so_rightly(base, data.draw(worded(base)), data.draw(others(base)))


@pytest.fixture
def flow():
    """Two models and code, one after the other."""
    prompt = [{"role": "user", "text": "Sum up: {{#start.topic#}} {x}"}]
    model = {"name": "m", "completion_params": {"temperature": 0.3, "top_p": 1}}
    data = {
        "start": {"type": "start", "title": "Start", "variables": []},
        "one": {"type": "llm", "title": "One", "prompt_template": prompt, "model": model},
        "two": {"type": "llm", "title": "Two", "prompt_template": prompt, "model": model},
        "code": {"type": "code", "title": "Code", "code": "def main(): ...", "outputs": {}},
    }
    nodes = [{"id": name, "data": item, "position": {"x": 1, "y": 2}} for name, item in data.items()]
    graph = {"nodes": nodes, "edges": []}
    found = {"app": {"mode": "workflow"}, "version": "0.6.0", "workflow": {"graph": graph}}
    return json.loads(json.dumps(found))  # nothing in it is shared


def node(document, name):
    return next(item for item in document["workflow"]["graph"]["nodes"] if item["id"] == name)


def data(document, name):
    return node(document, name)["data"]


def prompt(name, text):
    return lambda flow: data(flow, name)["prompt_template"][0].update(text=text)


def parameter(name, **values):
    return lambda flow: data(flow, name)["model"]["completion_params"].update(values)


def update(name, **values):
    return lambda flow: data(flow, name).update(values)


def move(name):
    return lambda flow: node(flow, name).update(position={"x": 9, "y": 9}, selected=True)


def drop(name):
    return lambda flow: flow["workflow"]["graph"]["nodes"].remove(node(flow, name))


WORDS = prompt("one", "In a word: {{#start.topic#}} {x}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (WORDS, prompt("two", "More: {{#start.topic#}} {x}")),
        (WORDS, parameter("one", temperature=2)),
        (parameter("one", temperature=2), parameter("one", top_p=0.1, seed=3)),
        (WORDS, drop("two")),
        (WORDS, update("start", variables=[{"variable": "topic"}], title="S")),
        (move("one"), drop("one")),
        (update("one", desc="what for"), update("one", title="New")),
        (update("code", code="def main(): pass"), WORDS),
    ],
)
def test_usual_edits_of_two_people_are_told_not_to_clash(flow, one, other):
    ours, theirs = copy.deepcopy(flow), copy.deepcopy(flow)
    one(ours)
    other(theirs)
    assert cannot_clash(flow, ours, theirs)
    assert cannot_clash(flow, theirs, ours)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (prompt("one", "Of two: {{#start.topic#}} {{#start.other#}} {x}"), drop("two")),
        (prompt("one", "In a word: {{#start.topic#}} {y}"), drop("two")),
        (prompt("one", " "), drop("two")),
        (WORDS, prompt("one", "In two words: {{#start.topic#}} {x}")),
        (WORDS, drop("one")),
        (parameter("one", temperature=2), update("one", model={})),
        (update("code", code="def main(): pass"), update("code", variables=[])),
        (update("code", code="def main(): pass"), drop("two")),
        (update("one", title="New"), drop("two")),
        (lambda flow: node(flow, "one").update(position=None), drop("two")),
        (lambda flow: node(flow, "one").update(id="renamed"), WORDS),
    ],
)
def test_where_two_edits_may_break_a_rule_together_the_linter_is_asked(flow, one, other):
    ours, theirs = copy.deepcopy(flow), copy.deepcopy(flow)
    one(ours)
    other(theirs)
    assert not cannot_clash(flow, ours, theirs)
    assert not cannot_clash(flow, theirs, ours)
