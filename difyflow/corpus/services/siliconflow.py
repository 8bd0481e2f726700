"""SiliconFlow's console: chat models, `.jsonl` in UTF-8 (docs.siliconflow.cn, autumn 2026).

Documented: one object a line with a non-empty array `messages`; each message has `role` (system, user,
assistant) and `content`; a system message only first; then user and assistant in turn, in pairs, at least
one. Limits on lines, size or tokens are not documented, so none is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from difyflow.corpus._json import Fault
from difyflow.corpus.check import Tally
from difyflow.corpus.findings import Severity
from difyflow.corpus.services import _chat

RULES: Mapping[str, Severity] = _chat.RULES
PLAIN = "messages"

_DIALECT = _chat.Dialect(roles=("system", "user", "assistant"), keys=frozenset(), order="pairs")


def findings(value: object) -> tuple[str, list[Fault]]:
    """The kind of a line, and what is wrong with it."""
    if not isinstance(value, dict):
        return PLAIN, _chat.not_an_object(value)
    messages, faults = _chat.messages_of(value)
    if messages is None:
        return PLAIN, faults
    return PLAIN, [*_chat.chat(messages, _DIALECT), *_chat.extra_keys(value, ("messages",))]


def whole(tally: Tally) -> Iterator[Fault]:
    """What is wrong with the whole file."""
    yield from _chat.few(tally.samples)
