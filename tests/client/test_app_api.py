"""The service API over recorded answers: what is sent, and what comes back as values."""

import pytest

from difyflow.client.answers import AppInfo
from difyflow.errors import ApiError, UsageError
from difyflow.records import events as ev
from difyflow.terms.form import FormField, UploadLimits

VERSIONS = ["0.15.3", "1.12.1", "1.15-dev"]
ID = "00000000-0000-4000-8000-000000000001"


# The app


def test_info_of_an_old_server_has_no_mode(api, server, recording):
    server.play(recording("0.15.3", "service/16-info"))

    info = api(server.url).info()

    assert info.name == "Fine-tune 语料构造器" and info.mode == "" and info.description


def test_info_names_app_and_mode(api, server, recording):
    server.play(recording("1.15-dev", "service/info-chat"))

    assert api(server.url).info() == AppInfo(
        name="Small chatflow",
        description="Answers with one model call and remembers a counter.",
        mode="advanced-chat",
        author="Admin",
    )


@pytest.mark.parametrize(
    ("version", "name", "reported"),
    [
        ("0.15.3", "service/18-api-root", "0.15.3"),
        ("1.12.1", "service/root", "1.12.1"),
        ("1.15-dev", "service/root", "1.14.2"),
    ],
)
def test_a_probe_finds_the_version_in_whatever_answer(
    api, server, recording, version, name, reported, answer_of
):
    server.on("GET", "/v1/", answer_of(recording(version, name)))

    assert api(server.url).probe() == reported


def test_a_probe_of_something_else_finds_no_version(api, server, loopback):
    server.on("GET", "/v1/", loopback.Answer.html(200, "Welcome"))

    assert api(server.url).probe() == ""


def test_the_mode_of_a_new_server_is_taken_from_info(api, server, recording):
    server.play(recording("1.12.1", "service/info-seed"))

    assert api(server.url).mode() == "workflow"
    assert len(server.seen) == 1


def test_parameters_give_the_form_in_its_types(api, server, recording):
    server.play(recording("1.12.1", "service/parameters-flow"))

    parameters = api(server.url).parameters()

    both = ("local_file", "remote_url")
    assert parameters.form == (
        FormField(variable="text", type="paragraph", label="Text", required=True, max_length=200),
        FormField(
            variable="lang",
            type="select",
            label="Language",
            required=True,
            options=("zh", "en"),
            default="zh",
        ),
        FormField(variable="count", type="number", label="Count"),
        FormField(variable="strict", type="checkbox", label="Strict", default=False),
        FormField(
            variable="doc",
            type="file",
            label="Document",
            allowed_file_types=("custom",),
            allowed_file_extensions=(".txt", ".md"),
            allowed_file_upload_methods=both,
        ),
    )
    assert parameters.limits == UploadLimits()
    assert parameters.features["file_upload"]["enabled"] is False


def test_limits_of_a_server_are_in_bytes(api, server, loopback):
    sizes = {
        "file_size_limit": 30,
        "image_file_size_limit": 1.5,
        "workflow_file_upload_limit": 3,
        "audio_file_size_limit": 0,
    }
    server.on("GET", "/v1/parameters", loopback.Answer.json({"system_parameters": sizes}))

    limits = api(server.url).parameters().limits

    assert limits.of("document") == limits.of("custom") == 30 * 1024 * 1024
    assert limits.of("image") == 1.5 * 1024 * 1024 and limits.files == 3
    assert limits.of("audio") == 50 * 1024 * 1024


def test_parameters_of_an_unpublished_app_say_so(api, server, recording):
    server.play(recording("0.15.3", "service-errors/03-parameters-unpublished"))

    with pytest.raises(ApiError) as caught:
        api(server.url).parameters()

    assert caught.value.code == "not-published"


def test_site_meta_and_end_user_are_given_as_they_come(api, server, recording):
    end_user = recording("1.15-dev", "service/end-user")
    server.play(
        recording("1.12.1", "service/site-seed"),
        recording("1.12.1", "service/meta-seed"),
        end_user,
        recording("1.15-dev", "service/end-user-unknown"),
    )
    client = api(server.url)

    assert client.site()["default_language"] == "en-US"
    assert client.meta() == {"tool_icons": {}}
    assert client.end_user(end_user.path.rpartition("/")[2])["session_id"] == "u1"


# Files


@pytest.mark.parametrize(
    ("version", "name"),
    [("0.15.3", "service/01-upload-txt"), ("1.12.1", "files/upload-txt"), ("1.15-dev", "files/upload-txt")],
)
def test_an_upload_gives_the_id_of_the_file(api, server, recording, version, name):
    recorded = recording(version, name)
    server.play(recorded)

    upload = api(server.url).upload("lunyu.txt", "学而".encode(), user="u1")

    assert (
        upload.id == recorded.json()["id"] and upload.extension == "txt" and upload.mime_type == "text/plain"
    )
    parts = server.seen[0].parts()
    assert parts["file"].get_payload(decode=True) == "学而".encode()
    assert set(parts) == {"file", "user"}


def test_a_download_is_bytes_whatever_they_are(api, server, loopback):
    page = loopback.Answer.html(200, "a report")
    server.on("GET", f"/v1/files/{ID}/preview", page)

    assert api(server.url).download(ID) == page.body
    assert api(server.url).download(ID, as_attachment=True) == page.body
    assert [one.query for one in server.seen] == [{}, {"as_attachment": "true"}]


@pytest.mark.parametrize("blocking", [False, True])
def test_the_old_global_files_of_a_workflow_are_sent_beside_its_inputs(api, server, recording, blocking):
    server.play(recording("1.12.1", "run/seed-blocking" if blocking else "run/seed-streaming"))
    client, files = (
        api(server.url),
        ({"type": "image", "transfer_method": "remote_url", "url": "https://h/a.png"},),
    )

    if blocking:
        client.run_blocking({}, user="u", files=files)
    else:
        client.run({}, user="u", files=files).close()

    assert server.seen[0].json()["files"] == list(files)


# Runs


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("0.15.3", "service/06-run-blocking"),
        ("1.12.1", "run/seed-blocking"),
        ("1.15-dev", "run/seed-blocking"),
    ],
)
def test_a_blocking_run_gives_its_record(api, server, recording, version, name):
    server.play(recording(version, name))

    record = api(server.url).run_blocking({"trigger": "x"}, user="u1")

    assert record.status == "succeeded" and record.outputs["text"] and record.total_steps == 5
    assert record.id and record.task_id and record.id != record.task_id
    assert server.seen[0].json() == {"inputs": {"trigger": "x"}, "user": "u1", "response_mode": "blocking"}


def test_a_blocking_run_that_failed_is_a_record_and_no_error(api, server, recording):
    server.play(recording("1.12.1", "errors/llm-ratelimit-blocking"))

    record = api(server.url).run_blocking({}, user="u1")

    assert record.status == "failed" and "429" in record.error


def test_a_blocking_run_that_pauses_is_a_record_without_an_end(api, server, recording):
    server.play(recording("1.15-dev", "human-input/run-blocking"))

    record = api(server.url).run_blocking({}, user="u1")

    assert record.status == "paused" and record.finished_at is None


def test_one_published_version_is_run_by_its_id(api, server, recording, answer_of):
    server.on("POST", f"/v1/workflows/{ID}/run", answer_of(recording("1.12.1", "run/seed-blocking")))

    assert api(server.url).run_blocking({}, user="u", workflow_id=ID).status == "succeeded"


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("0.15.3", "service/12-run-detail"),
        ("1.12.1", "run/seed-run-detail"),
        ("1.15-dev", "run/seed-run-detail"),
    ],
)
def test_a_run_record_is_the_same_from_text_and_from_objects(api, server, recording, version, name):
    recorded = recording(version, name)
    server.play(recorded)

    record = api(server.url).run_record(recorded.path.rpartition("/")[2])

    assert record.status == "succeeded" and record.total_steps == 5 and record.elapsed_s > 0
    assert record.outputs["text"].startswith('{"messages"') and record.inputs["sys.user_id"] == "u1"
    assert 1795345000 < record.created_at <= record.finished_at < 1795351000


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("0.15.3", "service-errors/42-run-detail-unknown-id"),
        ("1.12.1", "errors/run-detail-unknown"),
        ("1.15-dev", "errors/run-detail-unknown"),
    ],
)
def test_an_unknown_run_is_none_on_every_server(api, server, recording, version, name):
    recorded = recording(version, name)
    server.play(recorded)

    assert api(server.url).run_record(recorded.path.rpartition("/")[2]) is None


@pytest.mark.parametrize(
    ("version", "name", "status"),
    [
        ("0.15.3", "service/28-run-detail-while-running", "running"),
        ("1.12.1", "run/running-run-detail", "running"),
        ("1.12.1", "run/stopped-run-detail", "running"),
        ("1.15-dev", "run/stopped-run-detail", "stopped"),
        ("1.15-dev", "human-input/paused-run-detail", "paused"),
    ],
)
def test_a_record_that_is_not_over_has_no_outputs(api, server, recording, version, name, status):
    recorded = recording(version, name)
    server.play(recorded)

    record = api(server.url).run_record(recorded.path.rpartition("/")[2])

    assert record.status == status and record.outputs == {}


def test_an_id_that_is_no_uuid_is_refused_before_it_is_sent(api, server):
    client = api(server.url)
    for call in (
        lambda: client.run_record("abc"),
        lambda: client.run({}, user="u", workflow_id="draft"),
        lambda: client.reattach("../../x", user="u"),
        lambda: client.download("1"),
    ):
        with pytest.raises(UsageError, match="UUID"):
            call()
    assert server.seen == []


def test_a_stop_names_the_user(api, server, recording, answer_of):
    server.on("POST", "/v1/workflows/tasks/t%2F1/stop", answer_of(recording("1.12.1", "run/stop-request")))

    api(server.url).stop("t/1", user="u")

    assert server.seen[0].json() == {"user": "u"}


# Logs


def test_a_page_of_the_logs_has_run_ids_and_users(api, server, recording):
    server.play(recording("0.15.3", "service/13-logs"))

    page = api(server.url).logs(limit=3, status="succeeded", after="2026-01-01T00:00:00Z")

    assert page.total == 8 and page.has_more and len(page.entries) == 3
    first = page.entries[0]
    assert first.run_id == "f5cde829-32b1-4da6-b17f-baf93533814c" and first.run_id != first.id
    assert first.user == "u1" and first.status == "succeeded" and first.total_steps == 5
    assert server.seen[0].query == {
        "page": "1",
        "limit": "3",
        "status": "succeeded",
        "created_at__after": "2026-01-01T00:00:00Z",
    }


def test_all_logs_follows_the_pages_and_gives_a_row_once(api, dify):
    server = dify("1.12.1")
    client = api(server.url, key=server.key)
    for number in range(7):
        client.run({}, user=f"u{number}").close()

    assert [entry.user for entry in client.all_logs(limit=5)] == ["u6", "u5", "u4", "u3", "u2"]
    assert len(list(client.all_logs(limit=200))) == 7


@pytest.mark.parametrize(
    ("version", "query"),
    [
        ("0.15.3", {"keyword": "batch-7-row-000012-0123456789a"}),
        ("1.12.1", {"created_by_end_user_session_id": "batch-7-row-000012-0123456789abcdef"}),
    ],
)
def test_a_run_is_found_by_its_user_in_the_way_of_the_server(api, dify, version, query):
    server = dify(version)
    client = api(server.url, key=server.key)
    user = "batch-7-row-000012-0123456789abcdef"
    for one in (user, user[:30] + "-another"):
        with client.run({}, user=one) as stream:
            list(stream)

    found = client.find_runs(user)

    assert [entry.run_id for entry in found] == [server.runs[0].id]
    assert {**server.seen[-1].query, **query} == server.seen[-1].query


def test_runs_of_the_console_are_asked_for_by_the_account(api, dify):
    server = dify("1.12.1")
    api(server.url, key=server.key).logs(account="a@example.com", status="failed")

    assert server.seen[-1].query["created_by_account"] == "a@example.com"
    assert server.seen[-1].query["status"] == "failed"


def test_a_user_that_is_unknown_has_no_runs(api, server, recording):
    server.play(recording("1.12.1", "logs/user-unknown"))

    assert api(server.url).find_runs("nobody") == ()


# Reattaching and forms


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("stream/reattach-after-end", ev.WorkflowFinished),
        ("stream/reattach-snapshot", ev.WorkflowFinished),
        ("stream/reattach-plain", ev.WorkflowFinished),
        ("human-input/paused-reattach-snapshot", ev.WorkflowPaused),
        ("human-input/resumed-reattach-snapshot", ev.WorkflowFinished),
        ("run/stopped-reattach", ev.WorkflowFinished),
    ],
)
def test_a_run_is_joined_again(api, server, recording, name, last):
    recorded = recording("1.15-dev", name)
    server.play(recorded)

    with api(server.url).reattach(recorded.path.split("/")[3], user="u1") as stream:
        events = list(stream)

    assert isinstance(events[-1], last)
    assert server.seen[0].query == {"user": "u1", "include_state_snapshot": "true"}


def test_a_run_of_another_user_cannot_be_joined(api, server, recording):
    recorded = recording("1.15-dev", "stream/reattach-wrong-user")
    server.play(recorded)

    with pytest.raises(ApiError) as caught:
        api(server.url).reattach(
            recorded.path.split("/")[3], user="x", snapshot=False, continue_on_pause=True
        )

    assert caught.value.code == "not-found" and not caught.value.may_have_run
    assert server.seen[0].query == {"user": "x", "continue_on_pause": "true"}


def test_a_form_is_read_and_answered(api, server, recording, answer_of):
    for name in ("form-get", "form-submit"):
        recorded = recording("1.15-dev", f"human-input/{name}")
        server.on(recorded.method, "/v1/form/human_input/token%2F1", answer_of(recorded))
    client = api(server.url)

    form = client.form("token/1")
    client.answer_form("token/1", action="approve", inputs={"level": "low"}, user="h1")

    assert [action["id"] for action in form["user_actions"]] == ["approve", "reject"]
    assert server.seen[-1].json() == {"inputs": {"level": "low"}, "action": "approve", "user": "h1"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("form-submit-again", "form-closed"),
        ("form-submit-unknown-action", "invalid-form-data"),
    ],
)
def test_a_form_that_is_closed_is_told_from_a_wrong_answer(api, server, recording, name, code, answer_of):
    server.on("POST", "/v1/form/.*", answer_of(recording("1.15-dev", f"human-input/{name}")))

    with pytest.raises(ApiError) as caught:
        api(server.url).answer_form("t", action="maybe", inputs={}, user="h1")

    assert caught.value.code == code


# Streams


@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_stream_is_read_through_http_as_it_was_recorded(
    api, server, recording, loopback, version
):
    client = api(server.url)
    streams = [
        one for one in map(lambda name: recording(version, name), loopback.names(version)) if one.streaming
    ]
    for recorded in streams:
        server.on("POST", "/v1/workflows/run", loopback.Answer.of(recorded))
        with client.run({}, user="u") as stream:
            told = list(stream)
        assert len(told) == len(recorded.events), recorded.name
        assert stream.bad_lines == ()

    assert len(streams) >= 10


def test_a_stream_that_is_never_read_can_be_closed(api, server, recording, loopback):
    server.on("POST", "/v1/workflows/run", loopback.Answer.of(recording("1.12.1", "run/seed-streaming")))

    stream = api(server.url).run({}, user="u")
    stream.close()
    stream.close()


def test_a_stream_that_is_given_up_half_way_is_closed(api, server, recording, loopback):
    ended = []
    seed = loopback.Answer.of(recording("1.12.1", "run/seed-streaming"))
    server.on("POST", "/v1/workflows/run", seed.but(hang_at=3000, done=ended.append))

    for event in api(server.url).run({}, user="u"):
        assert isinstance(event, ev.WorkflowStarted)
        break
    server.close()

    assert ended == [False]
