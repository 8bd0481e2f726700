"""LLaMA-Factory's data sets: alpaca, sharegpt, OpenAI's messages, and preferences (its `data/README.md`).

The kind of a line is told by its keys; a file holds one kind, since `dataset_info.json` names one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from difyflow.corpus._json import Fault, show
from difyflow.corpus.check import Tally
from difyflow.corpus.findings import Severity
from difyflow.corpus.services import _chat

RULES: Mapping[str, Severity] = {
    **_chat.RULES,
    "no-instruction": "error",
    "no-output": "error",
    "field-not-text": "error",
    "bad-history": "error",
    "no-conversations": "error",
    "bad-turn": "error",
    "unknown-from": "error",
    "turn-out-of-place": "error",
    "bad-preference": "error",
    "mixed-kinds": "error",
}
PLAIN = "messages"

_DIALECT = _chat.Dialect(roles=("system", "user", "assistant"), keys=frozenset(), order="pairs")
_ASKS, _ANSWERS = ("human", "observation"), ("gpt", "function_call")
_ALPACA = ("instruction", "input", "output", "system", "history", "chosen", "rejected")
_SHAREGPT = ("conversations", "system", "tools", "chosen", "rejected")


def findings(value: object) -> tuple[str, list[Fault]]:
    """The kind of a line, and what is wrong with it."""
    if not isinstance(value, dict):
        return PLAIN, _chat.not_an_object(value)
    ranked = " preference" if "chosen" in value or "rejected" in value else ""
    if "conversations" in value:
        return f"sharegpt{ranked}", [*_sharegpt(value), *_chat.extra_keys(value, _SHAREGPT)]
    if "instruction" in value or ("output" in value and "messages" not in value):
        return f"alpaca{ranked}", [*_alpaca(value), *_chat.extra_keys(value, _ALPACA)]
    messages, faults = _chat.messages_of(value)
    if messages is None:
        return PLAIN, faults
    return PLAIN, [*_chat.chat(messages, _DIALECT), *_chat.extra_keys(value, ("messages", "tools"))]


def whole(tally: Tally) -> Iterator[Fault]:
    """What is wrong with the whole file."""
    yield from _chat.few(tally.samples)
    if len(tally.kinds) > 1:
        counts = " and ".join(f"{count} {kind}" for kind, count in sorted(tally.kinds.items()))
        yield Fault("mixed-kinds", f"has {counts} samples; `dataset_info.json` names one kind")


def _alpaca(value: Mapping[str, object]) -> Iterator[Fault]:
    if not value.get("instruction") and not value.get("input"):
        yield Fault("no-instruction", "has no `instruction`")
    for key in ("instruction", "input", "output", "system"):
        if value.get(key) is not None and not isinstance(value[key], str):
            yield Fault("field-not-text", f"`{key}` is {_chat.kind_of(value[key])}, not text")
    if "chosen" in value or "rejected" in value:
        for key in ("chosen", "rejected"):
            if not isinstance(value.get(key), str) or not str(value[key]).strip():
                yield Fault("bad-preference", f"`{key}` is no text")
    elif "output" not in value:
        yield Fault("no-output", "has no `output`")
    elif isinstance(value["output"], str) and not value["output"].strip():
        yield Fault("empty-content", "`output` says nothing")
    history = value.get("history")
    if history is not None and not (isinstance(history, list) and all(_is_pair(one) for one in history)):
        yield Fault("bad-history", "`history` is no list of pairs of texts")


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)


def _sharegpt(value: Mapping[str, object]) -> Iterator[Fault]:
    turns = value["conversations"]
    if not isinstance(turns, list) or not turns:
        yield Fault("no-conversations", "`conversations` is no array with a message")
        return
    said = [_from(turn) for turn in turns]
    for at, (turn, who) in enumerate(zip(turns, said, strict=True), 1):
        yield from _turn(turn, who, at)
    if None in said:
        return
    talk = said[1:] if said[0] == "system" else said
    for at, who in enumerate(talk, 1 + len(said) - len(talk)):
        odd = (at - (len(said) - len(talk))) % 2 == 1
        if who == "system" or who not in (_ASKS if odd else _ANSWERS):
            wanted = " or ".join(_ASKS if odd else _ANSWERS)
            yield Fault("turn-out-of-place", f"message {at} is from {show(who)}; {wanted} must stand there")
            return
    yield from _ending(value, len(talk))


def _ending(value: Mapping[str, object], count: int) -> Iterator[Fault]:
    """Preference data ends with a question, whose answers stand beside it; other data with an answer."""
    ranked = "chosen" in value or "rejected" in value
    if ranked:
        for key in ("chosen", "rejected"):
            if _from(value.get(key)) not in _ANSWERS:
                yield Fault("bad-preference", f"`{key}` is no message of gpt")
    if count % 2 != int(ranked):
        yield Fault("last-not-assistant", f"ends with a message of the {'gpt' if ranked else 'human'}")


def _from(turn: object) -> str | None:
    """Who speaks; None if that cannot be said."""
    who = turn.get("from") if isinstance(turn, dict) else None
    return who if who in ("system", *_ASKS, *_ANSWERS) else None


def _turn(turn: object, who: str | None, at: int) -> Iterator[Fault]:
    if not isinstance(turn, dict) or "from" not in turn or not isinstance(turn.get("value"), str):
        yield Fault("bad-turn", f"message {at} is no object with `from` and a text `value`")
        return
    if who is None:
        known = ", ".join(("system", *_ASKS, *_ANSWERS))
        yield Fault("unknown-from", f"message {at} is from {show(turn['from'])}; there are: {known}")
    if not turn["value"].strip():
        yield Fault("empty-content", f"message {at} says nothing")
    strange = [key for key in turn if key not in ("from", "value")]
    if strange:
        yield Fault("extra-message-keys", f"message {at} has {show(strange[0])}, which is not documented")
