"""Taking the name of a tuned model that a console shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from difyflow.errors import UsageError
from difyflow.tune.chat import Chat, Reply
from difyflow.tune.job import Job, Tuned, data_path, save_job
from difyflow.tune.questions import read_questions
from difyflow.tune.service import TunedName, service

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
    kept = data_path(folder, job.test or job.validation or job.train)
    asked = read_questions(kept, limit=1)[0]
    reply = chat.ask(model, asked.messages, {"max_tokens": _MOST_TOKENS}) if chat is not None else None
    parts = known.parse(model)
    made = job.with_model(Tuned(id=model, step=parts.step if parts else None))
    save_job(folder, made)
    number = next(at for at, item in enumerate(made.models, 1) if item.id == model)
    return Adopted(job=made, word=f"ckpt{number}", question=asked.text, reply=reply, notes=_odd(job, parts))


def _odd(job: Job, parts: TunedName | None) -> tuple[str, ...]:
    if parts is None or parts.base == job.base:
        return ()
    return (f"its name says that it was tuned from {parts.base}, and this job is for {job.base}",)
