"""The folder of a fine-tuning job: what was prepared, and what is known of it by now.

`job.json` is the only thing that is changed after `prepare`, whole and at once; the rest is data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from difyflow.corpus.samples import opened
from difyflow.errors import UsageError
from difyflow.records.files import write_whole
from difyflow.tune.service import service_names

JOB_FILE = "job.json"
FORMAT = 1
_LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A file of samples in the folder."""

    name: str
    sha256: str
    size: int
    """Bytes."""
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """What a service knows of the job.

    Attributes:
        base_url: where it was sent to.
        creating: True from just before a job is asked for until the answer is in: one may exist.
        training_file, validation_file, job_id: the service's own ids; empty while unknown.
        status: as last seen.
    """

    base_url: str = ""
    training_file: str = ""
    validation_file: str = ""
    creating: bool = False
    job_id: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """A model that the job gave.

    Attributes:
        id: what a chat call takes.
        step: of a checkpoint; None for the last one or if unknown.
        origin: `adopted` by hand, or `service`.
    """

    id: str
    step: int | None = None
    origin: str = "adopted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job.

    Attributes:
        mark: a text that no other job has; by it files and jobs are found again on a service.
        service: name of the service.
        base: model to be tuned.
        corpus: name of the file that it was made from.
        corpus_sha256: digest of that file.
        trigger: the system message of all samples; None if they differ or have none.
        train, validation, test: the files; validation and test may be missing.
        split_by: `document`: no document is in two of them; `line`: by sample.
        warnings: findings of the check that are no errors, by rule.
        demo: samples that no model wrote, but the rule-based responder; allowed with `--allow-demo` only.
        hyperparameters: as the service takes them.
        suffix: goes into the name of the tuned model.
        seed: for training, where the service takes one.
        remote: what the service knows.
        models: in the order in which they became known: `ckpt1` is the first.
    """

    mark: str
    service: str
    base: str
    corpus: str
    corpus_sha256: str
    trigger: str | None
    train: DataFile
    validation: DataFile | None = None
    test: DataFile | None = None
    split_by: str = "line"
    warnings: Mapping[str, int] = field(default_factory=dict)
    demo: int = 0
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    suffix: str = ""
    seed: int | None = None
    remote: Remote = Remote()
    models: tuple[Tuned, ...] = ()

    def to_json(self) -> dict[str, object]:
        """What `job.json` holds."""
        return {"format": FORMAT, **asdict(self)}

    def with_model(self, model: Tuned) -> Job:
        """A copy that knows this model."""
        if any(known.id == model.id for known in self.models):
            return self
        return replace(self, models=(*self.models, model))

    def resolve(self, name: str) -> str:
        """The model that a word stands for: `base`, `ckpt1`, `ckpt2`, ..., `last`; any other name is itself.

        Raises:
            UsageError: the job knows no such checkpoint.
        """
        if name == "base":
            return self.base
        number = name.removeprefix("ckpt")
        if name != "last" and not (name.startswith("ckpt") and number.isascii() and number.isdigit()):
            return name
        at = len(self.models) if name == "last" else int(number)
        if not 1 <= at <= len(self.models):
            known = ", ".join(f"ckpt{n} = {model.id}" for n, model in enumerate(self.models, 1))
            raise UsageError(
                f"the job knows no {name}; it knows: {known or 'no tuned model yet'}",
                code="no-model",
                hint="difyflow finetune adopt JOB MODEL, or difyflow finetune checkpoints JOB",
            )
        return self.models[at - 1].id


def read_job(folder: Path) -> Job:
    """Reads the job in a folder.

    Raises:
        UsageError: there is none, or it is not readable as one.
    """
    path = folder / JOB_FILE
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError("is too large to be a job", path=str(path), code="no-job")
        text = path.read_bytes()
    except FileNotFoundError as err:
        raise UsageError(
            "there is no job here",
            path=str(folder),
            code="no-job",
            hint="difyflow finetune prepare ... -o JOB",
        ) from err
    except OSError as err:
        raise UsageError(f"cannot be read: {err.strerror or err}", path=str(path), code="no-job") from err
    return _job(text, path)


def save_job(folder: Path, job: Job) -> None:
    """Writes `job.json` whole."""
    text = json.dumps(job.to_json(), ensure_ascii=False, indent=2) + "\n"
    write_whole(folder / JOB_FILE, text.encode("utf-8", "backslashreplace"))


def data_path(folder: Path, file: DataFile) -> Path:
    """Where a data file of the job lies; it never leads out of the folder.

    Raises:
        UsageError: its name does.
    """
    if Path(file.name).name != file.name or file.name in ("", ".", ".."):
        raise UsageError(f"{file.name!r} is no file of the job", path=str(folder / JOB_FILE), code="no-job")
    return folder / file.name


def check_unchanged(path: Path, file: DataFile) -> None:
    """Makes sure that a data file is as it was when it was checked.

    Raises:
        UsageError: it is not, or it cannot be read.
    """
    digest = hashlib.sha256()
    with opened(path) as stream:
        for block in iter(partial(stream.read, 1 << 20), b""):
            digest.update(block)
    if digest.hexdigest() != file.sha256:
        raise UsageError(
            "was changed after it was checked", path=str(path), code="changed", hint="prepare the job anew"
        )


def _job(text: bytes, path: Path) -> Job:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise UsageError("is no JSON: was it edited by hand?", path=str(path), code="no-job") from err
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UsageError(
            f"is no job of format {FORMAT}", path=str(path), code="no-job", hint="prepare it anew"
        )
    try:
        job = TypeAdapter(Job).validate_json(text, strict=True)
    except ValidationError as err:
        fault = err.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise UsageError(f"is no job: {where}: {fault['msg']}", path=str(path), code="no-job") from err
    if job.service not in service_names():
        raise UsageError(f"is no job: no service {job.service!r}", path=str(path), code="no-job")
    return job
