"""llm: a chat or completion model (Dify 0.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, Field

from difyflow.nodes._base import DefaultValue as DefaultValue
from difyflow.nodes._base import Jinja, NodeData, Template, with_made_ids
from difyflow.nodes._base import RetryConfig as RetryConfig
from difyflow.nodes._failure import defaults as defaults
from difyflow.nodes._failure import retry as retry
from difyflow.nodes._look import INDIGO, CanvasRow, Look
from difyflow.nodes._model import Context as Context
from difyflow.nodes._model import Memory as Memory
from difyflow.nodes._model import MemoryWindow as MemoryWindow
from difyflow.nodes._model import Model as Model
from difyflow.nodes._model import RolePrefix as RolePrefix
from difyflow.nodes._model import Vision as Vision
from difyflow.nodes._model import VisionConfigs as VisionConfigs
from difyflow.nodes._model import chat as chat
from difyflow.nodes._model import context as context
from difyflow.nodes._model import memory as memory
from difyflow.nodes._model import model_rows
from difyflow.nodes._model import vision as vision
from difyflow.nodes._record import Many, Record, Since, Spelled, Written
from difyflow.nodes._schema import json_schema, schema_outputs
from difyflow.nodes._variable import InputVariable as InputVariable
from difyflow.nodes._variable import inputs as inputs
from difyflow.nodes._variable import spelled_inputs
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class PromptMessage(Record):
    """One message of a chat prompt, or the whole prompt of a completion model (then without `role`)."""

    id: str | None = None
    """A UUID in the editor."""
    role: Literal["system", "user", "assistant"] | None = None
    text: Template = ""
    edition_type: Literal["basic", "jinja2"] | None = None
    jinja2_text: Jinja | None = None
    """Used instead of `text` when `edition_type` is jinja2; its names come from `prompt_config`."""

    def spelled(self) -> Spelled | None:
        """`system(...)`, `user(...)`, `assistant(...)`, `jinja(...)`."""
        if self.role is None:
            return None
        if self.edition_type == "jinja2":
            return Spelled("jinja", (self.role, self.jinja2_text), names_files=True)
        return Spelled(self.role, (self.text,), names_files=True)


class PromptConfig(Record):
    """`prompt_config`: names for Jinja2 messages; null is accepted for the list."""

    jinja2_variables: Many[InputVariable] | None = None

    def spelled(self) -> Spelled | None:
        """`jinja_names(...)`."""
        names = spelled_inputs(self.jinja2_variables)
        return Spelled("jinja_names", (), names.kwargs) if names else None


class StructuredOutput(Record):
    """See `structured`."""

    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    """A JSON schema whose root is an object; the editor goes 10 levels deep."""

    def spelled(self) -> Spelled | None:
        """`structured(...)`."""
        return Spelled("structured", (self.schema_,)) if self.schema_ is not None else None


class LLM(NodeData):
    """Streams; the prompt may name any variable upstream."""

    CAN_FAIL: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(INDIGO, "spark")
    PROSE: ClassVar[tuple[str, ...]] = ("prompt_template",)

    type: str = "llm"
    title: str = "LLM"
    model: Model = Model()
    prompt_template: Many[PromptMessage] | PromptMessage = (PromptMessage(role="system"),)
    """A list of messages for chat models, one message for completion models."""
    prompt_config: PromptConfig | None = None
    context: Context = Context()
    """Required by the engine: without it the run fails."""
    memory: Memory | None = None
    vision: Vision = Vision()
    structured_output_enabled: Annotated[bool | None, Since("1.3.0")] = None
    """Set when a `structured_output` is given in Python."""
    structured_output_switch_on: bool | None = None
    """The engine's own name for it, which graphon takes too."""
    structured_output: Annotated[StructuredOutput | None, Since("1.3.0")] = None
    """Since Dify 1.3; see `structured`."""
    reasoning_format: Annotated[
        Literal["tagged", "separated"] | None, Since(values={"separated": "1.9.0"})
    ] = None
    """Since Dify 1.9: where the text of <think> goes."""
    variables: Annotated[Many[InputVariable] | None, Written(until="0.1.5")] = ()
    """Unused."""

    def spelled_fields(self) -> Mapping[str, Spelled]:
        """`inputs(...)` for the names that older files carry."""
        names = spelled_inputs(self.variables)
        return {**super().spelled_fields(), **({"variables": names} if names else {})}

    def output_variables(self) -> tuple[OutputVar, ...]:
        """`text` and what newer releases add."""
        found = [
            OutputVar("text", VarType.STRING),
            OutputVar("reasoning_content", VarType.STRING),
            OutputVar("usage", VarType.OBJECT),
            OutputVar("finish_reason", VarType.STRING, run_time_only=True),
            OutputVar("files", VarType.ARRAY_FILE, run_time_only=True),
        ]
        enabled = self.structured_output_enabled or self.structured_output_switch_on
        if enabled and self.structured_output is not None:
            children = schema_outputs(self.structured_output.schema_)
            found.append(OutputVar("structured_output", VarType.OBJECT, children))
        return tuple(found)

    def completed(self, version: str) -> Self:
        """As `Record.completed`; a structured output that is given is enabled."""
        made = super().completed(version)
        given = made.structured_output is not None and made.structured_output_switch_on is None
        if given and "structured_output_enabled" not in self.model_fields_set:
            return made.model_copy(update={"structured_output_enabled": True})
        return made

    def with_ids(self, node_id: str) -> Self:
        """The messages get UUIDs, the same at every rendering."""
        if isinstance(self.prompt_template, PromptMessage):
            return self
        messages = with_made_ids(self.prompt_template, node_id)
        return self.model_copy(update={"prompt_template": messages})

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """Its model."""
        return model_rows(self.model)

    def canvas_height(self) -> int:
        """With the row of its model."""
        return 98


def structured(schema: type[BaseModel] | dict[str, Any]) -> StructuredOutput:
    """Makes the model answer in this form: a pydantic model, or a JSON schema whose root is an object.

    The answer is then `node.structured_output`, and its keys are attributes of that.

    Raises:
        TypeError: it is neither.
    """
    if not isinstance(schema, dict) and not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        raise TypeError(f"structured takes a pydantic model or a JSON schema, and not {schema!r}")
    found = schema if isinstance(schema, dict) else json_schema(schema)
    return StructuredOutput(schema=found)


def system(text: str, *, id: str | None = None) -> PromptMessage:
    """A system message."""
    return PromptMessage(role="system", text=text, id=id)


def user(text: str, *, id: str | None = None) -> PromptMessage:
    """A user message."""
    return PromptMessage(role="user", text=text, id=id)


def assistant(text: str, *, id: str | None = None) -> PromptMessage:
    """An assistant message, as an example of an answer."""
    return PromptMessage(role="assistant", text=text, id=id)


def jinja(
    role: Literal["system", "user", "assistant"], template: str, *, id: str | None = None
) -> PromptMessage:
    """A message that is a Jinja2 template; its names come from `prompt_config=jinja_names(...)`."""
    return PromptMessage(role=role, text="", edition_type="jinja2", jinja2_text=template, id=id)


def jinja_names(**selectors: Selector) -> PromptConfig:
    """The names that Jinja2 messages may use."""
    return PromptConfig(jinja2_variables=inputs(**selectors))


EXAMPLE = LLM(
    title="Summary",
    model=chat("langgenius/openai/openai", "gpt-4o-mini", temperature=0.3),
    prompt_template=(
        system("You sum up in three sentences."),
        user(f"Language: {Selector(('start', 'language'))}\n\n{Selector(('extract', 'text'))}"),
    ),
)

NODE = LLM
