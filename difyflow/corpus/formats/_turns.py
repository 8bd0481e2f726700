"""What formats share: messages by role and content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from difyflow.corpus._json import Fault, show
from difyflow.corpus.samples import Turn


def turns_of(value: object, where: str) -> tuple[Turn, ...] | Fault:
    """The messages of a list, in OpenAI's shape."""
    if not isinstance(value, list) or not value:
        return Fault("no-messages", f"{where} is no array with a message")
    turns: list[Turn] = []
    for at, message in enumerate(value, 1):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            return Fault("no-role", f"message {at} of {where} is no object with a `role`")
        content = message.get("content")
        if content is not None and not isinstance(content, str):
            return Fault("content-not-text", f"the content of message {at} of {where} is not text")
        extra = {key: one for key, one in message.items() if key not in ("role", "content")}
        if content is None and not extra:
            return Fault("no-content", f"message {at} of {where} has no `content`")
        turns.append(Turn(message["role"], content, extra))
    return tuple(turns)


def message(turn: Turn) -> dict[str, object]:
    """A message in OpenAI's shape."""
    return {"role": turn.role, "content": turn.content, **turn.extra}


def plain_pairs(turns: Iterable[Turn]) -> Fault | None:
    """Why turns are not an optional system message and then pairs of user and assistant."""
    roles = [turn.role for turn in turns]
    talk = roles[1:] if roles[:1] == ["system"] else roles
    if not talk or talk != ["user", "assistant"] * (len(talk) // 2):
        return Fault(
            "roles-do-not-fit", f"takes user and assistant in turn; the roles are {', '.join(roles[:8])}"
        )
    return None


def unheld(turns: Sequence[Turn]) -> list[Fault]:
    """Members of messages beside role and content, and what else a format of plain texts has no place for."""
    found = dict.fromkeys(key for turn in turns for key in turn.extra)
    faults = [Fault("message-member", f"has no place for {show(key)} of a message") for key in found]
    if any(turn.content is None for turn in turns):
        faults.append(Fault("no-content", "has no place for a message without content"))
    return faults


def unheld_extra(extra: Mapping[str, object], known: Iterable[str] = ()) -> list[Fault]:
    """Members of a sample that a format has no place for."""
    names = set(known)
    return [Fault("sample-member", f"has no place for {show(key)}") for key in extra if key not in names]
