"""A document with changes made."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from difyflow.diff import _lists
from difyflow.diff._rename import renamed
from difyflow.diff._values import MISSING, Mask, key_from, same, text_of
from difyflow.diff.changes import Added, Change, Changed, Diff, Key, Ordered, Path, Removed, Renamed, Step
from difyflow.diff.compare import Source, mapping_step, plain
from difyflow.errors import UsageError


def patch(document: Source, changes: Diff | Iterable[Change]) -> dict[str, object]:
    """A copy of a document with changes made; with those of `compare(document, other)` it is `other`.

    Args:
        document: it is not changed.
        changes: what to make, as `compare` or `from_json` gave it.

    Returns:
        Plain data; what did not change is shared with the document.

    Raises:
        UsageError: a change does not fit the document: what it changes or removes is not there or reads
            otherwise, what it adds is there already (`code` is `does-not-fit`), or its value is a secret that
            the diff does not tell (`masked`).
    """
    data: object = plain(document)
    found = tuple(changes)
    names = {change.old: change.new for change in found if isinstance(change, Renamed)}
    root = _Step()
    for change in found:
        if not isinstance(change, Renamed):
            root.put(change)
    made = _patched(renamed(plain(document), names) if names else data, root, ())
    if not isinstance(made, dict):
        raise _misfit((), "the document would be no mapping any more")
    return made


@dataclass(slots=True)
class _Step:
    """What happens at one place and below it."""

    below: dict[Step, _Step] = field(default_factory=dict)
    change: Changed | Removed | None = None
    added: list[Added] = field(default_factory=list)
    """New keys or items of what stands here."""
    order: Ordered | None = None

    def put(self, change: Added | Removed | Changed | Ordered) -> None:
        step = self
        for part in change.path[:-1] if isinstance(change, Added) else change.path:
            step = step.below.setdefault(part, _Step())
        if not change.path and not isinstance(change, Changed | Ordered):
            raise _misfit((), "the document itself cannot come or go")
        if isinstance(change, Added):
            step.added.append(change)
        elif isinstance(change, Ordered):
            step.order = change
        else:
            step.change = change


def _patched(value: object, step: _Step, path: Path) -> object:
    if step.change is not None:
        return _replaced(value, step, path)
    if isinstance(value, Mapping):
        return _patched_mapping(value, step, path)
    if isinstance(value, list | tuple):
        return _patched_list(value, step, path)
    if step.below or step.added or step.order:
        raise _misfit(path, "is no mapping or list")
    return value


def _replaced(value: object, step: _Step, path: Path) -> object:
    """What a `Changed` or `Removed` leaves; `MISSING` for the latter."""
    change = step.change
    assert change is not None
    if step.below or step.added or step.order:
        raise _misfit(path, "changes as a whole and in its parts")
    before = change.before if isinstance(change, Changed) else change.value
    if not (before.stands_for(value) if isinstance(before, Mask) else same(before, value)):
        raise _misfit(path, "reads otherwise in this document")
    if isinstance(change, Removed):
        return MISSING
    return _told(change.after, path)


def _told(value: object, path: Path) -> object:
    """A new value, if it holds no mask."""
    if isinstance(value, Mask):
        raise UsageError(
            f"{shown(path)}: the diff tells no secrets, only that this one changed",
            code="masked",
            hint="make the diff from the files themselves, or set the secret by hand",
        )
    if isinstance(value, dict):
        return {key: _told(item, (*path, mapping_step(key))) for key, item in value.items()}
    if isinstance(value, list):
        return [_told(item, (*path, index)) for index, item in enumerate(value)]
    return value


def _patched_mapping(value: Mapping[Hashable, object], step: _Step, path: Path) -> dict[object, object]:
    made: dict[object, object] = dict(value)
    odd = {text_of(key): key for key in value if not isinstance(key, str)}
    if step.order is not None:
        raise _misfit(path, "is no list")
    for part, below in step.below.items():
        key = odd.get(str(part.value), MISSING) if isinstance(part, Key) else part
        if key not in made:
            raise _misfit((*path, part), "is not there")
        new = _patched(made[key], below, (*path, part))
        if new is MISSING:
            del made[key]
        else:
            made[key] = new
    for change in step.added:
        part = change.path[-1]
        if isinstance(part, int):
            raise _misfit(path, "is no list")
        key = key_from(str(part.value)) if isinstance(part, Key) else part
        if key in made:
            raise _misfit(change.path, "is there already")
        made[key] = _told(change.value, change.path)
    return made


def _patched_list(value: list[object] | tuple[object, ...], step: _Step, path: Path) -> list[object]:
    kept = list(value)
    if step.below:
        places = _Places(value, path)
        for part, below in step.below.items():
            place = places.of(part)
            kept[place] = _patched(kept[place], below, (*path, part))
        kept = [item for item in kept if item is not MISSING]
    if step.order is not None:
        if sorted(step.order.order) != list(range(len(kept))):
            raise _misfit(path, "has another number of items in this document")
        kept = [kept[place] for place in step.order.order]
    return _with_added(kept, step.added)


def _with_added(kept: list[object], added: list[Added]) -> list[object]:
    """The list with the new items, each at its place in the list as it will be."""
    if not added:
        return kept
    new = {change.at: change for change in added if change.at is not None}
    length = len(kept) + len(added)
    if len(new) < len(added) or not all(0 <= at < length for at in new):
        raise _misfit(added[0].path, "has no place in the list of this document")
    rest = iter(kept)
    return [
        _told(new[place].value, new[place].path) if place in new else next(rest) for place in range(length)
    ]


class _Places:
    """Where the items of a list are that steps name."""

    def __init__(self, items: list[object] | tuple[object, ...], path: Path) -> None:
        self._items = items
        self._path = path
        self._known: dict[str, dict[Key, int]] = {}

    def of(self, part: Step) -> int:
        """The place of an item."""
        if isinstance(part, Key):
            if part.by not in self._known:
                names = _lists.keys(part.by, self._items)
                self._known[part.by] = {name: place for place, name in enumerate(names)}
            place = self._known[part.by].get(part)
        else:
            place = part if isinstance(part, int) and 0 <= part < len(self._items) else None
        if place is None:
            raise _misfit((*self._path, part), "is not there")
        return place


def shown(path: Path) -> str:
    """A path as people write it: `workflow.graph.nodes[llm].data.title`."""
    text = "".join(f".{part}" if isinstance(part, str) else f"[{part}]" for part in path)
    return text.removeprefix(".")


def _misfit(path: Path, what: str) -> UsageError:
    return UsageError(f"{shown(path) or 'the document'}: {what}", code="does-not-fit")
