"""What a value that was read is: a sample, a single message, a wrapper around samples, or none of them.

A sample's messages are the one member that holds a list of messages, whatever its key, or a bare list of
them, or an object whose keys are the roles. The rules for its messages are those that fine-tuning
services document: an optional system message first, then user and assistant in turn, in pairs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeGuard

from difyflow.records._jsonl_signs import Members, Unreadable, Value
from difyflow.records._jsonl_strict import strict_value
from difyflow.records._jsonl_strings import join_surrogates

Turn: TypeAlias = tuple[str, str]
"""Role and content."""

_ROLE_KEYS = ("role", "角色", "from")
_CONTENT_KEYS = ("content", "内容", "contents", "value", "text")
_MESSAGES_KEYS = ("messages", "message", "消息")
_ROLES = {
    "system": "system", "user": "user", "assistant": "assistant",
    "系统": "system", "用户": "user", "助手": "assistant", "助理": "assistant",
    "human": "user", "gpt": "assistant", "ai": "assistant", "bot": "assistant", "model": "assistant",
}  # fmt: skip
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value is.

    `kind` is `sample` (`turns`, `extra`), `message` (one turn in `turns`), `wrapper` (look inside) or
    `other`.
    """

    kind: Literal["sample", "message", "wrapper", "other"]
    turns: tuple[Turn, ...] = ()
    extra: tuple[tuple[str, object], ...] = ()
    repairs: frozenset[str] = frozenset()


def shape_of(value: Value) -> Shape:
    """Says what `value` is.

    Raises:
        Unreadable: it is a sample or a message that breaks a rule.
    """
    if isinstance(value, list):
        repairs = {"bare-messages"}
        return Shape("sample", _turns(value, repairs), (), frozenset(repairs))
    if not isinstance(value, Members):
        return Shape("other")
    plain_turns = _plain_turns(value)
    if plain_turns:
        return Shape("sample", plain_turns)
    value, decoded = _unpack_messages(value)
    lists = [(key, member) for key, member in value if _holds_messages(member)]
    if lists:
        return _sample(value, lists, decoded)
    if _is_message(value):
        repairs = set[str]()
        return Shape("message", (_turn(value, repairs),), (), frozenset(repairs))
    if _is_by_role(value):
        repairs = {"role-as-key"}
        turns = _turns([Members([member]) for member in value], repairs)
        return Shape("sample", turns, (), frozenset(repairs))
    if any(_holds_samples(member) for _, member in value):
        return Shape("wrapper")
    if _names(value) & set(_MESSAGES_KEYS):
        raise Unreadable("no-messages", "`messages` is no list of messages")
    return Shape("other")


def _plain_turns(value: Members) -> tuple[Turn, ...] | None:
    """The turns of a sample that is written as it should be: the way of nearly all, hence the short one."""
    if len(value) != 1 or value[0][0] != "messages" or not isinstance(value[0][1], list):
        return None
    turns: list[Turn] = []
    for message in value[0][1]:
        if not isinstance(message, Members) or len(message) != 2:
            return None
        (role_key, role), (content_key, content) = message
        if role_key != "role" or content_key != "content" or not isinstance(content, str):
            return None
        if role not in ("system", "user", "assistant") or not content.strip():
            return None
        turns.append((str(role), content))
    if not turns or any(_SURROGATE.search(content) for _, content in turns):
        return None
    check_turns(tuple(turns))
    return tuple(turns)


def conversations(turns: tuple[Turn, ...]) -> list[tuple[Turn, ...]]:
    """`turns` cut before each system message: models put several samples into one list."""
    starts = [at for at, (role, _) in enumerate(turns) if role == "system" or at == 0]
    return [turns[start:end] for start, end in zip(starts, [*starts[1:], len(turns)], strict=True)]


def check_turns(turns: tuple[Turn, ...]) -> None:
    """Checks the order of the roles.

    Raises:
        Unreadable: a role is missing or out of order.
    """
    for conversation in conversations(turns) if turns and turns[0][0] == "system" else [turns]:
        _check_conversation(conversation)


def _check_conversation(turns: tuple[Turn, ...]) -> None:
    roles = [role for role, _ in turns]
    for role in ("user", "assistant"):
        if role not in roles:
            raise Unreadable(f"no-{role}", f"no message of the {role}")
    pairs = roles[1:] if roles[0] == "system" else roles
    if pairs != ["user", "assistant"] * (len(pairs) // 2):
        raise Unreadable("roles-out-of-order", ", ".join(roles[:12]))


def plain(value: Value) -> object:
    """`value` as ordinary dictionaries and lists."""
    if isinstance(value, Members):
        return {key: plain(member) for key, member in value}
    return [plain(member) for member in value] if isinstance(value, list) else value


def _names(members: Members) -> set[str]:
    return {_name(key) for key, _ in members}


def _name(key: str) -> str:
    return key.strip().casefold()


def _is_message(value: Value) -> bool:
    if not isinstance(value, Members):
        return False
    names = _names(value)
    if names & set(_ROLE_KEYS[:2]) or {"from", "value"} <= names:
        return True
    return "content" in names and not any(_holds_messages(member) for _, member in value)


def _is_role_as_key(value: Value) -> bool:
    return isinstance(value, Members) and len(value) == 1 and _name(value[0][0]) in _ROLES


def _holds_messages(value: Value) -> bool:
    return isinstance(value, list) and any(_is_message(item) or _is_role_as_key(item) for item in value)


def _holds_samples(value: Value) -> bool:
    """True if a sample stands somewhere inside; the depth is bounded by the reader."""
    if isinstance(value, Members):
        return any(_holds_messages(member) or _holds_samples(member) for _, member in value)
    return isinstance(value, list) and any(_holds_messages(item) or _holds_samples(item) for item in value)


def _unpack_messages(value: Members) -> tuple[Members, set[str]]:
    """Turns messages that were written as a JSON string, or as an object by role, into a list."""
    members = list(value)
    repairs = set[str]()
    for at, (key, member) in enumerate(members):
        if _name(key) not in _MESSAGES_KEYS:
            continue
        if isinstance(member, str) and member.lstrip().startswith("["):
            decoded, end, _ = strict_value(member, member.index("["))
            if end is not None and not member[end:].strip() and _holds_messages(decoded):
                members[at] = (key, decoded)
                repairs.add("encoded-messages")
        elif _is_by_role(member):
            members[at] = (key, [Members([one]) for one in member])
    return Members(members), repairs


def _is_by_role(value: Value) -> TypeGuard[Members]:
    return isinstance(value, Members) and {"user", "assistant"} <= _names(value) <= {
        "system",
        "user",
        "assistant",
    }


def _sample(value: Members, lists: list[tuple[str, Value]], repairs: set[str]) -> Shape:
    key, messages = lists[0]
    if any(other != messages for _, other in lists[1:]):
        raise Unreadable("duplicate-key", "more than one list of messages")
    if len(lists) > 1:
        repairs.add("duplicate-key")
    if key != "messages":
        repairs.add("messages-key")
    extra = tuple((name, plain(member)) for name, member in value if not _holds_messages(member))
    if extra:
        repairs.add("extra-keys")
    turns = _turns(messages if isinstance(messages, list) else [], repairs)
    return Shape("sample", turns, extra, frozenset(repairs))


def _turns(messages: list[Value], repairs: set[str]) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for message in messages:
        if not isinstance(message, Members):
            raise Unreadable("bad-message", "a message that is no object")
        turns.extend(_turn(part, repairs) for part in _split(message, repairs))
    check_turns(tuple(turns))
    return tuple(turns)


def _split(message: Members, repairs: set[str]) -> list[Members]:
    """Messages that were run together into one object: role, content, role, content."""
    names = [_name(key) for key, _ in message]
    if len(names) < 4 or len(names) % 2 or names != ["role", "content"] * (len(names) // 2):
        return [message]
    if all(message[at] == message[0] for at in range(0, len(message), 2)):
        return [message]
    repairs.add("split-message")
    return [Members(message[at : at + 2]) for at in range(0, len(message), 2)]


def _turn(message: Members, repairs: set[str]) -> Turn:
    role_key, role = _pick(message, _ROLE_KEYS)
    content_key, content = _pick(message, _CONTENT_KEYS)
    used = {role_key, content_key}
    if role_key is None and _is_role_as_key(message):
        role, content = message[0]
        used = {_name(role)}
        repairs.add("role-as-key")
    elif role_key is None or content_key is None:
        raise Unreadable("bad-message", f"a message without {'role' if role_key is None else 'content'}")
    elif (role_key, content_key) != ("role", "content") or not used <= {key for key, _ in message}:
        repairs.add("key-name")
    if _names(message) - used:
        repairs.add("extra-message-keys")
    if len(message) > len(_names(message)):
        repairs.add("duplicate-key")
    return _role(role, repairs), _content(content, repairs)


def _pick(message: Members, names: tuple[str, ...]) -> tuple[str | None, Value]:
    """The member with the first of the `names` that is there.

    Raises:
        Unreadable: it is there twice with different values.
    """
    for name in names:
        found = [value for key, value in message if _name(key) == name]
        if any(other != found[0] for other in found[1:]):
            raise Unreadable("duplicate-key", f"two different values of {name!r} in one message")
        if found:
            return name, found[0]
    return None, None


def _role(role: Value, repairs: set[str]) -> str:
    known = _ROLES.get(_name(role)) if isinstance(role, str) else None
    if known is None:
        raise Unreadable("unknown-role", f"role {str(role)[:40]!r}; there are system, user, assistant")
    if role != known and "role-as-key" not in repairs:
        repairs.add("role-name")
    return known


def _content(content: Value, repairs: set[str]) -> str:
    if isinstance(content, list) and len(content) == 1 and isinstance(content[0], Members):
        part = dict(content[0])
        if part.get("type") == "text" and set(part) == {"type", "text"}:
            content = part["text"]
            repairs.add("content-parts")
    if not isinstance(content, str):
        raise Unreadable("content-not-text", f"content is {type(content).__name__}, not text")
    if not content.strip():
        raise Unreadable("empty-content", "a message says nothing")
    content = join_surrogates(content)
    if _SURROGATE.search(content):
        raise Unreadable("lone-surrogate", "half of a character; no UTF-8 can hold it")
    return content
