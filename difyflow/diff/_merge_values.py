"""Two edits of one value joined: mappings by key, lists by item, texts by line; what clashes is asked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from difyflow.diff import _lists
from difyflow.diff._layout import is_layout_path, is_made_id
from difyflow.diff._merge_text import merged_text
from difyflow.diff._values import MISSING, same
from difyflow.diff.changes import Key, Path, Step
from difyflow.diff.compare import is_selector, mapping_step
from difyflow.diff.conflicts import Choice, Conflict, Kind, Own, Side
from difyflow.errors import UsageError

Choose = Callable[[Conflict], Choice]
"""Says whose version is taken at a conflict; where it is `editable`, it may give one of its own."""

Words = Callable[[Kind, Path, object, object], str]
"""A conflict in words: its kind, its path, and what ours and theirs have there."""


@dataclass(slots=True)
class Ledger:
    """What a merge has met so far."""

    choose: Choose
    words: Words
    roots: frozenset[str]
    """What the first part of a selector may be."""
    hide: Callable[[Path, object], object]
    """What may be shown of the value at a path."""
    conflicts: list[Conflict] = field(default_factory=list)
    layout: set[Path] = field(default_factory=set)
    """Things whose layout both sides changed; ours is kept."""

    def settle(self, conflict: Conflict) -> Side:
        """As `ask`, where only one of the versions can be taken."""
        choice = self.ask(conflict)
        if isinstance(choice, Own):
            raise UsageError(f"{conflict.message}: only one of the versions can be kept", code="no-choice")
        return choice

    def ask(self, conflict: Conflict) -> Choice:
        """Notes a conflict and asks what is taken; secrets are in neither."""
        base, ours, theirs = (self.hide(conflict.path, value) for value in conflict.versions)
        conflict = replace(conflict, base=base, ours=ours, theirs=theirs)
        if not conflict.message:
            said = self.words(conflict.kind, conflict.path, conflict.ours, conflict.theirs)
            conflict = replace(conflict, message=said)
        choice = self.choose(conflict)
        self.conflicts.append(replace(conflict, taken="own" if isinstance(choice, Own) else choice))
        return choice

    def pick(self, kind: Kind, path: Path, three: Three) -> object:
        """The version that is taken where two clash."""
        conflict = Conflict(kind, "", path, *three)
        if kind != "field":
            return three.of(self.settle(conflict))
        choice = self.ask(conflict)
        return choice.value if isinstance(choice, Own) else three.of(choice)


class Three(NamedTuple):
    """What stands at one place in the three documents; `MISSING` where nothing does."""

    base: Any
    ours: Any
    theirs: Any

    def of(self, side: Side) -> Any:  # noqa: ANN401  plain data
        """What a side has."""
        return {"base": self.base, "ours": self.ours, "theirs": self.theirs}[side]


def values(three: Three, path: Path, ledger: Ledger) -> object:
    """The value with the edits of both sides; `MISSING` where there is none."""
    base, ours, theirs = three
    if same(ours, theirs) or same(base, theirs):
        return ours
    if same(base, ours):
        return theirs
    if is_layout_path(path):
        ledger.layout.add(path[:4])
        return ours
    if is_made_id(path, *(value for value in three if value is not MISSING)):
        return theirs if ours is MISSING else ours
    if _are(dict, ours, theirs) and _are(dict, {} if base is MISSING else base):
        return _mappings(Three({} if base is MISSING else base, ours, theirs), path, ledger)
    if _are((list, tuple), ours, theirs) and _are((list, tuple), [] if base is MISSING else base):
        return _lists_of(Three([] if base is MISSING else base, ours, theirs), path, ledger)
    if _are(str, *three) and any("\n" in text for text in three):
        return _texts(three, path, ledger)
    return ledger.pick(_kind(three), path, three)


def _are(kind: type | tuple[type, ...], *found: object) -> bool:
    return all(isinstance(value, kind) for value in found)


def _kind(three: Three) -> Kind:
    if three.base is MISSING:
        return "added"
    return "deleted" if MISSING in (three.ours, three.theirs) else "field"


def _mappings(three: Three, path: Path, ledger: Ledger) -> dict[Hashable, object]:
    made: dict[Hashable, object] = {}
    for key in {**three.ours, **three.theirs}:
        found = Three._make(side.get(key, MISSING) for side in three)
        value = values(found, (*path, mapping_step(key)), ledger)
        if value is not MISSING:
            made[key] = value
    return made


def _texts(three: Three, path: Path, ledger: Ledger) -> str:
    def settle(line: int, base: str, ours: str, theirs: str) -> Choice:
        return ledger.ask(Conflict("text", "", path, base, ours, theirs, line=line))

    return merged_text(*three, settle)


def _lists_of(three: Three, path: Path, ledger: Ledger) -> object:
    """The list with the items that both sides left, changed or added."""
    if is_selector(path[-1] if path else None, ledger.roots, three.ours, three.theirs):
        return ledger.pick("field", path, three)
    versions = named(path, three)
    return in_order(versions, items(versions, path, ledger), path, ledger)


Named = dict[Step, object]
"""The items of one version of a list by what names them, in its order."""


class Versions(NamedTuple):
    """Three versions of a list by item."""

    base: Named
    ours: Named
    theirs: Named

    def at(self, name: Step) -> Three:
        """The three versions of one item."""
        return Three._make(side.get(name, MISSING) for side in self)


def named(path: Path, three: Three) -> Versions:
    """Three versions of a list by item; the same name is the same item."""
    by = _lists.choose(path, *three)
    if by is not None:
        return Versions._make(_by_key(by, side) for side in three)
    mine, its = _places(three.base, three.ours, "ours"), _places(three.base, three.theirs, "theirs")
    free = [name for name in mine if isinstance(name, Key)]
    for name in [name for name in its if isinstance(name, Key)]:
        twin = next((other for other in free if same(mine[other], its[name])), None)
        if twin is not None:
            free.remove(twin)
            its = {twin if other == name else other: value for other, value in its.items()}
    return Versions(dict(enumerate(three.base)), mine, its)


def _by_key(by: str, found: Sequence[object]) -> Named:
    return {name: value for name, value in zip(_lists.keys(by, found), found, strict=True)}


def _places(base: Sequence[object], other: Sequence[object], side: str) -> Named:
    """Items of a side by their place in the base; new ones by a name of their own."""
    partner = {new: old for old, new in _lists.by_content(base, other)}
    return {partner.get(place, Key(side, str(place))): item for place, item in enumerate(other)}


def items(versions: Versions, path: Path, ledger: Ledger) -> Named:
    """The items of the result by name, in no order."""
    made: Named = {}
    for name in {**versions.ours, **versions.theirs}:
        value = item(versions.at(name), (*path, name), ledger)
        if value is not MISSING:
            made[name] = value
    return made


def item(three: Three, path: Path, ledger: Ledger) -> object:
    """One item of a list: one that both sides added must be the same but for its layout."""
    base, ours, theirs = three
    if MISSING in (ours, theirs) and base is not MISSING:
        edited = theirs if ours is MISSING else ours
        if same(without_layout(base, path), without_layout(edited, path)):
            return MISSING
    added = base is MISSING and MISSING not in (ours, theirs)
    if added and not same(without_layout(ours, path), without_layout(theirs, path)):
        return ledger.pick("added", path, three)
    return values(three, path, ledger)


def without_layout(value: object, path: Path) -> object:
    """A node or edge without what only the canvas shows."""
    if not isinstance(value, dict) or path[:2] != ("workflow", "graph"):
        return value
    made = {key: part for key, part in value.items() if not is_layout_path((*path, mapping_step(key)))}
    data = made.get("data")
    if isinstance(data, dict):
        place = (*path, "data")
        made["data"] = {
            key: part for key, part in data.items() if not is_layout_path((*place, mapping_step(key)))
        }
    return made


def in_order(versions: Versions, made: Mapping[Step, object], path: Path, ledger: Ledger) -> list[object]:
    """The items of the result in the order of the side that changed it, else ours; new ones as they were."""
    orders = [list(side) for side in versions]
    first, second = orders[1], orders[2]
    moved = [_moved(orders[0], order) for order in (first, second)]
    clash = all(moved) and _common(first, second) != _common(second, first)
    added_at_one_place = _meet(orders) if _lists.order_matters(path) else False
    if (clash and _lists.order_matters(path)) or added_at_one_place:
        side = ledger.settle(
            Conflict("order", "", path, _said(orders[0]), _said(orders[1]), _said(orders[2]))
        )
        if side == "theirs":
            first, second = second, first
        elif side == "base" and clash:
            first, second = orders[0], [*first, *(name for name in second if name not in first)]
    elif moved[1] and not moved[0]:
        first, second = second, first
    return [made[name] for name in _woven(first, second) if name in made]


def _common(one: list[Step], other: list[Step]) -> list[Step]:
    there = set(other)
    return [name for name in one if name in there]


def _moved(base: list[Step], order: list[Step]) -> bool:
    return _common(base, order) != _common(order, base)


def _said(order: list[Step]) -> list[str]:
    return [f"#{name + 1}" if isinstance(name, int) else str(name) for name in order]


def _meet(orders: list[list[Step]]) -> bool:
    """Whether both sides put different new items behind the same one."""
    known = set(orders[0])
    found = []
    for order, other in ((orders[1], orders[2]), (orders[2], orders[1])):
        theirs = set(other)
        anchors: set[object] = set()
        before: object = None
        for name in order:
            if name in known:
                before = name
            elif name not in theirs:
                anchors.add(before)
        found.append(anchors)
    return bool(found[0] & found[1])


def _woven(first: list[Step], second: list[Step]) -> list[Step]:
    """The names of the first list, and each of the second behind the one that it follows there."""
    there = set(first)
    behind: dict[object, list[Step]] = {}
    before: object = None
    for name in second:
        if name in there:
            before = name
        else:
            behind.setdefault(before, []).append(name)
    others = set(second)
    made: list[Step] = []
    waiting: list[Step] = behind.pop(None, [])
    for name in first:
        if name in others:
            made += waiting
            waiting = behind.pop(name, [])
        made.append(name)
    return [*made, *waiting]
