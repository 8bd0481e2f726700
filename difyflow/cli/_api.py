"""What the commands of `difyflow api` do: one call each, shown as a table or as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from difyflow.cli import _exit, _show
from difyflow.cli._service import Where, open_app
from difyflow.client.abilities import version_tuple
from difyflow.client.answers import LogEntry, Parameters, RunRecord
from difyflow.client.app_api import AppApi, checked_id
from difyflow.client.conversations import Conversations
from difyflow.errors import InputError, UsageError
from difyflow.run.runner import unique_user
from difyflow.terms.form import FormField

_CHAT = ("advanced-chat", "chat", "agent-chat")
_WIDE = 60  # characters of a text in a table
_MB = 1024 * 1024


def info(where: Where, format_: str) -> int:
    """Name, mode and server of the app."""

    def call(api: AppApi) -> int:
        said = api.info()
        data = {**asdict(said), "mode": said.mode or api.mode(), "server_version": api.server_version}
        data["base_url"] = api.base_url
        rows = [
            (name, ", ".join(value) if isinstance(value, tuple) else value) for name, value in data.items()
        ]
        return _shown(data, format_, (f"{name:<15} {value}" for name, value in rows if value))

    return _with(where, call)


def parameters(where: Where, format_: str) -> int:
    """Input form and limits of the published version."""

    def call(api: AppApi) -> int:
        said = api.parameters()
        data = {
            "inputs": [asdict(field) for field in said.form],
            "limits": asdict(said.limits),
            "opening_statement": said.opening_statement,
            "suggested_questions": list(said.suggested_questions),
            "features": said.features,
        }
        return _shown(data, format_, _form_lines(said))

    return _with(where, call)


def runs(where: Where, format_: str, *, limit: int, filters: dict[str, str | None]) -> int:
    """The newest runs."""
    for option in ("after", "before"):
        _check_moment(f"--{option}", filters[option])

    def call(api: AppApi) -> int:
        found = list(_runs(api, limit, filters))
        if not found:
            _show.note("no run is listed")
        return _shown([asdict(entry) for entry in found], format_, _table(found))

    return _with(where, call)


def show(where: Where, format_: str, run_id: str) -> int:
    """What the server keeps of one run; 1 if it failed or was stopped."""

    def call(api: AppApi) -> int:
        record = api.run_record(run_id)
        if record is None:
            raise UsageError(
                f"the server knows no run {run_id} of this app",
                code="no-run",
                hint="`difyflow api runs` lists them; the id is that of the run, not of the log line",
            )
        _shown(asdict(record), format_, _record_lines(record))
        return _exit.FINDINGS if record.status in ("failed", "stopped") else _exit.FINE

    return _with(where, call)


def stop(where: Where, task_id: str, *, user: str) -> int:
    """Asks for a run to stop."""
    task_id = checked_id(task_id)  # Dify would say yes to anything

    def call(api: AppApi) -> int:
        chat = api.mode() in _CHAT
        compares = chat or (version_tuple(api.server_version) or (1, 0, 0)) < (1, 9, 0)
        if not user and compares:
            raise UsageError(
                "this server stops a run only for the `user` that started it", hint="name that with --user"
            )
        stopper = Conversations(api).stop if chat else api.stop
        stopper(task_id, user=user or "difyflow")
        _show.note("asked. Dify says yes to any id: `difyflow api show RUN` tells whether it stopped")
        return _exit.FINE

    return _with(where, call)


def upload(where: Where, format_: str, files: Iterable[str], *, user: str) -> int:
    """Uploads files."""
    contents = [(Path(name), _content(Path(name))) for name in files]
    user = user or unique_user()

    def call(api: AppApi) -> int:
        sent = [api.upload(path.name, content, user=user) for path, content in contents]
        _show.note(f"user: {user} (since Dify 1.13 only runs of this user may have the files)")
        data = [{**asdict(one), "user": user} for one in sent]
        return _shown(data, format_, (f"{one.id}  {one.name}  {one.size}" for one in sent))

    return _with(where, call)


def _with(where: Where, call: Callable[[AppApi], int]) -> int:
    api = open_app(where, os.environ)
    try:
        return call(api)
    finally:
        api.close()


def _shown(data: object, format_: str, lines: Iterable[str]) -> int:
    if format_ == "json":
        _show.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    else:
        _show.write_text("".join(f"{_show.harmless(line)}\n" for line in lines))
    return _exit.FINE


def _check_moment(option: str, text: str | None) -> None:
    try:
        datetime.fromisoformat(text or "2026-01-01")
    except ValueError as err:
        raise UsageError(
            f"{option} {text!r} is no moment", hint=f"for example {option} 2026-01-31T08:00:00Z"
        ) from err


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise InputError(f"{path}: {err.strerror or err}") from err


def _form_lines(said: Parameters) -> Iterator[str]:
    for field in said.form:
        yield f"{field.variable}  {field.type}{'' if field.required else ', optional'}{_rules(field)}"
        if field.label and field.label != field.variable:
            yield f"    {field.label}"
    limits = said.limits
    sizes = ", ".join(
        f"{name} {getattr(limits, name) // _MB}" for name in ("document", "image", "audio", "video")
    )
    yield f"files: {sizes} MB at most; {limits.files} in one input"
    if said.opening_statement:
        yield f"opens with: {said.opening_statement}"


def _rules(field: FormField) -> str:
    rules = []
    if field.max_length:
        rules.append(f"at most {field.max_length}")
    if field.options:
        rules.append("one of " + ", ".join(field.options))
    if field.default not in (None, ""):
        rules.append(f"default {field.default}")
    allowed = (*field.allowed_file_types, *field.allowed_file_extensions)
    if allowed and field.type in ("file", "file-list"):
        rules.append("files: " + ", ".join(allowed))
    return f"  ({'; '.join(rules)})" if rules else ""


def _runs(api: AppApi, limit: int, filters: dict[str, str | None]) -> Iterator[LogEntry]:
    """Pages of the list; before 1.5.0 an exact `user` is looked for as a keyword, and compared here."""
    user = filters["user"]
    if user and not api.server_version:
        api.info()
    if user and not api.abilities.finds_by_user:
        filters = {**filters, "user": None, "keyword": filters["keyword"] or user[:30]}
    page, left = 1, limit
    while left > 0:
        answer = api.logs(page=page, limit=min(100, limit), **filters)
        for entry in answer.entries:
            if left > 0 and user in (None, entry.user):
                left -= 1
                yield entry
        if not answer.has_more:
            return
        page += 1


def _table(found: list[LogEntry]) -> Iterator[str]:
    for entry in found:
        tokens = f"{entry.total_tokens} tokens" if entry.total_tokens else ""
        error = " ".join(entry.error.split())
        error = f"{error[: _WIDE - 1]}…" if len(error) > _WIDE else error
        parts = (entry.run_id, _moment(entry.created_at), f"{entry.status:<9}", f"{entry.elapsed_s:7.2f} s")
        yield "  ".join([*parts, f"{tokens:<13}", entry.user, error]).rstrip()


def _record_lines(record: RunRecord) -> Iterator[str]:
    yield f"{record.status}: run {record.id}, workflow {record.workflow_id}"
    tokens = f", {record.total_tokens} tokens" if record.total_tokens else ""
    yield f"{_moment(record.created_at)}, {record.elapsed_s:.2f} s, {record.total_steps} steps{tokens}"
    if record.error:
        yield f"error: {record.error}"
    for name, values in (("inputs", record.inputs), ("outputs", record.outputs)):
        for key, value in values.items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"{name}.{key}: {shown}"


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
