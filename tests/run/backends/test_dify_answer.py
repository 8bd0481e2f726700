"""Blocking runs on a Dify server, and what a watcher is told of a run."""

import pytest

from difyflow.errors import ApiError
from difyflow.records.result import RunStatus
from difyflow.run.backend import Watch
from difyflow.run.backends.dify import open_backend
from difyflow.terms.form import LocalFile

KEY = "app-loopback000000000000"


@pytest.fixture
def backend():
    """`backend(server, ...)` opens a backend on a loopback server."""
    opened = []

    def open_one(server, **options):
        opened.append(open_backend(base_url=server.url, key=KEY, **options))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def run(backend, **options):
    started = backend.start({"trigger": "你好"}, user="u-test", **options)
    return list(started.events()), started.result()


@pytest.mark.parametrize("version", ["0.15.3", "1.12.1", "1.15-dev"])
def test_a_blocking_run_has_the_result_that_a_streaming_one_has(dify, backend, version):
    server = dify(version)
    _, streamed = run(backend(server))
    events, result = run(backend(server, response_mode="blocking"))
    assert [event.EVENT for event in events] == ["workflow_started", "workflow_finished"]
    assert server.calls("POST", "/v1/workflows/run")[-1].json()["response_mode"] == "blocking"
    for name in ("status", "outputs", "total_tokens", "total_steps"):
        assert getattr(result, name) == getattr(streamed, name)
    assert (result.run_id, result.task_id) == (server.runs[-1].id, server.runs[-1].task_id)


def test_a_blocking_run_that_fails_is_a_failure_with_difys_own_message(dify, backend):
    server = dify("1.12.1", stream="errors/llm-ratelimit-streaming")
    _, result = run(backend(server, response_mode="blocking"))
    assert result.status is RunStatus.FAILED
    assert result.error


def test_a_blocking_run_that_waits_for_a_person_is_paused(dify, backend):
    server = dify("1.15-dev", stream="human-input/run-streaming")
    _, result = run(backend(server, response_mode="blocking"))
    assert result.status is RunStatus.PAUSED


def test_a_blocking_answer_of_a_chatflow_is_its_answer(dify, backend, recording):
    server = dify("1.12.1")
    server.play(recording("1.12.1", "service/info-chat"), recording("1.12.1", "chat/blocking"))
    events, result = run(backend(server, response_mode="blocking"), query="hello")
    recorded = recording("1.12.1", "chat/blocking").json()
    assert (result.status, result.answer) == (RunStatus.SUCCEEDED, recorded["answer"])
    assert result.conversation_id == recorded["conversation_id"]
    assert result.total_tokens == recorded["metadata"]["usage"]["total_tokens"]
    assert events[-1].EVENT == "message_end"


def test_a_chatflow_that_fails_while_blocking_is_an_error_of_a_run_that_was(dify, backend, recording):
    server = dify("1.12.1")
    server.play(recording("1.12.1", "service/info-chat"), recording("1.12.1", "chat/blocking-llm-fail"))
    with pytest.raises(ApiError, match="Run failed"):
        run(backend(server, response_mode="blocking"), query="hello")


@pytest.mark.parametrize(("version", "blocking"), [("0.15.3", True), ("1.12.1", False), ("1.15-dev", False)])
def test_auto_is_blocking_where_a_stream_that_breaks_off_loses_its_run(dify, backend, version, blocking):
    one = backend(dify(version), response_mode="auto")
    one.header()
    assert one.blocking is blocking
    assert one.use_blocking() is not blocking
    assert one.blocking


def test_a_mode_that_the_user_chose_stays(dify, backend):
    one = backend(dify("1.15-dev"), response_mode="streaming")
    assert not one.use_blocking()
    assert not one.blocking


def test_a_watcher_is_told_once_before_the_run_is_sent_and_after_its_files_are(dify, backend, tmp_path):
    server = dify("1.12.1")
    (tmp_path / "a.txt").write_text("x")
    told = []

    def sending():
        told.append((len(server.calls("POST", "/v1/files/upload")), len(server.runs)))

    started = backend(server).start(
        {"trigger": "x", "attachments": [LocalFile(tmp_path / "a.txt")]},
        user="u",
        watch=Watch(sending=sending),
    )
    assert told == []
    list(started.events())
    assert told == [(1, 0)]


def test_a_run_whose_watcher_cannot_write_it_down_is_not_sent(dify, backend):
    server = dify("1.12.1")

    def sending():
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        run(backend(server), watch=Watch(sending=sending))
    assert server.runs == []


def test_a_watcher_is_told_before_a_run_over_its_time_limit_is_stopped(dify, backend):
    server = dify("1.12.1", step_s=0.05)
    told = []
    watch = Watch(stopping=lambda: told.append(server.runs[0].stop.is_set()))
    _, result = run(backend(server, run_limit_s=0.1), watch=watch)
    assert told == [False]
    assert server.runs[0].stop.is_set()
    assert "time limit" in result.error


def test_a_run_is_not_stopped_if_its_watcher_cannot_write_that_down(dify, backend):
    server = dify("1.12.1", step_s=0.01)

    def stopping():
        raise OSError(28, "No space left on device")

    _, result = run(backend(server, run_limit_s=0.05), watch=Watch(stopping=stopping))
    assert not server.runs[0].stop.is_set()
    assert any("was not stopped" in one for one in result.warnings)
