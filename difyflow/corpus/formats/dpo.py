"""OpenAI's preference pairs: a question with a preferred and a rejected answer."""

from __future__ import annotations

from collections.abc import Mapping

from difyflow.corpus._json import Fault
from difyflow.corpus.formats import _turns
from difyflow.corpus.samples import Sample

_KEYS = ("input", "preferred_output", "non_preferred_output")
_INPUT = ("tools", "parallel_tool_calls")


def fits(value: Mapping[str, object]) -> bool:
    """True for lines with two answers."""
    return "preferred_output" in value or "non_preferred_output" in value


def read(value: Mapping[str, object]) -> Sample | Fault:
    """The sample of a line, the preferred answer at the end of its turns."""
    asked = value.get("input")
    if not isinstance(asked, dict):
        return Fault("bad-preference", "`input` is no object with `messages`")
    parts = (
        _turns.turns_of(asked.get("messages"), "`input`"),
        _turns.turns_of(value.get("preferred_output"), "`preferred_output`"),
        _turns.turns_of(value.get("non_preferred_output"), "`non_preferred_output`"),
    )
    question, good, bad = parts
    if isinstance(question, Fault) or isinstance(good, Fault) or isinstance(bad, Fault):
        return next(part for part in parts if isinstance(part, Fault))
    if len(good) != 1 or len(bad) != 1:
        return Fault("bad-preference", "an answer must be one message")
    beside = {key: one for key, one in asked.items() if key != "messages"}
    rest = {key: one for key, one in value.items() if key not in _KEYS}
    if beside.keys() & rest.keys():
        return Fault("bad-preference", "has the same member in `input` and beside it")
    return Sample((*question, *good), rejected=bad, extra={**beside, **rest})


def write(sample: Sample) -> tuple[dict[str, object], list[Fault]]:
    """The value of a line, and what of the sample is not in it."""
    faults: list[Fault] = []
    if not sample.rejected:
        faults.append(Fault("no-rejected-answer", "needs a rejected answer, and the sample has none"))
    if len(sample.turns) < 2 or sample.turns[-1].role != "assistant":
        faults.append(Fault("roles-do-not-fit", "needs a question and then an answer"))
    asked: dict[str, object] = {"messages": [_turns.message(turn) for turn in sample.turns[:-1]]}
    asked.update({key: one for key, one in sample.extra.items() if key in _INPUT})
    value: dict[str, object] = {
        "input": asked,
        "preferred_output": [_turns.message(turn) for turn in sample.turns[-1:]],
        "non_preferred_output": [_turns.message(turn) for turn in sample.rejected],
    }
    value.update({key: one for key, one in sample.extra.items() if key not in _INPUT})
    return value, faults


def info(*, ranked: bool) -> dict[str, object] | None:  # noqa: ARG001  the same for all formats
    """LLaMA-Factory does not read this shape."""
    return None
