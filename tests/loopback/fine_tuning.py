"""A fine-tuning service for tests: OpenAI's documented files, jobs, events and checkpoints, and its faults.

Answers have the shape of openai-python's types (August 2026). `faults` puts answers before the real ones, or
after the work was done, as a service whose answer is lost on the way.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from loopback.model_server import says
from loopback.server import Answer, Seen, Server

__all__ = ["Answer", "FineTuning", "refused"]

_V1 = "/v1"
_JOB = f"{_V1}/fine_tuning/jobs/([^/]+)"


def refused(status: int, message: str = "no", **headers: str) -> Answer:
    """An error in OpenAI's form."""
    return Answer.json(
        {"error": {"message": message, "type": "x", "code": None, "param": None}}, status, **headers
    )


@dataclass
class FakeJob:
    """A job that goes one step further at every look."""

    data: dict[str, Any]
    script: list[str] = field(default_factory=lambda: ["validating_files", "queued", "running", "succeeded"])
    steps: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    def event(self, message: str, kind: str = "message", **data: Any) -> None:
        """Adds an event."""
        number = len(self.events) + 1
        self.events.append(
            {
                "id": f"ftevent-{self.data['id']}-{number}",
                "object": "fine_tuning.job.event",
                "created_at": 1_700_000_000 + number,
                "level": "info",
                "message": message,
                "type": kind,
                "data": data or None,
            }
        )

    def advance(self) -> None:
        """One step further."""
        status = self.script[min(self.steps, len(self.script) - 1)]
        self.steps += 1
        if status != self.data["status"]:
            self.event(f"The job is {status}")
        self.data["status"] = status
        if status == "running":
            for step in range(1, 6):
                self.event(
                    f"Step {step}/5", "metrics", step=step, train_loss=2.0 / step, valid_loss=2.2 / step
                )
        if status == "succeeded":
            self.data |= {"fine_tuned_model": f"ft:{self.data['model']}:org::1", "finished_at": 1_700_001_000}
            self.data["trained_tokens"] = 4200
        if status == "failed":
            self.data["error"] = {
                "code": "invalid_training_file",
                "message": "line 3",
                "param": "training_file",
            }


class FineTuning(Server):
    """A service; `base_url` is what `--base-url` takes."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.jobs: dict[str, FakeJob] = {}
        self._faults: dict[str, list[tuple[Answer, bool]]] = {}
        self.on("POST", f"{_V1}/files", self._faulty("upload", self._upload))
        self.on("GET", f"{_V1}/files", self._faulty("files", self._list_files))
        self.on("POST", f"{_V1}/fine_tuning/jobs", self._faulty("create", self._create))
        self.on("GET", f"{_V1}/fine_tuning/jobs", self._faulty("jobs", self._list_jobs))
        self.on("GET", _JOB, self._faulty("job", self._job))
        self.on("POST", f"{_JOB}/cancel", self._faulty("cancel", self._cancel))
        self.on("GET", f"{_JOB}/events", self._faulty("events", self._events))
        self.on("GET", f"{_JOB}/checkpoints", self._faulty("checkpoints", self._checkpoints))
        self.on("POST", f"{_V1}/chat/completions", lambda seen: says(f"Answer of {seen.json()['model']}"))

    @property
    def base_url(self) -> str:
        """With `/v1`."""
        return f"{self.url}{_V1}"

    def fault(self, where: str, *answers: Answer, done: bool = False) -> None:
        """The next calls of `where` get these answers; with `done` their work is done all the same."""
        self._faults.setdefault(where, []).extend((answer, done) for answer in answers)

    def count(self, method: str, path: str) -> int:
        """How many requests came."""
        return len(self.calls(method, f"{_V1}{path}"))

    def _faulty(self, where: str, work: Callable[[Seen], Answer]) -> Callable[[Seen], Answer]:
        def reply(seen: Seen) -> Answer:
            waiting = self._faults.get(where)
            if not waiting:
                return work(seen)
            answer, done = waiting.pop(0)
            if done:
                work(seen)
            return answer

        return reply

    def _upload(self, seen: Seen) -> Answer:
        parts = seen.parts()
        content = parts["file"].get_payload(decode=True)
        made = {
            "id": f"file-{len(self.files) + 1}",
            "object": "file",
            "bytes": len(content),
            "created_at": 1_700_000_000,
            "filename": parts["file"].get_filename(),
            "purpose": parts["purpose"].get_payload().strip(),
            "status": "processed",
        }
        self.files[made["id"]] = made
        self.contents[made["id"]] = content
        return Answer.json(made)

    def _list_files(self, seen: Seen) -> Answer:
        return _page(list(self.files.values())[::-1], seen)

    def _create(self, seen: Seen) -> Answer:
        body = seen.json()
        if body.get("training_file") not in self.files:
            return refused(400, "no such file")
        made = {
            "id": f"ftjob-{len(self.jobs) + 1}",
            "object": "fine_tuning.job",
            "created_at": 1_700_000_000,
            "status": "validating_files",
            "model": body["model"],
            "fine_tuned_model": None,
            "finished_at": None,
            "estimated_finish": None,
            "trained_tokens": None,
            "training_file": body["training_file"],
            "validation_file": body.get("validation_file"),
            "result_files": [],
            "seed": body.get("seed", 1),
            "hyperparameters": {"n_epochs": "auto"},
            "metadata": body.get("metadata"),
            "organization_id": "org",
            "error": None,
        }
        self.jobs[made["id"]] = FakeJob(made)
        return Answer.json(made)

    def _list_jobs(self, seen: Seen) -> Answer:
        return _page([job.data for job in self.jobs.values()][::-1], seen)

    def _of(self, seen: Seen) -> FakeJob:
        return self.jobs[seen.path.split("/")[4]]

    def _job(self, seen: Seen) -> Answer:
        if seen.path.split("/")[4] not in self.jobs:
            return refused(404, "no such job")
        job = self._of(seen)
        job.advance()
        return Answer.json(job.data)

    def _cancel(self, seen: Seen) -> Answer:
        job = self._of(seen)
        if job.data["status"] in ("succeeded", "failed", "cancelled"):
            return refused(400, f"the job is {job.data['status']} already")
        job.data["status"] = "cancelled"
        job.script = ["cancelled"]
        return Answer.json(job.data)

    def _events(self, seen: Seen) -> Answer:
        return _page(self._of(seen).events[::-1], seen)

    def _checkpoints(self, seen: Seen) -> Answer:
        job = self._of(seen)
        found = [
            {
                "id": f"ftckpt-{step}",
                "object": "fine_tuning.job.checkpoint",
                "created_at": 1_700_000_500 + step,
                "fine_tuned_model_checkpoint": f"ft:{job.data['model']}:org::1:ckpt-step-{step}",
                "fine_tuning_job_id": job.data["id"],
                "step_number": step,
                "metrics": {
                    "step": step,
                    "train_loss": 1 / step,
                    "full_valid_loss": 0.5 + abs(step - 20) / 100,
                },
            }
            for step in (30, 20, 10)
        ]
        return _page(found, seen)


def _page(items: list[dict[str, Any]], seen: Seen) -> Answer:
    """A page of a list, as `after` and `limit` ask for it."""
    after, limit = seen.query.get("after"), int(seen.query.get("limit", 20))
    at = next((n + 1 for n, item in enumerate(items) if item["id"] == after), 0)
    data = items[at : at + limit]
    return Answer(
        headers={"Content-Type": "application/json"},
        chunks=(json.dumps({"object": "list", "data": data, "has_more": at + limit < len(items)}).encode(),),
    )
