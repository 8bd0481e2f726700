"""Where each node is written: on the canvas, in a container, in a branch; and in which order.

A node belongs to a branch if it can be reached only through that way out. So what follows a branch
stands in a block of its own, and what several branches lead to stands behind them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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
    for node_id, place in list(home.items()):
        around = [place]
        while around[-1] in above and len(around) <= len(above) + 1:
            around.append(above[around[-1]])
        if around[-1] != CANVAS:
            home[node_id] = CANVAS
        elif len(around) > DEEPEST + 1:
            home[node_id] = around[-DEEPEST - 1]
    return home, {place: home[place.node] for place in home.values() if place != CANVAS}


def _branches(members: Sequence[Node], edges: Iterable[Edge], owner: str | None) -> dict[str, Place]:
    """The branch of every node of a container that can be reached through one way out only."""
    ids = {node.id for node in members}
    start = f"{owner}start"
    known = [edge for edge in edges if edge.target in ids and (edge.source in ids or edge.source == start)]
    entered = {edge.target for edge in known}
    roots = [start, *(node.id for node in members if node.id not in entered)]
    reached = _reached(roots, known, None)
    found: dict[str, tuple[int, Place]] = {}
    ways = {Place(node.id, handle.id) for node in members for handle in node.data.source_handles()}
    taken = dict.fromkeys(Place(edge.source, edge.sourceHandle) for edge in known if _is_branch(edge))
    for way in (way for way in taken if way in ways):
        only = reached - _reached(roots, known, way)
        for node_id in only:
            if node_id not in found or len(only) < found[node_id][0]:
                found[node_id] = (len(only), way)
    return {node_id: way for node_id, (_, way) in found.items()}


def _is_branch(edge: Edge) -> bool:
    return edge.sourceHandle not in ("source", "")


def _reached(roots: Iterable[str], edges: Iterable[Edge], without: Place | None) -> set[str]:
    following: dict[str, list[str]] = {}
    for edge in edges:
        if without is None or Place(edge.source, edge.sourceHandle) != without:
            following.setdefault(edge.source, []).append(edge.target)
    found: set[str] = set()
    left = list(roots)
    while left:
        node_id = left.pop()
        if node_id not in found:
            found.add(node_id)
            left += following.get(node_id, ())
    return found


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


@dataclass(slots=True)
class _Order:
    """Items that are written already, and when."""

    written: dict[int, int] = field(default_factory=dict)

    def rank(self, at: int, behind: set[int]) -> tuple[bool, int, int]:
        """Small for an item that may stand here; the sooner, the later that was written which it follows."""
        ready = behind <= self.written.keys()
        return not ready, -max((self.written.get(item, -1) for item in behind), default=-1), at


def _ordered(here: Sequence[Node | Place], behind: Mapping[int, set[int]]) -> list[Node | Place]:
    """Each item behind those that it follows or names, where that can be; notes last."""
    order = _Order()
    left = [at for at, item in enumerate(here) if not _is_note(item)]
    while left:
        following = min(left, key=lambda at: order.rank(at, behind[at]))
        left.remove(following)
        order.written[following] = len(order.written)
    return [*(here[at] for at in order.written), *(item for item in here if _is_note(item))]


def _is_note(item: Node | Place) -> bool:
    return isinstance(item, Node) and isinstance(item.data, Note)
