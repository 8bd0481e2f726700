"""Documents to break, what a fault is, and what counts as having caught it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any

from difyflow.lint import Finding
from difyflow.lint.engine import check
from difyflow.lint.view import NodeView, View

Path = tuple[str | int, ...]
GONE = object()
"""In place of a value: the key or list item goes."""


@dataclass(frozen=True)
class Spot:
    """One way to break one place.

    Attributes:
        edits: paths and new values.
        node: id of the node at which it must be found; None where the field alone says enough.
        fields: beginnings of the fields of that node (or of the document) that are right.
        others: further places that are right as well: pairs of node and beginning of the field.
        breaks: a run fails, or loses or invents data.
    """

    edits: tuple[tuple[Path, object], ...]
    node: str | None
    fields: tuple[str, ...] = ("",)
    others: tuple[tuple[str | None, str], ...] = ()
    breaks: bool = True

    def is_hit_by(self, finding: Finding) -> bool:
        """True for a finding at the right node and field."""
        at_node = self.node is None or finding.node == self.node
        if at_node and any((finding.field or "").startswith(item) for item in self.fields):
            return True
        return any(
            finding.node == node and (finding.field or "").startswith(start) for node, start in self.others
        )


class Document:
    """A document that is to be broken."""

    def __init__(self, name: str, data: dict[str, Any]) -> None:
        self.name = name
        self.data = data
        self._known: dict[str | None, frozenset[tuple[str, Path, str]]] = {}

    @cached_property
    def view(self) -> View:
        """As the rules see it."""
        return View(self.data)

    @cached_property
    def running(self) -> tuple[NodeView, ...]:
        """The nodes that a run can come to and whose failure nobody catches."""
        return tuple(
            node
            for node in self.view.nodes
            if node.id
            and node.kind
            and self.view.is_reached(node)
            and not node.raw.get("error_strategy")
            and self.view.by_id[node.id] is node
        )

    def of(self, *kinds: str) -> Iterator[NodeView]:
        """Running nodes of these types."""
        return (node for node in self.running if node.kind in kinds)

    def known(self, target: str | None) -> frozenset[tuple[str, Path, str]]:
        """What is found before anything is broken."""
        if target not in self._known:
            found = check(self.data, None, target=target)
            self._known[target] = frozenset((item.rule, item.path, item.message) for item in found)
        return self._known[target]

    def broken(self, spot: Spot) -> dict[str, Any]:
        """A copy with the fault in it."""
        made = copy.deepcopy(self.data)
        for path, value in sorted(spot.edits, key=_by_place, reverse=True):
            put(made, path, copy.deepcopy(value) if value is not GONE else GONE)
        return made


def _by_place(edit: tuple[Path, object]) -> list[tuple[bool, str | int]]:
    """Later items of a list first, so that what goes does not move what is still to be changed."""
    return [(isinstance(part, str), part) for part in edit[0]]


def put(data: Any, path: Path, value: object) -> None:
    """Sets, adds or takes away one value."""
    for part in path[:-1]:
        data = data[part]
    if value is GONE:
        del data[path[-1]]
    elif isinstance(data, list) and path[-1] == len(data):
        data.append(value)
    else:
        data[path[-1]] = value


@dataclass(frozen=True)
class Kind:
    """A kind of fault: where it can be put into a document.

    Attributes:
        target: the release for which it is judged; None = that of the document.
    """

    name: str
    spots: Callable[[Document], Iterable[Spot]]
    target: str | None = None


@dataclass
class Tally:
    """How often a kind of fault was made and caught."""

    made: int = 0
    caught: int = 0
    breaking: int = 0
    as_error: int = 0
    missed: list[str] = field(default_factory=list)


def kind(name: str, target: str | None = None) -> Callable[[Callable[[Document], Iterable[Spot]]], Kind]:
    """Makes a kind of a generator of spots."""
    return lambda spots: Kind(name, spots, target)


def judge(
    documents: Sequence[Document], kinds: Iterable[Kind], *, times: int, seed: int = 7
) -> Mapping[str, Tally]:
    """Makes each kind of fault `times` times, at random places of random documents."""
    return {item.name: _judged(documents, item, times, Random(f"{seed}/{item.name}")) for item in kinds}


def _judged(documents: Sequence[Document], item: Kind, times: int, random: Random) -> Tally:
    tally = Tally()
    order = random.sample(range(len(documents)), len(documents))
    spots: dict[int, Sequence[Spot]] = {}
    for place in order:  # the rarer a fault, the further it looks
        found = tuple(item.spots(documents[place]))
        if found:
            spots[place] = found
        if len(spots) == times:
            break
    places = sorted(spots)
    for number in range(times if places else 0):
        place = places[number % len(places)]
        _try(documents[place], random.choice(spots[place]), item, tally)
    return tally


def _try(document: Document, spot: Spot, item: Kind, tally: Tally) -> None:
    known = document.known(item.target)
    found = check(document.broken(spot), None, target=item.target)
    new = [one for one in found if (one.rule, one.path, one.message) not in known]
    hits = [one for one in new if spot.is_hit_by(one)]
    is_error = any(one.severity == "error" for one in hits)
    tally.made += 1
    tally.caught += bool(hits)
    tally.breaking += spot.breaks
    tally.as_error += spot.breaks and is_error
    if not hits or (spot.breaks and not is_error):
        said = "; ".join(f"{one.severity} {one.rule} {one.node} {one.field}" for one in new[:6])
        tally.missed.append(
            f"{document.name} {spot.node} {spot.fields} {spot.edits[0][0]}: {said or 'nothing'}"
        )


def table(tallies: Mapping[str, Tally]) -> str:
    """The tallies as text."""
    lines = [f"{'fault':<34}{'made':>6}{'caught':>8}{'breaks':>8}{'error':>7}"]
    for name, item in tallies.items():
        lines.append(f"{name:<34}{item.made:>6}{item.caught:>8}{item.breaking:>8}{item.as_error:>7}")
    made, caught = sum(x.made for x in tallies.values()), sum(x.caught for x in tallies.values())
    breaking, errors = sum(x.breaking for x in tallies.values()), sum(x.as_error for x in tallies.values())
    lines.append(f"{len(tallies)} kinds{'':<26}{made:>6}{caught:>8}{breaking:>8}{errors:>7}")
    return "\n".join(lines)
