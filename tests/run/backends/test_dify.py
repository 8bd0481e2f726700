"""The Dify backend against loopback servers of three versions.

Every run goes over real HTTP. Time limits are those of `WAITS`, so that nothing waits for long.
"""

import json
import random
import threading
import time

import pytest

from difyflow.client.app_api import AppApi
from difyflow.client.faults import Retries
from difyflow.client.transport import Connection, Timeouts
from difyflow.errors import (
    ApiError,
    AuthError,
    ConnectionLost,
    InputError,
    NotRunnable,
    RateLimited,
    UsageError,
)
from difyflow.records import events as ev
from difyflow.records.result import RunStatus
from difyflow.run.backends._dify_run import Waits
from difyflow.run.backends.dify import DifyBackend, declared_type, open_backend
from difyflow.terms.form import LocalFile, RemoteFile, UploadedFile

HANG_S = 30  # a run that is not ended at once hangs for longer than this
VERSIONS = ["0.15.3", "1.12.1", "1.15-dev"]
WAITS = {
    "poll_s": 0.01,
    "poll_longest_s": 0.02,
    "search_s": 0.1,
    "settle_s": 0.05,
    "stop_s": 5,
    "run_limit_s": 5,
}
REPORTED = {"0.15.3": "0.15.3", "1.12.1": "1.12.1", "1.15-dev": "1.14.2"}


@pytest.fixture
def backend():
    """`backend(server, **waits)` opens a backend on a loopback server."""
    opened = []

    def open_one(server, *, read_s=5.0, stream_s=5.0, end_s=0.05, tries=2, **waits):
        connection = Connection(
            timeouts=Timeouts(connect_s=2, read_s=read_s, stream_s=stream_s, end_s=end_s),
            clock=lambda: 0.0,
            retries=Retries(unreachable=tries, broken=tries, rate_limited=3),
            sleep=lambda _seconds: None,
            jitter=lambda: 0.0,
        )
        key = getattr(server, "key", "app-loopback000000000000")
        opened.append(
            DifyBackend(AppApi(server.url, key, connection=connection), waits=Waits(**{**WAITS, **waits}))
        )
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def run(backend, inputs=None, *, user="u-test", **chat):
    started = backend.start(inputs if inputs is not None else {"trigger": "你好"}, user=user, **chat)
    return list(started.events()), started.result()


def play(server, *recordings):
    """The server with some answers replaced by recorded ones."""
    server.play(*recordings)
    return server


# A good run


@pytest.mark.parametrize("version", VERSIONS)
def test_a_seed_run_gives_typed_events_and_the_whole_result(dify, backend, version):
    server = dify(version)

    events, result = run(backend(server))

    assert isinstance(events[-1], ev.WorkflowFinished)
    assert not [event for event in events if isinstance(event, ev.UnknownEvent)]
    assert result.status is RunStatus.SUCCEEDED
    assert result.outputs["text"].startswith('{"messages"')
    assert (
        "".join(event.text for event in events if isinstance(event, ev.TextChunk)) == result.outputs["text"]
    )
    assert result.run_id == server.runs[0].id and result.task_id == server.runs[0].task_id
    assert result.server_version == REPORTED[version]
    assert [node.node_type for node in result.nodes] == ["start", "document-extractor", "code", "llm", "end"]
    assert all(node.status == "succeeded" for node in result.nodes)
    assert result.total_tokens > 2000 and result.total_steps == 5 and result.models and not result.warnings
    assert result.backend == "dify" and result.target == f"{server.url}/v1"


@pytest.mark.parametrize("version", VERSIONS)
def test_header_and_form_say_what_the_server_says(dify, backend, version):
    opened = backend(dify(version))

    header, form = opened.header(), opened.form()

    assert header.app_name == "Fine-tune 语料构造器" and header.mode == "workflow"
    assert header.server_version == REPORTED[version] and header.notes == ()
    assert [(field.variable, field.type, field.required, field.max_length) for field in form] == [
        ("attachments", "file-list", True, 10),
        ("trigger", "text-input", True, 48),
    ]
    assert form[0].allowed_file_types == ("document",)
    assert opened.limits().document == 15 * 1024 * 1024


@pytest.mark.parametrize("version", VERSIONS)
def test_files_are_uploaded_under_the_user_of_the_run(dify, backend, tmp_path, version):
    server = dify(version)
    files = [tmp_path / "论语 选读.txt", tmp_path / "b.docx", tmp_path / "c:d.md"]
    for file in files:
        file.write_bytes(b"text")

    _, result = run(
        backend(server), {"attachments": [LocalFile(file) for file in files], "trigger": "t"}, user="me-1"
    )

    uploads = [seen.parts() for seen in server.calls("POST", "/v1/files/upload")]
    assert result.ok
    assert [one["user"].get_content().strip() for one in uploads] == ["me-1"] * 3
    assert [one["file"].get_filename() for one in uploads] == ["论语 选读.txt", "b.docx", "c_d.md"]
    assert [one["file"].get_content_type() for one in uploads] == [
        "text/plain",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "text/markdown",
    ]
    (sent,) = server.calls("POST", "/v1/workflows/run")
    body = sent.json()
    assert body["user"] == "me-1" and body["response_mode"] == "streaming"
    assert {one["type"] for one in body["inputs"]["attachments"]} == {"document"}
    assert all(len(one["upload_file_id"]) == 36 for one in body["inputs"]["attachments"])


def test_urls_and_uploaded_files_are_named_and_not_uploaded(dify, backend):
    server = dify("1.12.1")
    files = [
        RemoteFile("https://example.com/a/paper.pdf?x=1"),
        UploadedFile("id-1", "a.txt"),
        UploadedFile("id-2"),
    ]

    run(backend(server), {"attachments": files, "trigger": "t"})

    assert server.calls("POST", "/v1/files/upload") == []
    assert server.calls("POST", "/v1/workflows/run")[0].json()["inputs"]["attachments"] == [
        {"type": "document", "transfer_method": "remote_url", "url": "https://example.com/a/paper.pdf?x=1"},
        {"type": "document", "transfer_method": "local_file", "upload_file_id": "id-1"},
        {"type": "document", "transfer_method": "local_file", "upload_file_id": "id-2"},
    ]


@pytest.mark.parametrize(
    ("name", "allowed", "declared"),
    [
        ("a.pdf", ("document", "image"), "document"),
        ("a.png", ("document", "image"), "image"),
        ("a.xyz", ("custom", "image"), "custom"),
        ("a.txt", ("custom",), "custom"),
        ("a.txt", (), "document"),
        ("noname", ("image",), "image"),
        ("a.png", ("document",), "image"),
    ],
)
def test_a_file_is_declared_as_what_it_is_unless_only_custom_is_allowed(name, allowed, declared):
    assert declared_type(name, allowed) == declared


def test_a_file_that_vanished_after_the_check_is_an_input_error_and_nothing_runs(dify, backend, tmp_path):
    server = dify("1.12.1")

    with pytest.raises(InputError) as caught:
        run(backend(server), {"attachments": [LocalFile(tmp_path / "gone.txt")]})

    assert "gone.txt" in str(caught.value) and server.runs == []


def test_the_server_of_an_app_without_mode_in_info_is_asked_by_a_stop_that_stops_nothing(
    dify, backend, recording, loopback
):
    server = dify("0.15.3")

    assert backend(server).header().mode == "workflow"

    server.on(
        "POST",
        "/v1/workflows/tasks/[^/]+/stop",
        loopback.Answer.of(recording("1.12.1", "errors/stop-on-chat-app")),
    )
    assert backend(server).header().mode == "chat"
    assert server.runs == []


# Ends that are no success


@pytest.mark.parametrize(
    ("version", "stream"),
    [
        ("0.15.3", "llm-errors/429-streaming"),
        ("1.12.1", "errors/llm-ratelimit-streaming"),
        ("1.15-dev", "errors/llm-ratelimit-streaming"),
    ],
)
def test_http_200_with_status_failed_is_a_failure_with_difys_own_message(dify, backend, version, stream):
    events, result = run(backend(dify(version, stream=stream)))

    assert result.status is RunStatus.FAILED and not result.ok
    assert "429" in result.error
    assert result.nodes[-1].status == "failed" and result.nodes[-1].node_type == "llm"
    assert isinstance(events[-1], ev.WorkflowFinished)


def test_a_model_stream_cut_half_way_is_a_success_with_a_warning(dify, backend):
    _, result = run(backend(dify("0.15.3", stream="llm-errors/stream-cut-halfway-streaming")))

    assert result.status is RunStatus.SUCCEEDED and result.truncated
    assert any("broke off" in warning for warning in result.warnings)


def test_a_model_that_fails_in_mid_stream_fails_the_run_on_1_12(dify, backend):
    _, result = run(backend(dify("1.12.1", stream="errors/llm-midfail-streaming")))

    assert result.status is RunStatus.FAILED and result.error


@pytest.mark.parametrize(
    ("version", "stream"),
    [
        ("0.15.3", "flows/error-default-value-streaming"),
        ("1.12.1", "run/error-strategies-handled-streaming"),
        ("1.15-dev", "run/error-strategies-handled-streaming"),
    ],
)
def test_a_handled_failure_is_a_success_with_a_warning(dify, backend, version, stream):
    _, result = run(backend(dify(version, stream=stream)))

    assert result.status is RunStatus.PARTIAL_SUCCEEDED and result.ok
    assert any(node.status == "exception" for node in result.nodes)
    assert result.warnings


def test_a_graph_that_cannot_be_built_is_a_failed_result_from_the_error_event(dify, backend, recording):
    server = dify("1.12.1")
    server.play(recording("1.12.1", "errors/invalid-graph-dangling-edge-streaming"))

    events, result = run(backend(server))

    assert isinstance(events[-1], ev.ErrorEvent)
    assert result.status is RunStatus.FAILED and result.error_code == "invalid_param"
    assert "nowhere" in result.error and result.run_id == ""


def test_an_error_event_ends_the_run_at_once_though_the_server_keeps_the_connection_open(
    dify, backend, recording, loopback
):
    """dify-1.15-dev stream/missing-input-full: the server closes only after 300 s."""
    server = dify("1.15-dev")
    bad_input = recording("1.15-dev", "stream/missing-input-full")
    server.on("POST", "/v1/workflows/run", loopback.Answer.of(bad_input).but(hang_at=len(bad_input.body)))
    start = time.monotonic()

    _, result = run(backend(server))

    assert time.monotonic() - start < HANG_S
    assert result.status is RunStatus.FAILED and result.error == "trigger is required in input form"


def test_a_run_that_waits_for_a_person_ends_as_paused_with_the_form_in_its_events(dify, backend):
    events, result = run(backend(dify("1.15-dev", stream="human-input/run-streaming")))

    assert result.status is RunStatus.PAUSED and result.ok
    (form,) = [event for event in events if isinstance(event, ev.HumanInputRequired)]
    assert form.form_token and form.expiration_time
    assert isinstance(events[-1], ev.WorkflowPaused)


def test_events_after_the_end_are_not_told(dify, backend, loopback, recording):
    server = dify("1.12.1")
    seed = recording("1.12.1", "run/seed-streaming")
    late = b'data: {"event":"tts_message_end","audio":""}\n\n'
    server.on("POST", "/v1/workflows/run", loopback.Answer.of(seed).but(chunks=[*seed.events, late]))

    events, _ = run(backend(server))

    assert isinstance(events[-1], ev.WorkflowFinished)


@pytest.mark.parametrize(("version", "connections"), [("0.15.3", 1), ("1.12.1", 1), ("1.15-dev", 20)])
def test_runs_one_after_the_other_take_one_connection_where_streams_end_with_the_run(
    dify, backend, version, connections
):
    """dify-1.15-dev README: the connection stays open for up to one second more, which nobody waits for."""
    server = dify(version)
    opened = backend(server, end_s=20)

    for _ in range(20):
        _, result = run(opened)
        assert result.status is RunStatus.SUCCEEDED

    assert server.connections == connections and len(server.runs) == 20


# Refusals


def test_a_wrong_key_is_an_auth_error_with_only_the_last_four_characters(dify, backend):
    server = dify("1.12.1")
    opened = backend(server)
    opened.header()
    server.key = "app-another0000000000000"

    with pytest.raises(AuthError) as caught:
        run(opened)

    assert caught.value.code == "unauthorized" and not caught.value.may_have_run
    assert "...0000" in str(caught.value) and "app-loopback" not in str(caught.value)


@pytest.mark.parametrize(
    ("version", "name", "code"),
    [
        ("0.15.3", "service-errors/16-missing-required-trigger", "invalid-param"),
        ("0.15.3", "service-errors/01-run-unpublished", "not-published"),
        ("0.15.3", "other-apps/02-workflows-run-with-chat-key", "wrong-app-mode"),
        ("1.12.1", "errors/missing-required-input-streaming", "invalid-param"),
        ("1.12.1", "errors/run-unpublished-streaming", "not-published"),
        ("1.12.1", "errors/file-unknown-id-streaming", "invalid-param"),
        ("1.15-dev", "errors/file-of-other-user", "invalid-param"),
    ],
)
def test_a_refused_run_raises_and_is_sent_once(dify, backend, recording, version, name, code):
    server = play(dify(version), recording(version, name))

    with pytest.raises(ApiError) as caught:
        run(backend(server))

    assert caught.value.code == code and not caught.value.may_have_run and not caught.value.transient
    assert len(server.calls("POST", "/v1/workflows/run")) == 1


@pytest.mark.parametrize("version", ["1.12.1", "1.15-dev"])
def test_too_many_requests_is_tried_again_until_a_slot_is_free(dify, backend, recording, loopback, version):
    server = dify(version)
    refused = loopback.Answer.of(recording(version, "errors/rate-limited-streaming"))
    server.on("POST", "/v1/workflows/run", refused, refused, server.start_run)

    _, result = run(backend(server))

    assert result.ok and len(server.runs) == 1
    assert len(server.calls("POST", "/v1/workflows/run")) == 3


def test_too_many_requests_for_too_long_is_rate_limited(dify, backend):
    server = dify("1.15-dev")
    server.most_active = 1  # there every streaming run counts twice when it starts

    with pytest.raises(RateLimited) as caught:
        run(backend(server))

    assert "blocking" not in caught.value.message and "refuses every streaming run" in str(caught.value)
    assert server.runs == []


def test_a_stop_ends_the_waiting_for_a_free_slot_and_nothing_is_sent(dify, backend, loopback):
    server = dify("1.12.1")
    busy = loopback.Answer.json(
        {"code": "too_many_requests", "message": ""}, 429, Retry_After="60", X_Version="1.12.1"
    )
    server.on("POST", "/v1/workflows/run", busy)
    started = backend(server).start({}, user="u")
    threading.Timer(0.2, started.stop).start()
    start = time.monotonic()

    events = list(started.events())

    assert time.monotonic() - start < HANG_S
    assert started.result().status is RunStatus.STOPPED and len(events) == 1


# Streams that are lost


@pytest.mark.parametrize("version", ["1.12.1", "1.15-dev"])
@pytest.mark.parametrize("fault", ["cut_at", "end_at"])
def test_a_stream_that_breaks_off_is_recovered_and_the_run_is_not_sent_again(dify, backend, version, fault):
    server = dify(version, step_s=0.001)
    server.spoil = [{fault: 9000}]

    events, result = run(backend(server))

    assert result.status is RunStatus.SUCCEEDED and result.outputs["text"].startswith('{"messages"')
    assert result.run_id == server.runs[0].id and result.total_steps == 5
    assert isinstance(events[-1], ev.WorkflowFinished)
    assert any("stream of the run was lost" in warning for warning in result.warnings)
    assert len(server.runs) == 1


def test_a_lost_stream_of_1_15_is_joined_again_without_telling_anything_twice(dify, backend):
    server = dify("1.15-dev", step_s=0.002)
    server.spoil = [{"cut_at": 9000}]

    events, result = run(backend(server))

    assert len(server.calls("GET", "/v1/workflow/[^/]+/events")) == 1
    starts = [event.execution_id for event in events if isinstance(event, ev.NodeStarted)]
    assert len(starts) == len(set(starts)) == 5
    assert sum(isinstance(event, ev.WorkflowStarted) for event in events) == 1
    assert result.task_id == server.runs[0].task_id
    assert [node.status for node in result.nodes] == ["succeeded"] * 5 and result.models


def test_a_reattached_stream_that_ends_without_an_end_leaves_it_to_the_record(
    dify, backend, recording, loopback
):
    """dify-1.15-dev stream/idle-300s-reattach-snapshot."""
    server = dify("1.15-dev", step_s=0.003)
    server.spoil = [{"cut_at": 9000}]
    idle = recording("1.15-dev", "stream/idle-300s-reattach-snapshot")
    server.on("GET", "/v1/workflow/[^/]+/events", loopback.Answer.of(idle))

    _, result = run(backend(server))

    assert result.status is RunStatus.SUCCEEDED and result.run_id == server.runs[0].id
    assert server.calls("GET", "/v1/workflows/run/[^/]+")


def test_a_record_that_cannot_be_read_for_a_while_is_asked_for_again(dify, backend, loopback):
    server = dify("1.12.1")
    server.spoil = [{"cut_at": 9000}]
    page = loopback.Answer.html(502, "Bad Gateway")
    server.on("GET", "/v1/workflows/run/[^/]+", page, page, page, page, page, server.show_record)

    _, result = run(backend(server))

    assert result.status is RunStatus.SUCCEEDED


def test_a_lost_stream_of_0_15_is_an_unknown_outcome_after_a_short_look(dify, backend):
    """dify-0.15.3 service/28 to 30: the record stays `running` for ever."""
    server = dify("0.15.3")
    server.spoil = [{"cut_at": 9000}]

    with pytest.raises(ConnectionLost) as caught:
        run(backend(server))

    lost = caught.value
    assert lost.may_have_run and lost.code == "unknown-outcome" and not lost.transient
    assert isinstance(lost.events[0], ev.WorkflowStarted)
    assert server.runs[0].id in str(lost) and len(server.runs) == 1


def test_a_record_that_stays_running_past_the_limit_is_unknown(dify, backend, recording, loopback):
    """dify-1.12.1 run/stopped-run-detail-later: some records never move."""
    server = dify("1.12.1")
    server.spoil = [{"cut_at": 9000}]
    running = loopback.Answer.of(recording("1.12.1", "run/running-run-detail"))
    server.on("GET", "/v1/workflows/run/[^/]+", running)

    with pytest.raises(ConnectionLost) as caught:
        run(backend(server, run_limit_s=0.2))

    assert caught.value.may_have_run and "its record is running" in caught.value.message
    assert len(server.calls("GET", "/v1/workflows/run/[^/]+")) > 1


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 504, "title": "504 Gateway Time-out"},
        {"status": 502, "title": "Bad Gateway"},
        {"status": 503, "title": "Busy"},
    ],
)
def test_a_run_behind_a_gateway_error_is_found_by_its_user(dify, backend, loopback, answer):
    server = dify("1.12.1", step_s=0.001)
    server.on(
        "POST",
        "/v1/workflows/run",
        server.start_then(loopback.Answer.html(answer["status"], answer["title"])),
    )
    opened = backend(server)
    opened.header()

    _, result = run(opened, user="somebody-0123456789-0123456789-x")

    assert result.status is RunStatus.SUCCEEDED and result.run_id == server.runs[0].id
    assert len(server.calls("POST", "/v1/workflows/run")) == 1
    assert (
        server.calls("GET", "/v1/workflows/logs")[0]
        .query["created_by_end_user_session_id"]
        .startswith("somebody")
    )


def test_a_lost_run_of_a_user_who_has_others_is_not_mistaken_for_one_of_those(dify, backend, loopback):
    server = dify("1.12.1")
    opened = backend(server)
    run(opened, user="me")
    server.on("POST", "/v1/workflows/run", loopback.Answer.html(502, "Bad Gateway"))
    shared = DifyBackend(opened.api, waits=Waits(**WAITS), shared_user=True)

    with pytest.raises(ConnectionLost) as caught:
        run(shared, user="me")

    assert caught.value.may_have_run and not server.calls("GET", "/v1/workflows/logs")


def test_a_connection_reset_before_the_headers_is_looked_up_too(dify, backend, loopback):
    server = dify("1.12.1")
    server.on("POST", "/v1/workflows/run", server.start_then(loopback.Answer(reset=True)))

    _, result = run(backend(server))

    assert result.status is RunStatus.SUCCEEDED and len(server.runs) == 1


def test_silence_before_the_headers_is_looked_up_too(dify, backend, loopback):
    server = dify("1.12.1")
    server.on("POST", "/v1/workflows/run", server.start_then(loopback.Answer(headers_after_s=5)))

    _, result = run(backend(server, stream_s=0.1))

    assert result.status is RunStatus.SUCCEEDED and len(server.runs) == 1


def test_a_lost_answer_and_no_run_in_the_logs_is_an_unknown_outcome(dify, backend, loopback):
    server = dify("1.12.1")
    server.on("POST", "/v1/workflows/run", loopback.Answer.html(504, "504 Gateway Time-out"))

    with pytest.raises(ConnectionLost) as caught:
        run(backend(server), user="nobody-here")

    assert caught.value.may_have_run and "nobody-here" in str(caught.value)
    assert len(server.calls("POST", "/v1/workflows/run")) == 1
    assert len(server.calls("GET", "/v1/workflows/logs")) > 1


def test_an_internal_error_of_dify_is_raised_itself_when_no_run_is_found(dify, backend, recording):
    server = play(dify("1.12.1"), recording("1.12.1", "errors/number-is-a-list"))

    with pytest.raises(ApiError) as caught:
        run(backend(server))

    assert caught.value.status == 500 and caught.value.may_have_run
    assert len(server.calls("POST", "/v1/workflows/run")) == 1


def test_two_runs_of_the_same_user_are_not_guessed_between(dify, backend, loopback):
    server = dify("1.12.1")
    opened = backend(server)
    run(opened, user="twice")
    server.on("POST", "/v1/workflows/run", server.start_then(loopback.Answer.html(504, "Time-out")))

    with pytest.raises(ConnectionLost) as caught:
        run(opened, user="twice")

    assert "2 runs of its user" in caught.value.message


def test_a_queued_run_that_gives_one_ping_is_looked_for_until_the_limit(dify, backend, recording, loopback):
    """dify-1.15-dev stream/no-worker-full: one ping, silence, no log row until a worker takes it."""
    server = dify("1.15-dev")
    ping = recording("1.15-dev", "stream/no-worker-full")

    def queue(seen):
        threading.Timer(0.6, server.start_run, [seen]).start()
        return loopback.Answer.of(ping).but(hang_at=len(ping.body))

    server.on("POST", "/v1/workflows/run", queue)

    events, result = run(backend(server, stream_s=0.4))

    assert isinstance(events[0], ev.Ping)
    assert result.status is RunStatus.SUCCEEDED and len(server.runs) == 1


def test_a_connection_that_was_never_made_is_no_run(backend, dify):
    server = dify("1.12.1")
    opened = backend(server)
    opened.header()
    server.close()

    with pytest.raises(ConnectionLost) as caught:
        run(opened)

    assert caught.value.code == "unreachable" and not caught.value.may_have_run


def test_unreadable_events_are_skipped_and_told_in_a_warning(dify, backend, loopback, recording):
    server = dify("1.12.1")
    seed = recording("1.12.1", "run/seed-streaming")
    chunks = [seed.events[0], b"data: {broken\n\n", b"data: \xff\n\n", *seed.events[1:]]
    server.on("POST", "/v1/workflows/run", loopback.Answer.of(seed).but(chunks=chunks))

    _, result = run(backend(server))

    assert result.ok and any("2 events of the stream could not be read" in one for one in result.warnings)


def test_three_unreadable_events_in_a_row_give_the_stream_up_and_recover(dify, backend):
    server = dify("1.12.1")
    whole = server.start_run

    def garbled(seen):
        answer = whole(seen)
        chunks = list(answer.chunks)
        return answer.but(chunks=[*chunks[:3], *[b"data: {broken\n\n"] * 3, *chunks[3:]])

    server.on("POST", "/v1/workflows/run", garbled)

    _, result = run(backend(server))

    assert result.status is RunStatus.SUCCEEDED
    assert any("could not be read" in warning for warning in result.warnings)


# Stopping


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stop_from_another_thread_is_reported_as_stopped(dify, backend, version):
    server = dify(version, step_s=0.05)
    started = backend(server).start({}, user="stopper")
    events = []

    for event in started.events():
        events.append(event)
        if len(events) == 3:
            started.stop()
            started.stop()

    result = started.result()
    assert result.status is RunStatus.STOPPED and not result.ok
    stops = server.calls("POST", f"/v1/workflows/tasks/{server.runs[0].task_id}/stop")
    assert [seen.json() for seen in stops] == [{"user": "stopper"}]
    assert server.runs[0].stop.is_set()


def test_a_stop_before_the_first_event_is_sent_as_soon_as_the_task_is_known(dify, backend):
    server = dify("1.12.1", step_s=0.05)
    started = backend(server).start({}, user="u")
    events = started.events()
    stopper = threading.Timer(0.02, started.stop)
    stopper.start()

    assert isinstance(list(events)[-1], ev.WorkflowFinished)
    assert started.result().status is RunStatus.STOPPED


def test_a_stop_before_the_run_is_sent_sends_nothing(dify, backend, tmp_path):
    server = dify("1.12.1")
    (tmp_path / "a.txt").write_text("x")
    started = backend(server).start({"attachments": [LocalFile(tmp_path / "a.txt")]}, user="u")
    started.stop()

    list(started.events())

    assert started.result().status is RunStatus.STOPPED
    assert server.runs == [] and server.calls("POST", "/v1/files/upload") == []


def test_a_run_that_ignores_the_stop_is_unknown_after_the_time_for_stopping(dify, backend, loopback):
    server = dify("1.12.1", step_s=0.03)
    server.on("POST", "/v1/workflows/tasks/[^/]+/stop", loopback.Answer.json({"result": "success"}))
    started = backend(server, stop_s=0.1).start({}, user="u")
    started_events = started.events()
    next(started_events)
    started.stop()

    with pytest.raises(ConnectionLost) as caught:
        list(started_events)

    assert caught.value.may_have_run


def test_a_stop_call_that_fails_is_told_in_a_warning(dify, backend, recording, loopback):
    server = dify("1.12.1", step_s=0.005)
    server.on(
        "POST",
        "/v1/workflows/tasks/[^/]+/stop",
        loopback.Answer.of(recording("1.12.1", "errors/stop-without-user")),
    )
    started = backend(server, stop_s=5).start({}, user="u")
    for number, _ in enumerate(started.events()):
        if number == 2:
            started.stop()

    result = started.result()
    assert result.status is RunStatus.SUCCEEDED
    assert any("call to stop the run failed" in warning for warning in result.warnings)


def test_a_run_over_its_time_limit_is_stopped_and_failed(dify, backend):
    server = dify("1.12.1", step_s=0.03)

    _, result = run(backend(server, run_limit_s=0.2))

    assert server.runs[0].stop.is_set()
    assert result.status is RunStatus.FAILED and "time limit" in result.error


# Chatflows


@pytest.mark.parametrize("version", ["1.12.1", "1.15-dev"])
def test_a_chatflow_ends_after_both_of_its_end_events_in_either_order(dify, backend, recording, version):
    server = play(dify(version, stream="chat/streaming"), recording(version, "service/info-chat"))

    events, result = run(backend(server), {"tone": ""}, user="c", query="你好", conversation_id="")

    kinds = [type(event) for event in events]
    assert ev.MessageEnd in kinds and ev.WorkflowFinished in kinds
    assert result.status is RunStatus.SUCCEEDED
    assert result.answer == result.outputs["answer"] and result.answer.startswith("回答:")
    assert result.conversation_id
    sent = server.calls("POST", "/v1/chat-messages")[0].json()
    assert sent["query"] == "你好" and sent["user"] == "c" and sent["inputs"] == {"tone": ""}


@pytest.mark.parametrize("version", ["1.12.1", "1.15-dev"])
def test_a_chatflow_that_fails_has_its_message_and_its_conversation(dify, backend, recording, version):
    server = play(dify(version, stream="chat/streaming-llm-fail"), recording(version, "service/info-chat"))

    _, result = run(backend(server), {}, query="x")

    assert result.status is RunStatus.FAILED and "503" in result.error and result.conversation_id


@pytest.mark.parametrize("version", ["1.12.1", "1.15-dev"])
def test_a_chatflow_is_stopped_by_its_own_call(dify, backend, recording, version):
    server = play(
        dify(version, stream="chat/streaming", stopped="chat/stop-streaming", step_s=0.05),
        recording(version, "service/info-chat"),
    )
    started = backend(server).start({}, user="u", query="x")
    for number, _ in enumerate(started.events()):
        if number == 1:
            started.stop()

    assert started.result().status is RunStatus.STOPPED
    assert server.calls("POST", "/v1/chat-messages/[^/]+/stop")


def test_a_lost_chatflow_stream_gets_the_whole_answer_from_the_record(dify, backend, recording):
    server = play(dify("1.12.1", stream="chat/streaming"), recording("1.12.1", "service/info-chat"))
    server.spoil = [{"cut_at": 6000}]

    _, result = run(backend(server), {}, query="x")

    assert result.status is RunStatus.SUCCEEDED and result.answer == result.outputs["answer"]


def test_a_lost_chatflow_answer_without_run_id_is_not_searched_by_user(dify, backend, recording, loopback):
    server = play(dify("1.12.1", stream="chat/streaming"), recording("1.12.1", "service/info-chat"))
    server.on("POST", "/v1/chat-messages", loopback.Answer.html(504, "Time-out"))

    with pytest.raises(ConnectionLost):
        run(backend(server), {}, query="x")

    assert server.calls("GET", "/v1/workflows/logs") == []


def test_a_message_is_needed_by_chatflows_and_refused_by_workflows(dify, backend, recording):
    chat = play(dify("1.12.1"), recording("1.12.1", "service/info-chat"))
    with pytest.raises(UsageError, match="--query"):
        backend(chat).start({}, user="u")
    with pytest.raises(UsageError, match="no message"):
        backend(dify("1.12.1")).start({}, user="u", query="x")


def test_an_app_of_another_mode_cannot_be_run(dify, backend, loopback):
    server = dify("1.12.1")
    server.on(
        "GET", "/v1/info", loopback.Answer.json({"name": "x", "mode": "completion"}, X_Version="1.12.1")
    )

    with pytest.raises(NotRunnable, match="completion"):
        backend(server).start({}, user="u")


# Opening


def test_open_backend_asks_nothing_and_shows_no_key():
    opened = open_backend(base_url="https://dify.example.com", key="app-secretsecretsecretsecret")

    assert opened.api.base_url == "https://dify.example.com/v1"
    assert "secretsecret" not in repr(opened.api) and "cret" in repr(opened.api)
    opened.close()


def test_many_threads_run_at_the_same_time_on_one_backend(dify, backend):
    server = dify("1.12.1", step_s=0.001)
    opened = backend(server)
    results = {}

    def one(number):
        results[number] = run(opened, user=f"user-{number}")[1]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({result.run_id for result in results.values()}) == 8
    assert all(result.ok for result in results.values())
    assert json.dumps([result.to_json() for result in results.values()])


@pytest.mark.long
@pytest.mark.parametrize("version", VERSIONS)
def test_behind_a_gateway_that_cuts_at_random_no_run_is_lost_and_none_is_sent_twice(
    dify, backend, loopback, version
):
    server = dify(version, step_s=0.002)
    dice = random.Random(7)

    def gateway(seen):
        number = dice.random()
        if number < 0.1:
            return server.start_then(loopback.Answer.html(504, "Time-out"))(seen)
        if number < 0.2:
            return server.start_then(loopback.Answer(reset=True))(seen)
        changes = {"cut_at": dice.randrange(45000)} if number < 0.6 else {}
        return server.start_run(seen).but(**changes)

    server.on("POST", "/v1/workflows/run", gateway)
    opened = backend(server, run_limit_s=30)
    opened.header()
    ends = []

    def work(first):
        for row in range(first, 60, 6):
            started = opened.start({}, user=f"row-{row:04d}")
            try:
                list(started.events())
            except ConnectionLost as lost:
                assert lost.may_have_run
            ends.append(started.result())

    threads = [threading.Thread(target=work, args=(first,)) for first in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ends) == 60 and sorted(run.user for run in server.runs) == [f"row-{n:04d}" for n in range(60)]
    kinds = {result.status for result in ends}
    wanted = {RunStatus.SUCCEEDED, RunStatus.UNKNOWN} if version == "0.15.3" else {RunStatus.SUCCEEDED}
    assert kinds == wanted
    assert all(result.outputs["text"] for result in ends if result.ok)
