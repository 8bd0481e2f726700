"""The chat calls of the service API: chatflows (`advanced-chat`) answer them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from difyflow.client import answers
from difyflow.client.answers import ChatAnswer, Json, Listing
from difyflow.client.app_api import AppApi, Sleep, checked_id
from difyflow.client.files import mime_type, upload_name
from difyflow.client.stream import EventStream
from difyflow.client.transport import Call, Effect


class Conversations:
    """The conversations of one app. They belong to the `user` who began them."""

    def __init__(self, api: AppApi) -> None:
        self._api = api

    def send(
        self,
        query: str,
        *,
        user: str,
        inputs: Mapping[str, object] | None = None,
        conversation_id: str = "",
        files: tuple[Mapping[str, object], ...] = (),
        workflow_id: str | None = None,
        auto_generate_name: bool = True,
        sleep: Sleep | None = None,
    ) -> EventStream:
        """Sends a message and gives back the open stream of its run.

        Args:
            query: what the user says.
            user: owner of the conversation.
            inputs: JSON values by variable.
            conversation_id: empty = begin one; an unknown id silently begins one too (recorded 1.15-dev).
            files: Dify's file objects, for `sys.files`.
            workflow_id: a published version (1.7.2+).
            auto_generate_name: let a model name the conversation, which the app's owner pays for.
            sleep: waits between tries in place of the usual sleep.
        """
        body = _message(query, user, inputs, conversation_id, files, workflow_id, "streaming")
        if not auto_generate_name:
            body["auto_generate_name"] = False
        return self._api.stream("/chat-messages", body, sleep=sleep)

    def send_blocking(
        self,
        query: str,
        *,
        user: str,
        inputs: Mapping[str, object] | None = None,
        conversation_id: str = "",
        files: tuple[Mapping[str, object], ...] = (),
        workflow_id: str | None = None,
    ) -> ChatAnswer:
        """Sends a message and waits for the answer; a run that fails is an `ApiError` here."""
        body = _message(query, user, inputs, conversation_id, files, workflow_id, "blocking")
        limit = self._api.timeouts.blocking_s
        call = Call(method="POST", path="/chat-messages", body=body, effect=Effect.RUN, read_s=limit)
        return answers.chat_answer(self._api.transport.send(call).value)

    def stop(self, task_id: str, *, user: str) -> None:
        """Asks for an answer to stop; ignored without an error if the `user` is another one."""
        self._post(f"/chat-messages/{quote(task_id, safe='')}/stop", {"user": user})

    def listed(self, *, user: str, last_id: str | None = None, limit: int = 20) -> Listing:
        """The conversations of a user, newest first; `last_id` is the last one of the page before."""
        return self._list("/conversations", {"user": user, "last_id": last_id, "limit": limit})

    def messages(
        self, conversation_id: str, *, user: str, first_id: str | None = None, limit: int = 20
    ) -> Listing:
        """The messages of a conversation; `first_id` is the first one of the page before."""
        params = {
            "conversation_id": checked_id(conversation_id),
            "user": user,
            "first_id": first_id,
            "limit": limit,
        }
        return self._list("/messages", params)

    def variables(self, conversation_id: str, *, user: str, limit: int = 20) -> Listing:
        """The conversation variables (1.5.1+ at the latest)."""
        path = f"/conversations/{checked_id(conversation_id)}/variables"
        return self._list(path, {"user": user, "limit": limit})

    def set_variable(self, conversation_id: str, variable_id: str, *, value: object, user: str) -> Json:
        """Sets a conversation variable (1.8.0+ at the latest)."""
        path = f"/conversations/{checked_id(conversation_id)}/variables/{checked_id(variable_id)}"
        call = Call(method="PUT", path=path, body={"value": value, "user": user})
        return answers.obj(self._api.transport.send(call).value)

    def rename(self, conversation_id: str, *, name: str, user: str) -> Json:
        """Renames a conversation; an empty name lets the server make one."""
        body = {"name": name, "auto_generate": not name, "user": user}
        return self._post(f"/conversations/{checked_id(conversation_id)}/name", body)

    def delete(self, conversation_id: str, *, user: str) -> None:
        """Deletes a conversation."""
        path = f"/conversations/{checked_id(conversation_id)}"
        self._api.transport.send(Call(method="DELETE", path=path, body={"user": user}))

    def suggested(self, message_id: str, *, user: str) -> tuple[str, ...]:
        """Questions that might follow a message."""
        call = Call(method="GET", path=f"/messages/{checked_id(message_id)}/suggested", params={"user": user})
        data = answers.obj(self._api.transport.send(call).value).get("data")
        return tuple(item for item in data if isinstance(item, str)) if isinstance(data, list) else ()

    def rate(self, message_id: str, *, rating: str | None, user: str) -> None:
        """Rates a message `like` or `dislike`; None takes the rating back."""
        self._post(f"/messages/{checked_id(message_id)}/feedbacks", {"rating": rating, "user": user})

    def speech_to_text(self, name: str, content: bytes, *, user: str) -> str:
        """The text of a recording; the app must have speech to text switched on."""
        call = Call(
            method="POST",
            path="/audio-to-text",
            form={"user": user},
            file=(upload_name(name), content, mime_type(name)),
            effect=Effect.ONCE,
            read_s=self._api.timeouts.upload_s,
        )
        return answers.text(answers.obj(self._api.transport.send(call).value), "text")

    def text_to_speech(self, *, user: str, text: str = "", message_id: str = "") -> bytes:
        """Audio of a text, or of a message; the app must have text to speech switched on."""
        named = {"text": text, "message_id": message_id}
        body = {"user": user, **{name: value for name, value in named.items() if value}}
        call = Call(method="POST", path="/text-to-audio", body=body, effect=Effect.ONCE, raw=True)
        return self._api.transport.send(call).body

    def _list(self, path: str, params: Mapping[str, str | int | None]) -> Listing:
        return answers.listing(self._api.transport.send(Call(method="GET", path=path, params=params)).value)

    def _post(self, path: str, body: Mapping[str, object]) -> Json:
        return answers.obj(self._api.transport.send(Call(method="POST", path=path, body=body)).value)


def _message(
    query: str,
    user: str,
    inputs: Mapping[str, object] | None,
    conversation_id: str,
    files: tuple[Mapping[str, object], ...],
    workflow_id: str | None,
    mode: str,
) -> dict[str, object]:
    body: dict[str, object] = {
        "query": query,
        "inputs": inputs or {},
        "user": user,
        "response_mode": mode,
        "conversation_id": conversation_id,
    }
    if files:
        body["files"] = list(files)
    if workflow_id:
        body["workflow_id"] = checked_id(workflow_id)
    return body
