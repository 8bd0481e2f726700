"""Asking a model over an OpenAI-compatible endpoint, streaming, so that a long answer does not time out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from difyflow.errors import ConnectionLost
from difyflow.tune._openai import Access, Patience, faults, open_client

if TYPE_CHECKING:
    import openai

_LONGEST = 1_000_000  # characters of an answer: a model that never stops is stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model said.

    Attributes:
        text: the answer.
        finish_reason: `stop`, or `length` for one that was cut.
        tokens: of the answer, as the server counts; None if it does not say.
        took_s: seconds from the request to the last piece.
    """

    text: str
    finish_reason: str = ""
    tokens: int | None = None
    took_s: float = 0.0


class Chat:
    """Models of one endpoint; for any thread.

    Args:
        access: where it is.
        patience: how often a call is repeated that was refused for now, or broke off.
    """

    def __init__(self, access: Access, patience: Patience) -> None:
        self.access, self._patience = access, patience
        self._client: openai.OpenAI = open_client(access)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def __enter__(self) -> Chat:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(
        self, model: str, messages: Sequence[Mapping[str, str]], settings: Mapping[str, object] | None = None
    ) -> Reply:
        """The answer to messages.

        Args:
            model: its id.
            messages: `role` and `content` of each.
            settings: temperature, max_tokens, ...

        Raises:
            ApiError, ConnectionLost: refused, or no whole answer came.
        """
        return self._patience.repeat(lambda: self._once(model, messages, settings or {}))

    def _once(
        self, model: str, messages: Sequence[Mapping[str, str]], settings: Mapping[str, object]
    ) -> Reply:
        begun = time.monotonic()
        texts: list[str] = []
        length, finish, tokens = 0, "", None
        create: Any = self._client.chat.completions.create  # its overloads ask for literal types
        with (
            faults(self.access, f"ask {model}"),
            create(model=model, messages=list(messages), stream=True, **settings) as stream,
        ):
            for chunk in stream:
                if chunk.usage is not None:
                    tokens = chunk.usage.completion_tokens
                for choice in chunk.choices or ():
                    texts.append(choice.delta.content or "")
                    length += len(texts[-1])
                    finish = choice.finish_reason or finish
                if length > _LONGEST:
                    finish = "length"
                    break
        if not finish:
            raise ConnectionLost(f"ask {model} at {self.access.host}: the answer broke off")
        return Reply(
            text="".join(texts), finish_reason=finish, tokens=tokens, took_s=time.monotonic() - begun
        )
