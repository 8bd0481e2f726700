"""The engine's view of a model, and the model that is none: the rule-based responder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphon.model_runtime.entities.common_entities import I18nObject
from graphon.model_runtime.entities.llm_entities import (
    LLMResult,
    LLMResultChunk,
    LLMResultChunkDelta,
    LLMResultChunkWithStructuredOutput,
    LLMResultWithStructuredOutput,
    LLMUsage,
)
from graphon.model_runtime.entities.message_entities import (
    AssistantPromptMessage,
    PromptMessage,
    PromptMessageTool,
)
from graphon.model_runtime.entities.model_entities import AIModelEntity, FetchFrom, ModelFeature, ModelType

from difyflow.run.backends.local import wire
from difyflow.run.backends.local.demo import respond
from difyflow.run.backends.local.settings import DEMO
from difyflow.run.backends.local.wire import Message, Piece

_PIECE = 24  # characters of a piece of the demo responder


@dataclass(frozen=True, slots=True)
class Call:
    """What one request says besides the messages."""

    body: Message
    tools: Sequence[PromptMessageTool] = ()
    stop: Sequence[str] = ()


class LocalModel(ABC):
    """One model of one node in one run (the engine's `LLMProtocol`; it assigns to `parameters`)."""

    def __init__(self, *, provider: str, model_name: str, parameters: Mapping[str, Any]) -> None:
        self.provider = provider
        self.model_name = model_name
        rest = dict(parameters)
        stop = rest.pop("stop", None)
        self.stop: Sequence[str] | None = [stop] if isinstance(stop, str) else stop or None
        self.parameters: Mapping[str, Any] = rest

    @abstractmethod
    def get_model_schema(self) -> AIModelEntity:
        """What the model can do."""

    @abstractmethod
    def _answer(self, messages: list[Message], call: Call) -> Iterator[Piece]:
        """The answer piece by piece."""

    @abstractmethod
    def _structured(self, messages: list[Message], call: Call, schema: Mapping[str, Any]) -> Iterator[Piece]:
        """A JSON answer piece by piece."""

    def get_llm_num_tokens(self, prompt_messages: Sequence[PromptMessage]) -> int:  # noqa: ARG002  # its signature
        """0: without a context size in the schema the engine has no use for it."""
        return 0

    def is_structured_output_parse_error(self, error: Exception) -> bool:
        """True for an answer that is not JSON."""
        return isinstance(error, wire.OutputParserError)

    def invoke_llm(
        self,
        *,
        prompt_messages: Sequence[PromptMessage],
        model_parameters: Mapping[str, Any],
        tools: Sequence[PromptMessageTool] | None,
        stop: Sequence[str] | None,
        stream: bool,
    ) -> LLMResult | Generator[LLMResultChunk, None, None]:
        """Asks the model; always streaming on the wire, so that a run can be stopped at any time."""
        call = Call(body=wire.body(model_parameters), tools=tools or (), stop=stop or ())
        pieces = self._answer(wire.messages(prompt_messages), call)
        if stream:
            return (_chunk(self.model_name, index, piece) for index, piece in enumerate(pieces))
        return _collected(self.model_name, pieces)

    def invoke_llm_with_structured_output(
        self,
        *,
        prompt_messages: Sequence[PromptMessage],
        json_schema: Mapping[str, Any],
        model_parameters: Mapping[str, Any],
        stop: Sequence[str] | None,
        stream: bool,
    ) -> LLMResultWithStructuredOutput | Generator[LLMResultChunkWithStructuredOutput, None, None]:
        """Asks for JSON after a schema."""
        call = Call(body=wire.body({**model_parameters, "response_format": None}), stop=stop or ())
        pieces = self._structured(wire.messages(prompt_messages), call, json_schema)
        if stream:
            return _structured_chunks(self.model_name, pieces)
        result = _collected(self.model_name, pieces)
        value = wire.parse_structured(result.message.get_text_content())
        return LLMResultWithStructuredOutput(**dict(result), structured_output=value)


class DemoModel(LocalModel):
    """The rule-based responder; it says `demo` wherever a model name is shown."""

    def __init__(self, *, parameters: Mapping[str, Any]) -> None:
        super().__init__(provider=DEMO, model_name=DEMO, parameters=parameters)

    def get_model_schema(self) -> AIModelEntity:
        """A schema for text and structured output only."""
        return model_schema(self.model_name, [ModelFeature.STRUCTURED_OUTPUT])

    def _answer(self, messages: list[Message], call: Call) -> Iterator[Piece]:  # noqa: ARG002  # nothing to tune
        return _in_pieces(respond(_as_prompt(messages)))

    def _structured(self, messages: list[Message], call: Call, schema: Mapping[str, Any]) -> Iterator[Piece]:  # noqa: ARG002
        return _in_pieces(respond(_as_prompt(messages), schema=schema))


def _as_prompt(messages: list[Message]) -> list[tuple[str, str]]:
    return [(str(message["role"]), wire.text_of(message)) for message in messages]


def _in_pieces(text: str) -> Iterator[Piece]:
    """Pieces of a few characters, as a model streams them."""
    for start in range(0, len(text), _PIECE):
        yield Piece(text=text[start : start + _PIECE])
    yield Piece(finish_reason="stop")


def model_schema(name: str, features: list[ModelFeature]) -> AIModelEntity:
    """A schema without limits and prices: both are unknown here."""
    return AIModelEntity(
        model=name,
        label=I18nObject(en_us=name),
        model_type=ModelType.LLM,
        features=features,
        fetch_from=FetchFrom.CUSTOMIZABLE_MODEL,
        model_properties={},
    )


def _delta(index: int, piece: Piece) -> LLMResultChunkDelta:
    message = AssistantPromptMessage(content=piece.text, tool_calls=piece.tool_calls)
    return LLMResultChunkDelta(
        index=index, message=message, usage=piece.usage, finish_reason=piece.finish_reason
    )


def _chunk(model: str, index: int, piece: Piece) -> LLMResultChunk:
    return LLMResultChunk(model=model, delta=_delta(index, piece))


def _structured_chunks(
    model: str, pieces: Iterator[Piece]
) -> Generator[LLMResultChunkWithStructuredOutput, None, None]:
    texts: list[str] = []
    index = -1
    for index, piece in enumerate(pieces):
        texts.append(piece.text)
        yield LLMResultChunkWithStructuredOutput(model=model, delta=_delta(index, piece))
    value = wire.parse_structured("".join(texts))
    end = _delta(index + 1, Piece())
    yield LLMResultChunkWithStructuredOutput(model=model, delta=end, structured_output=value)


def _collected(model: str, pieces: Iterator[Piece]) -> LLMResult:
    texts: list[str] = []
    usage, calls = LLMUsage.empty_usage(), list[wire.ToolCall]()
    for piece in pieces:
        texts.append(piece.text)
        usage = piece.usage or usage
        calls += piece.tool_calls
    message = AssistantPromptMessage(content="".join(texts), tool_calls=calls)
    return LLMResult(model=model, message=message, usage=usage)
