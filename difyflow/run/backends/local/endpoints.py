"""A model behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import openai
from graphon.model_runtime.entities.model_entities import AIModelEntity, ModelFeature
from graphon.model_runtime.errors.invoke import InvokeBadRequestError, InvokeConnectionError
from openai.types.chat import ChatCompletionChunk

from difyflow.run.backends.local import wire
from difyflow.run.backends.local.clients import ModelClients, fault
from difyflow.run.backends.local.interrupt import Interrupt
from difyflow.run.backends.local.models import Call, LocalModel, model_schema
from difyflow.run.backends.local.providers import Endpoint
from difyflow.run.backends.local.streaming import merged, started, whole
from difyflow.run.backends.local.wire import Message, Piece

_FEATURES = [ModelFeature.VISION, ModelFeature.TOOL_CALL, ModelFeature.STRUCTURED_OUTPUT]
_SCHEMA_PROMPT = "Answer with one JSON object and nothing else. It must be valid against this JSON Schema:\n"


class EndpointModel(LocalModel):
    """A model behind an OpenAI-compatible endpoint."""

    def __init__(
        self,
        endpoint: Endpoint,
        clients: ModelClients,
        interrupt: Interrupt,
        *,
        provider: str,
        parameters: Mapping[str, Any],
    ) -> None:
        super().__init__(provider=provider, model_name=endpoint.model, parameters=parameters)
        self._endpoint = endpoint
        self._clients = clients
        self._interrupt = interrupt

    def get_model_schema(self) -> AIModelEntity:
        """A schema that lets images, tools and structured output through: the endpoint decides."""
        return model_schema(self.model_name, _FEATURES)

    def _structured(self, messages: list[Message], call: Call, schema: Mapping[str, Any]) -> Iterator[Piece]:
        """Where the endpoint refuses schemas, the prompt asks instead."""
        wanted = {"name": "response", "schema": dict(schema)}
        native = {**call.body, "response_format": {"type": "json_schema", "json_schema": wanted}}
        pieces = self._answer(messages, replace(call, body=native))
        try:
            first = next(pieces, Piece())
        except InvokeBadRequestError:
            text = _SCHEMA_PROMPT + json.dumps(schema, ensure_ascii=False)
            yield from self._answer([{"role": "system", "content": text}, *messages], call)
            return
        yield first
        yield from pieces

    def _answer(self, messages: list[Message], call: Call) -> Iterator[Piece]:
        """Every fault becomes an `InvokeError`."""
        try:
            self._check_stop()
            yield from merged(self._chunks(messages, call), self._check_stop)
        except Exception as err:
            self._check_stop()  # a socket that was shut is no fault of the server
            raise fault(err, self._endpoint) from err

    def _check_stop(self) -> None:
        if self._interrupt.fired:
            raise InvokeConnectionError("the run was stopped")

    def _chunks(self, messages: list[Message], call: Call) -> Iterator[ChatCompletionChunk]:
        try:
            response = self._send(messages, call, {"stream_options": {"include_usage": True}})
        except openai.BadRequestError as err:
            if "stream_options" not in str(err):
                raise
            response = self._send(messages, call, {})  # an old server; nothing has run yet
        kind = response.headers.get("content-type", "")
        if "text/event-stream" in kind:
            with response.parse() as stream:
                yield from started(stream)
            return
        text = response.http_response.read().decode("utf-8", errors="replace")
        yield whole(text, kind)

    def _send(self, messages: list[Message], call: Call, options: Message) -> Any:  # noqa: ANN401  # the library's raw response
        body = {**call.body, **options}
        if call.tools:
            body["tools"] = [wire.tool(tool) for tool in call.tools]
        if call.stop:
            body["stop"] = list(call.stop)
        client = self._clients.client(self._endpoint)
        return client.chat.completions.with_raw_response.create(
            model=self._endpoint.model,
            messages=messages,  # type: ignore[arg-type]  # built by wire.messages in the library's shape
            stream=True,
            extra_body=body,
            extra_headers=self._clients.headers(self._interrupt),
        )
