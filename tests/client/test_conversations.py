import pytest

from difyflow.client.conversations import Conversations
from difyflow.errors import ApiError, UsageError
from difyflow.records import events as ev

ID = "00000000-0000-4000-8000-000000000001"


def test_a_message_is_streamed(api, server, recording):
    server.play(recording("1.12.1", "chat/streaming"))

    with Conversations(api(server.url)).send("你好", user="u1", inputs={"tone": ""}) as stream:
        events = list(stream)

    assert [type(event) for event in events[-2:]] == [ev.WorkflowFinished, ev.MessageEnd]
    assert server.seen[0].json() == {
        "query": "你好",
        "inputs": {"tone": ""},
        "user": "u1",
        "response_mode": "streaming",
        "conversation_id": "",
    }


def test_a_conversation_is_not_named_by_a_model_where_that_is_not_wanted(api, server, recording):
    server.play(recording("1.12.1", "chat/streaming"))

    Conversations(api(server.url)).send("x", user="u1", auto_generate_name=False).close()

    assert server.seen[0].json()["auto_generate_name"] is False


def test_a_blocking_message_gives_the_answer(api, server, recording):
    server.play(recording("1.12.1", "chat/blocking"))
    files = ({"type": "image", "transfer_method": "remote_url", "url": "https://example.com/a.png"},)

    answer = Conversations(api(server.url)).send_blocking(
        "你好", user="u1", conversation_id=ID, files=files, workflow_id=ID
    )

    assert answer.answer.startswith("回答:") and answer.mode == "advanced-chat"
    assert answer.conversation_id and answer.message_id and answer.task_id
    assert answer.metadata["usage"]["total_tokens"] == 33
    sent = server.seen[0].json()
    assert sent["files"] == list(files) and sent["workflow_id"] == ID and sent["conversation_id"] == ID


@pytest.mark.parametrize("version", ["1.12.1", "1.15-dev"])
def test_a_blocking_message_whose_run_fails_is_an_error_and_the_run_exists(api, server, recording, version):
    server.play(recording(version, "chat/blocking-llm-fail"))

    with pytest.raises(ApiError) as caught:
        Conversations(api(server.url)).send_blocking("x", user="u1")

    assert caught.value.code == "run-failed" and caught.value.may_have_run and "503" in caught.value.message


def test_conversations_messages_and_variables_are_listed(api, server, recording):
    variables = recording("1.12.1", "chat/conversation-variables")
    server.play(recording("1.12.1", "chat/conversations"), recording("1.12.1", "chat/messages"), variables)
    chats = Conversations(api(server.url))

    listed = chats.listed(user="u1", last_id=ID, limit=5)
    messages = chats.messages(ID, user="u1")
    named = chats.variables(variables.path.split("/")[3], user="u1")

    assert len(listed.items) == 6 and not listed.has_more
    assert [item["query"] for item in messages.items] == ["你好", "继续"]
    assert named.items[0]["name"] == "turns"
    assert server.seen[0].query == {"user": "u1", "last_id": ID, "limit": "5"}
    assert server.seen[1].query == {"conversation_id": ID, "user": "u1", "limit": "20"}


def test_stop_rename_delete_rate_and_set_go_to_their_paths(api, server, loopback):
    server.on("POST", ".*", loopback.Answer.json({"result": "success"}))
    server.on("PUT", ".*", loopback.Answer.json({"id": ID, "value": 3}))
    server.on("DELETE", ".*", loopback.Answer(status=204))
    chats = Conversations(api(server.url))

    chats.stop("t", user="u")
    chats.rename(ID, name="", user="u")
    chats.rate(ID, rating="like", user="u")
    assert chats.set_variable(ID, ID, value=3, user="u")["value"] == 3
    chats.delete(ID, user="u")

    assert [(seen.method, seen.path.replace(ID, "ID"), seen.json()) for seen in server.seen] == [
        ("POST", "/v1/chat-messages/t/stop", {"user": "u"}),
        ("POST", "/v1/conversations/ID/name", {"name": "", "auto_generate": True, "user": "u"}),
        ("POST", "/v1/messages/ID/feedbacks", {"rating": "like", "user": "u"}),
        ("PUT", "/v1/conversations/ID/variables/ID", {"value": 3, "user": "u"}),
        ("DELETE", "/v1/conversations/ID", {"user": "u"}),
    ]


def test_suggested_questions_are_texts(api, server, loopback):
    server.on("GET", f"/v1/messages/{ID}/suggested", loopback.Answer.json({"data": ["a", 1, "b"]}))

    assert Conversations(api(server.url)).suggested(ID, user="u") == ("a", "b")


def test_speech_goes_both_ways(api, server, loopback):
    server.on("POST", "/v1/audio-to-text", loopback.Answer.json({"text": "你好"}))
    server.on(
        "POST",
        "/v1/text-to-audio",
        loopback.Answer(headers={"Content-Type": "audio/mpeg"}, chunks=[b"\xff\xfb"]),
    )
    chats = Conversations(api(server.url))

    assert chats.speech_to_text("a.mp3", b"..", user="u") == "你好"
    assert chats.text_to_speech(user="u", text="你好") == b"\xff\xfb"
    assert server.seen[0].parts()["file"].get_content_type() == "audio/mpeg"
    assert server.seen[1].json() == {"user": "u", "text": "你好"}


def test_an_id_that_is_no_uuid_is_not_sent(api, server):
    with pytest.raises(UsageError):
        Conversations(api(server.url)).delete("../x", user="u")
    assert server.seen == []
