"""OpenAI's fine-tuning API and those that take its files (openai-python, August 2026; its cookbook's checks).

Supervised: `messages`, beside it `tools` and `parallel_tool_calls`; roles also `tool` and `developer`;
`weight` 0 or 1 at an assistant's message; `content` may be null beside `tool_calls`. Preference (DPO):
`input.messages`, `preferred_output`, `non_preferred_output`. At least 10 samples, at most 512 MB.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from difyflow.corpus._json import Fault, show
from difyflow.corpus.check import Tally
from difyflow.corpus.findings import Severity
from difyflow.corpus.services import _chat

RULES: Mapping[str, Severity] = {
    **_chat.RULES,
    "few-samples": "error",
    "extra-message-keys": "error",
    "bad-weight": "error",
    "weight-not-assistant": "error",
    "all-weights-zero": "error",
    "no-tool-call-id": "error",
    "tools-not-a-list": "error",
    "bad-preference": "error",
    "mixed-kinds": "error",
    "file-too-large": "error",
}
PLAIN = "supervised"
LARGEST = 512 * 1024 * 1024
"""Bytes of a file."""

_PREFERENCE = ("input", "preferred_output", "non_preferred_output")
_DIALECT = _chat.Dialect(
    roles=("system", "developer", "user", "assistant", "tool"),
    keys=frozenset({"weight", "name", "tool_calls", "tool_call_id", "function_call", "refusal"}),
    order="any",
    silent=("tool_calls", "function_call"),
)


def findings(value: object) -> tuple[str, list[Fault]]:
    """The kind of a line, and what is wrong with it."""
    if not isinstance(value, dict):
        return PLAIN, _chat.not_an_object(value)
    if any(key in value for key in _PREFERENCE[1:]) or isinstance(value.get("input"), dict):
        return "preference", _preference(value)
    messages, faults = _chat.messages_of(value)
    if messages is None:
        return PLAIN, faults
    faults = [*_chat.chat(messages, _DIALECT), *_weights(messages), *_tool_calls(messages)]
    if "tools" in value and not isinstance(value["tools"], list):
        faults.append(Fault("tools-not-a-list", f"`tools` is {_chat.kind_of(value['tools'])}"))
    known = ("messages", "tools", "parallel_tool_calls", "functions")
    return PLAIN, [*faults, *_chat.extra_keys(value, known)]


def whole(tally: Tally) -> Iterator[Fault]:
    """What is wrong with the whole file."""
    yield from _chat.few(tally.samples)
    if len(tally.kinds) > 1:
        counts = " and ".join(f"{count} {kind}" for kind, count in sorted(tally.kinds.items()))
        yield Fault("mixed-kinds", f"has {counts} samples; a job learns from one kind")
    if tally.size > LARGEST:
        yield Fault("file-too-large", f"has {tally.size:,} bytes; at most {LARGEST:,} (512 MB) are taken")


def _weights(messages: list[object]) -> Iterator[Fault]:
    weights: list[object] = []
    for at, message in enumerate(messages, 1):
        if not isinstance(message, dict):
            continue
        if message.get("role") == "assistant":
            weights.append(message.get("weight", 1))
        if "weight" not in message:
            continue
        weight = message["weight"]
        if isinstance(weight, bool) or weight not in (0, 1):
            yield Fault("bad-weight", f"message {at} has the weight {show(weight)}; there are 0 and 1")
        elif message.get("role") != "assistant":
            yield Fault("weight-not-assistant", f"message {at} has a weight and is not the assistant's")
    if weights and all(weight == 0 and weight is not False for weight in weights):
        yield Fault("all-weights-zero", "every answer has weight 0: there is nothing to learn")


def _tool_calls(messages: list[object]) -> Iterator[Fault]:
    for at, message in enumerate(messages, 1):
        if isinstance(message, dict) and message.get("role") == "tool" and not message.get("tool_call_id"):
            yield Fault("no-tool-call-id", f"message {at} is a tool's and has no `tool_call_id`")


def _preference(value: Mapping[str, object]) -> list[Fault]:
    faults: list[Fault] = []
    asked = value.get("input")
    messages = asked.get("messages") if isinstance(asked, dict) else None
    if not isinstance(messages, list) or not messages:
        faults.append(Fault("bad-preference", "`input` is no object with `messages`"))
    else:
        faults.extend(_chat.chat(messages, _DIALECT, last=False))
    for key in _PREFERENCE[1:]:
        answer = value.get(key)
        if not isinstance(answer, list) or not answer:
            faults.append(Fault("bad-preference", f"`{key}` is no list with a message"))
            continue
        faults.extend(_chat.chat(answer, _DIALECT))
    if value.get("preferred_output") == value.get("non_preferred_output"):
        faults.append(Fault("bad-preference", "both answers are the same"))
    return [*faults, *_chat.extra_keys(value, _PREFERENCE)]
