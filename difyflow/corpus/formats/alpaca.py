"""Alpaca's records as LLaMA-Factory reads them: instruction, input, output, system, history.

LLaMA-Factory puts `input` on the line below `instruction`; so does reading, which marks the sample as
`joined`, and writing leaves it out. All pairs but the last are the `history`. With `chosen` and `rejected` in
place of `output` it is preference data.
"""

from __future__ import annotations

from collections.abc import Mapping

from difyflow.corpus._json import Fault
from difyflow.corpus.formats import _turns
from difyflow.corpus.samples import Sample, Turn

_KEYS = ("instruction", "input", "output", "system", "history", "chosen", "rejected")


def fits(value: Mapping[str, object]) -> bool:
    """True for lines with `instruction`."""
    return "instruction" in value


def read(value: Mapping[str, object]) -> Sample | Fault:
    """The sample of a line."""
    ranked = "chosen" in value or "rejected" in value
    answer_key = "chosen" if ranked else "output"
    for key in ("instruction", answer_key, *(["rejected"] if ranked else [])):
        if not isinstance(value.get(key), str):
            return Fault("field-not-text", f"`{key}` is no text")
    for key in ("input", "system"):
        if value.get(key) is not None and not isinstance(value[key], str):
            return Fault("field-not-text", f"`{key}` is no text")
    history = value.get("history") or []
    if not (isinstance(history, list) and all(_is_pair(one) for one in history)):
        return Fault("bad-history", "`history` is no list of pairs of texts")
    turns = [Turn("system", str(value["system"]))] if value.get("system") else []
    for asked, answered in history:
        turns += [Turn("user", asked), Turn("assistant", answered)]
    parts = [str(value[key]) for key in ("instruction", "input") if value.get(key)]
    turns += [Turn("user", "\n".join(parts)), Turn("assistant", str(value[answer_key]))]
    rejected = (Turn("assistant", str(value["rejected"])),) if ranked else ()
    extra = {key: one for key, one in value.items() if key not in _KEYS}
    if ranked and value.get("output"):
        extra["output"] = value["output"]  # a third answer
    return Sample(tuple(turns), rejected=rejected, extra=extra, joined=len(parts) > 1)


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)


def write(sample: Sample) -> tuple[dict[str, object], list[Fault]]:
    """The value of a line, and what of the sample is not in it."""
    faults = [*_turns.unheld((*sample.turns, *sample.rejected)), *_turns.unheld_extra(sample.extra)]
    misfit = _turns.plain_pairs(sample.turns)
    if misfit:
        return {}, [*faults, misfit]
    system = sample.turns[0].content if sample.turns[0].role == "system" else ""
    talk = [turn.content for turn in (sample.turns[1:] if sample.turns[0].role == "system" else sample.turns)]
    if sample.turns[0].role == "system" and not system:
        faults.append(Fault("empty-system", "has no place for an empty system message"))
    value: dict[str, object] = {"instruction": talk[-2], "input": ""}
    if sample.rejected:
        value |= {"chosen": talk[-1], "rejected": sample.rejected[0].content}
    else:
        value["output"] = talk[-1]
    if system:
        value["system"] = system
    if len(talk) > 2:
        value["history"] = [list(pair) for pair in zip(talk[:-2:2], talk[1:-2:2], strict=True)]
    return value, faults


def info(*, ranked: bool) -> dict[str, object] | None:
    """The entry of `dataset_info.json`."""
    columns = {"prompt": "instruction", "query": "input", "system": "system", "history": "history"}
    if ranked:
        return {"ranking": True, "columns": {**columns, "chosen": "chosen", "rejected": "rejected"}}
    return {"columns": {**columns, "response": "output"}}
