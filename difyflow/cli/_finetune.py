"""`difyflow finetune prepare` and `adopt`; where a job's service is, and the key to it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from difyflow.cli import _show
from difyflow.errors import UsageError
from difyflow.tune._openai import Access, Patience
from difyflow.tune.adopt import Adopted
from difyflow.tune.adopt import adopt as adopt_model
from difyflow.tune.chat import Chat
from difyflow.tune.job import Job, read_job
from difyflow.tune.prepare import SHEET, Plan, Prepared
from difyflow.tune.prepare import prepare as prepare_job
from difyflow.tune.service import service

OWN_KEY = "FINETUNE_API_KEY"
"""For an address that the user names."""
_ANSWER = 400  # characters that are shown


@dataclass(frozen=True, slots=True)
class Place:
    """`--base-url` and `--key-env`; empty if not given."""

    base_url: str
    key_env: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareOptions:
    """The options of the command; see its help."""

    corpus: str
    service: str
    base: str
    folder: str
    validation: float | None
    test: float
    split_by: Literal["document", "line"]
    seed: int
    suffix: str
    pairs: tuple[str, ...]
    provenance: str | None
    allow_demo: bool
    force: bool
    format_: str


def prepare(options: PrepareOptions) -> int:
    """Runs the command."""
    made = prepare_job(
        Plan(
            corpus=Path(options.corpus),
            folder=Path(options.folder),
            service=options.service,
            base=options.base,
            provenance=Path(options.provenance) if options.provenance else None,
            validation=options.validation,
            test=options.test,
            split_by=options.split_by,
            seed=options.seed,
            suffix=options.suffix,
            hyperparameters=settings(options.pairs),
            allow_demo=options.allow_demo,
            force=options.force,
        )
    )
    if options.format_ == "json":
        said = {**made.job.to_json(), "notes": list(made.notes)}
        _show.write_text(json.dumps(said, ensure_ascii=False, indent=2) + "\n")
        return 0
    for line in _prepared(made, options.folder):
        _show.note(line)
    return 0


def adopt(folder: str, model: str, no_call: bool, place: Place, format_: str) -> int:
    """Runs the command."""
    job = read_job(Path(folder))
    if no_call:
        found = adopt_model(Path(folder), job, model, None)
    else:
        with Chat(access(job, place, os.environ), patience()) as chat:
            found = adopt_model(Path(folder), job, model, chat)
    _tell_adopted(found, format_)
    return 0


def access(job: Job, place: Place, environ: Mapping[str, str]) -> Access:
    """Where the job's service is, and its key.

    A service's key belongs to its own address: an address that the user names gets it only if he says so.

    Raises:
        UsageError: nobody says where the service is, or its key is not set.
    """
    known = service(job.service)
    base_url = (place.base_url or job.remote.base_url or known.base_url).rstrip("/")
    if not base_url:
        raise UsageError(
            f"nothing says where {known.title} is", code="no-base-url", hint="--base-url https://host/v1"
        )
    at_home = bool(known.base_url) and urlsplit(base_url).netloc == urlsplit(known.base_url).netloc
    key_env = place.key_env or (known.key_env if at_home else OWN_KEY)
    key = environ.get(key_env, "").strip()
    if not key and (at_home or place.key_env):
        raise UsageError(
            f"no key: {key_env} is not set",
            code="no-key",
            hint=f"export {key_env}=...; keys are never arguments",
        )
    return Access(base_url=base_url, key=key, key_env=key_env)


def patience() -> Patience:
    """Waits in earnest."""
    return Patience(sleep=time.sleep)


def settings(pairs: Iterable[str]) -> dict[str, object]:
    """`NAME=VALUE` pairs; a value is JSON, or a text where it is none.

    Raises:
        UsageError: no `=`, or a name twice.
    """
    found: dict[str, object] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign or not name.strip() or name in found:
            raise UsageError(f"--set {pair}: it takes NAME=VALUE, each name once")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found


def _prepared(made: Prepared, folder: str) -> Iterable[str]:
    job = made.job
    parts = [f"{file.name} {file.samples}" for file in (job.train, job.validation, job.test) if file]
    yield f"{folder}: {', '.join(parts)} samples for {service(job.service).title}, base {job.base}"
    for rule, count in job.warnings.items():
        yield f"  {rule}: {count} times; see: difyflow corpus check"
    if job.demo:
        yield f"  {job.demo} samples come from the rule-based responder, not from a model"
    if job.trigger is None:
        yield "  the samples do not share one system message: a trigger phrase must be the same everywhere"
    for note in made.notes:
        yield f"  {note}"
    known = service(job.service)
    if known.way == "console":
        yield f"{known.title} has no API for this: {folder.rstrip('/')}/{SHEET} says what to click"
    else:
        yield f"next: difyflow finetune submit {folder}"


def _tell_adopted(found: Adopted, format_: str) -> None:
    model = next(item for at, item in enumerate(found.job.models, 1) if f"ckpt{at}" == found.word)
    if format_ == "json":
        reply = found.reply
        said = {
            "model": model.id,
            "word": found.word,
            "step": model.step,
            "question": found.question if reply else None,
            "answer": reply.text if reply else None,
            "took_s": round(reply.took_s, 3) if reply else None,
            "notes": list(found.notes),
        }
        _show.write_text(json.dumps(said, ensure_ascii=False, indent=2) + "\n")
        return
    for note in found.notes:
        _show.note(f"warning: {note}")
    if found.reply is not None:
        text = " ".join(found.reply.text.split())
        _show.note(f"asked:    {' '.join(found.question.split())[:_ANSWER]}")
        _show.note(f"answered: {text[:_ANSWER]}{'...' if len(text) > _ANSWER else ''}")
    _show.note(f"{found.word} is {model.id}")
