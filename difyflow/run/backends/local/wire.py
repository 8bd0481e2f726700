"""What goes over the wire to an OpenAI-compatible endpoint, as plain functions, and a piece of an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import json_repair
from graphon.model_runtime.entities.llm_entities import LLMUsage
from graphon.model_runtime.entities.message_entities import (
    AssistantPromptMessage,
    ImagePromptMessageContent,
    PromptMessage,
    PromptMessageTool,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolPromptMessage,
)

_OURS = ("model", "messages", "stream", "stream_options", "tools")  # no parameter of a file may set these
_RENAMED = {  # what some providers' plug-ins call it
    "max_tokens_to_sample": "max_tokens",
    "max_output_tokens": "max_tokens",
    "num_predict": "max_tokens",
}

Message = dict[str, object]
"""One message, or another object, of a request."""

ToolCall = AssistantPromptMessage.ToolCall


class OutputParserError(ValueError):
    """A structured answer is not JSON. The engine knows this class by its name."""


@dataclass(slots=True)
class Piece:
    """A piece of an answer; the last one has the rest."""

    text: str = ""
    finish_reason: str | None = None
    usage: LLMUsage | None = None
    tool_calls: list[ToolCall] = field(default_factory=list)


def body(parameters: Mapping[str, Any]) -> dict[str, object]:
    """The completion parameters of a node as fields of the request; unknown ones go along as they are."""
    fields: dict[str, object] = {}
    for name, value in parameters.items():
        if value is not None and name not in (*_OURS, "response_format", "json_schema"):
            fields[_RENAMED.get(name, name)] = value
    form = _response_format(parameters)
    if form is not None:
        fields["response_format"] = form
    return fields


def _response_format(parameters: Mapping[str, Any]) -> object:
    """Dify writes a word (`text`, `json_object`, `JSON`, `json_schema`); the endpoint wants an object."""
    wanted = parameters.get("response_format")
    if isinstance(wanted, Mapping):
        return dict(wanted)
    if wanted == "json_schema":
        schema = parameters.get("json_schema")
        return {"type": wanted, wanted: json.loads(schema) if isinstance(schema, str) else schema}
    return {"type": "json_object"} if wanted in ("json_object", "JSON") else None


def messages(prompt: Sequence[PromptMessage]) -> list[Message]:
    """A prompt as the messages of a request; parts other than text and images are left out."""
    return [_message(message) for message in prompt]


def _message(message: PromptMessage) -> Message:
    role = "system" if isinstance(message, SystemPromptMessage) else str(message.role.value)
    result: Message = {"role": role, "content": _content(message)}
    if isinstance(message, ToolPromptMessage):
        result["tool_call_id"] = message.tool_call_id
    if isinstance(message, AssistantPromptMessage) and message.tool_calls:
        result["tool_calls"] = [call.model_dump(mode="json") for call in message.tool_calls]
    return result


def _content(message: PromptMessage) -> object:
    if not isinstance(message.content, list):
        return message.content or ""
    parts: list[dict[str, object]] = []
    for part in message.content:
        if isinstance(part, TextPromptMessageContent):
            parts.append({"type": "text", "text": part.data})
        elif isinstance(part, ImagePromptMessageContent):
            parts.append({"type": "image_url", "image_url": {"url": part.data, "detail": part.detail.value}})
    if all(part["type"] == "text" for part in parts):
        return "\n".join(str(part["text"]) for part in parts)
    return parts


def text_of(message: Message) -> str:
    """The text of a message."""
    content = message["content"]
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content)
    return str(content)


def tool(function: PromptMessageTool) -> dict[str, object]:
    """A function that the model may call."""
    return {"type": "function", "function": function.model_dump(mode="json")}


def parse_structured(text: str) -> dict[str, Any]:
    """The JSON object of a structured answer; thinking before it is skipped, small faults are mended.

    Raises:
        OutputParserError: there is none.
    """
    answer = text.rpartition("</think>")[2].strip()
    try:
        value: object = json.loads(answer)
    except ValueError:
        value = json_repair.loads(answer)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        raise OutputParserError(f"the answer is not a JSON object: {answer[:100]!r}")
    return value
