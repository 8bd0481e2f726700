"""What goes over the wire to an OpenAI-compatible endpoint, and what comes back, as plain functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from graphon.model_runtime.errors.invoke import InvokeServerUnavailableError
from openai.types.chat import ChatCompletionChunk

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


def started(stream: Iterable[object]) -> Iterator[ChatCompletionChunk]:
    """The chunks of a stream, once it has begun.

    Raises:
        InvokeServerUnavailableError: there are none, or one is no chat completion (some providers send an
            error as if it were one).
    """
    empty = True
    for chunk in stream:
        empty = False
        if not isinstance(chunk, ChatCompletionChunk) or not isinstance(_field(chunk, "choices"), list):
            shown = chunk.to_json(indent=None) if isinstance(chunk, ChatCompletionChunk) else repr(chunk)
            raise InvokeServerUnavailableError(f"the stream holds what is no chat completion: {shown[:300]}")
        yield chunk
    if empty:
        raise InvokeServerUnavailableError("the stream ended before it began")


def _field(holder: object, name: str) -> object:
    """A field that the library may have left out, since it does not check what a server sends."""
    return getattr(holder, name, None)


def whole(text: str, kind: str) -> ChatCompletionChunk:
    """One chunk from an answer that came whole although a stream was asked for."""
    try:
        data = json.loads(text)
        choices = [
            {"index": 0, "delta": choice["message"], "finish_reason": choice.get("finish_reason")}
            for choice in data["choices"]
        ]
        for choice in choices:
            for place, tool_call in enumerate(choice["delta"].get("tool_calls") or []):
                tool_call["index"] = place
        return ChatCompletionChunk.model_validate(
            {"id": "", "created": 0, "model": "", "object": "chat.completion.chunk"}
            | {"choices": choices, "usage": data.get("usage")}
        )
    except (ValueError, LookupError, TypeError, AttributeError) as err:
        shown = f"{kind or 'no content type'}: {text.strip()[:100]!r}"
        raise InvokeServerUnavailableError(f"the answer is no chat completion ({shown})") from err


def merged(chunks: Iterable[ChatCompletionChunk], check_stop: Callable[[], None]) -> Iterator[Piece]:
    """Text as it comes, thinking in `<think>` tags as Dify shows it, the rest in one last piece."""
    last = Piece()
    calls: dict[int, dict[str, str]] = {}
    thinking = False
    for chunk in chunks:
        check_stop()
        if chunk.usage is not None:
            last.usage = _usage(chunk.usage)
        for choice in chunk.choices[:1]:
            last.finish_reason = choice.finish_reason or last.finish_reason
            thought = _field(choice.delta, "reasoning_content") or _field(choice.delta, "reasoning")
            if isinstance(thought, str) and thought:
                yield Piece(text=thought if thinking else f"<think>\n{thought}")
                thinking = True
            if choice.delta.content:
                yield Piece(text=f"\n</think>{choice.delta.content}" if thinking else choice.delta.content)
                thinking = False
            _add_calls(calls, choice.delta.tool_calls or [])
    if thinking:
        yield Piece(text="\n</think>")
    last.tool_calls = [_tool_call(calls[index]) for index in sorted(calls)]
    yield last


def _add_calls(calls: dict[int, dict[str, str]], deltas: Sequence[Any]) -> None:
    for delta in deltas:
        known = calls.setdefault(delta.index, {"id": "", "name": "", "arguments": ""})
        known["id"] += delta.id or ""
        if delta.function is not None:
            known["name"] += delta.function.name or ""
            known["arguments"] += delta.function.arguments or ""


def _tool_call(parts: dict[str, str]) -> ToolCall:
    function = ToolCall.ToolCallFunction(name=parts["name"], arguments=parts["arguments"])
    return ToolCall(id=parts["id"], type="function", function=function)


def _usage(usage: Any) -> LLMUsage:  # noqa: ANN401  # the library's usage, null fields allowed
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return LLMUsage.from_metadata({name: getattr(usage, name, None) or 0 for name in names})


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
