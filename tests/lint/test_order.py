"""Orders of vertices: dominators and reachability against the slow way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from difyflow.lint._order import Order

Graph = list[list[int]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A graph of up to nine vertices; 0 is the root. Half of them have no cycle."""
    count = draw(st.integers(1, 9))
    forward = draw(st.booleans())
    after: Graph = []
    for vertex in range(count):
        low = vertex + 1 if forward else 1
        targets = st.lists(st.integers(low, count - 1), max_size=4) if low < count else st.just([])
        after.append(draw(targets))
    return after


def _reached(after: Graph, start: int = 0, without: int = -1) -> set[int]:
    found, todo = set(), [start]
    while todo:
        vertex = todo.pop()
        if vertex not in found and vertex != without:
            found.add(vertex)
            todo += after[vertex]
    return found


@given(graphs())
def test_what_is_reached_is_what_a_walk_reaches(after: Graph) -> None:
    order = Order(after)
    assert {vertex for vertex, reached in enumerate(order.reached) if reached} == _reached(after)


@given(graphs())
def test_an_edge_back_is_there_exactly_if_there_is_a_cycle(after: Graph) -> None:
    order = Order(after)
    reached = _reached(after)
    cyclic = any(vertex in _reached(after, target) for vertex in reached for target in after[vertex])
    assert bool(order.back) == cyclic


@given(graphs())
def test_without_a_cycle_a_vertex_dominates_what_only_it_leads_to(after: Graph) -> None:
    order = Order(after)
    if order.back:
        return
    for one in range(len(after)):
        for other in range(len(after)):
            if order.reached[one] and order.reached[other]:
                slow = one == other or other not in _reached(after, without=one)
                assert order.dominates(one, other) == slow


@given(graphs())
def test_without_a_cycle_reaching_is_what_a_walk_says_prepared_or_not(after: Graph) -> None:
    plain, prepared = Order(after), Order(after)
    if plain.back:
        return
    pairs = [(one, other) for one in _reached(after) for other in _reached(after)]
    prepared.prepare(pairs)
    for one, other in pairs:
        slow = one != other and other in _reached(after, one)
        assert plain.reaches(one, other) == slow
        assert prepared.reaches(one, other) == slow


@given(graphs())
def test_lengths_are_those_of_the_longest_way(after: Graph) -> None:
    order = Order(after)
    if order.back:
        return
    longest = {0: 1}
    for _ in after:
        for vertex, length in list(longest.items()):
            for target in after[vertex]:
                longest[target] = max(longest.get(target, 0), length + 1)
    lengths = order.lengths(range(len(after)))
    assert {vertex: lengths[vertex] for vertex in longest} == longest
