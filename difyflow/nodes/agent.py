"""agent: a plugin's strategy with tools (version 1, Dify 1.0), or an agent of Dify (version 2, 1.15)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from difyflow.nodes import _variants
from difyflow.nodes._agent_v2 import AgentV2 as AgentV2
from difyflow.nodes._agent_v2 import declared as declared
from difyflow.nodes._agent_v2 import job as job
from difyflow.nodes._base import DefaultValue as DefaultValue
from difyflow.nodes._base import NodeData, TextKind
from difyflow.nodes._base import RetryConfig as RetryConfig
from difyflow.nodes._failure import defaults as defaults
from difyflow.nodes._failure import retry as retry
from difyflow.nodes._look import INDIGO, CanvasRow, Look, row
from difyflow.nodes._model import Memory as Memory
from difyflow.nodes._model import MemoryWindow as MemoryWindow
from difyflow.nodes._model import NamesModel
from difyflow.nodes._model import RolePrefix as RolePrefix
from difyflow.nodes._plugin import Input as Input
from difyflow.nodes._plugin import InputOrPlain, selector_if
from difyflow.nodes._plugin import ParameterOption as ParameterOption
from difyflow.nodes._plugin import ParameterSchema as ParameterSchema
from difyflow.nodes._plugin import i18n as i18n
from difyflow.nodes._plugin import option as option
from difyflow.nodes._record import PLUGIN_NAME, Many, Record, Since, Spelled, Written
from difyflow.nodes._schema import schema_outputs
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class AgentModel(NamesModel):
    """The value of the parameter `model`; see `model`."""

    MODEL_KEYS: ClassVar[tuple[str, str]] = ("provider", "model")

    provider: Annotated[str, PLUGIN_NAME] = ""
    model: str = ""
    model_type: str = "llm"
    mode: str = "chat"
    completion_params: dict[str, Any] | None = Field(default_factory=dict)
    type: str = "model-selector"

    def spelled(self) -> Spelled | None:
        """`model(...)`."""
        return Spelled("model", (self.provider, self.model), self.completion_params or {})


def _read_model(value: object, info: ValidationInfo) -> object:
    if isinstance(value, dict) and value.get("type") == "model-selector":
        return AgentModel.model_validate(value, context=info.context)
    return value


ToolValue = Annotated[InputOrPlain, AfterValidator(_read_model), TextKind("template")]
"""`{type, value}` in newer files, text with references or another bare value in older ones; or a model."""


class AgentToolParameter(Record):
    """A parameter of a tool: filled in by the model (`auto` 1), or given here."""

    auto: int | bool | None = 1
    value: ToolValue = None


class AgentToolSetting(Record):
    """A setting of a tool."""

    value: ToolValue = None


class AgentToolExtra(Record):
    """What the author adds to a tool."""

    description: str = ""
    """When and how the model is to use it."""


class AgentTool(Record):
    """A tool that the agent may call; see `tool`."""

    enabled: bool = True
    type: str = "builtin"
    """builtin, api, workflow, mcp, plugin."""
    provider_name: str = ""
    tool_name: str = ""
    tool_label: str = ""
    tool_description: str | None = None
    settings: dict[str, AgentToolSetting] = Field(default_factory=dict)
    parameters: dict[str, AgentToolParameter] = Field(default_factory=dict)
    schemas: Many[ParameterSchema] = ()
    """The editor's copy of the tool's declaration."""
    extra: AgentToolExtra = AgentToolExtra()
    credential_id: str | None = None
    """Left out of exports."""

    def spelled(self) -> Spelled | None:
        """`tool(...)`."""
        given = {"tool_label": self.tool_label, "description": self.extra.description, "type": self.type}
        return Spelled("tool", (self.provider_name, self.tool_name), given)


class AgentInput(Input):
    """The value of a parameter of the strategy; a model or a list of tools is read as records."""

    CONSTANT_TEXT_REFERS: ClassVar[bool] = True

    type: str = "constant"
    """constant (also for text with references), variable, mixed."""

    @field_validator("value", mode="after")
    @classmethod
    def _read_selectors(cls, value: object, info: ValidationInfo) -> object:
        match value:
            case {"type": "model-selector"}:
                return AgentModel.model_validate(value, context=info.context)
            case [{"tool_name": str()}, *_]:
                if all(isinstance(item, dict) for item in value):
                    return tuple(AgentTool.model_validate(item, context=info.context) for item in value)
        return selector_if(info.data.get("type") == "variable", value)


class AgentMeta(Record):
    """Of the strategy's plugin."""

    version: str | None = None
    minimum_dify_version: str | None = None


class Agent(NodeData):
    """Version 1: what the parameters are, the strategy says; usual are model, tools, instruction, query."""

    SINCE: ClassVar[str] = "1.0.0"
    CAN_FAIL: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(INDIGO, "robot")

    type: str = "agent"
    title: str = "Agent"
    agent_strategy_provider_name: Annotated[str, PLUGIN_NAME] = ""
    """`langgenius/agent/agent`."""
    agent_strategy_name: str = ""
    """`function_calling`, `ReAct`."""
    agent_strategy_label: str = ""
    agent_parameters: dict[str, AgentInput] = Field(default_factory=dict)
    """See `parameters`."""
    memory: Memory | None = None
    output_schema: Annotated[dict[str, Any] | None, Written()] = None
    """A JSON schema of further outputs."""
    plugin_unique_identifier: str | None = None
    meta: AgentMeta | None = None
    tool_node_version: Annotated[
        str | None, Written(since="0.3.1", value="2"), Since(values={"2": "1.7.0"})
    ] = None
    """`2` since Dify 1.7: parameters of tools may hold references."""

    def spelled_fields(self) -> Mapping[str, Spelled]:
        """`parameters(...)`."""
        given = {name: item.value for name, item in self.agent_parameters.items()}
        found = {"agent_parameters": Spelled("parameters", (), given)} if given else {}
        return {**super().spelled_fields(), **found}

    def output_variables(self) -> tuple[OutputVar, ...]:
        """`text`, `files`, `json`, `usage` and the properties of `output_schema`."""
        return (
            OutputVar("text", VarType.STRING),
            OutputVar("files", VarType.ARRAY_FILE),
            OutputVar("json", VarType.ARRAY_OBJECT),
            OutputVar("usage", VarType.OBJECT),
            *(schema_outputs(self.output_schema) or ()),
        )

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """Strategy, model and tools."""
        rows = [row("strategy", self.agent_strategy_label or self.agent_strategy_name)]
        for item in self.agent_parameters.values():
            match item.value:
                case AgentModel():
                    rows.append(CanvasRow("model", item.value.model, item.value.provider))
                case (AgentTool(), *_):
                    names = (tool.tool_label or tool.tool_name for tool in item.value)
                    rows.append(row("tools", ", ".join(names)))
        return tuple(rows)

    def canvas_height(self) -> int:
        """With strategy, model and tools."""
        tools = self.agent_parameters.get("tools")
        return 197 if tools is not None and tools.value else 146


def variant(data: Mapping[str, object]) -> type[NodeData]:
    """The class of this node; see `_variants`."""
    return AgentV2 if _variants.agent(data) == "2" else Agent


def model(provider: str, name: str, **completion_params: object) -> AgentModel:
    """`model("langgenius/openai/openai", "gpt-4o", temperature=0.2)`: for the parameter `model`."""
    return AgentModel(provider=provider, model=name, completion_params=completion_params)


def tool(
    provider_name: str, tool_name: str, tool_label: str = "", *, description: str = "", type: str = "builtin"
) -> AgentTool:
    """A tool whose parameters the model fills in; `description` says when and how to use it."""
    return AgentTool(
        provider_name=provider_name,
        tool_name=tool_name,
        tool_label=tool_label or tool_name,
        type=type,
        extra=AgentToolExtra(description=description),
    )


def parameters(
    *, model: AgentModel, query: str, instruction: str = "", tools: Iterable[AgentTool] = (), **more: object
) -> dict[str, AgentInput]:
    """The usual parameters, and others by name; a reference is `variable`, all else `constant`."""
    values = {"model": model, "tools": tuple(tools), "instruction": instruction, "query": query, **more}
    return {
        name: AgentInput(type="variable" if isinstance(value, Selector) else "constant", value=value)
        for name, value in values.items()
    }


EXAMPLE = Agent(
    title="Look it up",
    agent_strategy_provider_name="langgenius/agent/agent",
    agent_strategy_name="function_calling",
    agent_strategy_label="FunctionCalling",
    agent_parameters=parameters(
        model=model("langgenius/openai/openai", "gpt-4o-mini", temperature=0.2),
        query=str(Selector(("sys", "query"))),
        instruction="Answer with what the tools say.",
        tools=(tool("langgenius/tavily/tavily", "tavily_search", "TavilySearch"),),
        maximum_iterations=5,
    ),
    plugin_unique_identifier="langgenius/agent:0.0.14@26958a0e80a10655",
)

NODE = Agent
