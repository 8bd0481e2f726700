"""A text with some of its data changed, and every other character as it was; `retext` is the way to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from difyflow.dsl._yaml._align import aligned
from difyflow.dsl._yaml._build import Builder
from difyflow.dsl._yaml._equal import canonical, same
from difyflow.dsl._yaml._fresh import Fresh, Spot, is_filled
from difyflow.dsl._yaml._habits import habits_of
from difyflow.dsl._yaml._marks import ANEW, Composed
from difyflow.dsl._yaml._places import Places, Splice, nodes_of
from difyflow.dsl._yaml._read import load
from difyflow.dsl._yaml._respell import respelled
from difyflow.dsl._yaml._tags import MERGE
from difyflow.errors import CannotEdit, ReadError


@dataclass(frozen=True, slots=True)
class _Inside:
    """How the entries of a collection are written: `column` counts from 0, -1 is the document itself."""

    column: int
    flow: bool = False
    json: bool = False
    listed: bool = False
    """Its entries are items of a list."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """A value in its collection; `after` is the offset right behind the `:` or `-` before it."""

    node: Node
    old: object
    after: int
    inside: _Inside
    key: object = None


class Patcher:
    """Collects what is to be replaced in one text."""

    def __init__(self, composed: Composed) -> None:
        self._composed = composed
        self._at = Places(composed)
        self._fresh = Fresh(habits_of(composed.text, composed.root))
        self._builder = Builder(name=composed.name)
        self._splices: list[Splice] = []
        self._shared = _shared(composed)

    def text(self, wanted: object) -> str:
        """The text with the splices made that `wanted` needs."""
        root = self._composed.root
        document = _Inside(-1, listed=True)
        self._change(_Slot(root, self._composed.data, self._at.start(root), document), wanted)
        parts: list[str] = []
        done = 0
        for start, end, new in sorted(self._splices, key=lambda splice: splice[:2]):
            if start < done:
                raise CannotEdit("two changes are in each other's way", path=self._composed.name, hint=ANEW)
            parts += (self._composed.text[done:start], new.replace("\n", self._fresh.habits.newline))
            done = end
        return "".join([*parts, self._composed.text[done:]])

    def _refuse(self, node: Node, what: str) -> NoReturn:
        line = node.start_mark.line + 1
        raise CannotEdit(what, path=self._composed.name, line=line, hint=ANEW)

    def _change(self, slot: _Slot, new: object) -> None:
        """Makes the value, which differs from `new`, read as `new`."""
        node, old = slot.node, slot.old
        if id(node) in self._shared:
            self._refuse(node, "the value is shared by an anchor (&) and its aliases (*)")
        done = False
        if isinstance(node, MappingNode) and isinstance(old, dict) and isinstance(new, dict):
            done = self._mapping(node, old, new, slot.inside)
        elif isinstance(node, SequenceNode) and isinstance(old, list) and isinstance(new, list):
            done = self._sequence(node, old, new, slot.inside)
        if not done:
            self._replace(slot, new)

    def _mapping(
        self, node: MappingNode, old: dict[object, object], new: dict[object, object], around: _Inside
    ) -> bool:
        """Changes entries; False if none of the old ones stays."""
        if any(key.tag == MERGE for key, _ in node.value):
            self._refuse(node, "the mapping takes values from another one (<<)")
        keys: list[object] = [self._builder.key(key) for key, _ in node.value]
        kept = [key in new for key in keys]
        if not any(kept):
            return False
        flow = around.flow or bool(node.flow_style)
        json = flow and any(key.style == '"' for key, _ in node.value)
        inside = _Inside(self._at.column(self._at.start(node.value[0][0])), flow, json)
        # Of a key that occurs twice, the last one counts.
        for name, (key, value) in {name: node.value[index] for index, name in enumerate(keys)}.items():
            if name in new and not same(old[name], new[name]):
                after = self._at.after_key(key, value)
                self._change(_Slot(value, old[name], after, inside, name), new[name])
        added = [key for key in new if key not in old]
        if added or not all(kept):
            inserts = [
                (anchor, self._entry(node, key, new[key], inside))
                for anchor, key in _placed(added, keys, kept, self._fresh.habits.sorted_keys)
            ]
            self._rework(node, kept, inserts, flow)
        return True

    def _entry(self, node: Node, key: object, value: object, inside: _Inside) -> str:
        try:
            if inside.flow:
                return self._fresh.flow_entry(key, value, json=inside.json)
            return self._fresh.entry(key, value, inside.column)
        except ValueError as err:
            self._refuse(node, f"the key {str(key)[:60]!r} cannot be added: {err}")

    def _sequence(self, node: SequenceNode, old: list[object], new: list[object], around: _Inside) -> bool:
        """Changes items; False if none of the old ones stays."""
        flow = around.flow or bool(node.flow_style)
        json = flow and any(isinstance(item, ScalarNode) and item.style == '"' for item in node.value)
        inside = _Inside(self._at.column(self._at.start(node)), flow, json, listed=True)
        kept = [False] * len(old)
        added: list[tuple[int, int]] = []
        anchor = -1
        pairs = list(aligned(old, new))
        afters = [] if flow else self._at.after_dashes(node)
        for old_index, new_index in pairs:
            if old_index is None:
                added.append((anchor, new_index))
                continue
            kept[old_index] = True
            anchor = old_index
            if not same(old[old_index], new[new_index]):
                item = node.value[old_index]
                after = self._at.start(item) if flow else afters[old_index]
                self._change(_Slot(item, old[old_index], after, inside), new[new_index])
        if added or not all(kept):
            moved = {canonical(old[index]): index for index, stays in enumerate(kept) if not stays}
            inserts = [
                (anchor, self._item(node, new[index], moved.get(canonical(new[index])), inside))
                for anchor, index in added
            ]
            if not any(kept):
                return False
            self._rework(node, kept, inserts, flow)
        return True

    def _item(self, node: SequenceNode, value: object, moved: int | None, inside: _Inside) -> str:
        if moved is not None:
            return self._at.entry_text(node, moved)
        if inside.flow:
            return self._fresh.flow(value, json=inside.json)
        return self._fresh.item(value, inside.column, self._at.dash_width(node))

    def _rework(
        self, node: CollectionNode, kept: list[bool], inserts: list[tuple[int, str]], flow: bool
    ) -> None:
        """Removes the entries that do not stay and puts new ones behind those that do."""
        self._refuse_aliases(node)
        try:
            work = self._at.rework_flow if flow else self._at.rework_block
            self._splices += work(node, kept, inserts)
        except ValueError as err:
            self._refuse(node, str(err))

    def _refuse_aliases(self, node: Node) -> None:
        if self._shared:
            self._refuse(node, "the file has anchors (&) and aliases (*), and more than one value changes")

    def _replace(self, slot: _Slot, new: object) -> None:
        node = slot.node
        if is_filled(new) or is_filled(slot.old):
            self._refuse_aliases(node)
        start, end = self._at.start(node), self._at.end(node)
        touches = start == slot.after and slot.inside.column >= 0
        if slot.inside.flow:
            text = self._fresh.flow(new, json=slot.inside.json) if is_filled(new) else self._scalar(slot, new)
            self._splices.append((start, end, " " + text if touches else text))
        elif is_filled(new):
            assert isinstance(new, Mapping | list)
            self._put_collection(slot, new)
        elif is_filled(slot.old) and not slot.inside.listed:
            self._put_instead_of_collection(slot, new)
        else:
            text = self._scalar(slot, new)
            if not text and not self._at.source(slot.after, start).strip():
                start = slot.after
            self._put(start, end, " " + text if touches and text else text)

    def _put_instead_of_collection(self, slot: _Slot, new: object) -> None:
        start, end = self._at.start(slot.node), self._at.end(slot.node)
        if self._at.source(slot.after, start).strip():  # a comment, or a tag
            indent = max(0, slot.inside.column + self._fresh.habits.step - self._at.column(start))
            self._put(start, end, " " * indent + self._scalar(slot, new))
        else:
            text = self._scalar(slot, new, self._at.column(slot.after) + 1)
            self._put(slot.after, end, f" {text}" if text else "")

    def _put_collection(self, slot: _Slot, new: Mapping[object, object] | list[object]) -> None:
        start, end = self._at.start(slot.node), self._at.end(slot.node)
        if slot.inside.listed:
            lead = " " if start == slot.after and slot.inside.column >= 0 else ""
            column = self._at.column(start) + len(lead)
            self._put(start, end, lead + self._fresh.block(new, column))
            return
        column = slot.inside.column + self._fresh.offset(new)
        body = " " * column + self._fresh.block(new, column)
        if self._at.source(slot.after, start).strip():
            self._put(self._at.line_start(start), end, body)
        else:
            self._put(slot.after, end, "\n" + body)

    def _put(self, start: int, end: int, text: str) -> None:
        """Replaces a stretch; a comment behind it stays behind the first line of a block."""
        head, line_end, body = text.partition("\n")
        begins_block = not head or head.lstrip()[:1] in ("|", ">")
        comment, after = self._at.rest_of_line(end)
        if line_end and begins_block and comment:
            self._splices += ((start, end, head), (after, after, line_end + body))
        else:
            self._splices.append((start, end, text))

    def _scalar(self, slot: _Slot, new: object, column: int | None = None) -> str:
        """The text of `new`; its column is where the old value begins if not given."""
        start, end = self._at.start(slot.node), self._at.end(slot.node)
        outer = slot.inside.column
        spot = Spot(
            column=self._at.column(start) + (start == slot.after) if column is None else column,
            indent=max(0, outer + (2 if slot.inside.listed else self._fresh.habits.step)),
            outer=outer,
            flow=slot.inside.flow,
            json=slot.inside.json,
            before_blank=self._at.before_blank(end),
            key=slot.key,
        )
        source = self._at.source(start, end) if isinstance(slot.node, ScalarNode) else ""
        try:
            return respelled(source, slot.old, new, spot, fresh=self._fresh, reads=_reads)
        except ValueError as err:
            self._refuse(slot.node, str(err))


def _placed(
    added: list[object], keys: list[object], kept: list[bool], sorted_keys: bool
) -> Iterator[tuple[int, object]]:
    """The new keys, each with the index of the one that it follows; -1 to stand first."""
    stay = [index for index, stays in enumerate(kept) if stays]
    names = [key for key in keys if isinstance(key, str)]
    ordered = names == sorted(names) if len(keys) > 1 else sorted_keys
    if not ordered or len(names) < len(keys) or not all(isinstance(key, str) for key in added):
        yield from ((stay[-1], key) for key in added)
        return
    for key in sorted(map(str, added)):
        yield max((index for index in stay if names[index] < key), default=-1), key


def _reads(text: str) -> object:
    try:
        return load(text, name="a scalar")
    except ReadError as err:
        raise ValueError(err.message) from err


def _shared(composed: Composed) -> frozenset[int]:
    """The ids of the nodes that stand in several places."""
    if "&" not in composed.text:
        return frozenset()
    seen: set[int] = set()
    shared: set[int] = set()
    waiting: list[Node] = [composed.root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            shared.add(id(node))
        else:
            seen.add(id(node))
            waiting.extend(nodes_of(node))
    return frozenset(shared)
