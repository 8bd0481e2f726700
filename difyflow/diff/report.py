"""A diff in the order in which people read it: what every format shows, made once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from difyflow.diff import _layout, _lists
from difyflow.diff._sides import Side, item_label
from difyflow.diff._values import Mask
from difyflow.diff.changes import Added, Change, Changed, Diff, Key, Ordered, Path, Removed, Renamed, Step
from difyflow.diff.contract import Break, affected, breaks
from difyflow.diff.secrets import IsSecret, safe

Sign = Literal["+", "-", "~", "="]
"""Came, went, changed, renamed."""

_NODES: Final = ("workflow", "graph", "nodes")
_EDGES: Final = ("workflow", "graph", "edges")
_LISTED: Final = {
    _NODES: "Nodes",
    _EDGES: "Edges",
    ("workflow", "environment_variables"): "Variables",
    ("workflow", "conversation_variables"): "Variables",
    ("dependencies",): "Models and plugins",
}
_ORDER: Final = ("Models and plugins", "Nodes", "Edges", "Variables", "Features", "App", "Layout")
_MODELS: Final = frozenset(
    (
        "provider",
        "plugin_id",
        "plugin_unique_identifier",
        "provider_id",
        "provider_name",
        "tool_name",
        "agent_strategy_name",
        "agent_strategy_provider_name",
        "embedding_model",
        "embedding_model_provider",
        "reranking_model_name",
        "reranking_provider_name",
    )
)
"""Keys whose values name a model, a provider or a plugin."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One value that came, went or changed, or the order of a list.

    Attributes:
        label: where, in the words of the document.
        before, after: plain values; `MISSING` of `_values` does not occur: see `sign`.
        selector: whether both are references to a variable.
    """

    sign: Sign
    label: str
    before: object = None
    after: object = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A node, an edge, a variable or a setting that came, went, changed or was renamed.

    Attributes:
        title: what people call it.
        about: its type and id.
        affects: titles of the nodes that what changed here may concern, nearest first.
        more: whether there are further ones.
        node_id: its id in the new document, else in the old one; empty for what is no node.
    """

    sign: Sign
    title: str
    about: str = ""
    details: tuple[Detail, ...] = ()
    affects: tuple[str, ...] = ()
    more: bool = False
    node_id: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that a format shows.

    Attributes:
        name: what the app is called now.
        breaking: what callers or other nodes will notice.
        layout: one line on what only the canvas shows; empty if there is nothing.
        old, new: the two documents without secrets; the old one with its nodes renamed already.
    """

    name: str
    breaking: tuple[Break, ...]
    sections: tuple[Section, ...]
    layout: str
    diff: Diff
    old: Side
    new: Side

    @property
    def empty(self) -> bool:
        """Whether nothing differs at all."""
        return not self.diff.changes


def report(diff: Diff, *, is_secret: IsSecret | None = None, layout: bool = False) -> Report:
    """Puts a diff in order for people.

    Args:
        diff: as `compare` gave it.
        is_secret: what must not be shown besides secret environment variables.
        layout: show what only the canvas shows, too.
    """
    from difyflow.diff._rename import renamed

    diff = safe(diff, is_secret)
    names = diff.renames
    old, new = Side(renamed(diff.before, names) if names else diff.before), Side(diff.after)
    sides = _Sides(old, new, names)
    quiet = [change for change in diff.changes if _layout.is_layout(change)]
    loud = [change for change in diff.changes if not _layout.is_layout(change)]
    sections: dict[str, list[Entry]] = {}
    for heading, entry in sides.entries(loud):
        sections.setdefault(heading, []).append(entry)
    if layout:
        sections["Layout"] = [entry for _, entry in sides.entries(quiet)]
    shown = tuple(Section(name, tuple(sections[name])) for name in _ORDER if sections.get(name))
    found = breaks(old, new)
    return Report(_name(new), found, shown, _layout.summary(quiet), diff, old, new)


def _name(side: Side) -> str:
    app = side.document.get("app") or side.document.get("rag_pipeline") or side.document.get("snippet")
    name = app.get("name") if isinstance(app, dict) else None
    return name if isinstance(name, str) else ""


@dataclass(frozen=True, slots=True)
class _Sides:
    old: Side
    new: Side
    names: dict[str, str]

    def entries(self, changes: Iterable[Change]) -> Iterator[tuple[str, Entry]]:
        """Entries with their headings: one for all that happened to one thing."""
        groups: dict[Path, list[Change]] = {}
        for change in changes:
            groups.setdefault(_owner(change), []).append(change)
        for owner, found in groups.items():
            if owner[:3] == _NODES and len(owner) == 4:
                yield from self._node(owner, found)
            elif owner[:3] == _EDGES and len(owner) == 4:
                yield "Edges", self._edge(owner, found)
            elif owner[:-1] in _LISTED:
                yield _LISTED[owner[:-1]], self._item(owner, found)  # type: ignore[index]  # was looked for
            else:
                heading = "Features" if owner[:2] == ("workflow", "features") else "App"
                for change in found:
                    entry = self._setting(change)
                    yield "Models and plugins" if _names_a_model(entry.title) else heading, entry

    def _node(self, owner: Path, found: list[Change]) -> Iterator[tuple[str, Entry]]:
        name = owner[3].value if isinstance(owner[3], Key) and isinstance(owner[3].value, str) else ""
        whole = next((c for c in found if isinstance(c, Added | Removed) and c.path == owner), None)
        if whole is not None:
            yield "Nodes", self._whole_node(name, whole)
            return
        was = next((change.old for change in found if isinstance(change, Renamed)), None)
        about = f"{self.new.kind(name)} {name if was is None else f'{was} -> {name}'}"
        details = tuple(self._details(owner, found))
        entry = Entry("=", self.new.title(name), about, node_id=name)
        if details:
            entry = replace(entry, sign="~", **affected(self.new, name))
        models = tuple(detail for detail in details if _names_a_model(detail.label))
        rest = tuple(detail for detail in details if detail not in models)
        if models:
            yield "Models and plugins", replace(entry, details=models)
        if rest or not models or was is not None:
            yield "Nodes", replace(entry, details=rest, sign="~" if rest else "=")

    def _whole_node(self, name: str, whole: Added | Removed) -> Entry:
        """A node that came or went."""
        if isinstance(whole, Added):
            details = tuple(_contents(whole.value, self.new))
            return Entry("+", self.new.title(name), f"{self.new.kind(name)} {name}", details, node_id=name)
        about = f"{self.old.kind(name)} {name}"
        return Entry("-", self.old.title(name), about, node_id=name, **affected(self.old, name))

    def _details(self, base: Path, found: Iterable[Change]) -> Iterator[Detail]:
        for change in found:
            match change:
                case Renamed():
                    continue
                case Added(path, value):
                    yield Detail(
                        "+", self._label(self.new, base, path), after=self._said(self.new, path, value)
                    )
                case Removed(path, value):
                    yield Detail(
                        "-", self._label(self.old, base, path), before=self._said(self.old, path, value)
                    )
                case Changed(path, before, after):
                    yield Detail(
                        "~",
                        self._label(self.old, base, path),
                        self._said(self.old, path, before),
                        self._said(self.new, path, after),
                    )
                case Ordered(path):
                    yield self._order(base, path)

    def _said(self, side: Side, path: Path, value: object) -> object:
        if isinstance(value, str) and path and str(path[-1]).endswith("unique_identifier"):
            return value.partition("@")[0]
        return side.said(value)

    def _label(self, side: Side, base: Path, path: Path) -> str:
        label = side.label(base, path).removeprefix("data.")
        return label.removeprefix("model.completion_params.")

    def _order(self, base: Path, path: Path) -> Detail:
        items = self.old.at(path)
        now = self.new.at(path)
        by = _lists.choose(path, *(found for found in (items, now) if isinstance(found, list | tuple)))
        return Detail("~", f"{self._label(self.old, base, path)} order", _names(items, by), _names(now, by))

    def _edge(self, owner: Path, found: list[Change]) -> Entry:
        key = owner[3]
        whole = next((c for c in found if isinstance(c, Added | Removed) and c.path == owner), None)
        sign: Sign = "~" if whole is None else "+" if isinstance(whole, Added) else "-"
        side = self.old if sign == "-" else self.new
        title = str(key)
        if isinstance(key, Key) and isinstance(key.value, tuple):
            source, handle, target, _ = key.value
            way = side.way(source, handle)
            title = (
                f"{quoted(side.title(source))}{f' [{way}]' if way else ''} -> {quoted(side.title(target))}"
            )
        return Entry(sign, title, "", () if whole else tuple(self._details(owner, found)))

    def _item(self, owner: Path, found: list[Change]) -> Entry:
        whole = next((c for c in found if isinstance(c, Added | Removed) and c.path == owner), None)
        sign: Sign = "~" if whole is None else "+" if isinstance(whole, Added) else "-"
        side = self.old if sign == "-" else self.new
        title = side.label(owner[:-1], owner).strip("[]")
        about = "plugin" if owner[0] == "dependencies" else str(owner[-2]).removesuffix("s").replace("_", " ")
        details = tuple(_contents(whole.value, side)) if isinstance(whole, Added) else ()
        return Entry(sign, title, about, details or (() if whole else tuple(self._details(owner, found))))

    def _setting(self, change: Change) -> Entry:
        (detail,) = self._details((), [change])
        return Entry(detail.sign, detail.label.removeprefix("workflow."), "", (replace(detail, label=""),))


def _owner(change: Change) -> Path:
    """The thing that a change is about: a node, an edge, a variable, a plugin, or one setting."""
    if isinstance(change, Renamed):
        return (*_NODES, Key("id", change.new))
    for base in _LISTED:
        if change.path[: len(base)] == base and len(change.path) > len(base):
            return change.path[: len(base) + 1]
    return change.path


def _names_a_model(label: str) -> bool:
    last = label.rpartition(".")[2]
    return last in _MODELS or label.endswith(("model.name", "model.mode"))


def _names(items: object, by: str | None) -> list[str]:
    if not isinstance(items, list | tuple):
        return []
    steps: Sequence[Step] = _lists.keys(by, items) if by else range(len(items))
    return [
        item_label(step, item, place) for place, (step, item) in enumerate(zip(steps, items, strict=True))
    ]


def _contents(value: object, side: Side, label: str = "") -> Iterator[Detail]:
    """What is in something new, value by value, without layout and without what is empty."""
    data = value.get("data") if isinstance(value, dict) and not label else None
    if isinstance(value, dict) and isinstance(data, dict):
        if isinstance(value.get("parentId"), str):
            yield Detail("+", "in", after=value["parentId"])
        value = {key: item for key, item in data.items() if key not in _layout.OF_DATA | {"title", "type"}}
    if isinstance(value, dict) and not isinstance(value, Mask):
        for key, item in value.items():
            yield from _contents(item, side, f"{label}.{key}" if label else str(key))
    elif isinstance(value, list | tuple) and value and not all(isinstance(item, str) for item in value):
        for place, item in enumerate(value):
            yield from _contents(item, side, f"{label}[#{place + 1}]")
    elif value not in (None, "", [], ()):
        if label.endswith("unique_identifier") and isinstance(value, str):
            value = value.partition("@")[0]
        yield Detail("+", label.removeprefix("model.completion_params."), after=side.said(value))


def quoted(text: str) -> str:
    """A title in quotes."""
    return f'"{text}"'
