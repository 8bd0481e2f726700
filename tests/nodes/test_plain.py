"""What is told of nodes without their classes is what these say; `_plain.json` is made of them here."""

from __future__ import annotations

import ast
import copy
import inspect
import json
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from difyflow import _catalog, nodes
from difyflow.diff._rename import node_data, nodes_of
from difyflow.diff.compare import graph_list
from difyflow.dsl import App, Graph, Node, Workflow
from difyflow.nodes._base import NodeData, Refers, TextKind, class_for, text_kind
from difyflow.nodes._plain import plain, selectors
from difyflow.nodes._plugin import Input
from difyflow.nodes._record import READING, Record
from difyflow.nodes.agent import Agent, AgentInput, AgentV2
from difyflow.nodes.assigner import Assigner, AssignerV1, Assignment
from difyflow.nodes.loop import LoopVariable
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar

Place = dict[str, Any]

VARIANTS: dict[str, dict[str, type[NodeData]]] = {
    "agent": {"1": Agent, "2": AgentV2},
    "assigner": {"1": AssignerV1, "2": Assigner},
}

TEXT: Place = {"text": True, "loose": True}
VARIABLE: Place = {"selector": True, "loose": True}
NOTHING: Place = {"loose": True}

# Records that read a value by the key beside it. Others that read in a way of their own are asked themselves.
BY: dict[type[Record], Place] = {
    Input: {"by": "type", "else": "mixed", "kinds": {"mixed": TEXT, "variable": VARIABLE}, "others": NOTHING},
    AgentInput: {
        "by": "type",
        "else": "constant",
        "kinds": {"mixed": {"text": True}, "constant": {"text": True}, "variable": {"selector": True}},
        "others": {},
    },
    Assignment: {"by": "input_type", "else": "variable", "kinds": {"variable": VARIABLE}, "others": NOTHING},
    LoopVariable: {
        "by": "value_type",
        "else": "constant",
        "kinds": {"variable": VARIABLE},
        "others": NOTHING,
    },
}
HOOKS = ("all_outputs", "inner_variables", "open_outputs", "form", "app_outputs")


def places_of(cls: type[Record]) -> dict[str, Place]:
    """Where the references in a record lie, by key."""
    found: dict[str, Place] = {}
    for name, field in cls.model_fields.items():
        mark = text_kind((*field.metadata, field.annotation))
        place = place_of(field.annotation, mark)
        if any("Validator" in type(item).__name__ for item in field.metadata):
            place = {"any": True}
        if cls in BY and name == "value":
            place = BY[cls]
        if place:
            found[field.alias or name] = place
    return found


def reads_in_a_way_of_its_own(cls: type[Record]) -> bool:
    walks = "references_at" in vars(cls) and cls is not Refers
    marks = cls.__pydantic_decorators__
    return cls not in BY and (walks or bool(marks.field_validators) or len(marks.model_validators) > 1)


def place_of(annotation: object, mark: TextKind | None) -> Place:
    """Where the references in a value of this type lie; empty if there are none."""
    if annotation is Selector:
        return {"selector": True}
    if annotation is str:
        return {"text": True} if mark is not None and mark.kind == "template" else {}
    if annotation is Any:
        return {"any": True} if mark is not None else {}
    if isinstance(annotation, type) and issubclass(annotation, Record):
        if reads_in_a_way_of_its_own(annotation):
            return {"any": True}
        assert not references(annotation()), f"{annotation.__name__}: a default refers to something"
        inside = places_of(annotation)
        return {"fields": inside} if inside else {}
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        special = any("Validator" in type(item).__name__ for item in arguments[1:])
        return {"any": True} if special else place_of(arguments[0], mark)
    if origin in (Union, UnionType):
        return union([place_of(item, mark) for item in arguments])
    if origin is tuple:
        inside = place_of(arguments[0], mark)
        return {"items": inside} if inside else {}
    if origin is dict:
        inside = place_of(arguments[1], mark)
        return {"values": inside} if inside else {}
    assert origin is Literal or annotation in (int, float, bool, type(None)), annotation
    return {}


def union(parts: list[Place]) -> Place:
    """What may stand there, by form: no two have the same."""
    found: Place = {}
    for part in parts:
        assert not part.keys() & found.keys() and not {"selector", "items"} <= {*part, *found}
        found |= part
    return found


def references(record: Record) -> bool:
    return isinstance(record, NodeData) and bool(record.references())


def answers_of(cls: type[NodeData]) -> list[str] | None:
    """The keys that the hooks of a class read; None if they may read any."""
    found: set[str] = set()
    waiting = [(cls, name) for name in HOOKS]
    seen: set[tuple[type, str]] = set()
    while waiting:
        start, name = waiting.pop()
        owner = next((part for part in start.__mro__ if name in vars(part)), None)
        if owner is None or (owner, name) in seen:
            continue
        seen.add((owner, name))
        method = vars(owner)[name]
        method = method.fget if isinstance(method, property) else method
        if owner is BaseModel or not inspect.isfunction(method):
            continue
        read = attributes(inspect.getsource(method))
        if read is None:
            return None
        found |= read.names & cls.model_fields.keys()
        waiting += [(cls, other) for other in read.names]
        waiting += [(owner.__mro__[1], other) for other in read.above]
    return sorted(
        field.alias or name
        for name, field in cls.model_fields.items()
        if name in found and not is_template(field.annotation, field.metadata)
    )


def is_template(annotation: object, marks: list[Any]) -> bool:
    """Text in which references stand; what it says besides them is part of no answer (tested below)."""
    mark = text_kind(tuple(marks))
    return annotation is str and mark is not None and mark.kind == "template"


class Read:
    """Attributes of `self` and of `super()` that a method reads; with `model_fields_set`, keys it names."""

    def __init__(self, names: set[str], above: set[str]) -> None:
        self.names, self.above = names, above


def attributes(source: str) -> Read | None:
    tree = ast.parse(textwrap.dedent(source))
    owners = {id(item.value) for item in ast.walk(tree) if isinstance(item, ast.Attribute)}
    read = Read(set(), set())
    for item in ast.walk(tree):
        if isinstance(item, ast.Name) and item.id == "self" and id(item) not in owners:
            return None
        if isinstance(item, ast.Attribute) and isinstance(item.value, ast.Name) and item.value.id == "self":
            read.names.add(item.attr)
        if isinstance(item, ast.Attribute) and isinstance(item.value, ast.Call):
            above = isinstance(item.value.func, ast.Name) and item.value.func.id == "super"
            read.above |= {item.attr} if above else set()
    if "model_fields_set" in read.names:
        read.names |= {
            item.value
            for item in ast.walk(tree)
            if isinstance(item, ast.Constant) and isinstance(item.value, str)
        }
    if read.names & {"model_extra", "model_dump", "dump", "extras", "misfits"}:
        return None
    return read


def classes() -> Iterator[tuple[str, type[NodeData]]]:
    for name in _catalog.names(nodes):
        if name in VARIANTS:
            yield from ((f"{name}:{number}", cls) for number, cls in VARIANTS[name].items())
        else:
            found = _catalog.module(nodes, name).NODE
            assert issubclass(found, NodeData)
            yield name, found


def table() -> dict[str, Any]:
    found = {}
    for name, cls in classes():
        assert not cls().references(), f"{name}: a default refers to something"
        found[name] = {
            "places": {"": {"any": True}} if reads_in_a_way_of_its_own(cls) else places_of(cls),
            "answers": answers_of(cls),
            "asks": cls.form is not NodeData.form,
            "puts_out": cls.app_outputs is not NodeData.app_outputs,
            "prose": cls.PROSE,
            "program": cls.PROGRAM,
        }
    return found


def test_the_table_is_made_of_the_classes(golden: Callable[[Path, str], None]) -> None:
    assert not any(reads_in_a_way_of_its_own(cls) for _, cls in classes())
    rows = (f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in table().items())
    golden(Path(nodes.__path__[0]) / "_plain.json", "{\n" + ",\n".join(rows) + "\n}\n")


# What it tells is what the classes say.

ODD: list[Any] = [
    None, "", "x", 3, True, [], {}, [1], {1: 2}, ["a", "b"], ["a"], [["a", "b"], ["c", "d"]], [["a", "b"], 1],
    "{{#a.b#}}", "{{#rag.1752.url#}} {{#a.b.c#}}", ["{{#a.b#}}", 1], {"value": "{{#a.b#}}"}, {"type": 1},
    {"type": "variable", "value": ["a", "b"]}, [{"value_selector": ["a", "b"]}], [{"value_selector": "a"}, 1],
    {"type": "constant", "value": "{{#a.b#}}"}, {"a": ["x", "y"], 1: 2}, "constant", "variable", "2",
    {"type": "constant", "value": [{"tool_name": "t", "parameters": {"p": {"value": "{{#a.b#}}"}}}]},
]  # fmt: skip
"""Values that fit here and there and nowhere."""


def hooks(cls: type[NodeData], data: Mapping[str, Any]) -> Any:
    node = cls.model_validate(data, context=READING)
    outputs = [(name, isinstance(made_of, Selector) and made_of) for name, made_of in node.app_outputs()]
    variables: tuple[OutputVar, ...] = (*node.all_outputs(), *node.inner_variables())
    return variables, node.open_outputs(), node.form(), outputs


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every place in plain data: the mapping or list, and the key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [spot for key, item in items for spot in ((value, key), *spots(item))]


@st.composite
def odd_data(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    """A copy with one or two values replaced, added or gone."""
    made = copy.deepcopy(data)
    for _ in range(draw(st.integers(1, 2))):
        holder, key = draw(st.sampled_from(spots(made)))
        if isinstance(holder, dict) and draw(st.booleans()):
            key = draw(st.sampled_from((*holder, "value", "type", "value_selector")))
        if isinstance(holder, dict) and key in holder and key != "type" and draw(st.integers(0, 5)) == 0:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return made


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Envelope and data of a node of each type, as an editor writes them."""
    found = []
    for name in _catalog.names(nodes):
        example = _catalog.module(nodes, name).EXAMPLE
        node = Node(type=example.ENVELOPE, data=example).completed("0.6.0")
        app = App(workflow=Workflow(graph=Graph(nodes=(node,))))
        data = app.data()["workflow"]["graph"]["nodes"][0]["data"]
        assert class_for(example.ENVELOPE, data) is type(example)
        found.append((example.ENVELOPE, data))
    return found


def assert_told_rightly(envelope: object, data: object) -> None:
    told = selectors(envelope, data)
    if told is not None:
        assert told == {item.selector for item in node_data(envelope, data).references()}, data


@given(st.data(), st.sampled_from(examples()))
def test_what_a_node_refers_to_is_what_its_class_says_or_not_told(data: st.DataObject, example: Any) -> None:
    envelope, node = example
    assert selectors(envelope, node) is not None or node["type"] == "datasource"
    assert_told_rightly(envelope, node)
    assert_told_rightly(data.draw(st.sampled_from((envelope, None))), data.draw(odd_data(node)))


@given(st.data(), st.sampled_from(examples()))
def test_with_the_same_keys_a_node_gives_the_same_answers(data: st.DataObject, example: Any) -> None:
    envelope, node = example
    other = data.draw(odd_data(node))
    known = plain(envelope, node)
    assert known is not None
    if all(isinstance(key, str) for key in other) and plain(envelope, other) == known:
        cls = class_for(envelope, node)
        assert class_for(envelope, other) is cls
        if known.answers_alike(node, other):
            assert hooks(cls, node) == hooks(cls, other)


def test_a_node_of_no_known_type_is_told_of_if_nothing_in_it_looks_like_a_reference() -> None:
    assert selectors("custom", {"type": "unheard-of", "a": [{"b": "text"}, 3]}) == frozenset()
    assert selectors("custom", {"type": "unheard-of", "a": [{"b": "{{#llm.text#}}"}]}) is None
    assert selectors("custom", {"type": "unheard-of", "a_selector": ["llm", "text"]}) is None
    assert selectors("custom", {"type": "llm", 1: 2}) is None
    assert selectors("custom", "no data") == frozenset()
    assert plain("custom", {"type": "unheard-of"}) is plain("custom", {"type": ["llm"]}) is None


@pytest.mark.long
def test_nearly_every_node_of_real_files_is_told_of_without_its_class(corpus_dir: Path) -> None:
    found = []
    for file in sorted([*(corpus_dir / "dsl").glob("*.yml"), *(corpus_dir / "history").rglob("*.yml")]):
        try:
            document = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, UnicodeDecodeError):
            continue
        for node in nodes_of(graph_list(document, "nodes")) if isinstance(document, dict) else ():
            assert_told_rightly(node.get("type"), node.get("data"))
            found.append(selectors(node.get("type"), node.get("data")))
    assert len(found) > 3000 and found.count(None) < len(found) / 50
