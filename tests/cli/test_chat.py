"""`difyflow chat`, and `difyflow run` of a chatflow: on servers as recorded, and here."""

import io
import json
import os
import signal
import sys

import pytest

from difyflow.cli.main import run

KEY = "app-loopback000000000000"
OTHER = "00000000-0000-4000-8000-000000000000"
KNOWN = "984f89f6-f9a3-4d46-b4a1-0ada004eb151"  # of the recorded answer
VERSIONS = ["1.12.1", pytest.param("1.15-dev", marks=pytest.mark.long)]


@pytest.fixture(autouse=True)
def key(monkeypatch, tmp_path):
    monkeypatch.setenv("DIFY_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def chatflow(dify, loopback, recording):
    """`chatflow(version, ...)`: a server with a chatflow; its form has no inputs that are required."""

    def start(version="1.12.1", *, stream="chat/streaming", **options):
        server = dify(version, stream=stream, stopped="chat/stop-streaming", **options)
        for name in ("info-chat", "parameters-chat"):
            answer = loopback.Answer.of(recording("1.12.1", f"service/{name}"))
            server.on("GET", f"/v1/{name.partition('-')[0]}", answer)
        return server

    return start


@pytest.fixture
def says(monkeypatch):
    """`says(line, ...)`: what comes on standard input; `terminal` = somebody sits there."""

    def type_(*lines, terminal=False):
        text = io.StringIO("".join(f"{line}\n" for line in lines))
        text.isatty = lambda: terminal
        monkeypatch.setattr(sys, "stdin", text)

    return type_


@pytest.fixture
def flow_file(root):
    return str(root / "tests/recordings/1.12.1/inputs/chatflow.yml")


def messages(server):
    return [one.json() for one in server.calls("POST", "/v1/chat-messages")]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_line_is_a_message_of_one_conversation(chatflow, says, capsys, version):
    server = chatflow(version)
    says("你好", "", "und dann?")

    assert run(["chat", server.url]) == 0

    said = capsys.readouterr()
    first, second = messages(server)
    assert (first["query"], second["query"]) == ("你好", "und dann?")
    assert first["user"] == second["user"]
    assert (first["conversation_id"], second["conversation_id"]) == ("", server_conversation(server))
    assert said.out.count("\n") >= 2 and "回答" in said.out
    assert f"--conversation {second['conversation_id']} --user {first['user']}" in said.err
    assert KEY not in said.err + said.out


def server_conversation(server):
    said = next(one for one in server._stream.events if one.startswith(b"data: "))
    return json.loads(said[6:])["conversation_id"]


def test_the_answer_comes_while_it_is_made(chatflow, says, monkeypatch):
    server = chatflow(step_s=0.01)
    seen = []

    class Out(io.StringIO):
        def write(self, text):
            seen.append((text, server.runs[-1].ended))
            return len(text)

    monkeypatch.setattr(sys, "stdout", Out())
    says("hello")

    assert run(["chat", server.url, "-q"]) == 0
    assert seen[0][0] and not seen[0][1]


def test_commands_begin_anew_leave_and_send_a_slash(chatflow, says, capsys):
    server = chatflow()
    says("one", "/new", "two", "/what", "//slash", "/exit", "never sent")

    assert run(["chat", server.url]) == 0

    sent = messages(server)
    assert [one["query"] for one in sent] == ["one", "two", "/slash"]
    assert [bool(one["conversation_id"]) for one in sent] == [False, False, True]
    assert "no such command: /what" in capsys.readouterr().err


def test_a_conversation_is_gone_on_with_by_its_id_and_user(chatflow, says, capsys):
    server = chatflow()
    says("again")
    assert run(["chat", server.url, "--conversation", KNOWN]) == 2
    assert "--user" in capsys.readouterr().err
    assert run(["chat", server.url, "--conversation", "talk.json", "--user", "u"]) == 2

    assert run(["chat", server.url, "--conversation", KNOWN, "--user", "u"]) == 0
    assert (messages(server)[0]["conversation_id"], messages(server)[0]["user"]) == (KNOWN, "u")
    assert "warning" not in capsys.readouterr().err


def test_a_conversation_that_the_server_silently_replaces_is_told(chatflow, says, capsys):
    server = chatflow("1.15-dev")
    says("again")

    assert run(["chat", server.url, "--conversation", OTHER, "--user", "u"]) == 0

    assert f"knows no conversation {OTHER}" in capsys.readouterr().err


@pytest.mark.parametrize("version", VERSIONS)
def test_an_answer_that_fails_is_told_and_the_talk_goes_on(chatflow, says, capsys, version):
    server = chatflow(version, stream="chat/streaming-llm-fail")
    says("one", "two")

    assert run(["chat", server.url, "-q"]) == 1

    assert len(messages(server)) == 2 and "503" in capsys.readouterr().err


def test_a_wrong_key_ends_it_at_the_first_call(chatflow, says, capsys, monkeypatch):
    server = chatflow()
    monkeypatch.setenv("DIFY_API_KEY", "app-wrong-key-geheim-0000")
    says("one", "two")

    assert run(["chat", server.url]) == 4
    assert "geheim" not in capsys.readouterr().err and messages(server) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_ctrl_c_stops_the_answer_on_the_server_and_not_the_talk(chatflow, says, capsys, version):
    server = chatflow(version, step_s=0.02)

    def interrupted(seen):
        answer = server.start_run(seen)
        if len(server.runs) > 1:
            return answer

        def chunks():
            for number, chunk in enumerate(answer.chunks):
                yield chunk
                if number == 3:
                    os.kill(os.getpid(), signal.SIGINT)
                    server.runs[0].stop.wait(10)

        return answer.but(chunks=chunks())

    server.on("POST", "/v1/chat-messages", interrupted)
    says("one", "two")

    assert run(["chat", server.url]) == 0

    assert server.runs[0].stop.is_set() and not server.runs[1].stop.is_set()
    assert len(server.calls("POST", "/v1/chat-messages/.*/stop")) == 1
    assert len(messages(server)) == 2 and "stopped" in capsys.readouterr().err


def test_a_prompt_is_shown_in_a_terminal_only(chatflow, says, capsys):
    server = chatflow()
    says("one", terminal=True)
    assert run(["chat", server.url]) == 0
    assert "\n> " in capsys.readouterr().err
    says("one")
    assert run(["chat", server.url]) == 0
    assert "\n> " not in capsys.readouterr().err


def test_what_a_model_says_cannot_steer_the_terminal(chatflow, says, capsys):
    server = chatflow()
    events = [part.replace("回答".encode(), b"\\u001b[2J") for part in server._stream.events]
    server._stream = type(server._stream)(**{**vars_of(server._stream), "body": b"".join(events)})
    says("one")

    assert run(["chat", server.url, "-q"]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said and "x1b[2J" in said


def vars_of(recording):
    return {name: getattr(recording, name) for name in recording.__dataclass_fields__}


def test_a_workflow_is_no_chatflow(dify, says, capsys):
    server = dify()
    says("one")

    assert run(["chat", server.url]) == 2
    assert "difyflow run" in capsys.readouterr().err and server.runs == []


def test_certificates_are_checked_unless_that_is_switched_off_loudly(chatflow, says, capsys, loopback):
    server = chatflow(tls=True)
    certificate = str(loopback.server.CERTIFICATE)
    for words, code in ((["-q"], 4), (["-q", "--ca-file", certificate], 0)):
        says("one")
        assert run(["chat", server.url, *words]) == code
    with pytest.warns(Warning, match="Unverified HTTPS"):
        assert run(["run", server.url, "--query", "x", "-q", "--insecure"]) == 0
    assert "WARNING: --insecure" in capsys.readouterr().err


def test_nothing_on_standard_input_is_no_talk(chatflow, says):
    server = chatflow()
    says()
    assert run(["chat", server.url]) == 0 and messages(server) == []


# `difyflow run` of a chatflow


@pytest.mark.parametrize("version", VERSIONS)
def test_run_gives_the_answer_and_says_how_to_go_on(chatflow, capsys, version):
    server = chatflow(version)

    assert run(["run", server.url, "--query", "你好"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("回答") and "--conversation" in said.err and "--user" in said.err

    words = ["--conversation", KNOWN, "--user", "u9", "--format", "json", "-q"]
    assert run(["run", server.url, "--query", "weiter", *words]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["user"] == "u9" and result["answer"].startswith("回答")
    assert messages(server)[1]["conversation_id"] == KNOWN


def test_run_refuses_what_does_not_fit_before_anything_is_sent(chatflow, dify, capsys):
    chat, workflow = chatflow(), dify()
    assert run(["run", chat.url]) == 2 and "--query" in capsys.readouterr().err
    assert run(["run", workflow.url, "--query", "x", "-i", "trigger=x"]) == 2
    assert run(["run", workflow.url, "--conversation", KNOWN, "-i", "trigger=x"]) == 2
    assert "no conversation" in capsys.readouterr().err
    assert chat.runs == workflow.runs == []


# Here


@pytest.mark.local
def test_a_local_chatflow_remembers_within_a_talk(flow_file, says, capsys):
    says("hello", "again", "/new", "anew")

    assert run(["chat", flow_file, "--model-endpoint", "demo"]) == 0

    said = capsys.readouterr()
    assert said.out.splitlines() == ["hello", "(第 1 轮)", "again", "(第 2 轮)", "anew", "(第 1 轮)"]
    assert "你好,请问有什么可以帮你?" in said.err


@pytest.mark.local
def test_a_local_conversation_is_kept_in_a_file_between_commands(flow_file, says, capsys, tmp_path):
    words = [flow_file, "--model-endpoint", "demo", "--conversation", "talk.json", "-q"]

    assert run(["run", *words, "--query", "one"]) == 0
    assert run(["run", *words, "--query", "two"]) == 0
    says("three")
    assert run(["chat", *words]) == 0

    assert capsys.readouterr().out.splitlines()[1::2] == ["(第 1 轮)", "(第 2 轮)", "(第 3 轮)"]
    kept = json.loads((tmp_path / "talk.json").read_text(encoding="utf-8"))
    assert [turn[0] for turn in kept["turns"]] == ["one", "two", "three"]


@pytest.mark.local
@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"id": "x"}', '{"id": 1, "variables": {}, "turns": []}', "no",
                '{"id": "x", "variables": {}, "turns": [["a"]]}']
)  # fmt: skip
def test_a_file_that_holds_no_conversation_is_refused_and_left_alone(flow_file, capsys, tmp_path, content):
    (tmp_path / "talk.json").write_text(content)

    assert (
        run(["run", flow_file, "--model-endpoint", "demo", "--query", "x", "--conversation", "talk.json"])
        == 2
    )

    assert "talk.json: holds no conversation" in capsys.readouterr().err
    assert (tmp_path / "talk.json").read_text() == content


@pytest.mark.local
@pytest.mark.parametrize("place", [".", "none/talk.json"])
def test_a_conversation_that_cannot_be_kept_is_refused_before_the_run(flow_file, capsys, place):
    assert run(["run", flow_file, "--model-endpoint", "demo", "--query", "x", "--conversation", place]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.local
def test_a_local_workflow_takes_no_message(root, capsys):
    flow = str(root / "workflows/fine_tune_corpus")
    assert run(["run", flow, "--model-endpoint", "demo", "--query", "x"]) == 2
    assert "takes no message" in capsys.readouterr().err
