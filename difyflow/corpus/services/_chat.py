"""The rules of a list of chat messages that services share; each decides which roles and members it knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from difyflow.corpus._json import Fault, show
from difyflow.corpus.findings import Severity

RULES: Mapping[str, Severity] = {
    "not-an-object": "error",
    "no-messages": "error",
    "message-key": "error",
    "messages-not-a-list": "error",
    "empty-messages": "error",
    "message-not-an-object": "error",
    "no-role": "error",
    "no-content": "error",
    "unknown-role": "error",
    "role-spelling": "error",
    "content-not-text": "error",
    "empty-content": "warning",
    "system-not-first": "error",
    "first-not-user": "error",
    "not-alternating": "error",
    "last-not-assistant": "error",
    "no-assistant": "error",
    "extra-keys": "warning",
    "extra-message-keys": "warning",
    "few-samples": "warning",
    "no-samples": "error",
}
"""Severity where a service says nothing else."""

_LEAST = 10
"""Samples; OpenAI takes no fewer."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a service takes in its messages."""

    roles: tuple[str, ...]
    keys: frozenset[str]
    """Members of a message beside role and content."""
    order: Literal["pairs", "any"]
    """`pairs`: an optional system message, then user and assistant in turn."""
    required: tuple[str, ...] = ("role", "content")
    silent: tuple[str, ...] = ()
    """Members beside which `content` may be missing."""


def messages_of(value: Mapping[str, object]) -> tuple[list[object] | None, list[Fault]]:
    """The list of messages of a line, or why there is none."""
    if "messages" not in value:
        if isinstance(value.get("message"), list):
            return None, [Fault("message-key", "has the key `message`; it must be `messages`")]
        keys = ", ".join(show(key) for key in list(value)[:5])
        return None, [Fault("no-messages", f"has no `messages`{f'; its keys: {keys}' if keys else ''}")]
    found = value["messages"]
    if not isinstance(found, list):
        return None, [Fault("messages-not-a-list", f"`messages` is {kind_of(found)}, not an array")]
    if not found:
        return None, [Fault("empty-messages", "`messages` is empty")]
    return found, []


def chat(messages: Sequence[object], dialect: Dialect, *, last: bool = True) -> list[Fault]:
    """What is wrong with a list of messages.

    Args:
        messages: as they stand in the line.
        dialect: what the service takes.
        last: the list is a whole sample, so that its last message must be the assistant's.
    """
    faults = [fault for at, message in enumerate(messages, 1) for fault in _message(message, at, dialect)]
    roles = [message.get("role") if isinstance(message, dict) else None for message in messages]
    if all(role in dialect.roles for role in roles):
        faults.extend(_order([str(role) for role in roles], dialect, last=last))
    return faults


def _message(message: object, at: int, dialect: Dialect) -> Iterator[Fault]:
    if not isinstance(message, dict):
        yield Fault("message-not-an-object", f"message {at} is {kind_of(message)}")
        return
    yield from _role(message, at, dialect)
    yield from _content(message, at, dialect)
    strange = [key for key in message if key not in dialect.keys and key not in ("role", "content")]
    if strange:
        shown = ", ".join(show(key) for key in strange[:5])
        yield Fault("extra-message-keys", f"message {at} has {shown}, which the service does not document")


def _role(message: Mapping[str, object], at: int, dialect: Dialect) -> Iterator[Fault]:
    if "role" not in message:
        yield Fault("no-role", f"message {at} has no `role`")
        return
    role = message["role"]
    if role in dialect.roles:
        return
    known = ", ".join(dialect.roles)
    if isinstance(role, str) and role.strip().lower() in dialect.roles:
        yield Fault(
            "role-spelling",
            f"message {at} has the role {show(role)}; it must be {show(role.strip().lower())}",
        )
    else:
        yield Fault("unknown-role", f"message {at} has the role {show(role)}; there are: {known}")


def _content(message: Mapping[str, object], at: int, dialect: Dialect) -> Iterator[Fault]:
    content = message.get("content")
    if content is None and any(message.get(key) for key in dialect.silent):
        return
    if "content" not in message:
        yield Fault("no-content", f"message {at} has no `content`")
    elif not isinstance(content, str):
        yield Fault("content-not-text", f"the content of message {at} is {kind_of(content)}, not text")
    elif not content.strip():
        yield Fault("empty-content", f"message {at} says nothing")


def _order(roles: list[str], dialect: Dialect, *, last: bool) -> Iterator[Fault]:
    if dialect.order == "any":
        if last and "assistant" not in roles:
            yield Fault("no-assistant", "no message of the assistant: there is nothing to learn")
        return
    late = [at for at, role in enumerate(roles, 1) if role == "system" and at > 1]
    if late:
        yield Fault("system-not-first", f"message {late[0]} is a system message; it may only come first")
    talk = [role for role in roles if role != "system"]
    if not talk or talk[0] != "user":
        said = f"the first message after the system's is the {talk[0]}'s" if talk else "only a system message"
        yield Fault("first-not-user", f"{said}; the user must begin")
        return
    same = next((at for at in range(1, len(talk)) if talk[at] == talk[at - 1]), None)
    if same is not None:
        yield Fault("not-alternating", f"two messages of the {talk[same]} in a row: {', '.join(talk[:8])}")
    if last and talk[-1] != "assistant":
        yield Fault("last-not-assistant", f"ends with a message of the {talk[-1]}; the assistant must answer")


def extra_keys(value: Mapping[str, object], known: Sequence[str]) -> list[Fault]:
    """Members of a line that the service does not document."""
    strange = [key for key in value if key not in known]
    shown = ", ".join(show(key) for key in strange[:5])
    return [Fault("extra-keys", f"has {shown}, which the service does not document")] if strange else []


def not_an_object(value: object) -> list[Fault]:
    """The fault of a line that is JSON but no object."""
    return [Fault("not-an-object", f"is {kind_of(value)}, not an object")]


def few(samples: int) -> Iterator[Fault]:
    """Too few samples in the whole file."""
    if not samples:
        yield Fault("no-samples", "the file holds no sample")
    elif samples < _LEAST:
        noun = "sample" if samples == 1 else "samples"
        yield Fault("few-samples", f"has {samples} {noun}; fewer than {_LEAST} teach little")


def kind_of(value: object) -> str:
    """A JSON type in words."""
    if isinstance(value, bool):
        return "a boolean"
    if value is None:
        return "null"
    names = {dict: "an object", list: "an array", str: "a text", int: "a number", float: "a number"}
    return names.get(type(value), "a number")
