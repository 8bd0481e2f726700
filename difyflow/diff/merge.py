"""What two people made of one document, joined; what clashes is named and left as one of them has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from difyflow.diff import _merge_ids
from difyflow.diff import _merge_values as join
from difyflow.diff._merge_graph import EDGES, NODES, Graphs
from difyflow.diff._merge_values import Choose, Ledger, Three
from difyflow.diff._merge_words import in_words
from difyflow.diff._sides import Side as Sight
from difyflow.diff._values import MISSING, same
from difyflow.diff.changes import Key, Path
from difyflow.diff.compare import Source, plain, roots
from difyflow.diff.conflicts import Choice, Conflict, Own, Side
from difyflow.diff.patch import shown
from difyflow.diff.secrets import IsSecret, hider


class Fault(Protocol):
    """What a checker finds; a `difyflow.lint.finding.Finding` is one."""

    @property
    def rule(self) -> str:
        """Id of the rule."""

    @property
    def message(self) -> str:
        """What is wrong, in a line."""

    @property
    def node(self) -> str | None:
        """Id of the node that it is about."""

    @property
    def path(self) -> tuple[str | int, ...]:
        """Where it is."""


Checker = Callable[[Mapping[str, Any]], Iterable[Fault]]
"""Finds the errors in a document, given as plain data."""


@dataclass(frozen=True, slots=True)
class Merge:
    """The result of a merge.

    Attributes:
        data: the document, as plain data; it can be loaded whatever conflicts there are.
        conflicts: what clashed, in the order of the document; empty for a clean merge.
        layout: ids of nodes that both sides moved or resized, or `viewport`; ours is kept.
    """

    data: dict[str, Any]
    conflicts: tuple[Conflict, ...]
    layout: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing clashed."""
        return not self.conflicts


def merge(
    base: Source,
    ours: Source,
    theirs: Source,
    *,
    checker: Checker | None = None,
    favor: Side = "ours",
    choose: Choose | None = None,
    is_secret: IsSecret | None = None,
) -> Merge:
    """Joins what two sides made of one document.

    Edits of different nodes, fields, items and lines never clash, nor does layout (where both changed it,
    ours is kept). With an unchanged side the result is the other one. Where both edits are fine alone and
    break a rule of the checker together, the one that is taken stays, and of the other side goes as little as
    mends it; if nothing does, both stay.

    Args:
        base: what both began with; none of the three is changed.
        ours: one side.
        theirs: the other side.
        checker: what it finds in the result and in neither side is a conflict, too; give it errors only.
        favor: which version is taken where both clash.
        choose: asked at each conflict which version is taken; by itself `favor`.
        is_secret: what conflicts must not tell besides secret environment variables.
    """
    found = [plain(source) for source in (base, ours, theirs)]
    if same(found[0], found[1]):
        return Merge(dict(found[2]), (), ())
    if same(found[0], found[2]) or same(found[1], found[2]):
        return Merge(dict(found[1]), (), ())
    join = Join(found, _Remembered(choose or (lambda _: favor), favor), is_secret)
    made = join.of(join.documents, join.choose)
    faults: tuple[Conflict, ...] = ()
    if checker is not None and not any(same(made.data, side) for side in join.documents[1:]):
        from difyflow.diff._merge_faults import settled  # where nothing is checked, nobody waits for it

        made, faults = settled(join, made, checker, is_secret)
    conflicts = (*made.ledger.conflicts, *faults)
    return Merge(made.data, conflicts, tuple(sorted(map(_moved, made.ledger.layout))))


Documents = tuple[Mapping[str, object], Mapping[str, object], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Joined:
    """A document made of three, and what was met on the way."""

    data: dict[str, Any]
    ledger: Ledger


class _Remembered:
    """Asks once at each conflict: documents may be joined several times."""

    def __init__(self, choose: Choose, favor: Side) -> None:
        self._choose = choose
        self._favor: Choice = favor
        self._known: dict[str, Choice] = {}

    def __call__(self, conflict: Conflict) -> Choice:
        if conflict.key not in self._known:
            self._known[conflict.key] = self._choose(conflict)
        return self._known[conflict.key]

    def known(self, conflict: Conflict) -> Choice:
        """The answer, if there is one; nobody is asked."""
        return self._known.get(conflict.key, self._favor)


class Join:
    """Three documents with the ids of the result, and how they are joined."""

    def __init__(
        self, found: list[Mapping[str, object]], choose: _Remembered, is_secret: IsSecret | None
    ) -> None:
        self.choose = choose
        ids = _merge_ids.find(*found)
        self._clashes = []
        final = {**ids.theirs, **ids.ours}
        for clash in ids.clashes:
            title = Sight(found[0]).title(clash.base)
            message = (
                f'node "{title}" ({clash.base}) is called {clash.ours} by ours and {clash.theirs} by theirs'
            )
            path = (*NODES, Key("id", clash.base), "id")
            conflict = Conflict("id", message, path, clash.base, clash.ours, clash.theirs)
            side = choose(conflict)
            assert not isinstance(side, Own)
            self._clashes.append(replace(conflict, taken=side))
            final[clash.base] = {"base": clash.base, "ours": clash.ours, "theirs": clash.theirs}[side]
        self.documents: Documents = (
            _merge_ids.unified(found[0], {}, final),
            _merge_ids.unified(found[1], ids.ours, final),
            _merge_ids.unified(found[2], ids.theirs, final),
        )
        self._is_secret = is_secret

    @cached_property
    def _hide(self) -> Callable[[Path, object], object]:
        return hider(*self.documents, is_secret=self._is_secret)

    def of(self, documents: Documents, choose: Choose) -> Joined:
        """The result for these three, which have the ids of `documents`."""
        sights = tuple(map(Sight, documents))
        ledger = Ledger(choose, in_words(*sights), roots(*documents), self._hide, list(self._clashes))
        return Joined(_joined(documents, ledger), ledger)


def _joined(documents: Documents, ledger: Ledger) -> dict[str, Any]:
    """The document of the result: its graph apart, all else value by value."""
    graphs = [_graph(document) for document in documents]
    if not all(graph is not None for graph in graphs):
        made = join.values(Three._make(documents), (), ledger)
        assert isinstance(made, dict)
        return made
    rest = [_without_graph(document) for document in documents]
    made = join.values(Three._make(rest), (), ledger)
    assert isinstance(made, dict)
    workflow = made["workflow"]
    workflow["graph"] = _joined_graph(documents, graphs, ledger)
    return made


def _graph(document: Mapping[str, object]) -> dict[str, Any] | None:
    """`workflow.graph` if it has lists of nodes and edges."""
    workflow = document.get("workflow")
    graph = workflow.get("graph") if isinstance(workflow, dict) else None
    if not isinstance(graph, dict) or not isinstance(graph.get("nodes"), list):
        return None
    return graph if isinstance(graph.get("edges"), list) else None


def _without_graph(document: Mapping[str, object]) -> dict[str, object]:
    workflow = document["workflow"]
    assert isinstance(workflow, dict)
    return {**document, "workflow": {key: value for key, value in workflow.items() if key != "graph"}}


def _joined_graph(documents: Documents, graphs: list[Any], ledger: Ledger) -> dict[str, Any]:
    one, two, three = map(Sight, documents)
    both = Graphs((one, two, three), ledger)
    rest = [{key: value for key, value in graph.items() if key not in ("nodes", "edges")} for graph in graphs]
    made = join.values(Three._make(rest), ("workflow", "graph"), ledger)
    assert isinstance(made, dict)
    nodes = both.nodes(Three._make(graph["nodes"] for graph in graphs))
    edges = both.edges(Three._make(graph["edges"] for graph in graphs), nodes)
    return {**made, "nodes": nodes, "edges": edges}


def _moved(path: Path) -> str:
    last = path[-1]
    return str(last) if path[:3] in (NODES, EDGES) else shown(path).rpartition(".")[2]


__all__ = ["MISSING", "Checker", "Fault", "Merge", "merge"]
