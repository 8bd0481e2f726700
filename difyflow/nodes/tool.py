"""tool: a tool of a plugin, an API, an MCP server or another workflow (Dify 0.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from difyflow.nodes._base import DefaultValue as DefaultValue
from difyflow.nodes._base import NodeData
from difyflow.nodes._base import RetryConfig as RetryConfig
from difyflow.nodes._failure import defaults as defaults
from difyflow.nodes._failure import retry as retry
from difyflow.nodes._look import BLUE, CanvasRow, Look, plain, row
from difyflow.nodes._moves import (
    GONE,
    PLUGINS,
    Advice,
    Move,
    Obstacle,
    Path,
    Release,
    Step,
    plugin_name_steps,
)
from difyflow.nodes._plugin import I18n as I18n
from difyflow.nodes._plugin import Input as Input
from difyflow.nodes._plugin import InputOrPlain, spelled_inputs
from difyflow.nodes._plugin import ParameterOption as ParameterOption
from difyflow.nodes._plugin import ParameterSchema as ParameterSchema
from difyflow.nodes._plugin import constant as constant
from difyflow.nodes._plugin import i18n as i18n
from difyflow.nodes._plugin import mixed as mixed
from difyflow.nodes._plugin import option as option
from difyflow.nodes._plugin import parameters as parameters
from difyflow.nodes._plugin import settings as settings
from difyflow.nodes._plugin import variable as variable
from difyflow.nodes._record import PLUGIN_NAME, Many, Record, Since, Spelled, Written
from difyflow.nodes._schema import schema_outputs
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class Icon(Record):
    """An emoji as icon."""

    background: str | None = None
    content: str | None = None


class Tool(NodeData):
    """Puts out what its `output_schema` says besides `text`, `files` and `json`."""

    CAN_FAIL: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(BLUE, "tool")

    type: str = "tool"
    title: str = "Tool"
    provider_id: Annotated[str, PLUGIN_NAME] = ""
    """`langgenius/tavily/tavily` since Dify 1.0, `tavily` before; a UUID for API and workflow tools."""
    provider_type: str = "builtin"
    """builtin (the editor writes it for plugins too), api, workflow, mcp, plugin, app, dataset-retrieval."""
    provider_name: str = ""
    tool_name: str = ""
    tool_label: str = ""
    tool_description: str | None = None
    tool_parameters: dict[str, Input] = Field(default_factory=dict)
    """What the tool works on; see `parameters`."""
    tool_configurations: dict[str, InputOrPlain] = Field(default_factory=dict)
    """Its settings; see `settings`. Bare values before `tool_node_version` 2."""
    tool_node_version: Annotated[
        str | None, Written(since="0.3.1", value="2"), Since(values={"2": "1.7.0"})
    ] = None
    """`2` since Dify 1.7; the editor converts a node with neither this nor `version`."""
    credential_id: str | None = None
    """Which of several credentials; left out of exports."""
    plugin_unique_identifier: str | None = None
    plugin_id: str | None = None
    is_team_authorization: bool | None = None
    """The editor's copy, like all that follow."""
    output_schema: dict[str, Any] | None = None
    """A JSON schema of further outputs."""
    paramSchemas: Many[ParameterSchema] | None = None
    params: dict[str, Any] | None = None
    provider_icon: str | Icon | None = None

    def steps_to(self, release: Release, path: Path = ()) -> Iterator[Step]:
        """The provider's name, and settings as they were before `tool_node_version` 2."""
        if self.provider_type == "builtin" and "/" not in self.provider_id and release >= PLUGINS:
            what = f"the tool {self.provider_id} may be a plugin there: install it from the marketplace"
            yield Advice((*path, "provider_id"), what)
        for key in ("provider_id", "provider_name"):
            yield from plugin_name_steps(getattr(self, key), release, (*path, key))
        if release < (1, 7, 0) and "2" in (self.tool_node_version, self.version):
            yield from self._bare_settings(path)
        yield from super().steps_to(release, path)

    def _bare_settings(self, path: Path) -> Iterator[Step]:
        for name, item in self.tool_configurations.items():
            place = (*path, "tool_configurations", name)
            if isinstance(item, Input) and item.type == "constant":
                yield Move(place, item.value, "settings have no type before Dify 1.7")
            elif isinstance(item, Input):
                yield Obstacle(place, "a setting holds a reference, and Dify resolves those since 1.7 only")
        for key in ("tool_node_version", "version"):
            if key in self.model_fields_set:
                yield Move((*path, key), GONE, "tool nodes have no version before Dify 1.7")

    def spelled_fields(self) -> Mapping[str, Spelled]:
        """`parameters(...)` and `settings(...)`."""
        found = {
            "tool_parameters": spelled_inputs("parameters", self.tool_parameters),
            "tool_configurations": spelled_inputs("settings", self.tool_configurations),
        }
        return {**super().spelled_fields(), **{key: item for key, item in found.items() if item is not None}}

    def output_variables(self) -> tuple[OutputVar, ...]:
        """`text`, `files`, `json` and the properties of `output_schema`."""
        return (
            OutputVar("text", VarType.STRING),
            OutputVar("files", VarType.ARRAY_FILE),
            OutputVar("json", VarType.ARRAY_OBJECT),
            *(schema_outputs(self.output_schema) or ()),
        )

    def open_outputs(self) -> bool:
        """True if the file does not say what the tool declares."""
        return "output_schema" not in self.model_fields_set

    def completed(self, version: str) -> Self:
        """As `Record.completed`; before `tool_node_version` 2 constant settings are bare values."""
        made = super().completed(version)
        if "2" in (made.tool_node_version, made.version):
            return made
        bare = {
            name: item.value if isinstance(item, Input) and item.type == "constant" else item
            for name, item in made.tool_configurations.items()
        }
        return made.model_copy(update={"tool_configurations": bare})

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """A row per setting."""
        return tuple(
            row(name, plain(item.value if isinstance(item, Input) else item))
            for name, item in self.tool_configurations.items()
        )

    def canvas_height(self) -> int:
        """A row per setting."""
        return 64 + 26 * len(self.tool_configurations) if self.tool_configurations else 54


EXAMPLE = Tool(
    title="TavilySearch",
    provider_id="langgenius/tavily/tavily",
    provider_name="langgenius/tavily/tavily",
    tool_name="tavily_search",
    tool_label="TavilySearch",
    tool_parameters=parameters(query=f"news on {Selector(('start', 'topic'))}"),
    tool_configurations=settings(search_depth="basic", max_results=5),
    error_strategy="default-value",
    default_value=defaults(text="nothing found", json=[]),
    retry_config=retry(2),
)

NODE = Tool
