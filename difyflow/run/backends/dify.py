"""Runs the published app on a Dify server: uploads, streams, finds out how a run ended if the stream broke.

Dify 0.15 to 1.16, workflow and chatflow apps.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeGuard
from urllib.parse import urlsplit

from difyflow.client.answers import AppInfo, Parameters
from difyflow.client.app_api import AppApi, Sleep
from difyflow.client.conversations import Conversations
from difyflow.client.faults import Retries
from difyflow.client.stream import EventStream
from difyflow.client.transport import Connection, Timeouts
from difyflow.errors import InputError, NotRunnable, UsageError
from difyflow.run.backend import UNWATCHED, Header, Watch
from difyflow.run.backends._dify_answer import Answered
from difyflow.run.backends._dify_run import DifyRun, Waits
from difyflow.terms.form import (
    FileInput,
    FormField,
    LocalFile,
    RemoteFile,
    UploadedFile,
    UploadLimits,
    file_class,
)

Mode = Literal["auto", "streaming", "blocking"]
_CHAT = ("advanced-chat", "chat")  # `chat`: what a server before 1.4.0 can say of a chatflow


def open_backend(
    *,
    base_url: str,
    key: str,
    ca_file: str | Path | None = None,
    insecure: bool = False,
    run_limit_s: float | None = None,
    timeouts: Timeouts | None = None,
    retries: Retries | None = None,
    response_mode: Mode = "streaming",
    shared_user: bool | str = False,
) -> DifyBackend:
    """Opens the app that a key belongs to; asks the server nothing yet.

    Args:
        base_url: of the service API, with or without `/v1`, or an address of the web front end.
        key: the app's key.
        ca_file: PEM file of the authorities to trust.
        insecure: do not check certificates.
        run_limit_s: longest time for one run in seconds, after which it is stopped; None = Dify's own limit
            of 1200 s and a margin.
        timeouts: limits of single calls.
        retries: how often calls are tried.
        response_mode: `auto` = blocking where a streaming run whose client left is lost (before 1.9.2). A
            blocking run tells nothing before its end and cannot be stopped.
        shared_user: the `user` of the runs has others too, so a lost run cannot be found by it; a name =
            that of the runs with this `user`.

    Raises:
        UsageError: no usable address, key or certificate file.
    """
    connection = Connection(
        timeouts=timeouts or Timeouts(),
        retries=retries or Retries(),
        ca_file=Path(ca_file) if ca_file is not None else None,
        insecure=insecure,
    )
    waits = Waits() if run_limit_s is None else Waits(run_limit_s=run_limit_s)
    api = AppApi(base_url, key, connection=connection)
    return DifyBackend(api, waits=waits, response_mode=response_mode, shared_user=shared_user)


class DifyBackend:
    """One app on one server; see `difyflow.run.backend.Backend`."""

    def __init__(
        self,
        api: AppApi,
        *,
        waits: Waits | None = None,
        response_mode: Mode = "streaming",
        shared_user: bool | str = False,
    ) -> None:
        self.api = api
        self._shared_user = shared_user
        self._response_mode: Mode = response_mode
        self._waits = waits or Waits()
        self._info: AppInfo | None = None
        self._mode = ""
        self._parameters: Parameters | None = None

    def header(self) -> Header:
        """Server, version and app.

        Raises:
            ApiError, ConnectionLost: the server did not say.
        """
        if self._info is None:
            self._info = self.api.info()
        notes = ("TLS certificates are NOT checked (insecure)",) if self.api.transport.insecure else ()
        return Header(
            target=self.api.base_url,
            backend="dify",
            app_name=self._info.name,
            mode=self._app_mode(),
            server_version=self.api.server_version,
            notes=notes,
        )

    def form(self) -> tuple[FormField, ...]:
        """The inputs of the published version.

        Raises:
            ApiError: among others `not-published`.
            ConnectionLost: no answer.
        """
        return self._published().form

    def limits(self) -> UploadLimits:
        """The server's limits for uploads, in bytes; raises as `form` does."""
        return self._published().limits

    @property
    def blocking(self) -> bool:
        """True if runs answer once, at their end; of `auto` the server's version decides."""
        if self._response_mode == "auto":
            return not self.api.abilities.ends_alone
        return self._response_mode == "blocking"

    def use_blocking(self) -> bool:
        """Goes over to blocking runs where the mode is `auto`; False if that changes nothing."""
        if self._response_mode != "auto" or self.blocking:
            return False
        self._response_mode = "blocking"
        return True

    def start(
        self,
        inputs: Mapping[str, object],
        *,
        user: str,
        query: str = "",
        conversation_id: str = "",
        watch: Watch = UNWATCHED,
    ) -> DifyRun:
        """Prepares a run; files are uploaded and the run is sent when its events are asked for.

        Raises:
            NotRunnable: the app is neither a workflow nor a chatflow.
            UsageError: a chatflow without `query`, or a workflow with one.
            ApiError, ConnectionLost: the mode of the app is not known yet, and the server did not say it.
        """
        mode = self._app_mode()
        chat = mode in _CHAT
        if not chat and mode != "workflow":
            raise NotRunnable(f"the app is of mode {mode!r}; workflow and chatflow apps can be run")
        if chat and not query:
            raise UsageError("a chatflow needs a message", code="no-query", hint="give it with --query")
        if not chat and (query or conversation_id):
            raise UsageError("a workflow takes no message and no conversation", code="not-a-chatflow")

        blocking = self.blocking

        def send(pause: Sleep) -> EventStream | Answered:
            values = self._uploaded(inputs, user, pause)
            watch.sending()
            if not chat:
                if blocking:
                    return Answered.by_run(self.api.run_blocking(values, user=user))
                return self.api.run(values, user=user, sleep=pause)
            talk = Conversations(self.api)
            if blocking:
                said = talk.send_blocking(query, user=user, inputs=values, conversation_id=conversation_id)
                return Answered.by_chat(said)
            return talk.send(query, user=user, inputs=values, conversation_id=conversation_id, sleep=pause)

        return DifyRun(
            self.api,
            self._waits,
            send=send,
            user=user,
            chat=chat,
            blocking=blocking,
            watch=watch,
            shared_user=self._shared_user is True or self._shared_user == user,
        )

    def close(self) -> None:
        """Closes the connections; idempotent."""
        self.api.close()

    def _app_mode(self) -> str:
        if not self._mode:
            self._mode = (self._info.mode if self._info else "") or self.api.mode()
        return self._mode

    def _published(self) -> Parameters:
        if self._parameters is None:
            self._parameters = self.api.parameters()
        return self._parameters

    def _uploaded(self, inputs: Mapping[str, object], user: str, pause: Sleep) -> dict[str, object]:
        """The inputs with Dify's file objects in place of files."""
        values: dict[str, object] = {}
        for name, value in inputs.items():
            if _is_file(value):
                values[name] = self._file_object(name, value, user, pause)
            elif isinstance(value, list | tuple) and value and all(_is_file(item) for item in value):
                values[name] = [self._file_object(name, item, user, pause) for item in value]
            else:
                values[name] = value
        return values

    def _file_object(self, variable: str, file: FileInput, user: str, pause: Sleep) -> dict[str, object]:
        pause(0)
        field = next((one for one in self.form() if one.variable == variable), None)
        allowed = field.allowed_file_types if field else ()
        match file:
            case LocalFile(path):
                try:
                    content = path.read_bytes()
                except OSError as err:
                    problem = f"{variable}: {path}: {err.strerror or err}"
                    raise InputError("a file cannot be read", problems=[problem]) from err
                sent = self.api.upload(path.name, content, user=user)
                name, where = path.name, {"transfer_method": "local_file", "upload_file_id": sent.id}
            case RemoteFile(url):
                name, where = urlsplit(url).path, {"transfer_method": "remote_url", "url": url}
            case UploadedFile(upload_file_id, name):
                where = {"transfer_method": "local_file", "upload_file_id": upload_file_id}
        return {"type": declared_type(name, allowed), **where}


def declared_type(name: str, allowed: tuple[str, ...]) -> str:
    """The `type` to declare for a file, which servers compare with the variable and with what they detect.

    A file of a known class is declared as that class; `custom` only where nothing else is allowed, since
    servers from 1.3 on refuse it otherwise (dify-1.12.1 run/seed-type-custom). A name that says nothing takes
    the only type that is allowed.
    """
    kind = file_class(name)
    if not allowed or kind in allowed:
        return kind
    if kind == "custom" and len(allowed) == 1:
        return allowed[0]
    return "custom" if "custom" in allowed else kind


def _is_file(value: object) -> TypeGuard[FileInput]:
    return isinstance(value, LocalFile | RemoteFile | UploadedFile)
