"""A document as a folder: the graph, a file per prompt and piece of code, variables and layout apart.

    document.yml     what is in none of the others: app, version, features, dependencies
    graph.yml        nodes and edges
    variables.yml    environment and conversation variables
    layout.yml       where nodes are drawn and how large, what is selected, the viewport
    prompts/         texts with references, `title.role.md`; Jinja2 messages `title.role.j2`
    code/            `title.py`, `title.js`
    templates/       Jinja2 templates, `title.j2`
    texts/           other texts of several lines

Where a text went, `{$file: prompts/x.md}` stands. A mapping that has such a key itself gets a `$` more, so
that any document comes back as it was. Files of texts end with one line end that is not part of the text.
`document.yml` says whether there are a graph and variables, so that a file that got lost is missed.
Layout of nodes that `graph.yml` does not have is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from difyflow.build import _names_of_files as _files
from difyflow.dsl import _yaml
from difyflow.dsl.app import App
from difyflow.dsl.canonical import DATA_LAYOUT, EDGE_LAYOUT, NODE_LAYOUT, canonical, faithful
from difyflow.errors import ReadError
from difyflow.nodes._base import NodeData
from difyflow.nodes._texts import Text, texts

DOCUMENT: Final = "document.yml"
GRAPH: Final = "graph.yml"
VARIABLES: Final = "variables.yml"
LAYOUT: Final = "layout.yml"
PARTS: Final = (DOCUMENT, GRAPH, VARIABLES, LAYOUT)
FOLDERS: Final = ("prompts", "code", "templates", "texts")

_FILE: Final = "$file"
_SPLIT: Final = "$split"
_NEEDS: Final = "parts"
"""Key of `document.yml` that lists the other parts without which it is not whole; older folders have none."""
_FORM: Final = 1
"""Number of this form of a folder, in `document.yml`."""
_OURS: Final = re.compile(r"\$+(file|split)")
_VARIABLES: Final = ("environment_variables", "conversation_variables")
_LONG: Final = 40
"""Characters of a text with references above which it gets a file even in one line."""
_KEPT_INLINE: Final = re.compile("[\r\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ufeff\ud800-\udfff]")
"""What an editor or git might change in a file without asking."""

Path = tuple[str | int, ...]
Data = dict[Any, Any]
Reader = Callable[[str], bytes | None]
"""The bytes of a file of the folder by its path in it (with `/`), None if there is none."""


def split(app: App, named: Mapping[Path, str] | None = None) -> dict[str, bytes]:
    """The files of the folder for a document, by their paths in it; `join` makes it of them again.

    Args:
        app: the document.
        named: texts that have a file already, by their paths in the document; they keep it.

    Raises:
        CannotEdit: it holds text that Dify's own form, in which the parts are written, does not keep.
    """
    data = app.data()
    plan = _Plan(_chosen(app, data, named or {}))
    workflow, layout = data.get("workflow"), None
    graph = workflow.get("graph") if isinstance(workflow, dict) else None
    if isinstance(graph, dict) and graph:
        layout = _take_layout(graph)
    made = plan.without(data, ())
    assert isinstance(made, dict)
    files: dict[str, object] = {}
    if isinstance(workflow, dict):
        inner = made["workflow"]
        if isinstance(inner.get("graph"), dict):
            files[GRAPH] = inner.pop("graph")
        variables = {key: inner.pop(key) for key in _VARIABLES if key in inner}
        if variables:
            files[VARIABLES] = variables
    if layout:
        files[LAYOUT] = layout
    needed = [part for part in (GRAPH, VARIABLES) if part in files]
    files[DOCUMENT] = {_SPLIT: _FORM, "document": made, _NEEDS: needed}
    written = {name: faithful(value, name=name).encode() for name, value in files.items()}
    return {**written, **{name: f"{text}\n".encode() for name, text in plan.files.items()}}


def join(read: Reader, *, name: str) -> str:
    """The text of the document that a folder holds, as Dify exports it.

    Args:
        read: gives the folder's files.
        name: of the folder, for messages.

    Raises:
        ReadError: a file is missing or broken, or names one outside the folder.
    """
    return canonical(held(read, name=name).data)


@dataclass(frozen=True, slots=True)
class Held:
    """What a folder holds: the document as plain data, and which of its texts stands in which file."""

    data: object
    named: Mapping[Path, str]


def held(read: Reader, *, name: str) -> Held:
    """As `join`, not yet written as text."""
    folder = _Folder(read, name)
    outer = folder.mapping(DOCUMENT, needed=True)
    if outer.get(_SPLIT) != _FORM or not isinstance(outer.get("document"), dict):
        raise ReadError(
            f"not the {DOCUMENT} of a folder made by `difyflow split`, or one of a later version",
            path=f"{name}/{DOCUMENT}",
            code="split-form",
            hint=f"it begins with {_SPLIT}: {_FORM}",
        )
    data: Data = outer["document"]
    needs = outer.get(_NEEDS)
    graph, variables = (
        folder.mapping(part, needed=isinstance(needs, list) and part in needs) for part in (GRAPH, VARIABLES)
    )
    layout = folder.mapping(LAYOUT)
    if graph is not None or variables is not None:
        workflow = data.setdefault("workflow", {})
        if not isinstance(workflow, dict):
            raise ReadError("`workflow` is no mapping", path=f"{name}/{DOCUMENT}", code="split-form")
        workflow.update(variables or {})
        if graph is not None:
            workflow["graph"] = graph
    made = folder.whole(data, ())
    if layout is not None and graph is not None and isinstance(made, dict):
        _put_layout(made["workflow"]["graph"], layout)
    return Held(made, folder.named)


def files_of(read: Reader, *, name: str) -> tuple[str, ...]:
    """The files that belong to a folder made by `split`, by their paths in it.

    Raises:
        ReadError: it is none.
    """
    folder = _Folder(read, name)
    parts = [part for part in PARTS if read(part) is not None]
    inside = {item for part in parts for item in _named(folder.mapping(part)) if _is_inside(item)}
    return (*parts, *sorted(item for item in inside if read(item) is not None))


@dataclass(slots=True)
class _Plan:
    """Which texts get which file, and the files that were written."""

    names: Mapping[Path, str]
    files: dict[str, str] = field(default_factory=dict)

    def without(self, value: object, path: Path) -> Any:  # noqa: ANN401  plain data of a YAML file
        """A copy with the texts replaced by the names of their files."""
        if isinstance(value, dict):
            return {_escaped(key): self.without(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.without(item, (*path, index)) for index, item in enumerate(value)]
        name = self.names.get(path)
        if name is None or not isinstance(value, str):
            return value
        self.files[name] = value
        return {_FILE: name}


def _escaped(key: object) -> object:
    return f"${key}" if isinstance(key, str) and _OURS.fullmatch(key) else key


def _chosen(app: App, data: Data, named: Mapping[Path, str]) -> dict[Path, str]:
    """By the path of each text that gets a file, that file."""
    wanted: dict[Path, tuple[str, str]] = {}
    titles = _files.stems((node.data.title or node.data.type or "note", node.id) for node in app.nodes)
    for index, (node, title) in enumerate(zip(app.nodes, titles, strict=True)):
        here: Path = ("workflow", "graph", "nodes", index, "data")
        for item in texts(node.data):
            if _gets_file(item):
                wanted[(*here, *item.path)] = _place(item, title, node.data)
    for path, _ in _long_texts(data, ()):
        if path not in wanted:
            wanted[path] = ("texts/" + _files.stem("_".join(_words(path, titles)), "text"), ".txt")
    kept = _kept(data, named)
    new = {path: place for path, place in wanted.items() if path not in kept}
    taken = [str(PurePosixPath(name).with_suffix("")) for name in dict.fromkeys(kept.values())]
    stems = _files.unique([*taken, *(stem for stem, _ in new.values())])[len(taken) :]
    made = {path: stem + suffix for (path, (_, suffix)), stem in zip(new.items(), stems, strict=True)}
    return {**made, **kept}


def _kept(data: object, named: Mapping[Path, str]) -> dict[Path, str]:
    """The texts that keep their files; of two that shared one and differ now, the first."""
    texts: dict[str, str] = {}
    kept = {}
    for path, name in named.items():
        text = _text_at(data, path)
        if text is not None and texts.setdefault(name, text) == text:
            kept[path] = name
    return kept


def _text_at(value: object, path: Path) -> str | None:
    """The text at a path; None if there is none, or none that a file can hold."""
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value if isinstance(value, str) and not _KEPT_INLINE.search(value) else None


def _words(path: Path, titles: list[str]) -> list[str]:
    """What names a text: the keys that lead to it, after the title of its node if it is in one."""
    keys = [part for part in path if isinstance(part, str)]
    number = path[3] if len(path) > 3 and path[:3] == ("workflow", "graph", "nodes") else None
    if isinstance(number, int) and number < len(titles):
        return [titles[number], *keys[4:]]
    return keys


def _gets_file(item: Text) -> bool:
    if not item.text.strip() or _KEPT_INLINE.search(item.text):
        return False
    if item.kind != "template" or item.role is not None:
        return True
    return "\n" in item.text or len(item.text) > _LONG


def _place(item: Text, title: str, data: NodeData) -> tuple[str, str]:
    """Folder with stem, and suffix, of the file of a text."""
    if item.kind == "code":
        return f"code/{title}", f".{data.source_suffix()}"
    if item.role is not None:
        role = _files.stem(item.role, "prompt")
        return f"prompts/{title}.{role}", ".j2" if item.kind == "jinja" else ".md"
    field_name = next((part for part in reversed(item.path) if isinstance(part, str)), "text")
    if item.kind == "jinja":
        return f"templates/{title}", ".j2"
    return f"prompts/{title}.{_files.stem(field_name, 'text')}", ".md"


def _long_texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """Texts of several lines, wherever they are; notes and their editor's JSON are of one."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _long_texts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _long_texts(item, (*path, index))
    elif isinstance(value, str) and "\n" in value.strip() and not _KEPT_INLINE.search(value):
        yield path, value


def _take_layout(graph: Data) -> Data:
    """Moves the layout of a graph out of it. Nodes and edges without an id of their own keep theirs."""
    layout: Data = {}
    for kind, keys in (("nodes", NODE_LAYOUT), ("edges", EDGE_LAYOUT)):
        items = graph.get(kind)
        if not isinstance(items, list) or not _told_apart(items):
            continue
        found = {item["id"]: taken for item in items if (taken := _taken(item, keys))}
        if found:
            layout[kind] = found
    if "viewport" in graph:
        layout["viewport"] = graph.pop("viewport")
    return layout


def _told_apart(items: list[Any]) -> bool:
    ids = [item.get("id") if isinstance(item, dict) else None for item in items]
    return all(isinstance(item, str) for item in ids) and len(set(ids)) == len(ids)


def _taken(item: Data, keys: tuple[str, ...]) -> Data:
    taken = {key: item.pop(key) for key in keys if key in item}
    data = item.get("data")
    if keys is NODE_LAYOUT and isinstance(data, dict):
        inner = {key: data.pop(key) for key in DATA_LAYOUT if key in data}
        if inner:
            taken["data"] = inner
    return taken


def _put_layout(graph: Data, layout: Data) -> None:
    for kind in ("nodes", "edges"):
        places, items = layout.get(kind), graph.get(kind)
        if not isinstance(places, dict) or not isinstance(items, list):
            continue
        for item in items:
            place = places.get(item.get("id")) if isinstance(item, dict) else None
            if not isinstance(place, dict):
                continue
            inner, data = place.get("data"), item.get("data")
            item.update({key: value for key, value in place.items() if key != "data"})
            if isinstance(inner, dict) and isinstance(data, dict):
                data.update(inner)
    if "viewport" in layout:
        graph["viewport"] = layout["viewport"]


@dataclass(frozen=True, slots=True)
class _Folder:
    """Reads the files of a folder."""

    read: Reader
    name: str
    named: dict[Path, str] = field(default_factory=dict)
    """Texts that were met in files, by their paths in the document."""

    def mapping(self, part: str, *, needed: bool = False) -> Any:  # noqa: ANN401  plain data of a YAML file
        """The mapping in a YAML file; None if there is none and none is needed."""
        source = self.read(part)
        path = f"{self.name}/{part}"
        if source is None:
            if needed:
                raise ReadError(
                    "there is no such file", path=path, code="not-found",
                    hint=None if part == DOCUMENT else f"`{_NEEDS}` in {DOCUMENT} says that it belongs here",
                )  # fmt: skip
            return None
        found = _yaml.load(source, name=path)
        if not isinstance(found, dict):
            raise ReadError("a mapping is needed here", path=path, code="split-form")
        return found

    def whole(self, value: object, path: Path) -> Any:  # noqa: ANN401  plain data of a YAML file
        """The data with every text where it was."""
        if isinstance(value, list):
            return [self.whole(item, (*path, place)) for place, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if _FILE in value:
            made = self.text(value)
            self.named[path] = value[_FILE]
            return made
        return {(name := _unescaped(key)): self.whole(item, (*path, name)) for key, item in value.items()}

    def text(self, value: Data) -> str:
        """The text that stands in a file."""
        name = value[_FILE]
        if len(value) > 1 or not isinstance(name, str) or not _is_inside(name):
            raise ReadError(
                f"{{{_FILE}: {name}}} names no file of this folder",
                path=self.name,
                code="split-file",
                hint=f"it must be one in {', '.join(FOLDERS)}, such as prompts/ask.system.md",
            )
        source = self.read(name)
        if source is None:
            raise ReadError(
                "there is no such file, and the graph names it", path=f"{self.name}/{name}", code="not-found"
            )
        try:
            return source.decode().removesuffix("\n")
        except UnicodeDecodeError as err:
            raise ReadError(
                "this is no UTF-8 text", path=f"{self.name}/{name}", code="wrong-encoding"
            ) from err


def _unescaped(key: Any) -> Any:  # noqa: ANN401  a key of a YAML mapping
    return key[1:] if isinstance(key, str) and key.startswith("$$") and _OURS.fullmatch(key) else key


def _is_inside(name: str) -> bool:
    """Whether this is the path of a file in one of our folders and leads nowhere else."""
    parts = PurePosixPath(name).parts
    fine = len(parts) == 2 and parts[0] in FOLDERS and parts[1] not in ("..", ".")
    return fine and "/".join(parts) == name and not re.search(r"[\\:\x00]", name)


def _named(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _named(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == _FILE and isinstance(item, str):
                yield item
            else:
                yield from _named(item)
