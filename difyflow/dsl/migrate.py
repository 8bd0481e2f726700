"""Bringing a document into the form of another Dify release, where a faithful conversion exists.

Each node type says what changes in it (`steps_to`); here is what concerns the document, and the decision:
whatever the target does not know after all conversions is an obstacle, and nothing is dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from difyflow.dsl import _containers
from difyflow.dsl.app import App, Dependency
from difyflow.dsl.imports import answer
from difyflow.dsl.releases import NO_VERSION, Target, needs
from difyflow.nodes._base import made_id
from difyflow.nodes._moves import GONE, PLUGINS, Advice, Move, Obstacle, Path, Step, provider_steps
from difyflow.nodes._record import READING, is_plugin_name, numbers

NODES: Path = ("workflow", "graph", "nodes")
_FILE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_OLDEST = (0, 14, 2)
"""The first release whose importer we know; see `RELEASES`."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value that became another; `GONE` where there was or is none."""

    path: Path
    before: object
    after: object
    why: str


@dataclass(frozen=True, slots=True)
class Migration:
    """What `migrate` found.

    Attributes:
        app: the document in its new form; as far as it got if there are obstacles.
        changes: everything that differs, in the order of the document.
        obstacles: why it cannot be moved; empty if it can.
        advice: what is left to do on the server.
    """

    app: App
    changes: tuple[Change, ...]
    obstacles: tuple[Obstacle, ...]
    advice: tuple[Advice, ...]


def migrate(app: App, target: Target) -> Migration:
    """Brings a document into the form that the target's releases write and run.

    Args:
        app: the document; it is not changed.
        target: where to; `target_named("0.6.0")`, `target_named("dify-1.12")`.
    """
    ledger = _Ledger(app.data())
    if target.lowest < _OLDEST:
        ledger.take(Obstacle((), f"{target.name} is older than Dify 0.14.2, which is as far as this goes"))
    elif broken := tuple(_broken(app)):
        for fault in broken:
            ledger.take(fault)
    elif app.app is None:
        ledger.take(Obstacle((), "only apps are moved, not knowledge pipelines and snippets"))
    else:
        for step in (*_node_steps(app, target), *_document_steps(app, target)):
            ledger.take(step)
        for step in _containers.steps(ledger.data):
            ledger.take(step)
        for step in _edge_steps(app, ledger.data):
            ledger.take(step)
    made = App.model_validate(ledger.data, context=READING)
    if not ledger.obstacles:
        for step in _left_over(made, target):
            ledger.take(step)
    changes = sorted(ledger.changes, key=lambda change: [str(part).rjust(9, "0") for part in change.path])
    return Migration(made, tuple(changes), tuple(ledger.obstacles), tuple(ledger.advice))


def _broken(app: App) -> Iterator[Obstacle]:
    """Where the document is not built as a document: there is nothing in there that could be converted."""
    for problem in app.problems():
        match problem.path:
            case (
                ("app" | "workflow" | "model_config",)
                | ("workflow", "graph")
                | ("workflow", "graph", "nodes" | "edges")
                | ("workflow", "graph", "nodes" | "edges", int())
                | ("workflow", "graph", "nodes", int(), "data")
            ):
                yield Obstacle(problem.path, f"it does not have the form of a Dify file: {problem.message}")
            case _:
                continue


@dataclass(slots=True)
class _Ledger:
    """The data while it changes, and what became of it."""

    data: dict[str, Any]
    changes: list[Change] = field(default_factory=list)
    obstacles: list[Obstacle] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)

    def take(self, step: Step) -> None:
        match step:
            case Obstacle():
                self.obstacles.append(step)
            case Advice():
                self.advice.append(step)
            case Move():
                self._move(step)

    def _move(self, step: Move) -> None:
        inside: Any = self.data
        for part in step.path[:-1]:
            inside = inside[part]
        last = step.path[-1]
        value = plain(step.value)
        if isinstance(inside, list) and last == len(inside):
            before: object = GONE
            inside.append(value)
        elif value is GONE:
            before = inside.pop(last)
        else:
            before = GONE if isinstance(inside, dict) and last not in inside else inside[last]
            inside[last] = value
        self.changes.append(Change(step.path, before, value, step.why))


def plain(value: object) -> object:
    """Lists in place of tuples, at any depth."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def _node_steps(app: App, target: Target) -> Iterator[Step]:
    for index, node in enumerate(app.nodes):
        yield from node.data.steps_to(target.lowest, (*NODES, index, "data"))
    yield from provider_steps(_easy_provider(app), target.lowest, ("model_config", "model", "provider"))


def _easy_provider(app: App) -> str:
    """The model provider of an app without a graph."""
    model = (app.app_model_config or {}).get("model")
    provider = model.get("provider") if isinstance(model, dict) else None
    return provider if isinstance(provider, str) else ""


def _edge_steps(app: App, data: dict[str, Any]) -> Iterator[Step]:
    """The types of nodes as edges repeat them."""
    types = {
        node.id: (node.data.type, data["workflow"]["graph"]["nodes"][index].get("data", {}).get("type", ""))
        for index, node in enumerate(app.nodes)
    }
    for index, edge in enumerate(app.graph.edges):
        for end, key in ((edge.source, "sourceType"), (edge.target, "targetType")):
            old, new = types.get(end, ("", ""))
            if old != new and edge.data is not None and getattr(edge.data, key) == old:
                yield Move(("workflow", "graph", "edges", index, "data", key), new, "the node's type changed")


def _document_steps(app: App, target: Target) -> Iterator[Step]:
    dsl = target.releases.dsl
    if app.version != dsl:
        yield Move(("version",), dsl, f"what Dify {target.releases} writes")
    yield from _icon_steps(app, target)
    yield from _dependency_steps(app, target)
    if app.workflow is not None:
        yield from _variable_steps(app, target)
        pipeline = app.workflow.rag_pipeline_variables
        place = ("workflow", "rag_pipeline_variables")
        if pipeline is None and numbers(dsl) >= (0, 5, 0):
            yield Move(place, [], "exports have it since Dify 1.9")
        elif pipeline == () and numbers(dsl) < (0, 4, 0):
            yield Move(place, GONE, "exports have it since Dify 1.9")


def _icon_steps(app: App, target: Target) -> Iterator[Step]:
    info = app.app
    assert info is not None
    if numbers(target.releases.dsl) >= (0, 6, 0):
        if info.icon_type is None:
            kind = "link" if info.icon.startswith(("http://", "https://")) else "emoji"
            kind = "image" if _FILE_ID.fullmatch(info.icon) else kind
            yield Move(("app", "icon_type"), kind, "exports have it since Dify 1.13.1")
    elif info.icon_type == "emoji":
        yield Move(("app", "icon_type"), GONE, "exports have it since Dify 1.13.1; emoji is the default")


def _dependency_steps(app: App, target: Target) -> Iterator[Step]:
    place = ("dependencies",)
    if target.lowest < PLUGINS:
        if app.dependencies is not None:
            yield Move(place, GONE, "there are no plugins before Dify 1.0")
        return
    if app.dependencies is None and numbers(target.releases.dsl) >= (0, 2, 0):
        yield Move(place, [], "exports have it since Dify 1.3")


def _variable_steps(app: App, target: Target) -> Iterator[Step]:
    assert app.workflow is not None
    for key, variables in (
        ("environment_variables", app.workflow.environment_variables),
        ("conversation_variables", app.workflow.conversation_variables),
    ):
        for index, item in enumerate(variables):
            path = ("workflow", key, index)
            if item.value_type in ("integer", "float") and target.lowest < (1, 7, 0):
                why = "Dify tells integers from other numbers since 1.7 only"
                yield Move((*path, "value_type"), "number", why)
            if not item.id and target.lowest < PLUGINS:
                yield Move((*path, "id"), made_id(key, item.name), "Dify 0.15 refuses a variable without id")


def _left_over(app: App, target: Target) -> Iterator[Step]:
    """What the target does not know even now, and what has to be done there."""
    for item in needs(app):
        since = numbers(item.since)
        if since > target.highest:
            what = "this" if item.what == item.path[-1] else item.what
            yield Obstacle(item.path, f"{what} is known since Dify {item.since} only")
        elif since > target.lowest:
            yield Advice(item.path, f"{item.what}: the server must be a Dify {item.since} or newer")
    found = answer(app.data(), target.releases)
    if "failed" in (found.status, found.confirmed):
        yield Obstacle((), f"Dify would refuse the import: {found.error}")
    if target.lowest >= PLUGINS:
        declared = {name for item in app.dependencies or () if (name := plugin_of(item))}
        for name, path in _plugins(app).items():
            if name not in declared:
                yield Advice(path, f"install the plugin {name}; the file does not say which version")


def _plugins(app: App) -> dict[str, Path]:
    """The plugins that are named in the document (`author/plugin`), with the first place of each."""
    data = app.data()
    found: dict[str, Path] = {}
    for item in app.newcomers():
        value: Any = data
        for part in item.path:
            value = value[part]
        if is_plugin_name(value):
            found.setdefault(value.rpartition("/")[0], item.path)
    provider = _easy_provider(app)
    if is_plugin_name(provider):
        found.setdefault(provider.rpartition("/")[0], ("model_config", "model", "provider"))
    return found


def plugin_of(dependency: Dependency) -> str:
    """`author/plugin` of a declared dependency; empty if it does not say."""
    for key, value in dependency.value.items():
        if key.endswith("plugin_unique_identifier") and isinstance(value, str):
            return value.partition(":")[0]
    return ""


def describe(app: App, target: Target) -> str:
    """From which version to which, in a line."""
    return f"DSL {app.version or NO_VERSION} to {target.releases.dsl} (Dify {target.releases})"
