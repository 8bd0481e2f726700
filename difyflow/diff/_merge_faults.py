"""Faults that the result has and neither side: the smallest part of one side that must go to mend them.

Two edits may be fine alone and break a rule together: one removes an input, the other begins to use it. The
side that is taken keeps its edit. Of the other side, first what it did to the node of the fault is left out,
then what it did to the nodes around it, then all of it; of that, everything comes back without which the
result is as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from difyflow.diff._layout import is_layout
from difyflow.diff._merge_graph import EDGES, NODES
from difyflow.diff._merge_words import Causes, edits_in_words
from difyflow.diff.changes import Added, Change, Key, Ordered, Path, Removed, Renamed
from difyflow.diff.compare import compare, graph_list
from difyflow.diff.conflicts import Conflict, Own, Side
from difyflow.diff.patch import patch
from difyflow.diff.secrets import IsSecret, safe
from difyflow.errors import UsageError

if TYPE_CHECKING:
    from difyflow.diff.merge import Checker, Documents, Fault, Join, Joined

Edit = tuple[int, int]
"""A change of a side: 1 ours, 2 theirs, and its place among the changes of that side."""

Identity = tuple[str, str | None, str]
Told = tuple[tuple[str, ...], tuple[Change, ...]]
"""What is left out of a side, in words and as changes."""

_TRIALS: Final = (6, 60)
"""How often documents are joined and checked again, at least and at most."""
_NODES_OF_ALL_TRIALS: Final = 3000
_OTHERS: Final[Mapping[Side, tuple[int, ...]]] = {"ours": (2,), "theirs": (1,), "base": (1, 2)}
"""By the side that is taken those of which something may be left out."""


def settled(
    join: Join, first: Joined, checker: Checker, is_secret: IsSecret | None
) -> tuple[Joined, tuple[Conflict, ...]]:
    """The result without the faults that neither side has, as far as leaving out edits mends them.

    Args:
        join: the three documents, and how they are joined.
        first: the result with all edits.
        checker: finds faults in a document.
        is_secret: what conflicts must not tell.

    Returns:
        The result, and a conflict for each fault of the first one.
    """
    found_first = list(checker(first.data))
    if not found_first:  # as nearly always: then nobody needs to look at the sides
        return first, ()
    known = {identity(fault) for side in join.documents[1:] for fault in checker(side)}

    def faults_of(document: Mapping[str, Any]) -> dict[Identity, Fault]:
        return {identity(fault): fault for fault in checker(document) if identity(fault) not in known}

    new = {key: fault for fault in found_first if (key := identity(fault)) not in known}
    if not new:
        return first, ()
    causes = Causes(*join.documents)
    found = {key: _conflict(fault, causes, join) for key, fault in new.items()}
    parts = _Parts(join)
    dropped: frozenset[Edit] = frozenset()
    for number in (1, 2):
        search = _Search(parts, faults_of, set(new), number, _trials(join.documents))
        for key, fault in new.items():
            if number in _OTHERS[_side(found[key])]:
                search.mend(key, fault.node, causes.near(fault.node, fault.message))
        search.shrink()
        dropped |= search.dropped
    made = parts.joined(dropped, asks=True)
    left = faults_of(made.data)
    if not dropped or not left.keys() <= new.keys():
        return first, tuple(found.values())
    told: dict[int, Told] = {number: parts.told(number, dropped, is_secret) for number in (1, 2)}
    return made, tuple(
        conflict if key in left else _explained(conflict, told) for key, conflict in found.items()
    )


def identity(fault: Fault) -> Identity:
    """What tells a fault from others, wherever it stands."""
    return fault.rule, fault.node, fault.message


def _conflict(fault: Fault, causes: Causes, join: Join) -> Conflict:
    edits = tuple(causes.named(fault.node, fault.message))
    conflict = Conflict("semantic", fault.message, fault.path, rule=fault.rule, edits=edits)
    choice = join.choose(conflict)
    if isinstance(choice, Own):
        raise UsageError(f"{conflict.message}: only one of the sides can be kept", code="no-choice")
    return replace(conflict, taken=choice)


def _side(conflict: Conflict) -> Side:
    assert conflict.taken != "own"
    return conflict.taken


def _explained(conflict: Conflict, told: Mapping[int, Told]) -> Conflict:
    """A conflict with what was left out of the sides that are not taken."""
    parts = [told[number] for number in _OTHERS[_side(conflict)]]
    return replace(
        conflict,
        undone=tuple(words for part in parts for words in part[0]),
        lost=tuple(change for part in parts for change in part[1]),
    )


def _trials(documents: Documents) -> int:
    nodes = max(len(graph_list(document, "nodes")) for document in documents)
    least, most = _TRIALS
    return min(most, max(least, _NODES_OF_ALL_TRIALS // max(nodes, 1)))


class _Parts:
    """Three documents that are joined with parts of their edits."""

    def __init__(self, join: Join) -> None:
        self._join = join
        base, ours, theirs = join.documents
        self.changes = ((), compare(base, ours).changes, compare(base, theirs).changes)
        """Of each side by its number."""

    def joined(self, dropped: frozenset[Edit], *, asks: bool) -> Joined:
        """The result without some edits.

        Raises:
            UsageError: what is left of a side needs what is left out (`does-not-fit`).
        """
        choose = self._join.choose if asks else self._join.choose.known
        return self._join.of(
            (self._join.documents[0], self._side(1, dropped), self._side(2, dropped)), choose
        )

    def _side(self, number: int, dropped: frozenset[Edit]) -> Mapping[str, object]:
        """A side without some of its edits."""
        gone = {place for side, place in dropped if side == number}
        if not gone:
            return self._join.documents[number]
        return patch(self._join.documents[0], _without(self.changes[number], gone))

    def told(self, number: int, dropped: frozenset[Edit], is_secret: IsSecret | None) -> Told:
        """What of a side is left out, in words and as changes; secrets masked."""
        diff = safe(compare(self._side(number, dropped), self._join.documents[number]), is_secret)
        name = ("base", "ours", "theirs")[number]
        return tuple(f"{name}: {words}" for words in edits_in_words(diff)), diff.changes


@dataclass(slots=True)
class _Search:
    """Looks for edits of one side without which the result has no new faults."""

    parts: _Parts
    faults_of: Callable[[Mapping[str, Any]], Mapping[Identity, Fault]]
    left: set[Identity]
    """Faults that the result still has."""
    side: int
    trials: int
    dropped: frozenset[Edit] = frozenset()
    """What is left out."""

    def mend(self, fault: Identity, node: str | None, near: frozenset[str]) -> None:
        """Leaves out what mends a fault and makes no new one, if there is such a thing."""
        here = frozenset({node} if node else ())
        for reach in (here, near, None):
            if fault not in self.left:
                return
            self._try(self.dropped | self._edits(reach), {fault})

    def shrink(self) -> None:
        """Takes back in what is not in the way."""
        size = len(self.dropped) // 2
        while size:
            waiting = sorted(self.dropped)
            for start in range(0, len(waiting), size):
                self._try(self.dropped - set(waiting[start : start + size]), set())
            size //= 2

    def _try(self, dropped: frozenset[Edit], mended: set[Identity]) -> None:
        """Leaves out these edits if the result has the faults of the one before, without the mended ones."""
        if dropped == self.dropped or not self.trials:
            return
        self.trials -= 1
        try:
            left = set(self.faults_of(self.parts.joined(dropped, asks=False).data))
        except UsageError as err:
            if err.code != "does-not-fit":
                raise
            return
        if left <= self.left - mended:
            self.dropped, self.left = dropped, left

    def _edits(self, reach: frozenset[str] | None) -> frozenset[Edit]:
        """What the side did to some nodes and their edges, or all that it did."""
        return frozenset(
            (self.side, place)
            for place, change in enumerate(self.parts.changes[self.side])
            if not isinstance(change, Renamed)
            and not is_layout(change)
            and (reach is None or not reach.isdisjoint(_touched(change.path)))
        )


def _touched(path: Path) -> tuple[str, ...]:
    """The nodes that a change at a path is about."""
    name = path[3] if len(path) > 3 else None
    if not isinstance(name, Key) or path[:3] not in (NODES, EDGES):
        return ()
    if isinstance(name.value, tuple):
        return (name.value[0], name.value[2])
    return (name.value,) if isinstance(name.value, str) else ()


def _without(changes: Sequence[Change], gone: set[int]) -> list[Change]:
    """The other changes, with places and orders as they are without those that go."""
    added: dict[Path, list[int]] = {}
    kept_items: Counter[Path] = Counter()
    for place in gone:
        match changes[place]:
            case Added(path, _, int(at)):
                added.setdefault(path[:-1], []).append(at)
            case Removed(path, _):
                kept_items[path[:-1]] += 1
    found: list[Change] = []
    for place, change in enumerate(changes):
        if place in gone or (isinstance(change, Ordered) and kept_items[change.path]):
            continue
        if isinstance(change, Added) and change.at is not None:
            before = sum(at < change.at for at in added.get(change.path[:-1], ()))
            change = replace(change, at=change.at - before)
        found.append(change)
    return found
