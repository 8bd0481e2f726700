"""Submitting a job to OpenAI's `fine_tuning.jobs`, at most once, and asking what became of it.

An answer that was lost says nothing about the job: it may exist. So nothing is sent again before the service
was asked for what it has: a file is known by its name, which holds the job's mark, and its size; a job by its
training file, which no other job has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from difyflow.errors import ApiError, ConnectionLost, UsageError
from difyflow.tune._openai import Access, Patience, faults, open_client
from difyflow.tune.job import DataFile, Job, Remote, check_unchanged, data_path, save_job
from difyflow.tune.service import Service, need_api

if TYPE_CHECKING:
    import openai
    from openai.types import FileObject
    from openai.types.fine_tuning import FineTuningJob

FINAL = ("succeeded", "failed", "cancelled")
"""Statuses after which nothing changes; `paused` and unknown ones are not final."""

_LISTED = 2000  # files or jobs of an account that are looked through
_PAGE = 100
_UPLOADS = 2

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteJob:
    """A job as the service has it; what it does not say is empty or None."""

    id: str
    status: str
    base: str = ""
    model: str = ""
    """The tuned model, once there is one."""
    training_file: str = ""
    trained_tokens: int | None = None
    created_at: int | None = None
    """Unix seconds, as all times."""
    finished_at: int | None = None
    estimated_finish: int | None = None
    error: str = ""

    @property
    def final(self) -> bool:
        """True if nothing will change any more."""
        return self.status in FINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a job."""

    id: str
    created_at: int
    level: str
    """info, warn, error."""
    message: str
    type: str = "message"
    """message or metrics."""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A model from the midst of the training."""

    id: str
    step: int | None
    model: str
    """What a chat call takes."""
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """How a submit ended; `found` are things that existed already: `training file`, `job`."""

    job: Job
    remote: RemoteJob
    found: tuple[str, ...] = ()


class Jobs:
    """The jobs of one service; close it, or use it in `with`.

    Args:
        access: where it is.
        service: how it takes what.
        patience: how often calls that may be repeated are repeated.
    """

    def __init__(self, access: Access, service: Service, patience: Patience) -> None:
        self.access, self.service, self.patience = access, service, patience
        self._client: openai.OpenAI = open_client(access)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def __enter__(self) -> Jobs:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, job_id: str) -> RemoteJob:
        """A job as it is now.

        Raises:
            ApiError, ConnectionLost: there is no such job, or the service cannot be reached.
        """
        return self._ask("look at the job", lambda: _remote(self._client.fine_tuning.jobs.retrieve(job_id)))

    def cancel(self, job_id: str) -> RemoteJob:
        """Asks for an end; the status says whether it is one.

        Raises:
            ApiError, ConnectionLost: it was refused, or the service cannot be reached.
        """
        return self._ask("cancel the job", lambda: _remote(self._client.fine_tuning.jobs.cancel(job_id)))

    def events(self, job_id: str, known: Callable[[str], bool]) -> list[Event]:
        """The events that are not known yet, the oldest first.

        Args:
            job_id: of the service.
            known: says whether an id is known; the list is read until the first one that is.
        """

        def ask() -> list[Event]:
            found: list[Event] = []
            for item in islice(self._client.fine_tuning.jobs.list_events(job_id, limit=_PAGE), 100_000):
                if known(item.id):
                    break
                data = item.data if isinstance(item.data, dict) else {}
                found.append(
                    Event(
                        id=item.id,
                        created_at=int(item.created_at or 0),
                        level=str(item.level or "info"),
                        message=str(item.message or ""),
                        type=str(item.type or "message"),
                        data=data,
                    )
                )
            return found[::-1]

        return self._ask("read the events", ask)

    def checkpoints(self, job_id: str) -> list[Checkpoint]:
        """The checkpoints, by step."""

        def ask() -> list[Checkpoint]:
            pages = self._client.fine_tuning.jobs.checkpoints.list(job_id, limit=_PAGE)
            found = [
                Checkpoint(
                    id=item.id,
                    step=item.step_number,
                    model=item.fine_tuned_model_checkpoint,
                    metrics=_numbers(item.metrics.to_dict() if item.metrics else {}),
                )
                for item in islice(pages, _LISTED)
            ]
            return sorted(found, key=lambda item: item.step or 0)

        return self._ask("list the checkpoints", ask)

    def find_file(self, name: str, size: int) -> str:
        """The id of an uploaded file with this name and size; empty if there is none."""

        def ask() -> str:
            found = (
                item.id
                for item in islice(self._client.files.list(), _LISTED)
                if item.filename == name and item.bytes == size and str(item.status or "") != "error"
            )
            return next(found, "")

        return self._ask("list the files", ask)

    def find_job(self, training_file: str) -> RemoteJob | None:
        """The job that learns from this file, or None."""

        def ask() -> RemoteJob | None:
            pages = self._client.fine_tuning.jobs.list(limit=_PAGE)
            mine = (item for item in islice(pages, _LISTED) if item.training_file == training_file)
            return next((_remote(item) for item in mine), None)

        return self._ask("list the jobs", ask)

    def upload(self, path: Path, name: str) -> str:
        """Uploads a file under a name; sent once.

        Raises:
            ApiError, ConnectionLost: `may_have_run` says whether it may be there in spite of it.
        """
        with faults(self.access, f"upload {path.name}", sends=True), path.open("rb") as file:
            made: FileObject = self._client.files.create(file=(name, file), purpose="fine-tune")
            return _text_id(made.id)

    def create(self, job: Job, remote: Remote) -> RemoteJob:
        """Asks for the job; sent once.

        Raises:
            ApiError, ConnectionLost: `may_have_run` says whether it may exist in spite of it.
        """
        body: dict[str, Any] = {"model": job.base, "training_file": remote.training_file}
        if remote.validation_file:
            body["validation_file"] = remote.validation_file
        if job.suffix:
            body["suffix"] = job.suffix
        if job.seed is not None:
            body["seed"] = job.seed
        if job.hyperparameters and self.service.hyperparameters == "method":
            body["method"] = {
                "type": "supervised",
                "supervised": {"hyperparameters": dict(job.hyperparameters)},
            }
        elif job.hyperparameters:
            body["hyperparameters"] = dict(job.hyperparameters)
        if self.service.metadata:
            body["metadata"] = {"difyflow": job.mark}
        with faults(self.access, "submit the job", sends=True):
            return _remote(self._client.fine_tuning.jobs.create(**body))

    def _ask(self, what: str, call: Callable[[], Value]) -> Value:
        """A call that changes nothing, or nothing more when it is repeated."""

        def once() -> Value:
            with faults(self.access, what):
                return call()

        return self.patience.repeat(once)


def submit(folder: Path, job: Job, jobs: Jobs) -> Submitted:
    """Uploads the files of a job and asks for it; what is there already is taken and never sent twice.

    `job.json` says before each call what is about to happen, so that a submit that was killed at any instant
    goes on where it was.

    Args:
        folder: of the job.
        job: what was read from it.
        jobs: of the service.

    Raises:
        UsageError: a file changed since it was prepared, or the job went to another place.
        ApiError, ConnectionLost: refused, or out of reach; `may_have_run` if nobody knows whether it exists.
    """
    need_api(job.service, base_url=jobs.access.base_url)
    if job.remote.base_url and job.remote.base_url != jobs.access.base_url:
        raise UsageError(
            f"this job went to {job.remote.base_url}",
            code="other-place",
            hint="submit with the same --base-url",
        )
    if job.remote.job_id:
        return Submitted(job=job, remote=jobs.get(job.remote.job_id), found=("job",))
    found: list[str] = []
    job = _saved(folder, job, base_url=jobs.access.base_url)
    for kind, file in (("training_file", job.train), ("validation_file", job.validation)):
        if file is not None and not getattr(job.remote, kind):
            file_id, there = _uploaded(folder, job, file, jobs)
            found += [kind.replace("_", " ")] if there else []
            job = _saved(folder, job, **{kind: file_id})
    remote = jobs.find_job(job.remote.training_file)
    if remote is not None:
        found.append("job")
    else:
        job = _saved(folder, job, creating=True)
        remote = _created(folder, job, jobs)
    job = _saved(folder, job, creating=False, job_id=remote.id, status=remote.status)
    return Submitted(job=job, remote=remote, found=tuple(found))


def _saved(folder: Path, job: Job, **changes: Any) -> Job:  # noqa: ANN401  # fields of `Remote`, of several types
    made = replace(job, remote=replace(job.remote, **changes))
    save_job(folder, made)
    return made


def _uploaded(folder: Path, job: Job, file: DataFile, jobs: Jobs) -> tuple[str, bool]:
    """The id of a data file on the service, and whether it was there already."""
    path = data_path(folder, file)
    check_unchanged(path, file)
    name = f"{job.mark}-{file.name}"
    there = jobs.find_file(name, file.size)
    if there:
        return there, True
    for attempt in range(1, _UPLOADS + 1):
        try:
            return jobs.patience.repeat(lambda: _once(lambda: jobs.upload(path, name))), False
        except (ApiError, ConnectionLost) as err:
            if not err.may_have_run:
                raise
            there = _look(jobs, lambda: jobs.find_file(name, file.size))
            if there:
                return there, False
            if attempt == _UPLOADS:
                raise
    raise AssertionError("an attempt returns or raises")


def _created(folder: Path, job: Job, jobs: Jobs) -> RemoteJob:
    try:
        return jobs.patience.repeat(lambda: _once(lambda: jobs.create(job, job.remote)))
    except (ApiError, ConnectionLost) as err:
        if not err.may_have_run:
            _saved(folder, job, creating=False)
            raise
        found = _look(jobs, lambda: jobs.find_job(job.remote.training_file))
        if found is None:
            err.hint = (
                "the answer was lost, and the service does not list the job (yet); "
                "run submit again a little later: it looks before it sends anything"
            )
            raise
        return found


def _once(call: Callable[[], Value]) -> Value:
    """A call that may be repeated only where nothing can have come of it."""
    try:
        return call()
    except (ApiError, ConnectionLost) as err:
        if err.may_have_run:
            err.transient = False
        raise


def _look(jobs: Jobs, find: Callable[[], Value]) -> Value:
    """Looks a few times: a list may be behind."""
    found = find()
    for attempt in range(1, 3):
        if found:
            break
        jobs.patience.sleep(jobs.patience.wait_s(attempt, None))
        found = find()
    return found


def _remote(item: FineTuningJob) -> RemoteJob:
    error = item.error
    said = f"{error.code}: {error.message}" if error and (error.code or error.message) else ""
    return RemoteJob(
        id=_text_id(item.id),
        status=str(item.status or "unknown"),
        base=str(item.model or ""),
        model=str(item.fine_tuned_model or ""),
        training_file=str(item.training_file or ""),
        trained_tokens=item.trained_tokens,
        created_at=item.created_at,
        finished_at=item.finished_at,
        estimated_finish=item.estimated_finish,
        error=said,
    )


def _text_id(value: object) -> str:
    """An id.

    Raises:
        TypeError: the server gave none: it is not OpenAI's API.
    """
    if not isinstance(value, str) or not value:
        raise TypeError("no id")
    return value


def _numbers(data: Mapping[str, object]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in data.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
