"""ShareGPT's conversations as LLaMA-Factory reads them; in preference data two answers stand beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from difyflow.corpus._json import Fault, dump, show
from difyflow.corpus.formats import _turns
from difyflow.corpus.samples import Sample, Turn

_TO_ROLE = {"human": "user", "gpt": "assistant", "system": "system"}
_TO_NAME = {role: name for name, role in _TO_ROLE.items()}
_OWN = ("observation", "function_call")
_KEYS = ("conversations", "system", "tools", "chosen", "rejected")


def fits(value: Mapping[str, object]) -> bool:
    """True for lines with `conversations`."""
    return "conversations" in value


def read(value: Mapping[str, object]) -> Sample | Fault:
    """The sample of a line."""
    turns = value["conversations"]
    if not isinstance(turns, list) or not turns:
        return Fault("no-conversations", "`conversations` is no array with a message")
    found = [_turn(turn, at) for at, turn in enumerate(turns, 1)]
    ranked = [_turn(value[key], key) for key in ("chosen", "rejected") if key in value]
    for one in (*found, *ranked):
        if isinstance(one, Fault):
            return one
    if len(ranked) == 1:
        return Fault("bad-preference", "has one of `chosen` and `rejected`")
    return _sample(value, [one for one in (*found, *ranked) if isinstance(one, Turn)], ranked=bool(ranked))


def _sample(value: Mapping[str, object], turns: list[Turn], *, ranked: bool) -> Sample | Fault:
    rejected = (turns.pop(),) if ranked else ()
    system = value.get("system")
    if system is not None and not isinstance(system, str):
        return Fault("content-not-text", "`system` is not text")
    if system:
        if turns[0].role == "system":
            return Fault("two-systems", "has a system message and `system`")
        turns.insert(0, Turn("system", system))
    extra = {key: one for key, one in value.items() if key not in _KEYS}
    if value.get("tools"):
        tools = _tools(value["tools"])
        if isinstance(tools, Fault):
            return tools
        extra["tools"] = tools
    return Sample(tuple(turns), rejected=rejected, extra=extra)


def _tools(value: object) -> object:
    """LLaMA-Factory has the tools as JSON in a text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return Fault("bad-tools", "`tools` is no JSON")


def _turn(turn: object, where: object) -> Turn | Fault:
    if not isinstance(turn, dict) or not isinstance(turn.get("value"), str):
        return Fault("bad-turn", f"message {where} is no object with `from` and a text `value`")
    who = turn.get("from")
    role = _TO_ROLE.get(who) if isinstance(who, str) else None
    if role is None and who not in _OWN:
        return Fault("unknown-from", f"message {where} is from {show(who)}")
    extra = {key: one for key, one in turn.items() if key not in ("from", "value")}
    return Turn(role or str(who), turn["value"], extra)


def write(sample: Sample) -> tuple[dict[str, object], list[Fault]]:
    """The value of a line, and what of the sample is not in it."""
    faults = [
        *_turns.unheld((*sample.turns, *sample.rejected)),
        *_turns.unheld_extra(sample.extra, ("tools",)),
    ]
    talk = sample.turns[1:] if sample.turns[0].role == "system" else sample.turns
    strange = dict.fromkeys(
        turn.role for turn in (*talk, *sample.rejected) if turn.role not in ("user", "assistant", *_OWN)
    )
    faults.extend(Fault("roles-do-not-fit", f"has no role {role!r} there") for role in strange)
    if talk and not strange and not _in_place(talk):
        faults.append(Fault("roles-do-not-fit", "takes questions and answers in turn, an answer last"))
    value: dict[str, object] = {"conversations": [_said(turn) for turn in talk]}
    if sample.rejected:
        value = {
            "conversations": [_said(turn) for turn in talk[:-1]],
            "chosen": _said(talk[-1]) if talk else None,
            "rejected": _said(sample.rejected[0]),
        }
    if talk is not sample.turns:
        value["system"] = sample.turns[0].content
        if not sample.turns[0].content:
            faults.append(Fault("empty-system", "has no place for an empty system message"))
    if "tools" in sample.extra:
        value["tools"] = dump(sample.extra["tools"])
    return value, faults


def _in_place(talk: tuple[Turn, ...]) -> bool:
    asks, answers = ("user", "observation"), ("assistant", "function_call")
    fit = all(turn.role in (answers if at % 2 else asks) for at, turn in enumerate(talk))
    return fit and len(talk) % 2 == 0


def _said(turn: Turn) -> dict[str, object]:
    return {"from": _TO_NAME.get(turn.role, turn.role), "value": turn.content}


def info(*, ranked: bool) -> dict[str, object] | None:
    """The entry of `dataset_info.json`."""
    columns = {"messages": "conversations", "system": "system", "tools": "tools"}
    if ranked:
        return {
            "formatting": "sharegpt",
            "ranking": True,
            "columns": {**columns, "chosen": "chosen", "rejected": "rejected"},
        }
    return {"formatting": "sharegpt", "columns": columns}
