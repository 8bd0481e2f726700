"""What comes back from an OpenAI-compatible endpoint, piece by piece, as plain functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from graphon.model_runtime.entities.llm_entities import LLMUsage
from graphon.model_runtime.errors.invoke import InvokeServerUnavailableError
from openai.types.chat import ChatCompletionChunk

from difyflow.run.backends.local.wire import Piece, ToolCall


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
