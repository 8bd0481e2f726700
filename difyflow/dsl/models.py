"""The language models that a document asks, and asking others in their place.

Models for embedding and reranking are left alone: another provider has others under other names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from difyflow.dsl.app import App
from difyflow.dsl.edit import DELETE, Insert, Path, edit
from difyflow.dsl.migrate import NODES, plain, plugin_of
from difyflow.dsl.reader import Document
from difyflow.errors import CannotEdit, UsageError
from difyflow.nodes._model import NamesModel
from difyflow.nodes._moves import PLUGINS, Move, provider_steps
from difyflow.nodes._record import READING, Record

_BEFORE_PLUGINS = (0, 15, 0)


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A place that names a language model.

    Attributes:
        provider: `langgenius/openai/openai` since Dify 1.0, `openai` before.
        name: the model.
        path: of the mapping that holds both, from the root of the document.
        keys: of the provider and of the model in that mapping.
        node: id of the node; empty outside of the graph.
        title: of the node.
    """

    provider: str
    name: str
    path: Path
    keys: tuple[str, str]
    node: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Swap:
    """A use before and after; `after` differs in provider or name or both."""

    before: ModelUse
    after: ModelUse


@dataclass(frozen=True, slots=True)
class ModelChange:
    """What `set_model` would change.

    Attributes:
        swaps: the models, in the order of the document.
        same: uses that were meant and name that model already.
        edits: the same as changes for `difyflow.dsl.edit.edit`, the plugins among them.
        dropped: plugins that nothing needs any more, as `author/plugin`.
        declared: the identifier of the plugin that is declared now; empty if none is new.
        advice: what is left to do, a line each.
    """

    swaps: tuple[Swap, ...]
    same: tuple[ModelUse, ...]
    edits: Mapping[Path, object]
    dropped: tuple[str, ...] = ()
    declared: str = ""
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which models are meant, and what they shall be; empty means any, or that it stays.

    Attributes:
        name: model that is named now.
        provider: provider that is named now; `openai` and `langgenius/openai/openai` are the same.
        nodes: ids or titles of nodes.
        new_name: model to be named.
        new_provider: provider to be named; it is spelled as the one that it replaces.
        plugin: identifier of the new provider's plugin, `author/plugin:1.2.3@<sha256>`, to be declared.
    """

    name: str = ""
    provider: str = ""
    nodes: Sequence[str] = ()
    new_name: str = ""
    new_provider: str = ""
    plugin: str = ""


def model_uses(app: App) -> tuple[ModelUse, ...]:
    """Every place that names a language model, in the order of the document."""
    found = list(_outside_graph(app))
    for index, node in enumerate(app.nodes):
        for use in _in_value(node.data, (*NODES, index, "data")):
            found.append(replace(use, node=node.id or "", title=node.data.title))
    return tuple(found)


def set_model(app: App, wanted: Wanted) -> ModelChange:
    """What changes if other models are asked.

    Raises:
        UsageError: nothing is to change, nothing says which models are meant, or none is; or the plugin is
            not that of the new provider.
    """
    _check(wanted)
    uses = model_uses(app)
    meant = _meant(uses, wanted)
    swaps = tuple(swap for use in meant if (swap := _swap(use, wanted)).before != swap.after)
    edits: dict[Path, object] = {}
    for swap in swaps:
        for key, old, new in zip(
            swap.before.keys,
            (swap.before.provider, swap.before.name),
            (swap.after.provider, swap.after.name),
            strict=True,
        ):
            if old != new:
                edits[*swap.before.path, key] = new
    changed = {swap.before for swap in swaps}
    made = ModelChange(swaps, tuple(use for use in meant if use not in changed), edits)
    return _with_plugins(app, made, wanted) if wanted.new_provider and swaps else made


def with_model(document: Document, change: ModelChange, *, reformat: bool = False) -> str:
    """The text of a document with the change made; every other byte stays, comments too.

    Args:
        document: the file as it was read.
        change: from `set_model`.
        reformat: write the file anew as Dify exports it, where its text does not take the change.

    Raises:
        CannotEdit: the text does not take the change, and `reformat` is not set.
    """
    try:
        return edit(document, change.edits)
    except CannotEdit:
        if not reformat:
            raise
    return with_model_anew(document.app, change).render()


def with_model_anew(app: App, change: ModelChange) -> App:
    """The document with the change made."""
    data = app.data()
    for path, value in sorted(change.edits.items(), key=lambda item: _last_first(item[0]), reverse=True):
        inside: object = data
        for part in path[:-1]:
            inside = inside[part]  # type: ignore[index]  # the path leads through mappings and lists
        _put(inside, path[-1], value)
    return App.model_validate(data, context=READING)


def _last_first(path: Path) -> tuple[str, ...]:
    return tuple(str(part).rjust(9, "0") for part in path)


def _put(inside: object, last: str | int, value: object) -> None:
    if isinstance(inside, list) and isinstance(last, int):
        if isinstance(value, Insert):
            inside[last:last] = value.items
        elif value is DELETE:
            del inside[last]
        else:
            inside[last] = value
    elif isinstance(inside, dict):
        inside[last] = value


def _outside_graph(app: App) -> Iterator[ModelUse]:
    """In apps without a graph, and in the packages of agents (DSL 0.7.0, from documentation)."""
    yield from _in_plain((app.app_model_config or {}).get("model"), ("model_config", "model"))
    for name, package in (app.agent_packages or {}).items():
        soul = package.get("soul") if isinstance(package, dict) else None
        model = soul.get("model") if isinstance(soul, dict) else None
        if isinstance(model, dict):
            keys = ("model_provider", "model")
            yield from _use(model, ("agent_packages", name, "soul", "model"), keys)


def _in_value(value: object, path: Path) -> Iterator[ModelUse]:
    match value:
        case NamesModel():
            yield from _use(value.dump(), path, value.MODEL_KEYS)
        case Record():
            for name, info in type(value).model_fields.items():
                if name in value.model_fields_set:
                    yield from _in_value(getattr(value, name), (*path, info.alias or name))
            yield from _in_value(dict(value.model_extra or {}), path)
        case dict():
            yield from _in_plain(value, path)
            for key, item in value.items():
                yield from _in_value(item, (*path, key))
        case list() | tuple():
            for index, item in enumerate(value):
                yield from _in_value(item, (*path, index))
        case _:
            pass


def _in_plain(value: object, path: Path) -> Iterator[ModelUse]:
    """A model in data that no type of ours describes."""
    if isinstance(value, dict):
        if value.get("type") == "model-selector":
            yield from _use(value, path, ("provider", "model"))
        elif "completion_params" in value or value.get("mode") in ("chat", "completion"):
            yield from _use(value, path, ("provider", "name"))


def _use(data: Mapping[str, object], path: Path, keys: tuple[str, str]) -> Iterator[ModelUse]:
    provider, name = data.get(keys[0]), data.get(keys[1])
    if isinstance(provider, str) and isinstance(name, str) and name:
        yield ModelUse(provider, name, path, keys)


def _check(wanted: Wanted) -> None:
    if not wanted.new_name and not wanted.new_provider:
        raise UsageError("nothing says which model to ask", hint="--to MODEL or --to-provider PROVIDER")
    for said in (wanted.new_name, wanted.new_provider):
        if said and (said != said.strip() or not said.isprintable()):
            raise UsageError(f"{said!r} is no name: there is a space around it or a control character in it")
    if not wanted.name and not wanted.provider and not wanted.nodes:
        raise UsageError(
            "nothing says which models are meant",
            hint="--from MODEL, --from-provider PROVIDER, or --nodes IDS",
        )
    if wanted.plugin and not wanted.new_provider:
        raise UsageError("a plugin is declared for a new provider", hint="name it with --to-provider")


def _meant(uses: tuple[ModelUse, ...], wanted: Wanted) -> list[ModelUse]:
    known = {name for use in uses for name in (use.node, use.title) if name}
    unknown = [name for name in wanted.nodes if name not in known]
    if unknown:
        raise UsageError(
            f"no node {', '.join(map(repr, unknown))} asks a model", code="no-node", hint=_all_of(uses)
        )
    found = [
        use
        for use in uses
        if (not wanted.name or use.name == wanted.name)
        and (not wanted.provider or plain_provider(use.provider) == plain_provider(wanted.provider))
        and (not wanted.nodes or use.node in wanted.nodes or use.title in wanted.nodes)
    ]
    if not found:
        given = " ".join(
            part
            for part in (
                repr(wanted.name) if wanted.name else "",
                f"of provider {wanted.provider!r}" if wanted.provider else "",
                f"in {', '.join(wanted.nodes)}" if wanted.nodes else "",
            )
            if part
        )
        raise UsageError(f"no model {given} is asked here", code="no-model", hint=_all_of(uses))
    return found


def _all_of(uses: Iterable[ModelUse]) -> str:
    lines = [f"{use.name} of {use.provider} ({use.title or use.node or 'the app'})" for use in uses]
    return "the file asks: " + ", ".join(lines) if lines else "the file asks no model"


def _swap(use: ModelUse, wanted: Wanted) -> Swap:
    provider = _spelled_as(use.provider, wanted.new_provider) if wanted.new_provider else use.provider
    return Swap(use, replace(use, provider=provider, name=wanted.new_name or use.name))


def plain_provider(name: str) -> str:
    """A provider's name as before plugins, where it had one: `langgenius/openai/openai` is `openai`."""
    return _moved(name, _BEFORE_PLUGINS)


def _spelled_as(old: str, new: str) -> str:
    """The new provider with or without its plugin, as the old one is."""
    if plain_provider(old) == plain_provider(new):
        return old
    return plain_provider(new) if old and "/" not in old else _moved(new, PLUGINS)


def _moved(name: str, release: tuple[int, ...]) -> str:
    steps = [step for step in provider_steps(name, release, ()) if isinstance(step, Move)]
    return str(steps[0].value) if steps else name


def _plugin(provider: str) -> str:
    """`author/plugin` of a provider."""
    return _moved(provider, PLUGINS).rpartition("/")[0]


@dataclass(slots=True)
class _Plugins:
    """What becomes of the list of plugins."""

    edits: dict[Path, object] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)


def _with_plugins(app: App, change: ModelChange, wanted: Wanted) -> ModelChange:
    """The plugin of a provider that nothing names any more goes; the new one's comes, if it is given."""
    new = _plugin(wanted.new_provider)
    if wanted.plugin and wanted.plugin.partition(":")[0] != new:
        raise UsageError(
            f"{wanted.plugin} is not the plugin of {wanted.new_provider!r}, which is {new}",
            code="wrong-plugin",
        )
    listed = [plugin_of(item) for item in app.dependencies or ()]
    still = set(_words(with_model_anew(app, change).data()))
    gone = {_plugin(swap.before.provider) for swap in change.swaps} - {new}
    idle = [
        index
        for index, name in enumerate(listed)
        if name in gone and not any(word == name or word.startswith(f"{name}/") for word in still)
    ]
    plugins = _Plugins(dropped=[listed[index] for index in idle])
    needs_it = wanted.plugin and new not in listed
    for index in idle:
        plugins.edits["dependencies", index] = DELETE
    if needs_it:
        _declare(app, idle, wanted.plugin, plugins)
    elif new not in listed and any("/" in swap.after.provider for swap in change.swaps):
        plugins.advice.append(
            f"install the plugin {new} on the server; to have the file ask for it, "
            f"declare it with --plugin {new}:VERSION@SHA256"
        )
    return replace(
        change,
        edits={**change.edits, **plugins.edits},
        dropped=tuple(plugins.dropped),
        declared=wanted.plugin if needs_it else "",
        advice=tuple(plugins.advice),
    )


def _declare(app: App, idle: list[int], identifier: str, plugins: _Plugins) -> None:
    """In place of the first one that goes, else at the end; in the form of the entries that are there."""
    there = app.dependencies
    pattern = there[0].dump() if there else {"value": {}}
    value: dict[str, object] = {"marketplace_plugin_unique_identifier": identifier}
    inner = pattern.get("value")
    if isinstance(inner, dict) and "version" in inner:
        value["version"] = None  # as Dify 1.9 and later write it
    entry = plain({"current_identifier": None, "type": "marketplace", "value": value})
    if there is None:
        plugins.edits["dependencies",] = [entry]
    else:
        plugins.edits["dependencies", idle[0] if idle else len(there)] = entry


def _words(value: object, key: str = "") -> Iterator[str]:
    """The texts that may name a plugin, spelled with it; the list of plugins itself is not looked at."""
    if isinstance(value, str):
        yield _moved(value, PLUGINS) if "provider" in key else value
    elif isinstance(value, dict):
        for name, item in value.items():
            if name != "dependencies":
                yield from _words(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _words(item, key)
