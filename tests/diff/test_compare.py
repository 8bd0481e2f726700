"""What counts as one change: nodes by id and content, edges by meaning, items by their own keys."""

from __future__ import annotations

import copy

import pytest

import documents
from difyflow.diff import compare
from difyflow.diff.changes import Added, Changed, Key, Ordered, Removed, Renamed
from difyflow.diff.formats.text import show


def node(name, **data):
    return {"id": name, "type": "custom", "data": {"title": name.upper(), "type": "code", **data}}


def edge(source, target, handle="source", **more):
    return {"id": f"{source}-{target}", "source": source, "target": target, "sourceHandle": handle, **more}


def app(nodes, edges=(), **more):
    return {
        "app": {"name": "x", "mode": "workflow"},
        "workflow": {"graph": {"nodes": list(nodes), "edges": list(edges)}, **more},
    }


def data_path(name, *rest):
    return ("workflow", "graph", "nodes", Key("id", name), "data", *rest)


def kinds(diff):
    return [type(change) for change in diff]


def of_nodes(before, after):
    """The changes between two versions of the data of one node."""
    return compare(app([node("n", **before)]), app([node("n", **after)])).changes


def test_an_edge_with_another_id_is_the_same_edge():
    one = app([node("a"), node("b")], [edge("a", "b")])
    other = copy.deepcopy(one)
    other["workflow"]["graph"]["edges"][0]["id"] = "another"
    text = show(compare(one, other))
    assert "Edges" not in text
    assert "Layout: notes on 1 edge\n" in text


def test_an_edge_without_a_handle_leaves_at_source():
    one = app([node("a"), node("b")], [edge("a", "b")])
    other = copy.deepcopy(one)
    del other["workflow"]["graph"]["edges"][0]["sourceHandle"]
    assert kinds(compare(one, other)) == [Removed]


def test_cases_are_told_apart_by_their_id():
    cases = [{"case_id": "true", "logical_operator": "and"}, {"case_id": "x", "logical_operator": "and"}]
    (change,) = of_nodes({"cases": cases}, {"cases": cases[1:]})
    assert change == Removed(data_path("n", "cases", Key("case_id", "true")), cases[0])
    (change,) = of_nodes({"cases": cases}, {"cases": cases[::-1]})
    assert change == Ordered(data_path("n", "cases"), (1, 0))


@pytest.mark.parametrize(
    ("name", "by", "items"),
    [
        ("classes", "id", [{"id": "1", "name": "A"}, {"id": "2", "name": "B"}]),
        ("variables", "variable", [{"variable": "a", "label": "A"}, {"variable": "b", "label": "B"}]),
        ("parameters", "name", [{"name": "a", "type": "string"}, {"name": "b", "type": "string"}]),
        (
            "prompt_template",
            "id",
            [{"id": "1", "role": "system", "text": "A"}, {"id": "2", "role": "user", "text": "B"}],
        ),
        ("default_value", "key", [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
    ],
)
def test_items_are_told_apart_by_their_own_keys(name, by, items):
    changed = copy.deepcopy(items[::-1])
    changed[0]["more"] = 1
    changes = of_nodes({name: items}, {name: changed})
    added = Added((*data_path("n", name), Key(by, str(items[1][by])), "more"), 1)
    assert added in changes
    assert {type(change) for change in changes} == {Added, Ordered}


def test_tools_are_told_apart_by_provider_and_name():
    tools = [{"provider_name": "p", "tool_name": "t"}, {"provider_name": "p", "tool_name": "u"}]
    (change,) = of_nodes({"tools": tools}, {"tools": [tools[1] | {"enabled": False}]})[1:]
    assert change.path == data_path("n", "tools", Key("tool", ("p", "u")), "enabled")


def test_messages_with_new_ids_are_told_apart_by_their_role():
    ids = [f"{number}7d38ac1-0b53-4cb6-9a6b-0d0f33b5f5d{number}" for number in range(4)]
    old = [{"id": ids[0], "role": "system", "text": "A"}, {"id": ids[1], "role": "user", "text": "B"}]
    new = [{"id": ids[2], "role": "system", "text": "A"}, {"id": ids[3], "role": "user", "text": "C"}]
    one, other = app([node("n", prompt_template=old)]), app([node("n", prompt_template=new)])
    text = show(compare(one, other))
    assert "prompt_template[user].text B -> C" in text
    assert "Layout: ids of items in 1 node\n" in text


def test_a_reference_changes_as_a_whole():
    (change,) = of_nodes({"value_selector": ["n", "a"]}, {"value_selector": ["n", "b"]})
    assert change == Changed(data_path("n", "value_selector"), ["n", "a"], ["n", "b"])


def test_a_value_of_another_type_is_another_value():
    for before, after in ((1, True), (1, 1.0), (0, False), ("1", 1), (None, ""), (0.0, -0.0)):
        assert of_nodes({"x": before}, {"x": after}) == (Changed(data_path("n", "x"), before, after),)


def flow():
    nodes = [
        node(
            "start", type="start", variables=[{"variable": "topic", "type": "text-input", "label": "Topic"}]
        ),
        node("llm", type="llm", prompt_template=[{"role": "user", "text": "Tell of {{#start.topic#}}."}]),
        node(
            "code",
            code="def main(text): return {}",
            variables=[{"variable": "text", "value_selector": ["llm", "text"]}],
        ),
        node("end", type="end", outputs=[{"variable": "out", "value_selector": ["code", "out"]}]),
    ]
    return app(nodes, [edge("start", "llm"), edge("llm", "code"), edge("code", "end")])


def test_a_rebuilt_flow_is_renamed_and_nothing_else():
    diff = compare(flow(), documents.with_new_ids(flow()))
    assert set(kinds(diff)) <= {Renamed, Changed}
    assert len(diff.renames) == 4
    assert "Edges" not in show(diff)
    assert show(diff).count("  = ") == 4


def test_a_node_drawn_again_and_edited_is_found_by_its_place():
    other = documents.with_new_ids(flow())
    data = other["workflow"]["graph"]["nodes"][2]["data"]
    data["title"], data["code"] = "Other", "def main(text): return {'out': text}"
    assert len(compare(flow(), other).renames) == 4


def test_numbered_nodes_that_moved_up_by_one_are_renamed():
    one = app([node("n1", title="A", code="a"), node("n2", title="B", code="b")], [edge("n1", "n2")])
    other = app(
        [node("n1", title="New", code="x"), node("n2", title="A", code="a"), node("n3", title="B", code="b")],
        [edge("n1", "n2"), edge("n2", "n3")],
    )
    diff = compare(one, other)
    assert diff.renames == {"n1": "n2", "n2": "n3"}
    assert sorted(kind.__name__ for kind in kinds(diff)) == [
        "Added",
        "Added",
        "Changed",
        "Renamed",
        "Renamed",
    ]


def test_a_node_of_another_type_in_its_place_is_another_node():
    one, other = app([node("a", code="x")]), app([node("b", type="llm", prompt="y")])
    assert compare(one, other).renames == {}


def test_new_ids_do_not_take_those_that_others_keep():
    one = app([node("a", code="a"), node("b", code="b")])
    other = app([node("b", title="A", code="a"), node("c", title="B", code="c")])
    assert compare(one, other).renames in ({}, {"a": "b", "b": "c"})


def test_the_way_of_the_drivers_loads_nothing_heavy(in_new_python):
    code = """
import sys
from difyflow.diff import compare
from difyflow.diff.formats.text import show
from difyflow.diff.merge import merge
def app(value):
    data = {"type": "tool", "title": "T", "tool_parameters": {"a": {"value": value}}}
    nodes = [{"id": "a", "type": "custom", "data": data}]
    return {"app": {"mode": "workflow"}, "workflow": {"graph": {"nodes": nodes, "edges": []}}}
one, other = app([{"x": 1}, {"y": [1]}]), app([{"y": [2]}, {"x": 1, "z": 2}])
assert show(compare(one, other))
merge(one, other, app([]))
print(sorted({"deepdiff", "rich", "requests", "numpy"} & set(sys.modules)))
"""
    ended = in_new_python("-c", code)
    assert ended.stdout.strip() == "[]", ended.stderr


@pytest.mark.long  # deepdiff takes a while to be imported
def test_free_form_lists_are_paired_by_what_they_have_in_common():
    before = [{"a": 1, "b": [1, 2, 3], "c": "x"}, {"p": True, "q": "y"}]
    after = [{"p": True, "q": "z"}, {"a": 1, "b": [1, 2, 3], "c": "w"}]
    one, other = app([node("n", tool_parameters=before)]), app([node("n", tool_parameters=after)])
    diff = compare(one, other, thorough=True)
    assert set(diff.changes) == {
        Changed(data_path("n", "tool_parameters", 0, "c"), "x", "w"),
        Changed(data_path("n", "tool_parameters", 1, "q"), "y", "z"),
        Ordered(data_path("n", "tool_parameters"), (1, 0)),
    }
    assert len(compare(one, other).changes) > 3


def test_a_long_list_of_free_form_data_is_compared_in_reasonable_time():
    items = [{"v": [number]} for number in range(3000)]
    one, other = app([node("n", x=items)]), app([node("n", x=items[1:])])
    assert compare(one, other)
