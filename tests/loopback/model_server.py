"""A model endpoint for tests: streaming chat completions in OpenAI's form, and every fault on request."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from loopback.server import Answer, Seen, Server

__all__ = ["Answer", "ModelServer", "chunk", "refuses", "says", "stream"]

_PATH = "/v1/chat/completions"
_STREAM = {"Content-Type": "text/event-stream"}


def chunk(delta: dict[str, Any], *, finish: str | None = None, usage: Any = None) -> dict[str, Any]:
    """One object of a stream; without a delta it has no choices, as the one that carries the usage."""
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}] if delta or finish else []
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**head, "choices": choices, "usage": usage}


def stream(objects: Iterable[object], *, done: bool = True, **faults: Any) -> Answer:
    """An event stream of these objects; `faults` are those of `Answer`."""
    frames = [f"data: {json.dumps(one, ensure_ascii=False)}\n\n".encode() for one in objects]
    frames += [b"data: [DONE]\n\n"] if done else []
    return Answer(headers=_STREAM, chunks=tuple(frames), stream=True, **faults)


def says(
    *pieces: str, finish: str | None = "stop", usage: bool = True, done: bool = True, **faults: Any
) -> Answer:
    """A model that says the pieces one by one."""
    count = {"prompt_tokens": 19, "completion_tokens": len(pieces), "total_tokens": 19 + len(pieces)}
    objects = [chunk({"role": "assistant", "content": piece}) for piece in pieces]
    objects += [chunk({"content": ""}, finish=finish)] if finish else []
    objects += [chunk({}, usage=count)] if usage else []
    return stream(objects, done=done, **faults)


def refuses(status: int, message: str, **headers: str) -> Answer:
    """An error in OpenAI's form."""
    return Answer.json({"error": {"message": message, "type": "x", "code": None}}, status, **headers)


class ModelServer(Server):
    """A model endpoint; `url` with `/v1` is its base URL."""

    def __init__(self, *replies: Any) -> None:
        super().__init__()
        self.answer(*(replies or (says("你好"),)))

    @property
    def base_url(self) -> str:
        """What `--model-endpoint` takes."""
        return f"{self.url}/v1"

    def answer(self, *replies: Any) -> None:
        """Answers with these in turn; the last one stays."""
        self.on("POST", _PATH, *replies)

    @property
    def asked(self) -> list[Any]:
        """The JSON bodies of the requests."""
        return [seen.json() for seen in self.calls("POST", _PATH)]

    @property
    def requests(self) -> list[Seen]:
        """The requests themselves."""
        return self.calls("POST", _PATH)
