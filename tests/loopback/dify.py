"""A Dify server of a given version, with the state that the recordings show: runs, records, logs, files.

It imitates what the recordings show and nothing else; the bytes are the recorded ones with fresh ids.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from loopback.recordings import Recording, load
from loopback.server import Answer, Seen, Server

# What each version's recordings are called.
_NAMES = {
    "0.15.3": {
        "stream": "service/07-run-streaming",
        "record": "service/12-run-detail",
        "logs": "service/13-logs",
        "stopped": "service/20-run-streaming-stopped",
        "wrong-key": "service-errors/10-wrong-key",
        "unknown-run": "service-errors/42-run-detail-unknown-id",
        "unknown-file": "service-errors/26-unknown-file-id",
        "upload": "service/01-upload-txt",
        "pages": ["service/16-info", "service/15-parameters", "service/17-meta", "service/18-api-root"],
    },
    "1.12.1": {
        "stream": "run/seed-streaming",
        "record": "run/seed-run-detail",
        "logs": "logs/keyword-user",
        "stopped": "run/stop-streaming",
        "wrong-key": "errors/wrong-key",
        "unknown-run": "errors/run-detail-unknown",
        "unknown-file": "errors/file-unknown-id-streaming",
        "upload": "files/upload-txt",
        "pages": ["service/info-seed", "service/parameters-seed", "service/meta-seed", "service/root"],
    },
}
_NAMES["1.15-dev"] = {**_NAMES["1.12.1"], "unknown-file": "errors/file-of-other-user"}
_RESULT = Answer.json({"result": "success"})


@dataclass(kw_only=True)
class Run:
    """A run that the server started; times are of `time.monotonic`."""

    user: str
    inputs: dict[str, Any]
    streaming: bool
    events: list[bytes]
    step_s: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    task_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    sent_at: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)
    client_left: bool = False

    @property
    def ended(self) -> bool:
        """True if its last event is due."""
        return self.stop.is_set() or time.monotonic() >= self.sent_at + self.step_s * len(self.events)

    @property
    def finished(self) -> dict[str, Any]:
        """The data of its `workflow_finished` event."""
        for event in reversed(self.events):
            if _name(event) in ("workflow_finished", "workflow_paused"):
                return dict(json.loads(event[6:])["data"])
        return {"status": "failed", "outputs": {}, "error": "no end"}


class Dify(Server):
    """A server of one app.

    Attributes:
        runs: all runs that were started, in order. Their number is what a batch must get right.
        spoil: changes (see `Answer`) to the streams of the next runs, one entry a run.
        most_active: so many runs at a time, 0 = any number.
        release: another `X-Version`, for releases between the recorded ones.
    """

    def __init__(
        self,
        version: str = "1.12.1",
        *,
        key: str = "app-loopback000000000000",
        stream: str | None = None,
        stopped: str | None = None,
        step_s: float = 0.0,
        release: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.version = version
        self.release = release
        self.key = key
        self.runs: list[Run] = []
        self.uploads: dict[str, str] = {}
        self.spoil: list[dict[str, Any]] = []
        self.most_active = 0
        self.step_s = step_s
        self._names = {**_NAMES[version], **({"stopped": stopped} if stopped else {})}
        self._stream = self._load(stream or self._names["stream"])
        self.play(*(self._load(name) for name in self._names["pages"]))
        self.on("POST", "/v1/files/upload", self._upload)
        self.on("POST", "/v1/workflows/run|/v1/chat-messages", self.start_run)
        self.on("GET", "/v1/workflows/run/[^/]+", self.show_record)
        self.on("GET", "/v1/workflows/logs", self._logs)
        self.on("POST", "/v1/(workflows/tasks|chat-messages)/[^/]+/stop", self._stop)
        if version == "1.15-dev":
            self.on("GET", "/v1/workflow/[^/]+/events", self._reattach)

    def reply(self, seen: Seen) -> Answer:
        """Checks the key first."""
        answer = super().reply(seen)
        if seen.headers.get("authorization") != f"Bearer {self.key}":
            answer = Answer.of(self._load(self._names["wrong-key"]))
        if self.release is None:
            return answer
        own = {name: value for name, value in answer.headers.items() if name.lower() != "x-version"}
        return answer.but(headers={**own, "X-Version": self.release})

    def start_then(self, answer: Answer) -> Any:
        """A reply that starts the run and then answers something else: the run is lost to the client."""

        def reply(seen: Seen) -> Answer:
            self.start_run(seen)
            self.runs[-1].client_left = True
            return answer

        return reply

    def start_run(self, seen: Seen) -> Answer:
        """Starts a run, or refuses it as the server would."""
        body = seen.json()
        streaming = body.get("response_mode") == "streaming"
        if self._too_many(streaming=streaming):
            return self._refusal()
        if any(self.uploads.get(one) not in (None, body["user"]) for one in _file_ids(body["inputs"])):
            return Answer.of(self._load(self._names["unknown-file"]))
        run = Run(
            user=body["user"], inputs=body["inputs"], streaming=streaming, events=[], step_s=self.step_s
        )
        run.events = _renamed(self._stream, run)
        self.runs.append(run)
        if not streaming:
            return self._blocking(run)
        changes = self.spoil.pop(0) if self.spoil else {}

        def done(sent: bool) -> None:
            run.client_left = not sent

        return Answer.of(self._stream).but(chunks=self._live(run, 0), done=done, **changes)

    def _load(self, name: str) -> Recording:
        return load(self.version, name)

    def _too_many(self, *, streaming: bool) -> bool:
        active = sum(not run.ended for run in self.runs)
        # 1.15: a streaming request counts itself twice while it starts.
        own = 2 if streaming and self.version == "1.15-dev" else 1
        return bool(self.most_active) and active + own > self.most_active

    def _refusal(self) -> Answer:
        if self.version == "0.15.3":
            said = {"code": "too_many_requests", "message": "Too many requests.", "status": 429}
            return Answer.json(said, 429, X_Version=self.version)
        return Answer.of(self._load("errors/rate-limited-streaming"))

    def _live(self, run: Run, first: int) -> Iterator[bytes]:
        """The events of a run from one on, each when it is due; a stop ends them."""
        for number, event in enumerate(run.events[first:], first + 1):
            due = run.sent_at + number * run.step_s - time.monotonic()
            if due > 0 and run.stop.wait(due):
                stopped = _renamed(self._load(self._names["stopped"]), run)
                yield from (one for one in stopped if _name(one) in ("workflow_finished", "message_end"))
                return
            yield event

    def _blocking(self, run: Run) -> Answer:
        end = run.finished
        kept = ("workflow_id", "status", "outputs", "error", "elapsed_time", "total_tokens", "total_steps")
        data = {"id": run.id, **{name: end.get(name) for name in kept}}
        answer = Answer.json(
            {"task_id": run.task_id, "workflow_run_id": run.id, "data": data},
            X_Version=self._stream.headers["x-version"],
        )
        return answer.but(headers_after_s=run.step_s * len(run.events))

    def _upload(self, seen: Seen) -> Answer:
        parts = seen.parts()
        content = parts["file"].get_payload(decode=True)
        upload = {**self._load(self._names["upload"]).json(), "id": str(uuid.uuid4()), "size": len(content)}
        upload["name"] = parts["file"].get_filename()
        if self.version == "1.15-dev":  # a file belongs to one user
            self.uploads[upload["id"]] = parts["user"].get_content().strip()
        return Answer.json(upload, 201, X_Version=self._stream.headers["x-version"])

    def _find(self, run_id: str) -> Run | None:
        return next((run for run in self.runs if run.id == run_id), None)

    def status(self, run: Run) -> str:
        """What the record of a run says; not always the truth."""
        if run.streaming and run.client_left and self.version == "0.15.3":
            return "running"
        if run.stop.is_set():
            return "running" if self.version == "1.12.1" else "stopped"
        return str(run.finished["status"]) if run.ended else "running"

    def show_record(self, seen: Seen) -> Answer:
        """The record of a run, as this version keeps it."""
        run = self._find(seen.path.rpartition("/")[2])
        if run is None:
            return Answer.of(self._load(self._names["unknown-run"]))
        status = self.status(run)
        recorded = self._load(self._names["record"])
        ended = status not in ("running", "stopped")
        outputs = run.finished.get("outputs") if ended else {}
        value = {
            **recorded.json(),
            "id": run.id,
            "status": status,
            "error": run.finished.get("error") if ended else None,
            "outputs": outputs if self.version == "1.15-dev" else json.dumps(outputs or {}),
        }
        if not ended:
            value["finished_at"] = None
        if self.version == "0.15.3":
            value["created_at"] = formatdate(1795345366)
        return Answer.json(value, X_Version=recorded.headers["x-version"])

    def _logs(self, seen: Seen) -> Answer:
        recorded = self._load(self._names["logs"])
        keyword = seen.query.get("keyword", "")[:30]
        user = seen.query.get("created_by_end_user_session_id") if self.version != "0.15.3" else None
        rows = []
        for run in reversed(self.runs):
            logged = self.version != "0.15.3" or self.status(run) != "running"
            if logged and keyword in run.user and user in (None, run.user):
                row = json.loads(json.dumps(recorded.json()["data"][0]))
                row["id"] = str(uuid.uuid5(uuid.UUID(run.id), "log"))
                row["workflow_run"].update(id=run.id, status=self.status(run))
                row["created_by_end_user"]["session_id"] = run.user
                rows.append(row)
        page, limit = int(seen.query.get("page", 1)), int(seen.query.get("limit", 20))
        shown = rows[(page - 1) * limit : page * limit]
        value = {"page": page, "limit": limit, "total": len(rows), "has_more": page * limit < len(rows)}
        return Answer.json({**value, "data": shown}, X_Version=recorded.headers["x-version"])

    def _stop(self, seen: Seen) -> Answer:
        task_id = seen.path.split("/")[-2]
        for run in self.runs:
            if run.task_id == task_id and (self.version != "0.15.3" or run.user == seen.json()["user"]):
                run.stop.set()
        return _RESULT.but(headers={**_RESULT.headers, "X-Version": self._stream.headers["x-version"]})

    def _reattach(self, seen: Seen) -> Answer:
        run = self._find(seen.path.split("/")[-2])
        if run is None or run.user != seen.query.get("user"):
            return Answer.of(self._load("stream/reattach-wrong-user"))
        if run.ended:
            chunks: list[bytes] = [_replayed(run.events[-1], run, empty=False)]
            return Answer.of(self._stream).but(chunks=chunks)
        past = min(int((time.monotonic() - run.sent_at) / run.step_s), len(run.events))
        replay = [b"event: ping\n\n"]
        if seen.query.get("include_state_snapshot") == "true":
            shown = ("workflow_started", "node_started", "node_finished")
            old = [one for one in run.events[:past] if _name(one) in shown]
            replay += [_replayed(one, run, empty=True) for one in old]

        def chunks_of() -> Iterator[bytes]:
            yield from replay
            yield from self._live(run, past)

        return Answer.of(self._stream).but(chunks=chunks_of())


def _name(event: bytes) -> str:
    return str(json.loads(event[6:])["event"]) if event.startswith(b"data: ") else "ping"


def _renamed(recording: Recording, run: Run) -> list[bytes]:
    """The events of a recorded stream with the ids of a run."""
    first = next(json.loads(one[6:]) for one in recording.events if one.startswith(b"data: "))
    ids = {first.get("workflow_run_id"): run.id, first.get("task_id"): run.task_id}
    body = recording.body
    for old, new in ids.items():
        if old:
            body = body.replace(old.encode(), new.encode())
    return [part + b"\n\n" for part in body.split(b"\n\n") if part.strip()]


def _replayed(event: bytes, run: Run, *, empty: bool) -> bytes:
    """An event as a reattached stream of 1.15 repeats it: run id for task id, and nothing inside."""
    payload = json.loads(event[6:])
    payload["task_id"] = run.id
    if empty:
        for name in ("inputs", "outputs", "process_data", "error", "execution_metadata"):
            payload["data"][name] = None
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


def _file_ids(inputs: dict[str, Any]) -> list[str]:
    values = [one for value in inputs.values() for one in (value if isinstance(value, list) else [value])]
    return [one["upload_file_id"] for one in values if isinstance(one, dict) and "upload_file_id" in one]
