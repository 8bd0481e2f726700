"""The answers of the service API as frozen values, read from JSON of Dify 0.15 to 1.16.

Reading never fails on a missing or strange field; it gets the field's empty value, since servers differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypedDict

from difyflow.terms.form import FormField, UploadLimits

Json = Mapping[str, object]
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AppInfo:
    """`/info`. `mode` is empty before 1.4.0, which does not say it."""

    name: str = ""
    description: str = ""
    mode: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """`/parameters` of the published version.

    Attributes:
        features: everything else that the server said, as it came.
    """

    form: tuple[FormField, ...]
    limits: UploadLimits
    opening_statement: str = ""
    suggested_questions: tuple[str, ...] = ()
    features: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An uploaded file; from the 1.15 line on it can be used only by the `user` who sent it."""

    id: str
    name: str = ""
    size: int = 0
    extension: str = ""
    mime_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What the server keeps of a run.

    Attributes:
        status: as in `workflow_finished`, or `running`, `paused`.
        created_at, finished_at: Unix seconds.
    """

    id: str
    workflow_id: str = ""
    task_id: str = ""
    status: str = ""
    inputs: Json
    outputs: Json
    error: str = ""
    elapsed_s: float = 0.0
    total_tokens: int = 0
    total_steps: int = 0
    created_at: float | None = None
    finished_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """A line of the run list: `run_id` is the run, `id` only the line. `user` is what the caller sent."""

    id: str
    run_id: str
    user: str = ""
    status: str = ""
    error: str = ""
    version: str = ""
    created_from: str = ""
    elapsed_s: float = 0.0
    total_tokens: int = 0
    total_steps: int = 0
    created_at: float | None = None
    finished_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """One page of the run list, newest first."""

    entries: tuple[LogEntry, ...]
    page: int = 1
    total: int = 0
    has_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatAnswer:
    """A blocking chat answer; it names no run."""

    answer: str
    conversation_id: str = ""
    message_id: str = ""
    task_id: str = ""
    mode: str = ""
    metadata: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of the chat calls: the objects as the server sent them."""

    items: tuple[Json, ...]
    has_more: bool = False


class _Common(TypedDict):
    """The fields that a run has wherever it is listed."""

    error: str
    elapsed_s: float
    total_tokens: int
    total_steps: int
    created_at: float | None
    finished_at: float | None


def _common(data: Json) -> _Common:
    elapsed = data.get("elapsed_time")
    return {
        "error": text(data, "error"),
        "elapsed_s": float(elapsed) if isinstance(elapsed, int | float) else 0.0,
        "total_tokens": _int(data, "total_tokens"),
        "total_steps": _int(data, "total_steps"),
        "created_at": moment(data.get("created_at")),
        "finished_at": moment(data.get("finished_at")),
    }


def app_info(value: object) -> AppInfo:
    """From `/info`."""
    data = obj(value)
    return AppInfo(
        name=text(data, "name"),
        description=text(data, "description"),
        mode=text(data, "mode"),
        author=text(data, "author_name"),
        tags=_texts(data.get("tags")),
    )


def parameters(value: object) -> Parameters:
    """From `/parameters`."""
    data = obj(value)
    sizes = obj(data.get("system_parameters"))
    plain = UploadLimits()

    def limit(name: str, default: int, unit: int) -> int:
        number = sizes.get(name)
        return int(number * unit) if isinstance(number, int | float) and number > 0 else default

    return Parameters(
        form=tuple(_form(data.get("user_input_form"))),
        limits=UploadLimits(
            document=limit("file_size_limit", plain.document, _MB),
            image=limit("image_file_size_limit", plain.image, _MB),
            audio=limit("audio_file_size_limit", plain.audio, _MB),
            video=limit("video_file_size_limit", plain.video, _MB),
            files=limit("workflow_file_upload_limit", plain.files, 1),
        ),
        opening_statement=text(data, "opening_statement"),
        suggested_questions=_texts(data.get("suggested_questions")),
        features={name: item for name, item in data.items() if name != "user_input_form"},
    )


def _form(items: object) -> Iterator[FormField]:
    """Each item is `{type: {variable, label, ...}}` (recorded on 0.15.3 to 1.15-dev)."""
    for item in _list(items):
        for kind, value in obj(item).items():
            data = obj(value)
            schema = data.get("json_schema")
            length = data.get("max_length")
            default = data.get("default")
            yield FormField(
                variable=text(data, "variable"),
                type=text(data, "type") or kind,
                label=text(data, "label"),
                required=data.get("required") is True,
                max_length=length if isinstance(length, int) and length > 0 else None,
                options=_texts(data.get("options")),
                default=None if default == "" else default,
                allowed_file_types=_texts(data.get("allowed_file_types")),
                allowed_file_extensions=_texts(data.get("allowed_file_extensions")),
                allowed_file_upload_methods=_texts(data.get("allowed_file_upload_methods")),
                json_schema=_object(schema) or None,
            )


def upload(value: object) -> Upload:
    """From `/files/upload`."""
    data = obj(value)
    return Upload(
        id=text(data, "id"),
        name=text(data, "name"),
        size=_int(data, "size"),
        extension=text(data, "extension"),
        mime_type=text(data, "mime_type"),
    )


def run_record(value: object) -> RunRecord | None:
    """From `/workflows/run/{id}`; None for the answer to an unknown id, whose fields are all null."""
    data = obj(value)
    if not text(data, "id"):
        return None
    return RunRecord(
        id=text(data, "id"),
        workflow_id=text(data, "workflow_id"),
        status=text(data, "status"),
        inputs=_object(data.get("inputs")),
        outputs=_object(data.get("outputs")),
        **_common(data),
    )


def blocking_run(value: object) -> RunRecord | None:
    """From a blocking run; None if the answer names no run."""
    data = obj(value)
    inner = {"id": data.get("workflow_run_id"), **obj(data.get("data"))}
    record = run_record(inner)
    if record is None:
        return None
    return replace(record, task_id=text(data, "task_id"))


def log_page(value: object) -> LogPage:
    """From `/workflows/logs`."""
    data = obj(value)
    return LogPage(
        entries=tuple(_log_entry(obj(item)) for item in _list(data.get("data"))),
        page=_int(data, "page"),
        total=_int(data, "total"),
        has_more=data.get("has_more") is True,
    )


def _log_entry(data: Json) -> LogEntry:
    run = obj(data.get("workflow_run"))
    return LogEntry(
        id=text(data, "id"),
        run_id=text(run, "id"),
        user=text(obj(data.get("created_by_end_user")), "session_id"),
        status=text(run, "status"),
        version=text(run, "version"),
        created_from=text(data, "created_from"),
        **_common(run),
    )


def chat_answer(value: object) -> ChatAnswer:
    """From a blocking `/chat-messages`."""
    data = obj(value)
    return ChatAnswer(
        answer=text(data, "answer"),
        conversation_id=text(data, "conversation_id"),
        message_id=text(data, "message_id"),
        task_id=text(data, "task_id"),
        mode=text(data, "mode"),
        metadata=obj(data.get("metadata")),
    )


def listing(value: object) -> Listing:
    """From the calls that answer `{data, has_more}`."""
    data = obj(value)
    return Listing(
        items=tuple(obj(item) for item in _list(data.get("data"))), has_more=data.get("has_more") is True
    )


def obj(value: object) -> Json:
    """A JSON object; empty if it is none."""
    return value if isinstance(value, Mapping) else {}


def text(data: Json, name: str) -> str:
    """A string of an object; empty if it is missing, null or none."""
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _int(data: Json, name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) else 0


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in _list(value) if isinstance(item, str))


def _object(value: object) -> Json:
    """An object, or the text of one: up to 1.12.1 inputs and outputs are JSON inside a string."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return obj(value)


def moment(value: object) -> float | None:
    """Unix seconds of a date; 0.15 writes RFC 822 text, `-0000` meaning UTC."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
