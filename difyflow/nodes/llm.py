"""llm: a chat or completion model (Dify 0.6)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from difyflow.nodes._base import Jinja, NodeData, Template, with_made_ids
from difyflow.nodes._model import Context, Memory, Model, Vision
from difyflow.nodes._model import chat as chat
from difyflow.nodes._record import Many, Record, Written
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


class JinjaVariable(Record):
    """A name for Jinja2 messages."""

    variable: str = ""
    value_selector: Selector = Selector()


class PromptConfig(Record):
    """`prompt_config`; null is accepted for the list."""

    jinja2_variables: Many[JinjaVariable] | None = None


class LLM(NodeData):
    """Streams; the prompt may name any variable upstream."""

    CAN_FAIL: ClassVar[bool] = True

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
    structured_output_enabled: bool | None = None
    structured_output: dict[str, Any] | None = None
    """`{schema: ...}` (1.3): a JSON schema whose root is an object."""
    reasoning_format: Literal["tagged", "separated"] | None = None
    """Since Dify 1.9: where the text of <think> goes."""
    variables: Annotated[Many[Any] | None, Written(until="0.1.5")] = ()
    """Unused."""

    def output_variables(self) -> tuple[OutputVar, ...]:
        """`text` and what newer releases add."""
        found = [
            OutputVar("text", VarType.STRING),
            OutputVar("reasoning_content", VarType.STRING),
            OutputVar("usage", VarType.OBJECT),
            OutputVar("finish_reason", VarType.STRING, run_time_only=True),
            OutputVar("files", VarType.ARRAY_FILE, run_time_only=True),
        ]
        if self.structured_output_enabled and self.structured_output is not None:
            children = schema_children(self.structured_output.get("schema"))
            found.append(OutputVar("structured_output", VarType.OBJECT, children))
        return tuple(found)

    def with_ids(self, node_id: str) -> Self:
        """The messages get UUIDs, the same at every rendering."""
        if isinstance(self.prompt_template, PromptMessage):
            return self
        messages = with_made_ids(self.prompt_template, node_id)
        return self.model_copy(update={"prompt_template": messages})

    def canvas_height(self) -> int:
        """With the row of its model."""
        return 98


_SCHEMA_TYPES = {
    "string": VarType.STRING,
    "number": VarType.NUMBER,
    "integer": VarType.NUMBER,
    "boolean": VarType.BOOLEAN,
    "object": VarType.OBJECT,
    "array": VarType.ARRAY_ANY,
}


def schema_children(schema: object) -> tuple[OutputVar, ...] | None:
    """The variables that a JSON schema of an object describes; None where it does not say."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return None
    return tuple(
        OutputVar(name, _schema_type(part), schema_children(part)) for name, part in properties.items()
    )


def _schema_type(schema: object) -> VarType:
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind == "array" and isinstance(schema, dict):
        return _schema_type(schema.get("items")).array
    return _SCHEMA_TYPES.get(kind, VarType.ANY) if isinstance(kind, str) else VarType.ANY


def system(text: str, *, id: str | None = None) -> PromptMessage:
    """A system message."""
    return PromptMessage(role="system", text=text, id=id)


def user(text: str, *, id: str | None = None) -> PromptMessage:
    """A user message."""
    return PromptMessage(role="user", text=text, id=id)


def assistant(text: str, *, id: str | None = None) -> PromptMessage:
    """An assistant message, as an example of an answer."""
    return PromptMessage(role="assistant", text=text, id=id)


NODE = LLM
