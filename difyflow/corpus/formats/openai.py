"""OpenAI's fine-tuning files: `messages`, with tools, weights and what else stands there."""

from __future__ import annotations

from collections.abc import Mapping

from difyflow.corpus._json import Fault
from difyflow.corpus.formats import _turns
from difyflow.corpus.samples import Sample


def fits(value: Mapping[str, object]) -> bool:
    """True for lines with `messages`."""
    return "messages" in value


def read(value: Mapping[str, object]) -> Sample | Fault:
    """The sample of a line; every member is kept."""
    turns = _turns.turns_of(value["messages"], "`messages`")
    if isinstance(turns, Fault):
        return turns
    return Sample(turns, extra={key: one for key, one in value.items() if key != "messages"})


def write(sample: Sample) -> tuple[dict[str, object], list[Fault]]:
    """The value of a line, and what of the sample is not in it."""
    faults = [Fault("rejected-answer", "has no place for a rejected answer")] if sample.rejected else []
    known = ("system", "developer", "user", "assistant", "tool")
    strange = dict.fromkeys(turn.role for turn in sample.turns if turn.role not in known)
    faults.extend(Fault("roles-do-not-fit", f"has no role {role!r}") for role in strange)
    return {"messages": [_turns.message(turn) for turn in sample.turns], **sample.extra}, faults


def info(*, ranked: bool) -> dict[str, object] | None:  # noqa: ARG001  the same for all formats
    """The entry of `dataset_info.json`."""
    return {
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    }
