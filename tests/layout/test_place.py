"""Where nodes go: nothing overlaps, nothing that is kept moves, and it looks as Dify would organize it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

import difyflow
import graphs as given
from difyflow import Flow
from difyflow.dsl import Edge, Graph, Node, Position
from difyflow.dsl.nesting import corner, nesting, number
from difyflow.layout import place
from difyflow.layout.place import _size
from difyflow.nodes.code import Code
from difyflow.nodes.end import End
from difyflow.nodes.if_else import Case, IfElse
from difyflow.nodes.iteration import Iteration
from difyflow.nodes.llm import LLM
from difyflow.nodes.loop import Loop
from difyflow.nodes.note import Note
from difyflow.nodes.question_classifier import QuestionClassifier, classes
from difyflow.nodes.start import Start


def rect(node):
    width, height = _size(node)
    x, y = corner(node)
    return x, y, x + width, y + height


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def fixed(graph, keep):
    """Indexes of the nodes that must not move."""
    return {
        index
        for index, node in enumerate(graph.nodes)
        if (node.id in keep or node.type == "custom-note") and corner(node) is not None
    }


@forall(given.graphs(), st.data())
def test_nothing_overlaps_nothing_kept_moves_and_containers_hold_what_lies_in_them(graph, data):
    names = sorted({node.id for node in graph.nodes})
    keep = frozenset(data.draw(st.sets(st.sampled_from(names))) if names else ())
    placed = place(graph, keep=keep)
    stay, nest = fixed(graph, keep), nesting(placed)
    assert len(placed.nodes) == len(graph.nodes)
    for index, (old, new) in enumerate(zip(graph.nodes, placed.nodes, strict=True)):
        assert corner(new) is not None
        if index in stay:
            assert new.position == old.position
    for container in (None, *range(len(placed.nodes))):
        inside = nest.inside(container)
        for place_of, index in enumerate(inside):
            for other in inside[:place_of]:
                if index not in stay or other not in stay:
                    assert not overlap(rect(placed.nodes[index]), rect(placed.nodes[other])), (index, other)
        free = [index for index in inside if index not in stay]
        if container is not None and free:
            _, _, right, bottom = rect(placed.nodes[container])
            own = corner(placed.nodes[container])
            for child in inside:
                left, top, child_right, child_bottom = rect(placed.nodes[child])
                assert own[0] + child_right + 16 <= right + 1
                assert own[1] + child_bottom + 20 <= bottom + 1
                assert child in stay or (left >= 16 and top >= 65)


@pytest.mark.long
@forall(given.graphs())
def test_the_layout_depends_on_the_graph_alone_and_is_stable(graph):
    placed = place(graph)
    assert place(graph) == placed
    assert place(placed) == placed


@pytest.mark.long
@forall(given.graphs())
def test_a_graph_whose_nodes_are_all_kept_is_given_back_as_it_is(graph):
    placed = place(graph)
    assert place(placed, keep=frozenset(node.id for node in placed.nodes)) is placed


@forall(given.graphs())
def test_everything_but_positions_and_sizes_stays(graph):
    def rest(node):
        dumped = node.dump()
        for part in (dumped, dumped["data"]):
            for key in ("position", "positionAbsolute", "width", "height"):
                part.pop(key, None)
        return dumped

    placed = place(graph)
    assert placed.edges == graph.edges
    assert [repr(rest(node)) for node in placed.nodes] == [repr(rest(node)) for node in graph.nodes]


def flow(*, version="0.6.0"):
    return Flow("x", version=version)


def at(app, node):
    found = app.graph.node(node.id).position
    return found.x, found.y


def test_a_chain_runs_straight_from_80_282_with_100_pixels_between():
    made = flow()
    start, code, llm, end = (made.add(data) for data in (Start(), Code(), LLM(), End()))
    start >> code >> llm >> end
    app = made.build()
    assert [at(app, node) for node in (start, code, llm, end)] == [
        (80, 282),
        (80 + 342, 282),
        (80 + 2 * 342, 282),
        (80 + 3 * 342, 282),
    ]


def test_targets_of_a_branch_stand_in_the_order_of_its_handles():
    made = flow()
    start = made.add(Start())
    ask = made.add(QuestionClassifier(classes=classes(a="A", b="B", c="C")))
    ends = {name: made.add(LLM(), id=name) for name in ("for_b", "for_c", "for_a")}
    start >> ask
    ask.on("b") >> ends["for_b"]
    ask.on("c") >> ends["for_c"]
    ask.on("a") >> ends["for_a"]
    app = made.build()
    assert sorted(ends, key=lambda name: at(app, ends[name])[1]) == ["for_a", "for_b", "for_c"]
    assert len({at(app, node)[0] for node in ends.values()}) == 1


@forall(st.randoms(use_true_random=False), st.integers(2, 30))
def test_in_a_tree_every_branch_keeps_the_order_of_its_handles(chance, count):
    nodes = [Node(id="n0", data=Start())]
    edges = []
    ways = {}
    for child in range(1, count):
        cases = tuple(Case(case_id=str(case)) for case in range(4))
        nodes.append(Node(id=f"n{child}", data=IfElse(cases=cases)))
        parent = chance.randrange(child)
        free = [case for case in range(4) if (parent, case) not in ways]
        if parent == 0 or not free:
            parent, free = child - 1, list(range(4))
        case = chance.choice(free)
        ways[parent, case] = child
        handle = "source" if parent == 0 else str(case)
        edges.append(Edge(source=f"n{parent}", target=f"n{child}", sourceHandle=handle))
    chance.shuffle(edges)
    placed = place(Graph(nodes=tuple(nodes), edges=tuple(edges)))
    for (parent, case), child in ways.items():
        for (other_parent, other_case), other in ways.items():
            if parent == other_parent and case < other_case and parent != 0:
                assert placed.nodes[child].position.y < placed.nodes[other].position.y


def test_edges_run_from_left_to_right_except_those_that_close_a_cycle():
    nodes = tuple(Node(id=name, data=Start() if name == "a" else LLM()) for name in "abcd")
    pairs = ("ab", "bc", "cd", "db")
    placed = place(Graph(nodes=nodes, edges=tuple(Edge(source=s, target=t) for s, t in pairs)))
    x = {node.id: node.position.x for node in placed.nodes}
    assert x["a"] < x["b"] < x["c"] < x["d"]


def test_unconnected_nodes_stand_below_the_flow_and_notes_without_a_place_below_them():
    made = flow()
    lonely = made.add(LLM(), id="lonely")
    paper = made.note("hello")
    start, end = made.add(Start()), made.add(End())
    start >> end
    app = made.build()
    assert at(app, start) == (80, 282)
    assert at(app, start)[1] < at(app, lonely)[1] < at(app, paper)[1]


def test_a_note_stays_and_the_flow_keeps_clear_of_it():
    note = Node(id="note", type="custom-note", data=Note(), position=Position(x=100, y=300))
    nodes = (Node(id="a", data=Start()), note, Node(id="b", data=End()))
    placed = place(Graph(nodes=nodes, edges=(Edge(source="a", target="b"),)))
    assert placed.nodes[1] == note
    assert placed.nodes[0].position.y == placed.nodes[2].position.y == 300 + 88 + 20


def test_a_note_far_to_the_right_does_not_widen_the_rows_of_unconnected_nodes():
    paper = Node(id="note", type="custom-note", data=Note(), position=Position(x=9000, y=0))
    loose = tuple(Node(id=str(count), data=LLM()) for count in range(4))
    placed = place(Graph(nodes=(*loose, paper)))
    assert [node.position.x for node in placed.nodes[:4]] == [80, 424, 768, 80]


def test_free_nodes_stand_beside_those_that_are_kept():
    made = flow()
    start = made.add(Start(), at=(1000, 1000))
    code, end = made.add(Code()), made.add(End())
    start >> code >> end
    app = made.build()
    assert [at(app, node) for node in (start, code, end)] == [(1000, 1000), (1342, 1000), (1684, 1000)]


def test_a_free_node_goes_left_of_the_kept_one_that_it_leads_to():
    made = flow()
    start = made.add(Start())
    end = made.add(End(), at=(1000, 1000))
    start >> end
    assert at(made.build(), start) == (1000 - 342, 1000)


def test_a_container_is_sized_round_its_children_and_says_so_twice():
    made = flow()
    start = made.add(Start())
    with made.container(Iteration()) as each:
        one, two = each.add(Code()), each.add(LLM())
        each.start >> one >> two
    end = made.add(End())
    start >> each >> end
    app = made.build()
    assert at(app, each.start) == (24, 68)
    assert at(app, one) == (24 + 44 + 80, 68)
    assert at(app, two) == (148 + 242 + 80, 68)
    outer = app.graph.node(each.id)
    assert (outer.width, outer.height) == (470 + 242 + 16, 68 + 98 + 20)
    assert (outer.data.width, outer.data.height) == (outer.width, outer.height)
    assert at(app, end) == (80 + 342 + outer.width + 100, 282)
    child = app.graph.node(two.id)
    assert child.positionAbsolute == Position(x=422 + 470, y=282 + 68)


def test_containers_in_containers_are_laid_out_from_inside():
    outer = Node(id="o", data=Loop())
    inner = Node(id="i", data=Iteration(), parentId="o")
    leaves = tuple(Node(id=name, data=LLM(), parentId="i") for name in ("x", "y"))
    edge = Edge(source="x", target="y")
    placed = place(Graph(nodes=(*leaves, inner, outer), edges=(edge,)))
    sizes = {node.id: (node.width, node.height) for node in placed.nodes}
    assert sizes["i"] == (24 + 244 + 80 + 244 + 16, 68 + 98 + 20)
    assert sizes["o"] == (24 + sizes["i"][0] + 16, 68 + sizes["i"][1] + 20)


def test_what_is_no_container_by_its_type_still_has_room_for_its_own_card():
    """Found by the property above: the height of the card came after that of what lies in it."""
    cases = tuple(Case(case_id=str(case)) for case in range(4))
    outer = Node(id="o", data=IfElse(cases=cases))
    placed = place(Graph(nodes=(outer, Node(id="i", data=Code(), parentId="o"))))
    assert placed.nodes[0].height == outer.data.canvas_size()[1] > 68 + 54 + 20
    assert place(placed) == placed


def test_a_kept_container_grows_but_does_not_shrink_or_move():
    outer = Node(
        id="o", data=Iteration(width=900, height=100), width=900, height=100, position=Position(x=7, y=8)
    )
    inside = Node(id="i", data=LLM(), parentId="o")
    placed = place(Graph(nodes=(outer, inside)), keep=frozenset({"o"}))
    found = placed.nodes[0]
    assert (found.width, found.height, found.position.x) == (900, 68 + 98 + 20, 7)
    assert found.data.height == 186


def test_a_kept_container_that_was_never_sized_is_sized():
    made = flow()
    with made.container(Loop(), at=(0, 0)) as rounds:
        rounds.add(LLM(), at=(500, 400))
    found = made.build().graph.node(rounds.id)
    assert (found.data.width, found.data.height) == (500 + 242 + 16, 400 + 98 + 20)


def test_the_founding_case_keeps_its_positions(root):
    seed = difyflow.read((root / "tests/seed/fine-tune-corpus.yml").read_bytes())
    keep = frozenset(node.id for node in seed.nodes)
    assert place(seed.graph, keep=keep) is seed.graph
    app = difyflow.load(root / "workflows/fine_tune_corpus")
    assert [node.position for node in app.nodes] == [node.position for node in seed.nodes]


def test_an_absurd_position_of_a_kept_node_counts_as_none():
    node = Node(id="a", data=LLM(), position=Position(x=float("inf"), y=10**400))
    assert corner(place(Graph(nodes=(node,)), keep=frozenset({"a"})).nodes[0]) == (80, 282)


def web(count, chance):
    """Most edges lead a little further, as in a workflow; one in eight anywhere."""
    nodes = tuple(Node(id=str(number), data=LLM() if number else Start()) for number in range(count))
    edges = []
    for _ in range(count * 3 // 2):
        source = chance.randrange(count - 1)
        near = min(count - 1, source + chance.randrange(1, 6))
        target = near if chance.randrange(8) else chance.randrange(count)
        edges.append(Edge(source=str(source), target=str(target)))
    return Graph(nodes=nodes, edges=tuple(edges))


@pytest.mark.long
def test_a_thousand_nodes_take_about_linear_work(work):
    small, large = (work(place, web(count, random.Random(1))) for count in (250, 1000))
    # Four times as many; what is quadratic takes sixteen times the work.
    assert large < 8 * small


@pytest.mark.long
@pytest.mark.parametrize("shape", ["chain", "fan", "loose", "notes", "anchored", "nested"])
def test_thousands_of_nodes_of_one_shape_overlap_nowhere(shape):
    chance, count = random.Random(2), 4000
    graph, keep = SHAPES[shape](count, chance), frozenset()
    if shape == "anchored":
        keep = frozenset(node.id for node in graph.nodes if node.position is not None)
    placed = place(graph, keep=keep)
    stay, nest = fixed(graph, keep), nesting(placed)
    for container in (None, *range(count)):
        for index, other in clashes({index: rect(placed.nodes[index]) for index in nest.inside(container)}):
            assert {index, other} <= stay


def clashes(rects):
    """Pairs that overlap; looks along the axis on which they are spread more."""
    axis = 0 if len({item[0] for item in rects.values()}) > len({item[1] for item in rects.values()}) else 1
    ranked = sorted(rects, key=lambda index: rects[index][axis])
    for place_of, index in enumerate(ranked):
        for other in ranked[place_of + 1 :]:
            if rects[other][axis] >= rects[index][axis + 2]:
                break
            if overlap(rects[index], rects[other]):
                yield index, other


def _nodes(count, **more):
    return [Node(id=str(number), data=LLM() if number else Start(), **more) for number in range(count)]


def _edges(pairs):
    return tuple(Edge(source=str(source), target=str(target)) for source, target in pairs)


def _anchored(count, chance):
    nodes = _nodes(count)
    for number_ in range(0, count, 2):
        spot = Position(x=chance.randrange(20_000), y=chance.randrange(20_000))
        nodes[number_] = nodes[number_].changed(position=spot)
    pairs = [(number_, number_ + 1) for number_ in range(0, count, 2)]
    return Graph(nodes=tuple(nodes), edges=_edges(pairs))


def _notes(count, chance):
    graph = web(count // 2, chance)
    papers = tuple(
        Node(
            id=f"note{number_}",
            type="custom-note",
            data=Note(),
            position=Position(x=chance.randrange(20_000), y=chance.randrange(20_000)),
        )
        for number_ in range(count - count // 2)
    )
    return graph.model_copy(update={"nodes": (*graph.nodes, *papers)})


def _nested(count, _):
    nodes = [Node(id="0", data=Loop())]
    nodes += [Node(id=str(number_), data=Iteration(), parentId=str(number_ - 1)) for number_ in range(1, 300)]
    nodes += [Node(id=str(number_), data=LLM(), parentId=str(number_ % 300)) for number_ in range(300, count)]
    return Graph(nodes=tuple(nodes))


SHAPES = {
    "chain": lambda count, _: Graph(
        nodes=tuple(_nodes(count)), edges=_edges((n, n + 1) for n in range(count - 1))
    ),
    "fan": lambda count, _: Graph(nodes=tuple(_nodes(count)), edges=_edges((0, n) for n in range(1, count))),
    "loose": lambda count, _: Graph(nodes=tuple(_nodes(count))),
    "notes": _notes,
    "anchored": _anchored,
    "nested": _nested,
}


@pytest.mark.long
def test_every_graph_of_the_corpus_is_laid_out_without_overlap(corpus_dir):
    for file in sorted((corpus_dir / "dsl").glob("*.yml")):
        try:
            graph = difyflow.read(file.read_bytes()).graph
        except difyflow.errors.ReadError:
            continue
        placed = place(graph)
        stay, nest = fixed(graph, frozenset()), nesting(placed)
        for container in (None, *range(len(placed.nodes))):
            inside = nest.inside(container)
            for place_of, index in enumerate(inside):
                for other in inside[:place_of]:
                    clash = overlap(rect(placed.nodes[index]), rect(placed.nodes[other]))
                    assert not clash or {index, other} <= stay, (file.name, placed.nodes[index].id)


def test_numbers_beyond_the_canvas_are_none():
    assert [number(value) for value in (1, 2.5, float("nan"), float("inf"), 10**400, None, "3")] == [
        1.0,
        2.5,
        None,
        None,
        None,
        None,
        None,
    ]
