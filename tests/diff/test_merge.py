"""Merging: independent edits join, what clashes is named, nothing is lost."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import difyflow
import documents
from difyflow.diff import compare
from difyflow.diff._layout import is_layout, is_layout_path
from difyflow.diff._lists import order_matters
from difyflow.diff._values import encoded, same, text_of
from difyflow.diff.changes import Key, Renamed
from difyflow.diff.compare import mapping_step
from difyflow.diff.conflicts import Own, said
from difyflow.diff.merge import merge
from difyflow.dsl import App
from difyflow.errors import ReadError
from difyflow.lint.engine import check
from difyflow.nodes._record import READING

NODES, EDGES = ("workflow", "graph", "nodes"), ("workflow", "graph", "edges")
TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"


@pytest.fixture(scope="module")
def templates():
    """A few apps with branches, containers, tools."""
    return [difyflow.load(TEMPLATES / name).data() for name in ("agent", "approval", "corpus")]


def plain(value, path=()):
    """A value without layout, its lists in the order of their texts where their own order means nothing."""
    if isinstance(value, dict):
        found = {key: plain(item, (*path, mapping_step(key))) for key, item in value.items()}
        return {key: item for key, item in found.items() if not is_layout_path((*path, mapping_step(key)))}
    if isinstance(value, list):
        items = [plain(item, (*path, place)) for place, item in enumerate(value)]
        return items if order_matters(path) else sorted(items, key=text_of)
    return value


def readable(document):
    try:
        return bool(App.model_validate(document, context=READING))
    except ValidationError:
        return False


def overlap(one, other):
    """Whether one path leads into the other; steps that name items in different ways may be the same."""
    for mine, its in zip(one, other, strict=False):
        if isinstance(mine, str) != isinstance(its, str):
            return False
        if isinstance(mine, Key) and isinstance(its, Key) and mine.by == its.by:
            if mine.value != its.value:
                return False
        elif not isinstance(mine, str):
            return True
        elif mine != its:
            return False
    return True


def paths(one, other):
    return [change.path for change in compare(one, other) if not isinstance(change, Renamed)]


def ids(document):
    graph = (document.get("workflow") or {}).get("graph") or {}
    return [node.get("id") for node in graph.get("nodes") or [] if isinstance(node, dict)]


def assert_nothing_is_lost(base, ours, theirs, merged, *told):
    """What the result lacks of a side, the other side did, or a conflict names it; edges go with a node."""
    named = [conflict.path for conflict in merged.conflicts if conflict.kind != "semantic"]
    nodes_named = {getattr(path[3], "value", None) for path in named if path[:3] == NODES and len(path) == 4}
    for side, other in ((ours, theirs), (theirs, ours)):
        excused = [*paths(base, other), *named, *told]
        for change in compare(side, merged.data):
            if isinstance(change, Renamed) or is_layout(change) or nodes_named & ends(change.path):
                continue
            assert any(overlap(change.path, path) for path in excused), (change, merged.conflicts)


def ends(path):
    """The nodes at the ends of the edge that a path leads to."""
    value = getattr(path[3], "value", None) if path[:3] == EDGES and len(path) > 3 else None
    return {value[0], value[2]} if isinstance(value, tuple) else set()


@documents.SOME
@given(st.data(), documents.documents())
def test_any_three_documents_merge_into_one_that_loses_nothing(data, base):
    ours, theirs = data.draw(documents.edited(base)), data.draw(documents.edited(base))
    merged = merge(base, ours, theirs)
    encoded(merged.data)
    if not any(isinstance(change, Renamed) for side in (ours, theirs) for change in compare(base, side)):
        assert_nothing_is_lost(base, ours, theirs, merged)


@pytest.mark.long
@documents.SOME
@given(documents.documents(), documents.documents())
def test_an_unchanged_side_gives_the_other(base, other):
    for merged in (merge(base, base, other), merge(base, other, base), merge(base, other, other)):
        assert same(merged.data, other)
        assert merged.clean


@pytest.mark.long
@documents.SOME
@given(st.data(), documents.documents())
def test_it_does_not_matter_who_is_ours(data, base):
    ours, theirs = data.draw(documents.edited(base)), data.draw(documents.edited(base))
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert sorted(item.key for item in one.conflicts) == sorted(item.key for item in other.conflicts)
    if one.clean:
        assert same(plain(one.data), plain(other.data))


@pytest.mark.long
@documents.SOME
@given(st.data())
def test_edits_of_templates_merge_and_lose_nothing(templates, data):
    base = data.draw(st.sampled_from(templates))
    ours, theirs = data.draw(documents.edited(base)), data.draw(documents.edited(base))
    merged = merge(base, ours, theirs)
    if not any(isinstance(change, Renamed) for side in (ours, theirs) for change in compare(base, side)):
        assert_nothing_is_lost(base, ours, theirs, merged)
    other = merge(base, theirs, ours, favor="theirs")
    assert len(other.conflicts) == len(merged.conflicts)


@pytest.mark.long
@documents.SOME
@given(st.data())
def test_a_result_with_conflicts_can_still_be_read(templates, data):
    base = data.draw(st.sampled_from(templates))
    ours, theirs = data.draw(documents.edited(base)), data.draw(documents.edited(base))
    assume(all(map(readable, (ours, theirs))))
    favor = data.draw(st.sampled_from(("base", "ours", "theirs")))
    merged = merge(base, ours, theirs, favor=favor)
    assert readable(merged.data)


def node(name, **data):
    return {"id": name, "type": "custom", "data": {"title": name.upper(), "type": "code", **data}}


def edge(source, target, handle="source"):
    return {
        "id": f"{source}-{handle}-{target}-target",
        "source": source,
        "sourceHandle": handle,
        "target": target,
        "targetHandle": "target",
    }


def app(nodes, edges=(), **more):
    return {
        "app": {"name": "x", "mode": "workflow"},
        "workflow": {"graph": {"nodes": list(nodes), "edges": list(edges)}, **more},
    }


@pytest.fixture
def base():
    messages = [{"role": "system", "id": "1", "text": "One.\nTwo.\nThree.\nFour.\n"}]
    nodes = [
        node("start", type="start"),
        node("llm", type="llm", prompt_template=messages, model={"completion_params": {"temperature": 0.3}}),
        node("code", code="a = 1\n\n\nb = 2\n"),
        node("end", type="end"),
    ]
    return app(nodes, [edge("start", "llm"), edge("llm", "code"), edge("code", "end")])


@pytest.fixture
def two(base):
    """Two copies to be edited."""
    return copy.deepcopy(base), copy.deepcopy(base)


def nodes(document):
    return {item["id"]: item for item in document["workflow"]["graph"]["nodes"]}


def edges(document):
    return {(item["source"], item["target"]) for item in document["workflow"]["graph"]["edges"]}


def drop(document, name):
    graph = document["workflow"]["graph"]
    graph["nodes"] = [item for item in graph["nodes"] if item["id"] != name]
    graph["edges"] = [item for item in graph["edges"] if name not in (item["source"], item["target"])]


def test_edits_of_different_nodes_fields_and_lines_join(base, two):
    ours, theirs = two
    nodes(ours)["llm"]["data"]["model"]["completion_params"]["temperature"] = 0.7
    nodes(ours)["llm"]["data"]["prompt_template"][0]["text"] = "Zero.\nOne.\nTwo.\nThree.\nFour.\n"
    nodes(ours)["code"]["data"]["code"] = "a = 10\n\n\nb = 2\n"
    nodes(theirs)["llm"]["data"]["model"]["completion_params"]["top_p"] = 1
    nodes(theirs)["llm"]["data"]["prompt_template"][0]["text"] = "One.\nTwo.\nThree.\n4.\nFive.\n"
    nodes(theirs)["code"]["data"]["code"] = "a = 1\n\n\nb = 20\n"
    merged = merge(base, ours, theirs)
    assert merged.clean
    data = nodes(merged.data)["llm"]["data"]
    assert data["model"]["completion_params"] == {"temperature": 0.7, "top_p": 1}
    assert data["prompt_template"][0]["text"] == "Zero.\nOne.\nTwo.\nThree.\n4.\nFive.\n"
    assert nodes(merged.data)["code"]["data"]["code"] == "a = 10\n\n\nb = 20\n"


def test_both_new_nodes_stay(base, two):
    for document, name in zip(two, ("x", "y"), strict=True):
        graph = document["workflow"]["graph"]
        graph["nodes"].append(node(name))
        graph["edges"] += [edge("llm", name), edge(name, "end")]
    merged = merge(base, *two)
    assert merged.clean
    assert list(nodes(merged.data)) == ["start", "llm", "code", "end", "x", "y"]
    assert {("llm", "x"), ("llm", "y"), ("llm", "code")} <= edges(merged.data)


def test_a_field_set_twice_is_a_conflict_and_ours_is_kept(base, two):
    for document, value in zip(two, (0.5, 0.9), strict=True):
        nodes(document)["llm"]["data"]["model"]["completion_params"]["temperature"] = value
    merged = merge(base, *two)
    assert [item.kind for item in merged.conflicts] == ["field"]
    assert merged.conflicts[0].message == (
        'both changed model.completion_params.temperature of node "LLM" (llm): ours to 0.5, theirs to 0.9'
    )

    def taken(favor):
        data = nodes(merge(base, *two, favor=favor).data)["llm"]["data"]
        return data["model"]["completion_params"]["temperature"]

    assert [taken(side) for side in ("base", "ours", "theirs")] == [0.3, 0.5, 0.9]


def test_lines_changed_twice_are_a_conflict_and_the_other_lines_join(base, two):
    ours, theirs = two
    nodes(ours)["code"]["data"]["code"] = "a = 1\n\n\nb = 3\n"
    nodes(theirs)["code"]["data"]["code"] = "a = 9\n\n\nb = 4\n"
    merged = merge(base, ours, theirs)
    (conflict,) = merged.conflicts
    assert (conflict.kind, conflict.line, conflict.ours, conflict.theirs) == ("text", 4, "b = 3", "b = 4")
    assert nodes(merged.data)["code"]["data"]["code"] == "a = 9\n\n\nb = 3\n"


@pytest.mark.parametrize("deleter", [0, 1])
def test_deleted_here_and_edited_there_is_a_conflict(base, two, deleter):
    drop(two[deleter], "code")
    two[deleter]["workflow"]["graph"]["edges"].append(edge("llm", "end"))
    nodes(two[1 - deleter])["code"]["data"]["code"] = "new"
    merged = merge(base, *two)
    (conflict,) = merged.conflicts
    who = ("ours", "theirs")
    assert conflict.message == f'{who[deleter]} deleted node "CODE" (code), {who[1 - deleter]} edited it'
    assert ("code" in nodes(merged.data)) == (deleter == 1)
    kept = merge(base, *two, favor=who[1 - deleter])
    assert nodes(kept.data)["code"]["data"]["code"] == "new"
    assert {("llm", "code"), ("code", "end")} <= edges(kept.data)
    gone = merge(base, *two, favor=who[deleter])
    assert edges(gone.data) == {("start", "llm"), ("llm", "end")}


def test_a_node_that_was_only_moved_can_be_deleted(base, two):
    ours, theirs = two
    nodes(ours)["code"]["position"] = {"x": 5, "y": 5}
    drop(theirs, "code")
    merged = merge(base, ours, theirs)
    assert merged.clean
    assert "code" not in nodes(merged.data)


def test_an_edge_to_a_deleted_node_is_a_conflict(base, two):
    ours, theirs = two
    ours["workflow"]["graph"]["edges"].append(edge("start", "code"))
    drop(theirs, "code")
    merged = merge(base, ours, theirs)
    (conflict,) = merged.conflicts
    assert conflict.kind == "deleted-node"
    assert conflict.message == ('theirs deleted node "CODE" (code), ours added the edge "START" -> "CODE"')
    assert ("start", "code") in edges(merged.data)
    assert edges(merge(base, ours, theirs, favor="theirs").data) == {("start", "llm")}


def test_a_reference_to_a_deleted_node_is_a_conflict(base, two):
    ours, theirs = two
    nodes(ours)["llm"]["data"]["prompt_template"].append({"role": "user", "id": "2", "text": "{{#code.x#}}"})
    drop(theirs, "code")
    (conflict,) = merge(base, ours, theirs).conflicts
    assert conflict.message == 'theirs deleted node "CODE" (code), ours refers to it in "LLM"'


def test_one_id_taken_twice_is_a_conflict(base, two):
    for document, kind in zip(two, ("tool", "llm"), strict=True):
        document["workflow"]["graph"]["nodes"].append(node("new", type=kind))
    (conflict,) = merge(base, *two).conflicts
    assert conflict.message == 'both added node "NEW" (new), and not the same'


def test_the_same_node_added_by_both_is_one_wherever_it_stands(base, two):
    for document, place in zip(two, (1, 2), strict=True):
        document["workflow"]["graph"]["nodes"].append(node("new") | {"position": {"x": place, "y": 0}})
    merged = merge(base, *two)
    assert merged.clean
    assert nodes(merged.data)["new"]["position"]["x"] == 1


def test_layout_never_conflicts_and_ours_is_told(base, two):
    for document, place in zip(two, (1, 2), strict=True):
        nodes(document)["llm"]["position"] = {"x": place, "y": place}
        document["workflow"]["graph"]["viewport"] = {"x": place, "y": 0, "zoom": 1}
    nodes(two[1])["end"]["position"] = {"x": 7, "y": 7}
    merged = merge(base, *two)
    assert merged.clean
    assert nodes(merged.data)["llm"]["position"] == {"x": 1, "y": 1}
    assert nodes(merged.data)["end"]["position"] == {"x": 7, "y": 7}
    assert merged.layout == ("llm", "viewport")


def test_what_follows_a_node_is_one_thing(base, two):
    for document, name in zip(two, ("x", "y"), strict=True):
        graph = document["workflow"]["graph"]
        graph["nodes"].append(node(name))
        graph["edges"] = [item for item in graph["edges"] if item["source"] != "llm"]
        graph["edges"] += [edge("llm", name), edge(name, "code")]
    merged = merge(base, *two)
    (conflict,) = merged.conflicts
    assert conflict.message == 'behind "LLM" ours goes on to "X", theirs to "Y"'
    assert ("llm", "x") in edges(merged.data)
    assert ("llm", "y") not in edges(merged.data)
    assert "y" in nodes(merged.data)
    kept = merge(base, *two, favor="theirs")
    assert ("llm", "y") in edges(kept.data)
    assert ("llm", "x") not in edges(kept.data)


def test_a_node_renamed_here_takes_edits_from_there(base, two):
    ours, theirs = two
    ours = documents.with_new_ids(ours)
    nodes(theirs)["code"]["data"]["code"] = "a = 1\n\n\nb = 99\n"
    theirs["workflow"]["graph"]["edges"].append(edge("start", "end"))
    merged = merge(base, ours, theirs)
    assert merged.clean
    by_title = {item["data"]["title"]: item for item in nodes(merged.data).values()}
    assert by_title["CODE"]["id"] == nodes(ours)[by_title["CODE"]["id"]]["id"]
    assert by_title["CODE"]["data"]["code"] == "a = 1\n\n\nb = 99\n"
    assert (by_title["START"]["id"], by_title["END"]["id"]) in edges(merged.data)


def test_two_new_ids_for_one_node_are_a_conflict(base, two):
    ours, theirs = documents.with_new_ids(two[0]), documents.with_new_ids(two[1], 1_900_000_000_000)
    merged = merge(base, ours, theirs)
    assert {item.kind for item in merged.conflicts} == {"id"}
    assert same(plain(merged.data), plain(ours))
    assert same(plain(merge(base, ours, theirs, favor="theirs").data), plain(theirs))


def test_cases_added_at_one_place_are_a_conflict_of_order():
    case = {"case_id": "true", "conditions": []}
    one = app([node("if", type="if-else", cases=[case])])
    two = copy.deepcopy(one), copy.deepcopy(one)
    for document, name in zip(two, ("x", "y"), strict=True):
        nodes(document)["if"]["data"]["cases"].append({"case_id": name, "conditions": []})
    merged = merge(one, *two)
    assert [item.kind for item in merged.conflicts] == ["order"]
    cases = nodes(merged.data)["if"]["data"]["cases"]
    assert [item["case_id"] for item in cases] == ["true", "x", "y"]


@dataclass(frozen=True)
class Fault:
    rule: str
    node: str | None
    message: str
    path: tuple[str | int, ...] = ()


def test_a_fault_that_neither_side_had_is_a_conflict_with_the_edits_of_both(base, two):
    ours, theirs = two
    nodes(ours)["llm"]["data"]["vision"] = {"enabled": True}
    nodes(theirs)["llm"]["data"]["model"]["name"] = "blind"

    def checker(document):
        data = nodes(document)["llm"]["data"]
        yield Fault("old", None, "there before")
        if data.get("vision") and data["model"].get("name") == "blind":
            yield Fault("no-eyes", "llm", "this model cannot see")

    (conflict,) = merge(base, ours, theirs, checker=checker).conflicts
    assert (conflict.kind, conflict.rule, conflict.message) == (
        "semantic",
        "no-eyes",
        "this model cannot see",
    )
    assert conflict.edits == (
        "ours: changed LLM (llm llm): vision",
        "theirs: changed LLM (llm llm): model.name",
    )


def test_the_inputs_are_not_changed(base, two):
    ours, theirs = two
    nodes(ours)["llm"]["data"]["title"] = "A"
    nodes(theirs)["code"]["data"]["title"] = "B"
    copies = copy.deepcopy((base, ours, theirs))
    merge(base, ours, theirs)
    assert (base, ours, theirs) == copies


def test_each_conflict_can_be_answered(base, two):
    for document, value in zip(two, (1, 2), strict=True):
        nodes(document)["llm"]["data"]["a"] = value
        nodes(document)["code"]["data"]["b"] = value
    answers = {"llm": "theirs", "code": "ours"}
    merged = merge(base, *two, choose=lambda conflict: answers[conflict.path[3].value])
    assert nodes(merged.data)["llm"]["data"]["a"] == 2
    assert nodes(merged.data)["code"]["data"]["b"] == 1
    assert [item.taken for item in merged.conflicts] == ["theirs", "ours"]


def test_ids_that_the_editor_makes_never_clash(base, two):
    ids = [f"{number}7d38ac1-0b53-4cb6-9a6b-0d0f33b5f5d{number}" for number in range(2)]
    for document, name in zip(two, ids, strict=True):
        nodes(document)["llm"]["data"]["prompt_template"][0]["id"] = name
    nodes(base)["llm"]["data"]["prompt_template"][0].pop("id")
    merged = merge(base, *two)
    assert merged.clean
    assert same(merged.data, two[0])


@pytest.mark.long
@documents.SOME
@given(st.data())
def test_edits_of_real_files_merge_and_lose_nothing(corpus_dir, data):
    file = data.draw(st.sampled_from(sorted((corpus_dir / "dsl").glob("*.yml"))))
    try:
        base = difyflow.read(file.read_bytes()).data()
    except ReadError:
        return
    ours, theirs = data.draw(documents.edited(base)), data.draw(documents.edited(base))
    merged = merge(base, ours, theirs)
    if not any(isinstance(change, Renamed) for side in (ours, theirs) for change in compare(base, side)):
        assert_nothing_is_lost(base, ours, theirs, merged)
    other = merge(base, theirs, ours)
    assert sorted(item.key for item in merged.conflicts) == sorted(item.key for item in other.conflicts)
    if merged.clean:
        assert same(plain(merged.data), plain(other.data))


@pytest.mark.long
@documents.SOME
@given(st.data())
def test_a_clean_merge_has_no_error_that_neither_side_had(templates, data):
    def errors(document):
        return [finding for finding in check(document, None) if finding.severity == "error"]

    base = data.draw(st.sampled_from(templates))
    ours, theirs = data.draw(documents.edited(base)), data.draw(documents.edited(base))
    merged = merge(base, ours, theirs, checker=errors)
    known = {(item.rule, item.node, item.message) for side in (ours, theirs) for item in errors(side)}
    new = [item for item in errors(merged.data) if (item.rule, item.node, item.message) not in known]
    assert not new or not merged.clean


def errors(document):
    return [finding for finding in check(document, None) if finding.severity == "error"]


def new_errors(merged, ours, theirs):
    known = {(item.rule, item.node, item.message) for side in (ours, theirs) for item in errors(side)}
    found = {(item.rule, item.node, item.message) for item in errors(merged.data)}
    return found - known


@pytest.mark.long
@settings(max_examples=20)
@given(st.data())
def test_an_error_of_the_result_alone_is_mended_or_told_to_stay(templates, data):
    base = data.draw(st.sampled_from(templates))
    sides = data.draw(documents.removed(base)), data.draw(documents.referring(base))
    ours, theirs = sides if data.draw(st.booleans()) else sides[::-1]
    favor = data.draw(st.sampled_from(("ours", "theirs", "base")))
    merged = merge(base, ours, theirs, checker=errors, favor=favor)
    faults = [item for item in merged.conflicts if item.kind == "semantic"]
    assert {message for _, _, message in new_errors(merged, ours, theirs)} == {
        item.message for item in faults if not item.undone
    }
    assert all(item.edits and bool(item.undone) == bool(item.lost) for item in faults)
    if not any(isinstance(change, Renamed) for side in (ours, theirs) for change in compare(base, side)):
        lost = [change.path for item in faults for change in item.lost]
        assert_nothing_is_lost(base, ours, theirs, merged, *lost)


@pytest.fixture
def asked():
    """An app with an input that nothing uses."""
    field = {"variable": "topic", "label": "Topic", "type": "text-input", "required": False, "options": []}
    answer = node("answer", type="answer", answer="hi")
    start = node("start", type="start", variables=[field])
    document = app([start, answer], [edge("start", "answer")])
    document["app"]["mode"] = "advanced-chat"
    return document


@pytest.mark.parametrize("favor", ["ours", "theirs", "base"])
@pytest.mark.parametrize("who", [0, 1])
def test_where_both_edits_break_a_rule_together_one_of_them_is_kept(asked, favor, who):
    """One side removes an input, the other begins to use it."""
    sides = [copy.deepcopy(asked), copy.deepcopy(asked)]
    nodes(sides[who])["start"]["data"]["variables"] = []
    nodes(sides[1 - who])["answer"]["data"]["answer"] = "{{#start.topic#}}"
    for side in sides:
        side["app"]["name"] = "y"
    nodes(sides[0])["answer"]["data"]["title"] = "From ours"
    nodes(sides[1])["start"]["data"]["title"] = "From theirs"
    merged = merge(asked, *sides, checker=errors, favor=favor)
    (conflict,) = merged.conflicts
    assert (conflict.kind, conflict.taken) == ("semantic", favor)
    assert not new_errors(merged, *sides)
    removed, used = ({"ours": 0, "theirs": 1}.get(favor) == side for side in (who, 1 - who))
    found = nodes(merged.data)
    assert found["start"]["data"]["variables"] == (
        [] if removed else nodes(asked)["start"]["data"]["variables"]
    )
    assert found["answer"]["data"]["answer"] == ("{{#start.topic#}}" if used else "hi")
    assert (found["answer"]["data"]["title"], found["start"]["data"]["title"]) == ("From ours", "From theirs")
    assert len(conflict.edits) >= 2 and conflict.undone
    if favor != "base":
        (lost,) = conflict.lost
        assert lost.path[3] == Key("id", "start" if used else "answer")


def test_what_cannot_be_mended_stays_and_is_told(base, two):
    @dataclass(frozen=True)
    class Fault:
        rule: str = "odd"
        message: str = "never right"
        node: str | None = None
        path: tuple[str | int, ...] = ()

    ours, theirs = two
    nodes(ours)["llm"]["data"]["title"] = "A"
    nodes(theirs)["code"]["data"]["title"] = "B"
    merged = merge(
        base, ours, theirs, checker=lambda data: [] if data is ours or data is theirs else [Fault()]
    )
    (conflict,) = merged.conflicts
    assert conflict.undone == ()
    assert said(conflict).endswith("both stay, and the error with them)")
    assert nodes(merged.data)["llm"]["data"]["title"] == "A"
    assert nodes(merged.data)["code"]["data"]["title"] == "B"


def test_lines_and_fields_can_get_a_value_of_neither_side(base, two):
    for document, value in zip(two, ("x", "y"), strict=True):
        nodes(document)["code"]["data"]["code"] = f"a = {value}\n\n\nb = 2\n"
        nodes(document)["llm"]["data"]["title"] = value
    own = {"text": "a = 1\na = 2", "field": "z"}
    merged = merge(base, *two, choose=lambda conflict: Own(own[conflict.kind]))
    assert nodes(merged.data)["code"]["data"]["code"] == "a = 1\na = 2\n\n\nb = 2\n"
    assert nodes(merged.data)["llm"]["data"]["title"] == "z"
    assert {item.taken for item in merged.conflicts} == {"own"}
    assert all(item.editable for item in merged.conflicts)


def test_an_edge_doubled_here_between_nodes_deleted_there_is_a_conflict(base, two):
    ours, theirs = two
    ours["workflow"]["graph"]["edges"].append(edge("llm", "code") | {"id": "again"})
    theirs["workflow"]["graph"]["nodes"] = [
        item for item in theirs["workflow"]["graph"]["nodes"] if item["id"] != "code"
    ]
    (conflict,) = merge(base, ours, theirs).conflicts
    assert conflict.kind == "deleted-node"


def test_many_deleted_nodes_are_merged_in_reasonable_time():
    one = app(
        [node(f"n{number}") for number in range(3000)], [edge(f"n{n}", f"n{n + 1}") for n in range(2999)]
    )
    ours, theirs = copy.deepcopy(one), app([], [])
    nodes(ours)["n5"]["data"]["code"] = "new"
    merged = merge(one, ours, theirs)
    assert [item.kind for item in merged.conflicts] == ["deleted"]
    assert list(nodes(merged.data)) == ["n5"]
