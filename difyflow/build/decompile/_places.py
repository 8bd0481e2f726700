"""Where each node is written: on the canvas, in a container, in a branch; and in which order.

A node belongs to a branch if it can be reached only through that way out. So what follows a branch
stands in a block of its own, and what several branches lead to stands behind them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from difyflow.dsl.graph import Edge, Graph, Node
from difyflow.nodes.note import Note

DEEPEST = 5
"""Blocks inside each other; what lies deeper is written flat."""


@dataclass(frozen=True, slots=True)
class Place:
    """A block: the canvas (no node), a container (a node), a branch (a node and its way out)."""

    node: str = ""
    handle: str = ""


CANVAS = Place()


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands where.

    Attributes:
        home: the place of every node.
        above: the place that a place lies in.
        inside: nodes and branches of every place, in the order in which they are written.
    """

    home: Mapping[str, Place]
    above: Mapping[Place, Place]
    inside: Mapping[Place, Sequence[Node | Place]]

    def path(self, place: Place) -> list[Place]:
        """The place and those around it, from the inside out."""
        found = [place]
        while place in self.above:
            place = self.above[place]
            found.append(place)
        return found

    def shared(self, one: Place, other: Place) -> Place:
        """The innermost place that holds both."""
        around = set(self.path(other))
        return next(place for place in self.path(one) if place in around)


def arrange(graph: Graph) -> Layout:
    """The places of all nodes, but of those that a container makes by itself."""
    made = {f"{node.id}start" for node in graph.nodes if node.data.CONTAINER}
    nodes = [node for node in graph.nodes if node.id not in made]
    home, above = _places(nodes, graph.edges)
    layout = Layout(home, above, {})
    inside: dict[Place, Sequence[Node | Place]] = {}
    links = list(_links(graph, home))
    for place in {CANVAS, *above, *home.values()}:
        here = _items(place, nodes, home, above)
        inside[place] = _ordered(here, _behind(here, links, layout))
    return Layout(home, above, inside)


def _places(nodes: Sequence[Node], edges: Iterable[Edge]) -> tuple[dict[str, Place], dict[Place, Place]]:
    containers = {node.id for node in nodes if node.data.CONTAINER}
    parent = {
        node.id: node.parentId if node.parentId in containers and node.parentId != node.id else None
        for node in nodes
    }
    home: dict[str, Place] = {}
    for owner in dict.fromkeys((None, *parent.values())):
        members = [node for node in nodes if parent[node.id] == owner]
        around = Place(owner) if owner else CANVAS
        home |= dict.fromkeys((node.id for node in members), around)
        home |= _branches(members, edges, owner)
    above = {place: home[place.node] for place in home.values() if place != CANVAS}
    return _without_circles(home, above)


def _without_circles(
    home: dict[str, Place], above: dict[Place, Place]
) -> tuple[dict[str, Place], dict[Place, Place]]:
    """Takes nodes out of blocks that are too deep, and out of containers that hold each other."""
    outer: dict[Place, tuple[Place, ...]] = {CANVAS: (CANVAS,)}
    for place in above:
        around = [place]
        while around[-1] not in outer and above[around[-1]] not in around:
            around.append(above[around[-1]])
        outer.setdefault(around[-1], (CANVAS,))  # a circle is opened here
        for item, over in zip(around[-2::-1], around[::-1], strict=False):
            outer[item] = (*outer[over], item)[: DEEPEST + 1]
    flat = {node_id: outer[place][-1] for node_id, place in home.items()}
    return flat, {place: flat[place.node] for place in flat.values() if place != CANVAS}


def _branches(members: Sequence[Node], edges: Iterable[Edge], owner: str | None) -> dict[str, Place]:
    """The branch of every node of a container that can be reached through one way out only."""
    ids = {node.id for node in members}
    start = f"{owner}start"
    known = [edge for edge in edges if edge.target in ids and (edge.source in ids or edge.source == start)]
    entered = {edge.target for edge in known}
    ways = {Place(node.id, handle.id) for node in members for handle in node.data.source_handles()}
    following: dict[_Point, dict[_Point, None]] = {
        CANVAS: dict.fromkeys([start, *(node.id for node in members if node.id not in entered)])
    }
    for edge in known:
        way = Place(edge.source, edge.sourceHandle)
        if way.handle not in ("", "source") and way in ways:
            following.setdefault(edge.source, {})[way] = None
            following.setdefault(way, {})[edge.target] = None
        else:
            following.setdefault(edge.source, {})[edge.target] = None
    return _nearest_ways(_dominators(following))


_Point = str | Place
"""A node, or a way out of one; the canvas leads to the nodes where a run may begin."""


def _nearest_ways(above: Mapping[_Point, _Point]) -> dict[str, Place]:
    """For each node the innermost way out that every path to it goes through."""
    nearest: dict[_Point, Place] = {}
    for point, over in above.items():  # whatever is above a point comes before it
        if isinstance(over, Place) and over != CANVAS:
            nearest[point] = over
        elif over in nearest:
            nearest[point] = nearest[over]
    return {point: way for point, way in nearest.items() if isinstance(point, str)}


def _dominators(following: Mapping[_Point, Iterable[_Point]]) -> dict[_Point, _Point]:
    """What every path from the canvas to a point goes through last (Cooper, Harvey, Kennedy 2001)."""
    order = _reverse_postorder(following)
    rank = {point: at for at, point in enumerate(order)}
    before: dict[_Point, list[_Point]] = {}
    for point in order:
        for target in following.get(point, ()):
            before.setdefault(target, []).append(point)
    above: dict[_Point, _Point] = {CANVAS: CANVAS}
    changed = True
    while changed:
        changed = False
        for point in order[1:]:
            known = [item for item in before[point] if item in above]
            found = known[0]
            for item in known[1:]:
                found = _meeting(found, item, above, rank)
            if above.get(point) != found:
                above[point], changed = found, True
    return {point: above[point] for point in order[1:]}


def _meeting(
    one: _Point, other: _Point, above: Mapping[_Point, _Point], rank: Mapping[_Point, int]
) -> _Point:
    while one != other:
        if rank[one] > rank[other]:
            one = above[one]
        else:
            other = above[other]
    return one


def _reverse_postorder(following: Mapping[_Point, Iterable[_Point]]) -> list[_Point]:
    """Every point that can be reached, each before what it leads to but for circles."""
    done: list[_Point] = []
    seen: set[_Point] = {CANVAS}
    stack: list[tuple[_Point, Iterator[_Point]]] = [(CANVAS, iter(following[CANVAS]))]
    while stack:
        point, rest = stack[-1]
        target = next((item for item in rest if item not in seen), None)
        if target is None:
            done.append(point)
            stack.pop()
        else:
            seen.add(target)
            stack.append((target, iter(following.get(target, ()))))
    return done[::-1]


def _links(graph: Graph, home: Mapping[str, Place]) -> Iterator[tuple[str, str]]:
    """Pairs of nodes of which the second follows the first, or names it."""
    for edge in graph.edges:
        if edge.source in home and edge.target in home:
            yield edge.source, edge.target
    for node in graph.nodes:
        if node.id in home:
            if node.parentId is not None and node.parentId in home:
                yield node.parentId, node.id
            sources = (reference.selector.node_id for reference in node.data.references())
            yield from ((source, node.id) for source in sources if source in home)


def _items(
    place: Place, nodes: Sequence[Node], home: Mapping[str, Place], above: Mapping[Place, Place]
) -> list[Node | Place]:
    """The branches and nodes of a place, in the order of the file."""
    members = [node for node in nodes if home[node.id] == place]
    ways = (Place(node.id, handle.id) for node in members for handle in node.data.source_handles())
    branches = [branch for branch, around in above.items() if around == place and branch.handle]
    return [*dict.fromkeys(way for way in (*ways, *branches) if way in above and way.handle), *members]


def _behind(
    here: Sequence[Node | Place], links: Iterable[tuple[str, str]], layout: Layout
) -> dict[int, set[int]]:
    """For each item of a place the items that it has to stand behind, by their index."""
    index: dict[object, int] = {
        (item if isinstance(item, Place) else item.id): at for at, item in enumerate(here)
    }
    behind: dict[int, set[int]] = {at: set() for at in range(len(here))}
    at_home: dict[str, int | None] = {}
    for node_id in layout.home:
        at_home[node_id] = _item_of(node_id, index, layout)
    for source, target in links:
        before, after = at_home[source], at_home[target]
        if before is not None and after is not None and before != after:
            behind[after].add(before)
    for at, item in enumerate(here):
        if isinstance(item, Place) and item.node in index:
            behind[at].add(index[item.node])
    return behind


def _item_of(node_id: str, index: Mapping[object, int], layout: Layout) -> int | None:
    """The item of a place that a node is, or lies in."""
    at = index.get(node_id)
    if at is not None:
        return at
    for place in layout.path(layout.home[node_id]):
        at = index.get(place) if place.handle else index.get(place.node)
        if at is not None:
            return at
    return None


def _ordered(here: Sequence[Node | Place], behind: Mapping[int, set[int]]) -> list[Node | Place]:
    """Each item behind those that it follows or names, where that can be; notes last.

    Of the items that may come next, the one that follows what was written last.
    """
    ahead: dict[int, list[int]] = {}
    for at, items in behind.items():
        for item in items:
            ahead.setdefault(item, []).append(at)
    missing = {at: len(behind[at]) for at, item in enumerate(here) if not _is_note(item)}
    written: dict[int, int] = {}

    def entry(at: int) -> tuple[int, int]:
        return -max((written.get(item, -1) for item in behind[at]), default=-1), at

    ready = [entry(at) for at, count in missing.items() if not count]
    heapify(ready)
    while missing:
        at = heappop(ready)[1] if ready else min(missing)  # in a circle the first of the file goes first
        if at not in missing:
            continue
        del missing[at]
        written[at] = len(written)
        for item in ahead.get(at, ()):
            if item in missing:
                missing[item] -= 1
                if not missing[item]:
                    heappush(ready, entry(item))
    return [*(here[at] for at in written), *(item for item in here if _is_note(item))]


def _is_note(item: Node | Place) -> bool:
    return isinstance(item, Node) and isinstance(item.data, Note)
