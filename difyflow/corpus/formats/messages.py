"""The core of chat samples: `messages` with role and text and nothing else, as SiliconFlow takes it."""

from __future__ import annotations

from collections.abc import Mapping

from difyflow.corpus._json import Fault
from difyflow.corpus.formats import _turns, openai
from difyflow.corpus.samples import Sample

fits, read, info = openai.fits, openai.read, openai.info


def write(sample: Sample) -> tuple[dict[str, object], list[Fault]]:
    """The value of a line, and what of the sample is not in it."""
    faults = [*_turns.unheld(sample.turns), *_turns.unheld_extra(sample.extra)]
    if sample.rejected:
        faults.append(Fault("rejected-answer", "has no place for a rejected answer"))
    misfit = _turns.plain_pairs(sample.turns)
    if misfit:
        faults.append(misfit)
    messages = [{"role": turn.role, "content": turn.content} for turn in sample.turns]
    value: Mapping[str, object] = {"messages": messages}
    return dict(value), faults
