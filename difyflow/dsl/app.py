"""The DSL document (dsl.md 1): kinds `app`, `rag_pipeline` and `snippet`, all modes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from difyflow.dsl import _yaml
from difyflow.dsl.features import Features
from difyflow.dsl.graph import Graph, Node
from difyflow.nodes._record import Many, Record, Since
from difyflow.terms.form import FormField


class AppInfo(Record):
    """`app`."""

    name: str = ""
    mode: Annotated[str, Since(values={"agent": "1.16.0"})] = ""
    """workflow, advanced-chat (chatflow), chat, agent-chat, completion; agent since DSL 0.7.0."""
    description: str = ""
    icon: str = "🤖"
    icon_type: str | None = None
    """emoji, image or link; exported since Dify 1.13.1."""
    icon_background: str | None = "#FFEAD5"
    use_icon_as_answer_icon: Annotated[bool, Since("0.8.0")] = False


_VALUE_TYPES = {"integer": "1.7.0", "float": "1.7.0", "boolean": "1.8.0", "array[boolean]": "1.8.0"}


class Variable(Record):
    """An environment or conversation variable (dsl.md 3.2)."""

    name: str = ""
    value_type: Annotated[str, Since(values=_VALUE_TYPES)] = "string"
    value: Any = ""
    id: str | None = None
    description: str | None = ""
    selector: Many[str] | None = None


class Dependency(Record):
    """A plugin that the app needs; written since Dify 1.0."""

    current_identifier: str | None = None
    type: str = "marketplace"
    value: dict[str, Any] = Field(default_factory=dict)


class Workflow(Record):
    """The body of workflow and advanced-chat apps, and of the kinds rag_pipeline and snippet."""

    graph: Graph = Graph()
    features: Features = Features()
    environment_variables: Annotated[Many[Variable], Since("0.6.15")] = ()
    conversation_variables: Annotated[Many[Variable], Since("0.7.0")] = ()
    rag_pipeline_variables: Annotated[Many[Any] | None, Since("1.9.0")] = None
    """Written since Dify 1.9, as an empty list in apps."""


class App(Record):
    """A DSL document as a frozen value.

    `render()` gives the bytes that Dify's exporter would write; they come from the fields alone. Whatever was
    read stays: unknown node types, unknown keys, values that do not fit.
    """

    app: AppInfo | None = None
    kind: str | None = None
    version: str | None = None
    workflow: Workflow | None = None
    app_model_config: dict[str, Any] | None = Field(default=None, alias="model_config")
    """Body of the modes without a graph."""
    dependencies: Annotated[Many[Dependency] | None, Since("1.0.0")] = None
    rag_pipeline: Annotated[dict[str, Any] | None, Since("1.9.0")] = None
    snippet: Annotated[dict[str, Any] | None, Since("1.15.0")] = None
    agent: Annotated[dict[str, Any] | None, Since("1.16.0")] = None
    agent_packages: Annotated[dict[str, Any] | None, Since("1.16.0")] = None

    def render(self) -> str:
        """The document as Dify exports it: sorted keys, width 80, PyYAML's pure-Python quoting."""
        return _yaml.dump(self.dump())

    def data(self) -> dict[str, Any]:
        """The document as plain dicts and lists; a copy that may be changed."""
        plain = _plain(self.dump())
        assert isinstance(plain, dict)
        return plain

    @property
    def mode(self) -> str:
        """`app.mode`; empty for other kinds."""
        return self.app.mode if self.app else ""

    @property
    def name(self) -> str:
        """The app's name, or that of the pipeline or snippet."""
        if self.app:
            return self.app.name
        named = self.rag_pipeline or self.snippet or {}
        return str(named.get("name") or "")

    @property
    def graph(self) -> Graph:
        """The graph; empty for modes without one."""
        return self.workflow.graph if self.workflow else Graph()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes of the graph, notes too."""
        return self.graph.nodes

    def form(self) -> tuple[FormField, ...]:
        """The inputs of the start node; none if there is no start node."""
        return next((form for node in self.nodes if (form := node.data.form())), ())


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
