"""The service API of one app: everything that workflow apps have; `conversations.py` has the chatflow calls.

Dify 0.15 to 1.16. One object serves many threads.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from difyflow.client import answers
from difyflow.client.abilities import Abilities, abilities
from difyflow.client.answers import AppInfo, Json, LogEntry, LogPage, Parameters, RunRecord, Upload
from difyflow.client.api import Api
from difyflow.client.files import mime_type, upload_name
from difyflow.client.stream import EventStream
from difyflow.client.transport import Call, Connection, Effect, Transport
from difyflow.errors import ApiError, UsageError

Sleep = Callable[[float], None]
Files = tuple[Mapping[str, object], ...]
_KEYWORD = 30  # characters that the keyword search of the logs reads


class AppApi(Api):
    """One app on one server, by its key.

    Every method can raise `ApiError` (the server said no) and `ConnectionLost` (no answer, or it broke off);
    reads are repeated by themselves, a run never once it may have been sent.

    Args:
        base_url: of the API, or an address of the web front end; see `address.base_url`.
        key: of the app. It is shown nowhere but for its last four characters.
        connection: time limits, retries, certificates.

    Raises:
        UsageError: no usable address, key or certificate file.
    """

    def __init__(self, base_url: str, key: str, *, connection: Connection | None = None) -> None:
        connection = connection or Connection()
        super().__init__(Transport(base_url, key, connection=connection))
        self.timeouts = connection.timeouts

    def __repr__(self) -> str:
        return f"AppApi({self.base_url!r}, key={self.transport.shown_key!r})"

    @property
    def abilities(self) -> Abilities:
        """What the server can do, as far as its version is known by now."""
        return abilities(self.server_version)

    # The app

    def probe(self) -> str:
        """The version of the server, by whatever answer; empty if the answer was not Dify's."""
        try:
            self._get("/")
        except ApiError as err:  # 1.x answers this with an HTML 404 that carries X-Version
            return err.server_version or ""
        return self.server_version

    def info(self) -> AppInfo:
        """Name and mode of the app; the mode is empty before 1.4.0."""
        return answers.app_info(self._get("/info"))

    def mode(self) -> str:
        """`workflow`, `advanced-chat`, ...; before 1.4.0 `workflow`, or `chat` for every kind of chat.

        Old servers are asked by stopping a task that does not exist, which changes nothing and is refused if
        the app is of another kind (recorded: dify-1.12.1 errors/stop-on-chat-app, errors/stop-unknown-task).
        """
        said = self.info().mode
        if said:
            return said
        for path, mode in (("/workflows/tasks/", "workflow"), ("/chat-messages/", "chat")):
            try:
                self._stop(f"{path}{uuid.uuid4()}/stop", "difyflow")
            except ApiError as err:
                if err.code != "wrong-app-mode":
                    raise
            else:
                return mode
        return "completion"

    def parameters(self) -> Parameters:
        """Input form and limits of the published version; `ApiError` `not-published` if there is none."""
        return answers.parameters(self._get("/parameters"))

    def site(self) -> Json:
        """Settings of the web app (1.4.0+)."""
        return answers.obj(self._get("/site"))

    def meta(self) -> Json:
        """Icons of the tools."""
        return answers.obj(self._get("/meta"))

    def end_user(self, end_user_id: str) -> Json:
        """The end user of an id as `created_by` gives it (1.13+)."""
        return answers.obj(self._get(f"/end-users/{checked_id(end_user_id)}"))

    # Files

    def upload(self, name: str, content: bytes, *, user: str) -> Upload:
        """Uploads a file under the same `user` that will run with it, which newer servers insist on."""
        call = Call(
            method="POST",
            path="/files/upload",
            form={"user": user},
            file=(upload_name(name), content, mime_type(name)),
            read_s=self.timeouts.upload_s,
        )
        return answers.upload(self.transport.send(call).value)

    def download(self, file_id: str, *, as_attachment: bool = False) -> bytes:
        """The content of a file that was attached to a chat message (1.7.2+)."""
        path = f"/files/{checked_id(file_id)}/preview"
        params = {"as_attachment": "true" if as_attachment else None}
        return self.transport.send(Call(method="GET", path=path, params=params, raw=True)).body

    # Runs

    def run(
        self,
        inputs: Mapping[str, object],
        *,
        user: str,
        workflow_id: str | None = None,
        files: Files = (),
        sleep: Sleep | None = None,
    ) -> EventStream:
        """Starts a run and gives back its open stream.

        Args:
            inputs: JSON values by variable, files as Dify's file objects.
            user: give each run its own, with unique first 30 characters: a lost run can be found by it only.
            workflow_id: a published version; None = the live one.
            files: Dify's file objects for `sys.files`, where the app has the old feature "file upload".
            sleep: waits between tries in place of the usual sleep.
        """
        body = _run_body(inputs, user, files, "streaming")
        return self.stream(_run_path(workflow_id), body, sleep=sleep)

    def run_blocking(
        self,
        inputs: Mapping[str, object],
        *,
        user: str,
        workflow_id: str | None = None,
        files: Files = (),
    ) -> RunRecord:
        """Runs and waits for the end; any proxy with a shorter limit cuts the call while the run goes on."""
        body = _run_body(inputs, user, files, "blocking")
        call = Call(
            method="POST",
            path=_run_path(workflow_id),
            body=body,
            effect=Effect.RUN,
            read_s=self.timeouts.blocking_s,
        )
        record = answers.blocking_run(self.transport.send(call).value)
        if record is None:
            raise ApiError("the answer names no run", code="unexpected-answer", may_have_run=True)
        return record

    def stream(self, path: str, body: Mapping[str, object], *, sleep: Sleep | None = None) -> EventStream:
        """Sends a call that starts a run and opens its stream."""
        call = Call(
            method="POST",
            path=path,
            body=body,
            effect=Effect.RUN,
            read_s=self.timeouts.stream_s,
        )
        return EventStream(self.transport.open(call, sleep=sleep))

    def reattach(
        self, run_id: str, *, user: str, snapshot: bool = True, continue_on_pause: bool = False
    ) -> EventStream:
        """Joins a run again (1.14+); `user` must be the one who started it.

        With `snapshot` the state so far is replayed first: without inputs, outputs and text, and with the run
        id as `task_id`, which stops nothing. `continue_on_pause` alone keeps the stream open after the end.
        """
        params = {
            "user": user,
            "include_state_snapshot": "true" if snapshot else None,
            "continue_on_pause": "true" if continue_on_pause else None,
        }
        path = f"/workflow/{checked_id(run_id)}/events"
        call = Call(method="GET", path=path, params=params, read_s=self.timeouts.stream_s)
        return EventStream(self.transport.open(call))

    def run_record(self, run_id: str) -> RunRecord | None:
        """What the server keeps of a run; None if it knows no such run of this app."""
        try:
            value = self._get(f"/workflows/run/{checked_id(run_id)}")
        except ApiError as err:
            if err.code == "not-found":  # since the 1.15 line; before, 200 with nulls
                return None
            raise
        return answers.run_record(value)

    def stop(self, task_id: str, *, user: str) -> None:
        """Asks for a run to stop. The server says yes to anything: look at the run record to be sure."""
        self._stop(f"/workflows/tasks/{quote(task_id, safe='')}/stop", user)

    def logs(
        self,
        *,
        page: int = 1,
        limit: int = 20,
        status: str | None = None,
        keyword: str | None = None,
        user: str | None = None,
        account: str | None = None,
        before: str | None = None,
        after: str | None = None,
    ) -> LogPage:
        """One page of the run list, newest first.

        Args:
            page: from 1.
            limit: rows of a page, 1 to 100.
            status: `succeeded`, `failed` or `stopped`; the server takes no other.
            keyword: its first 30 characters are looked for; Chinese text never matches.
            user: the exact `user`, on servers from 1.5.0 on.
            account: e-mail address of the account that ran it in the console (1.5.0+); unknown: `ApiError`.
            before: created before this moment (ISO 8601, 1.0.1+).
            after: created after this moment.
        """
        params = {
            "page": page,
            "limit": limit,
            "status": status,
            "keyword": keyword,
            "created_by_end_user_session_id": user,
            "created_by_account": account,
            "created_at__before": before,
            "created_at__after": after,
        }
        return answers.log_page(self._get("/workflows/logs", params))

    def all_logs(self, *, limit: int, status: str | None = None) -> Iterator[LogEntry]:
        """The newest `limit` rows of the run list; rows that slide to the next page are given once."""
        seen: set[str] = set()
        page, left = 1, limit
        while left > 0:
            answer = self.logs(page=page, limit=min(100, limit), status=status)
            for entry in answer.entries:
                if entry.id not in seen and left > 0:
                    seen.add(entry.id)
                    left -= 1
                    yield entry
            if not answer.has_more:
                return
            page += 1

    def find_runs(self, user: str) -> tuple[LogEntry, ...]:
        """The runs that were started for a `user`: how a run is found whose answer was lost.

        That it is not there proves nothing on 0.15 (streaming) and while it waits in the queue of 1.13+.
        """
        if self.abilities.finds_by_user:
            page = self.logs(user=user, limit=100)
        else:
            page = self.logs(keyword=user[:_KEYWORD], limit=100)
        return tuple(entry for entry in page.entries if entry.user == user)

    # Forms of runs that wait for a person (1.14+)

    def form(self, form_token: str) -> Json:
        """The form that a paused run shows; `ApiError` with code `form-closed` if it was answered."""
        return answers.obj(self._get(f"/form/human_input/{quote(form_token, safe='')}"))

    def answer_form(self, form_token: str, *, action: str, inputs: Mapping[str, object], user: str) -> None:
        """Answers a form; the first accepted answer wins. Sent once: `form-closed` on a repeat means done."""
        body = {"inputs": inputs, "action": action, "user": user}
        path = f"/form/human_input/{quote(form_token, safe='')}"
        self.transport.send(Call(method="POST", path=path, body=body, effect=Effect.ONCE))

    def _get(self, path: str, params: Mapping[str, str | int | None] | None = None) -> object:
        return self.transport.send(Call(method="GET", path=path, params=params or {})).value

    def _stop(self, path: str, user: str) -> None:
        self.transport.send(Call(method="POST", path=path, body={"user": user}))


def checked_id(value: str) -> str:
    """An id for a path.

    Raises:
        UsageError: it is no UUID, which servers answer with HTTP 500.
    """
    try:
        return str(uuid.UUID(value))
    except ValueError as err:
        raise UsageError(f"not an id (a UUID): {value!r}", code="bad-id") from err


def _run_body(inputs: Mapping[str, object], user: str, files: Files, mode: str) -> dict[str, object]:
    body: dict[str, object] = {"inputs": inputs, "user": user, "response_mode": mode}
    return body | ({"files": list(files)} if files else {})


def _run_path(workflow_id: str | None) -> str:
    return f"/workflows/{checked_id(workflow_id)}/run" if workflow_id else "/workflows/run"
