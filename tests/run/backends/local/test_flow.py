"""Reading a workflow for the engine: notes fall out, old forms are brought up to date, nothing is changed."""

from __future__ import annotations

import copy
from typing import Any

from difyflow.run.backends.local.flow import read_flow


def test_notes_are_left_out(seed: Any) -> None:
    flow = read_flow(seed)
    assert [node.type for node in flow.nodes.values()] == [
        "start",
        "document-extractor",
        "code",
        "llm",
        "end",
    ]
    assert flow.problems == ()
    assert (flow.mode, flow.dsl_version, flow.start_id) == ("workflow", "0.1.5", "1735807686274")


def test_a_note_without_a_type_is_left_out_too(flows: Any) -> None:
    data = flows.question()
    data["workflow"]["graph"]["nodes"].append({"id": "n", "type": "custom-note", "data": {"text": ""}})
    assert "n" not in read_flow(data).nodes


def test_the_document_is_not_changed(recorded_flow: Any) -> None:
    data = recorded_flow("error-strategies")  # its lists are shared by YAML anchors
    before = copy.deepcopy(data)
    read_flow(data)
    assert data == before


def test_keys_are_texts_as_in_what_dify_stores(flows: Any) -> None:
    data = flows.question()
    data["workflow"]["graph"]["nodes"][0]["data"] |= {5: "a", True: {None: ["b", {1.5: "c"}]}}
    node: Any = read_flow(data).graph_config
    found = node["nodes"][0]["data"]
    assert (found["5"], found["true"]) == ("a", {"null": ["b", {"1.5": "c"}]})


def test_a_file_without_kind_and_version_is_read(flows: Any) -> None:
    data = flows.question()
    del data["kind"], data["version"]
    flow = read_flow(data)
    assert (flow.dsl_version, flow.problems) == ("0.1.0", ())


def test_edges_get_ids_and_handles_of_their_own(flows: Any) -> None:
    data = flows.question()
    data["workflow"]["graph"]["edges"] = [
        {"id": "same", "source": "start", "target": "llm"},
        {"id": "same", "source": "llm", "target": "end", "sourceHandle": None},
    ]
    edges: Any = read_flow(data).graph_config["edges"]
    assert len({edge["id"] for edge in edges}) == 2
    assert {edge["sourceHandle"] for edge in edges} == {"source"}


def test_a_handle_that_yaml_made_a_boolean_is_pointed_at(flows: Any) -> None:
    data = flows.question()
    data["workflow"]["graph"]["edges"][0]["sourceHandle"] = True
    assert read_flow(data).problems == ("edge e0: quote its sourceHandle True",)


def test_two_nodes_with_one_id_are_pointed_at(flows: Any) -> None:
    data = flows.question()
    data["workflow"]["graph"]["nodes"].append(data["workflow"]["graph"]["nodes"][1])
    assert "its id is taken" in read_flow(data).problems[0]


def test_a_container_without_any_start_is_pointed_at(recorded_flow: Any) -> None:
    data = recorded_flow("loop")
    graph = data["workflow"]["graph"]
    graph["nodes"] = [node for node in graph["nodes"] if node["data"]["type"] != "loop-start"]
    graph["edges"] = [edge for edge in graph["edges"] if edge["source"] != "loopstart"]
    assert "node 'Loop': it has no start node inside" in read_flow(data).problems


def test_no_start_node_is_pointed_at(flows: Any) -> None:
    data = flows.document([{"id": "t", "type": "trigger-webhook", "title": "T"}], [])
    assert "it has no start node" in read_flow(data).problems[0]
