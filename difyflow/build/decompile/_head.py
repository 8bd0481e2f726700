"""The beginning of a flow: the app, its variables and plugins."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Literal

from difyflow.build import _python as py
from difyflow.build._value_types import type_of_value
from difyflow.build.canvas import Canvas, Patch
from difyflow.build.decompile._known import Known
from difyflow.build.decompile._names import Imports
from difyflow.build.decompile._values import Context, Values
from difyflow.build.flow import PLUGIN_KEYS, Flow
from difyflow.dsl.app import App, AppInfo, Dependency, Variable
from difyflow.dsl.features import Features, default_features
from difyflow.errors import BuildError
from difyflow.nodes._model import Model
from difyflow.terms.selector import Selector

_FEATURES = Context("difyflow.dsl.features", "")


def begin(app: App, info: AppInfo, values: Values) -> tuple[Flow, str]:
    """An empty flow for this document, and the statement that makes it."""
    version = app.version or "0.1.0"
    mode: Literal["workflow", "advanced-chat"] = "workflow"
    kwargs: dict[str, py.Expression] = {}
    if info.mode == "advanced-chat":
        mode = "advanced-chat"
        kwargs["mode"] = py.literal(mode)
    kwargs["version"] = py.literal(version)
    background = info.icon_background or "#FFEAD5"
    if info.description:
        kwargs["description"] = values.text(info.description, "description")
    if info.icon != "🤖":
        kwargs["icon"] = values.text(info.icon, "icon")
    if background != "#FFEAD5":
        kwargs["icon_background"] = values.text(background, "icon_background")
    if info.use_icon_as_answer_icon:
        kwargs["use_icon_as_answer_icon"] = py.literal(True)
    features = _features(app.workflow.features, values, version) if app.workflow else None
    if features is not None:
        kwargs["features"] = features[1]
    kwargs["canvas"] = py.Call("here", (py.literal("canvas.json"),))
    flow = Flow(
        info.name,
        mode=mode,
        version=version,
        description=info.description,
        icon=info.icon,
        icon_background=background,
        use_icon_as_answer_icon=info.use_icon_as_answer_icon,
        features=features[0] if features else None,
        canvas=Canvas(nodes={node.id: Patch() for node in app.nodes}).to_text(),
    )
    return flow, py.statement("flow = ", py.Call("Flow", (values.text(info.name, "name"),), kwargs))


def _features(given: Features, values: Values, version: str) -> tuple[Features, py.Expression] | None:
    """None where they are as in a new app."""
    if values.same(given, default_features(version), _FEATURES):
        return None
    made, shown = values.record(given, _FEATURES)
    assert isinstance(made, Features)
    return made, shown


@dataclass(frozen=True, slots=True)
class Said:
    """A variable at the head of a flow, and how it is made.

    Attributes:
        name: in Python.
        expression: what gives it.
        always: it stands there even if nothing names it.
    """

    name: str
    expression: py.Expression
    always: bool = False

    def lines(self, used: Set[str]) -> list[str]:
        """Its statement, by the names that the rest of the flow uses."""
        if self.name in used:
            return [py.statement(f"{self.name} = ", self.expression)]
        return [py.statement("", self.expression)] if self.always else []


def variables(app: App, flow: Flow, known: Known, values: Values, taken: set[str]) -> Iterator[Said]:
    """Environment and conversation variables, and those of the system that the nodes name."""
    assert app.workflow is not None
    for item in app.workflow.environment_variables:
        yield from _variable(item, "env", flow, known, values, taken)
    for item in app.workflow.conversation_variables:
        yield from _variable(item, "conversation", flow, known, values, taken)
    for selector in dict.fromkeys(_system_variables(app)):
        name = py.identifier(
            selector.variable, otherwise="system_variable", taken=taken, apart="sys_{}".format
        )
        known.names[".".join(selector)] = name
        yield Said(name, py.Call("flow.sys", (py.literal(selector.variable),)))


def _system_variables(app: App) -> Iterator[Selector]:
    for node in app.nodes:
        for reference in node.data.references():
            if reference.selector.node_id == "sys" and len(reference.selector) == 2:
                yield reference.selector


def _variable(
    item: Variable, root: str, flow: Flow, known: Known, values: Values, taken: set[str]
) -> Iterator[Said]:
    more: dict[str, py.Expression] = {}
    method = flow.env if root == "env" else flow.conversation
    try:
        method(item.name, item.value, value_type=item.value_type, description=item.description or "")
    except BuildError:
        return  # a second one of this name: the canvas has them all
    if item.value_type != type_of_value(item.value):
        more["value_type"] = values.text(item.value_type, "value_type")
    if item.description:
        more["description"] = values.text(item.description, f"{item.name}_description")
    name = py.identifier(item.name, otherwise=f"{root}_variable", taken=taken, apart=f"{root}_{{}}".format)
    known.names[f"{root}.{item.name}"] = name
    args = (values.text(item.name, "name"), values.plain(item.value, Context("", name))[1])
    yield Said(name, py.Call(f"flow.{root}", args, more), always=True)


def models(app: App, values: Values, taken: set[str]) -> Iterator[Said]:
    """A name for each model that several nodes ask with the same settings."""
    asked: dict[str, list[tuple[Model, py.Expression]]] = {}
    for node in app.nodes:
        model = getattr(node.data, "model", None)
        if isinstance(model, Model) and model.name:
            expression = values.inline(model, Context.of(node.data, "model"))
            if expression is not None:
                asked.setdefault(py.statement("", expression), []).append((model, expression))
    mine: set[str] = set()
    for key, found in asked.items():
        if len(found) > 1:
            model, expression = found[0]
            stem = model.name.rpartition("/")[2]
            name = py.identifier(
                stem,
                otherwise="chat_model",
                taken=taken,
                apart=lambda name: name if name in mine else f"{name}_model",
            )
            mine.add(name)
            values.shared[key] = name
            yield Said(name, expression)


def plugins(app: App, flow: Flow, imports: Imports, values: Values) -> Iterator[str]:
    """The plugins that the app needs."""
    for plugin in app.dependencies or ():
        key = PLUGIN_KEYS.get(plugin.type, "")
        identifier = plugin.value.get(key)
        alone = all(item is None for other, item in plugin.value.items() if other != key)
        if isinstance(identifier, str) and alone:
            made = Dependency(type=plugin.type, value={key: identifier})
            more = {} if plugin.type == "marketplace" else {"type": py.literal(plugin.type)}
            flow.needs(made)
            yield py.statement("", py.Call("flow.needs", (py.literal(identifier),), more))
            continue
        value, shown = values.plain(dict(plugin.value), Context("", "plugin"))
        assert isinstance(value, dict)
        flow.needs(Dependency(type=plugin.type, value=value))
        name = imports.use("difyflow.dsl", "Dependency")
        call = py.Call(name, (), {"type": py.literal(plugin.type), "value": shown})
        yield py.statement("", py.Call("flow.needs", (call,)))
