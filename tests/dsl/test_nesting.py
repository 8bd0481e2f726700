"""What lies in what, and in what order a run comes to it."""

from __future__ import annotations

import pytest
from hypothesis import given as forall

import difyflow
import graphs as given
from difyflow.dsl import Edge, Graph, Node
from difyflow.dsl.nesting import nesting, run_order
from difyflow.nodes.if_else import Case, IfElse
from difyflow.nodes.iteration import Iteration
from difyflow.nodes.llm import LLM
from difyflow.nodes.note import Note
from difyflow.nodes.start import Start


def graph(nodes, pairs=""):
    edges = tuple(Edge(source=pair[0], target=pair[1]) for pair in pairs.split())
    return Graph(nodes=tuple(Node(id=name, **more) for name, more in nodes.items()), edges=edges)


def test_the_envelope_says_what_lies_in_what():
    found = nesting(graph({"o": {}, "i": {"parentId": "o"}, "x": {"parentId": "gone"}}))
    assert found.parents == (None, 0, None)
    assert found.children == ((1,), (), ())
    assert found.roots == (0, 2)


def test_flags_in_the_data_say_what_runs_in_what():
    made = graph({"o": {"data": Iteration()}, "i": {"data": LLM(isInIteration=True, iteration_id="o")}})
    assert nesting(made).parents == (None, None)
    assert nesting(made, by_flags=True).parents == (None, 0)


def test_a_ring_of_containers_is_opened():
    found = nesting(graph({"a": {"parentId": "b"}, "b": {"parentId": "a"}, "c": {"parentId": "c"}}))
    assert found.parents.count(None) == 2
    assert set(found.inner_first()) == {0, 1, 2}


@pytest.mark.long
@forall(given.graphs())
def test_every_node_comes_once_after_what_lies_in_it_and_once_in_the_order_of_a_run(made):
    found = nesting(made)
    order = found.inner_first()
    assert sorted(order) == sorted(run_order(made)) == list(range(len(made.nodes)))
    for child, parent in enumerate(found.parents):
        assert parent is None or order.index(child) < order.index(parent)


def test_siblings_are_the_boxes_that_an_edge_really_joins():
    made = graph({"o": {}, "i": {"parentId": "o"}, "p": {}, "j": {"parentId": "p"}})
    assert nesting(made).siblings(1, 3) == (0, 2)
    assert nesting(made).siblings(1, 2) == (0, 2)
    assert nesting(made).siblings(0, 1) is None


def names(made):
    return "".join(made.nodes[index].id for index in run_order(made))


def test_a_run_follows_one_branch_to_its_end_and_waits_where_branches_meet():
    nodes = {name: {"data": LLM()} for name in "zedcba"} | {"s": {"data": Start()}}
    assert names(graph(nodes, "sa sb ac bd ce de")) == "sacbdez"


def test_branches_come_in_the_order_of_their_handles():
    cases = IfElse(cases=(Case(case_id="one"), Case(case_id="two")))
    nodes = tuple(Node(id=name, data=cases if name == "q" else LLM()) for name in "qabc")
    ways = (("a", "false"), ("b", "two"), ("c", "one"))
    edges = tuple(Edge(source="q", target=target, sourceHandle=handle) for target, handle in ways)
    assert names(Graph(nodes=nodes, edges=edges)) == "qcba"


def test_what_lies_in_a_container_comes_right_after_it():
    nodes = {
        "x": {"data": LLM(), "parentId": "o"},
        "e": {"data": LLM()},
        "o": {"data": Iteration()},
        "y": {"data": LLM(), "parentId": "o"},
        "s": {"data": Start()},
    }
    assert names(graph(nodes, "so oe yx")) == "soyxe"


def test_a_cycle_is_entered_where_the_run_reaches_it():
    nodes = {"b": {"data": LLM()}, "a": {"data": LLM()}, "s": {"data": Start()}, "n": {"type": "custom-note"}}
    assert names(graph(nodes, "sa ab ba")) == "sabn"


def test_notes_come_last_and_unconnected_nodes_before_them():
    nodes = {
        "n": {"type": "custom-note", "data": Note()},
        "u": {"data": IfElse(cases=(Case(case_id="true"),))},
        "s": {"data": Start()},
        "a": {"data": LLM()},
    }
    assert names(graph(nodes, "sa")) == "saun"


def test_the_founding_case_runs_from_the_start_to_the_end(root):
    app = difyflow.read((root / "tests/seed/fine-tune-corpus.yml").read_bytes())
    kinds = [app.nodes[index].data.type for index in run_order(app.graph)]
    assert kinds == ["start", "document-extractor", "code", "llm", "end", "", ""]
