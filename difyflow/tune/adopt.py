"""Taking the name of a tuned model that a console shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from difyflow.corpus.samples import Sample, read_lines, read_samples
from difyflow.errors import UsageError
from difyflow.tune.chat import Chat, Reply
from difyflow.tune.job import Job, Tuned, data_path, save_job
from difyflow.tune.service import service
from difyflow.tune.services import siliconflow

_MOST_TOKENS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """How it went.

    Attributes:
        job: knows the model now.
        word: by which `compare` knows it: `ckpt2`.
        question, reply: the one call; None if none was made.
        notes: what looks odd, in a line each.
    """

    job: Job
    word: str
    question: str = ""
    reply: Reply | None = None
    notes: tuple[str, ...] = ()


def adopt(folder: Path, job: Job, model: str, chat: Chat | None) -> Adopted:
    """Checks the name's shape, asks the model one question, and keeps it in `job.json`.

    Args:
        folder: of the job.
        job: what was read from it.
        model: as the console shows it.
        chat: where to ask; None = do not ask.

    Raises:
        UsageError: it is no name of a tuned model of this service.
        ApiError, ConnectionLost: it does not answer; it is not kept then.
    """
    model = model.strip()
    known = service(job.service)
    fault = known.model_fault(model)
    if fault:
        raise UsageError(
            f"{model!r} is no tuned model of {known.title}: {fault}",
            code="model-name",
            hint="copy it whole from where the service shows it",
        )
    notes = _odd(job, model)
    messages = first_question(folder, job)
    reply = chat.ask(model, messages, {"max_tokens": _MOST_TOKENS}) if chat is not None else None
    parts = siliconflow.parse(model)
    made = job.with_model(Tuned(id=model, step=parts.step if parts else None))
    save_job(folder, made)
    number = next(at for at, item in enumerate(made.models, 1) if item.id == model)
    return Adopted(
        job=made, word=f"ckpt{number}", question=messages[-1]["content"], reply=reply, notes=tuple(notes)
    )


def _odd(job: Job, model: str) -> list[str]:
    parts = siliconflow.parse(model)
    if parts is None or parts.base == job.base:
        return []
    return [f"its name says that it was tuned from {parts.base}, and this job is for {job.base}"]


def first_question(folder: Path, job: Job) -> list[Mapping[str, str]]:
    """The messages of the first sample that was kept back, up to the last question.

    Raises:
        UsageError: the file cannot be read.
    """
    path = data_path(folder, job.test or job.validation or job.train)
    try:
        with path.open("rb") as file:
            for sample in read_samples(read_lines(file)):
                if isinstance(sample, Sample) and sample.question:
                    turns = [turn for turn in sample.turns if turn.content]
                    last = max(at for at, turn in enumerate(turns) if turn.role == "user")
                    return [{"role": turn.role, "content": turn.content or ""} for turn in turns[: last + 1]]
    except OSError as err:
        raise UsageError(
            f"cannot be read: {err.strerror or err}", path=str(path), code="not-readable"
        ) from err
    return [{"role": "user", "content": "?"}]
