"""Which conversation a chatflow goes on with, and as whom: an id on a server, a file here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from difyflow.cli import _show
from difyflow.client.app_api import checked_id
from difyflow.errors import UsageError
from difyflow.records.files import write_whole
from difyflow.records.result import Result
from difyflow.run.backend import Backend
from difyflow.run.runner import unique_user

if TYPE_CHECKING:
    from difyflow.run.backends.local.backend import LocalBackend

CHAT_MODES = ("advanced-chat", "chat")  # `chat`: what a server before 1.4.0 can say of a chatflow


@dataclass(slots=True, kw_only=True)
class Talk:
    """A conversation under way.

    Attributes:
        user: owner of the conversation on a server; the same for all its messages.
        id: empty before the first answer.
        file: where a local conversation is kept between two commands; None = nowhere.
    """

    backend: Backend
    user: str
    id: str = ""
    file: Path | None = None
    local: bool = False

    def begin_anew(self) -> None:
        """Forgets the conversation."""
        self.id = ""

    def keep(self, result: Result) -> None:
        """Goes on with the conversation of a result; of a local one also in its file."""
        if not result.conversation_id:
            return
        if self.id and result.conversation_id != self.id:
            _show.note(
                f"warning: the server knows no conversation {self.id} of {self.user}: it began another"
            )
        self.id = result.conversation_id
        if self.file is not None:
            kept = _local(self.backend).kept_conversation(self.id)
            write_whole(self.file, (json.dumps(kept, ensure_ascii=False, indent=2) + "\n").encode())

    def how_to_go_on(self) -> str:
        """The options that go on with it; empty where that is not possible."""
        if self.file is not None:
            return f"--conversation {self.file}"
        return "" if self.local or not self.id else f"--conversation {self.id} --user {self.user}"


def open_talk(backend: Backend, mode: str, *, conversation: str, user: str, local: bool) -> Talk:
    """The conversation that the options name.

    Args:
        backend: open.
        mode: of the app.
        conversation: an id on a server, a file here; empty = a new one.
        user: owner of it on a server; empty = a new name.
        local: the app runs here.

    Raises:
        UsageError: it cannot be gone on with.
    """
    if mode not in CHAT_MODES:
        if conversation:
            raise UsageError("a workflow takes no message and no conversation", code="not-a-chatflow")
        return Talk(backend=backend, user=user or unique_user(), local=local)
    if local:
        talk = Talk(backend=backend, user=user or "difyflow", local=True)
        if conversation:
            talk.file = Path(conversation)
            talk.id = _read(backend, talk.file)
        return talk
    if conversation and not user:
        raise UsageError(
            "a conversation belongs to the `user` who began it",
            code="no-user",
            hint="name that with --user; the command that began it has told it",
        )
    known = checked_id(conversation) if conversation else ""
    return Talk(backend=backend, user=user or unique_user(), id=known)


def _read(backend: Backend, file: Path) -> str:
    """The conversation in a file, handed to the backend; empty for one that is still to be made."""
    try:
        data = json.loads(file.read_bytes())
    except FileNotFoundError:
        if not file.parent.is_dir():
            raise UsageError("there is no such folder", path=str(file.parent), code="not-writable") from None
        return ""
    except OSError as err:
        raise UsageError(f"cannot be read: {err.strerror or err}", path=str(file)) from err
    except ValueError as err:
        raise _no_conversation(file) from err
    if not isinstance(data, Mapping):
        raise _no_conversation(file)
    try:
        return _local(backend).go_on_with(data)
    except UsageError as err:
        err.path = str(file)
        raise


def _no_conversation(file: Path) -> UsageError:
    return UsageError(
        "holds no conversation",
        path=str(file),
        code="no-conversation",
        hint="a local conversation is kept in a file that --conversation names; a new name begins one",
    )


def _local(backend: Backend) -> LocalBackend:
    from difyflow.run.backends.local.backend import LocalBackend

    assert isinstance(backend, LocalBackend), "only local conversations are kept in files"
    return backend
