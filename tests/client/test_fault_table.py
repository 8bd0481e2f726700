"""The fault table, a test a row, each against a loopback server that really behaves so.

`README.md` beside this file is the table; `test_the_table_names_a_test_for_every_row` keeps the two together.
Rows about a whole run (recovery, stopping) are tested with the backend, in `tests/run/backends/test_dify.py`.
"""

import ast
import re
import socket
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from difyflow.client.faults import Retries, stops_everything
from difyflow.client.transport import Timeouts
from difyflow.errors import ApiError, AuthError, ConnectionLost, RateLimited, ServerError
from difyflow.records import events as ev
from difyflow.records.result import Tally

ROOT = Path(__file__).resolve().parents[2]
RUN = "/v1/workflows/run"


def refused(client, cls=ApiError):
    """The error of a run that is sent now."""
    with pytest.raises(cls) as caught:
        client.run({}, user="u")
    return caught.value


# Never sent


def test_refused_connections_are_tried_again_and_name_the_host(api, waited, loopback):
    port = loopback.server.unused_port()

    lost = refused(api(f"http://127.0.0.1:{port}"), ConnectionLost)

    assert lost.code == "unreachable" and not lost.may_have_run and f"127.0.0.1:{port}" in lost.message
    assert waited == [0.5]  # two tries


def test_names_that_cannot_be_resolved_are_tried_again_and_named(api, waited):
    lost = refused(api("http://no-such-host.invalid"), ConnectionLost)

    assert lost.code == "unreachable" and not lost.may_have_run and len(waited) == 1
    assert "no-such-host.invalid" in lost.message and "cannot be resolved" in lost.message


def test_connections_that_are_not_taken_in_time_were_never_made(api):
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(2):  # fills the queue, so that the next one is left waiting
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        limits = Timeouts(connect_s=0.2, stream_s=0.2)

        lost = refused(api(url, timeouts=limits, retries=Retries(unreachable=1)), ConnectionLost)

    assert lost.code == "unreachable" and not lost.may_have_run and "no answer in time" in lost.message


def test_a_certificate_that_is_not_trusted_is_not_tried_again(api, waited, loopback):
    with loopback.Server(tls=True) as server:
        lost = refused(api(server.url), ConnectionLost)

        assert server.seen == []
    assert lost.code == "tls" and not lost.transient and not lost.may_have_run and waited == []
    assert "--ca-file" in (lost.hint or "") and "127.0.0.1" in lost.message


def test_https_to_a_plain_server_is_a_tls_fault(api, server):
    lost = refused(api(server.url.replace("http:", "https:")), ConnectionLost)

    assert lost.code == "tls" and not lost.may_have_run


def test_tls_that_breaks_off_after_the_request_may_have_run(api, loopback):
    with loopback.Server(tls=True) as server:
        server.on("POST", RUN, loopback.Answer(reset=True))

        lost = refused(api(server.url, ca_file=loopback.server.CERTIFICATE), ConnectionLost)

    assert lost.may_have_run and len(server.seen) == 1


# Sent, and no answer


def test_a_reset_after_sending_is_an_unknown_outcome_and_is_not_sent_again(api, server, loopback, waited):
    server.on("POST", RUN, loopback.Answer(reset=True))

    lost = refused(api(server.url), ConnectionLost)

    assert lost.may_have_run and lost.code == "connection-lost" and len(server.seen) == 1 and waited == []


def test_a_read_timeout_before_the_headers_is_an_unknown_outcome(api, server, loopback):
    server.on("POST", RUN, loopback.Answer(headers_after_s=3))

    lost = refused(api(server.url, stream_s=0.1), ConnectionLost)

    assert lost.may_have_run and lost.code == "timeout" and "0.1 s" in lost.message and len(server.seen) == 1


def test_a_read_that_is_lost_is_sent_again(api, server, loopback, waited):
    server.on("GET", "/v1/info", loopback.Answer(reset=True), loopback.Answer.json({"name": "x"}))

    assert api(server.url).info().name == "x" and waited == [0.5]


def test_an_upload_and_a_stop_that_are_lost_are_sent_again(api, server, loopback):
    server.on("POST", "/v1/files/upload", loopback.Answer(reset=True), loopback.Answer.json({"id": "f"}, 201))
    server.on(
        "POST", ".*/stop", loopback.Answer.html(502, "Bad"), loopback.Answer.json({"result": "success"})
    )
    client = api(server.url)

    assert client.upload("a.txt", b"x", user="u").id == "f"
    client.stop("task", user="u")
    assert len(server.seen) == 4


def test_a_form_that_is_lost_is_not_answered_twice(api, server, loopback):
    server.on("POST", "/v1/form/.*", loopback.Answer(reset=True))

    with pytest.raises(ConnectionLost):
        api(server.url).answer_form("token", action="ok", inputs={}, user="u")

    assert len(server.seen) == 1


# Refused


def test_401_stops_and_shows_four_characters_of_the_key(api, server, recording, waited):
    server.play(recording("1.12.1", "errors/wrong-key"))

    fault = refused(api(server.url), AuthError)

    assert fault.code == "unauthorized" and "...WXYZ" in str(fault) and "0123" not in str(fault)
    assert waited == [] and not fault.may_have_run


def test_403_of_a_switched_off_api_says_where_to_switch_it_on(api, server, recording):
    server.play(recording("0.15.3", "service-errors/71-run-api-disabled"))

    fault = refused(api(server.url), AuthError)

    assert fault.code == "api-access-off" and "switch API access on" in str(fault)


def test_404_with_json_is_a_wrong_id(api, server, recording):
    one = recording("1.12.1", "errors/workflow-id-unknown")
    server.play(one)

    with pytest.raises(ApiError) as caught:
        api(server.url).run_blocking({}, user="u", workflow_id=one.path.split("/")[3])

    assert caught.value.code == "not-found"


def test_404_with_html_of_dify_is_an_old_server(api, server, recording, answer_of):
    server.on("POST", RUN, answer_of(recording("1.12.1", "errors/unknown-route")))

    assert refused(api(server.url)).code == "no-such-route"


@pytest.mark.parametrize("status", [200, 404])
def test_html_of_the_web_front_end_is_a_wrong_base_url(api, server, loopback, status):
    server.on("POST", RUN, loopback.Answer.html(status, "Dify"))

    fault = refused(api(server.url))

    assert (
        fault.code == "wrong-base-url" and "https://HOST/v1" in str(fault) and "secret page" not in str(fault)
    )
    assert not fault.may_have_run


def test_405_is_a_call_that_this_server_does_not_take(api, server, recording, answer_of):
    server.on("POST", RUN, answer_of(recording("1.12.1", "errors/wrong-method")))

    assert refused(api(server.url)).code == "method-not-allowed"


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("1.12.1", "errors/rate-limited-blocking"),
        ("1.12.1", "errors/rate-limited-streaming"),
        ("1.15-dev", "errors/rate-limited-streaming"),
        ("1.15-dev", "errors/rate-limit-1-streaming-alone"),
    ],
)
def test_400_too_many_requests_backs_off_like_429(api, server, recording, waited, version, name, answer_of):
    seed = recording("1.12.1", "run/seed-streaming")
    server.on(
        "POST", RUN, answer_of(recording(version, name)), answer_of(recording(version, name)), answer_of(seed)
    )

    with api(server.url).run({}, user="u") as stream:
        assert isinstance(list(stream)[-1], ev.WorkflowFinished)

    assert waited == [1, 2] and len(server.seen) == 3


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("0.15.3", "service-errors/14-missing-inputs"),
        ("0.15.3", "service-errors/22-trigger-too-long"),
        ("1.12.1", "errors/inputs-missing"),
        ("1.12.1", "errors/input-too-long"),
    ],
)
def test_400_invalid_param_is_not_tried_again_and_says_what(api, server, recording, waited, version, name):
    server.play(recording(version, name))

    fault = refused(api(server.url))

    assert fault.code == "invalid-param" and waited == [] and not fault.may_have_run
    assert "inputs" in fault.message or "trigger" in fault.message


@pytest.mark.parametrize("code", ["not_workflow_app", "provider_not_initialize", "provider_quota_exceeded"])
def test_400_of_a_wrong_app_or_model_setup_stops_everything(api, server, loopback, code):
    server.on("POST", RUN, loopback.Answer.json({"code": code, "message": "m", "status": 400}, 400))

    assert stops_everything(refused(api(server.url)))


def test_400_completion_request_error_is_a_run_that_failed(api, server, loopback):
    said = {"code": "completion_request_error", "message": "model down", "status": 400}
    server.on("POST", RUN, loopback.Answer.json(said, 400, X_Version="1.12.1"))

    fault = refused(api(server.url))

    assert fault.code == "model-call-failed" and fault.may_have_run and not fault.transient


@pytest.mark.parametrize(
    ("version", "name"),
    [("0.15.3", "service-errors/50-upload-too-large"), ("1.15-dev", "files/upload-too-large")],
)
def test_413_of_dify_is_not_tried_again(api, server, recording, version, name):
    server.play(recording(version, name))

    with pytest.raises(ApiError) as caught:
        api(server.url).upload("big.txt", b"x", user="u")

    assert caught.value.code == "too-large" and len(server.seen) == 1 and "larger" in str(caught.value)


def test_413_of_a_proxy_is_the_same_and_its_page_is_not_shown(api, server, loopback):
    server.on("POST", "/v1/files/upload", loopback.Answer.html(413, "413 Request Entity Too Large"))

    with pytest.raises(ApiError) as caught:
        api(server.url).upload("big.txt", b"x", user="u")

    assert caught.value.code == "too-large" and "secret page" not in str(caught.value)


def test_415_cannot_happen_because_every_part_has_a_mime_type(api, server, loopback):
    server.on("POST", "/v1/files/upload", loopback.Answer.json({"id": "f"}, 201))

    api(server.url).upload("no extension", b"x", user="u")

    assert server.seen[0].parts()["file"].get_content_type() == "application/octet-stream"


def test_429_is_waited_for_with_growing_pauses_and_then_given_up(api, server, loopback, waited):
    said = {"code": "too_many_requests", "message": "Too many.", "status": 429}
    server.on("POST", RUN, loopback.Answer.json(said, 429, X_Version="1.11.0"))

    fault = refused(api(server.url), RateLimited)

    assert waited == [1, 2, 4] and not fault.may_have_run and fault.server_code == "too_many_requests"


def test_429_of_a_proxy_is_waited_for_as_long_as_it_says(api, server, loopback, recording, waited, answer_of):
    seed = answer_of(recording("1.12.1", "run/seed-streaming"))
    server.on("POST", RUN, loopback.Answer.html(429, "Too Many Requests", Retry_After="7"), seed)

    with api(server.url, jitter=lambda: 0.0).run({}, user="u") as stream:
        assert list(stream)

    assert waited == [7.0]


def test_429_rate_limit_error_is_a_used_up_quota_and_is_not_waited_for(api, server, loopback, waited):
    said = {"code": "rate_limit_error", "message": "quota", "status": 429}
    server.on("POST", RUN, loopback.Answer.json(said, 429, X_Version="1.10.0"))

    assert refused(api(server.url), RateLimited).code == "quota-exceeded" and waited == []


def test_500_on_a_run_may_have_run_and_is_not_sent_again(api, server, recording, waited):
    server.play(recording("1.12.1", "errors/number-is-a-list"))

    fault = refused(api(server.url), ServerError)

    assert fault.may_have_run and len(server.seen) == 1 and waited == []


@pytest.mark.parametrize("status", [502, 503, 504])
def test_502_503_504_on_a_run_are_an_unknown_outcome(api, server, loopback, status):
    server.on("POST", RUN, loopback.Answer.html(status, f"{status} Gateway"))

    fault = refused(api(server.url), ServerError)

    assert fault.may_have_run and fault.server_version is None and len(server.seen) == 1
    assert str(status) in fault.message and "secret page" not in str(fault) and len(str(fault)) < 200


@pytest.mark.parametrize("status", [502, 503, 504])
def test_502_503_504_on_a_read_are_tried_again(api, server, loopback, status):
    server.on("GET", "/v1/info", loopback.Answer.html(status, "x"), loopback.Answer.json({"name": "x"}))

    assert api(server.url).info().name == "x"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_3xx_is_not_followed_and_names_the_right_url(api, server, loopback, status):
    there = "https://dify.example.com/v1/workflows/run"
    server.on("POST", RUN, loopback.Answer.html(status, "Moved", Location=there))

    fault = refused(api(server.url))

    assert fault.code == "redirected" and "https://dify.example.com/v1 as the base URL" in str(fault)
    assert len(server.seen) == 1


# Streams


def stream_of(api, server, answer, **options):
    server.on("POST", RUN, answer)
    return api(server.url, **options).run({}, user="u")


def test_a_stream_cut_in_an_event_drops_the_fragment_and_is_lost(api, server, recording, answer_of):
    seed = recording("1.12.1", "run/seed-streaming")
    whole = len(b"".join(seed.events[:5]))
    told = []

    with pytest.raises(ConnectionLost) as caught:
        for event in stream_of(api, server, answer_of(seed).but(cut_at=whole + 300)):
            told.append(event)

    assert len(told) == 5 and caught.value.may_have_run and caught.value.code == "connection-lost"


@pytest.mark.parametrize("cut", range(0, 45182, 4999))
def test_a_stream_cut_anywhere_gives_the_events_before_the_cut(api, server, recording, cut, answer_of):
    seed = recording("1.12.1", "run/seed-streaming")
    told = []
    whole = sum(len(b"".join(seed.events[: n + 1])) <= cut for n in range(len(seed.events)))

    with pytest.raises(ConnectionLost):
        for event in stream_of(api, server, answer_of(seed).but(cut_at=cut)):
            told.append(event)

    assert len(told) == whole


def test_a_stream_that_ends_without_a_terminal_event_just_ends(api, server, recording, answer_of):
    seed = recording("1.12.1", "run/seed-streaming")
    events = list(stream_of(api, server, answer_of(seed).but(end_at=len(b"".join(seed.events[:5])) + 100)))

    assert len(events) == 5 and not any(ev.is_terminal(event) for event in events)


def test_an_unterminated_last_event_counts_if_it_is_whole(api, server, recording, answer_of):
    seed = recording("1.12.1", "run/seed-streaming")
    events = list(stream_of(api, server, answer_of(seed).but(end_at=len(seed.body) - 2)))

    assert isinstance(events[-1], ev.WorkflowFinished)


def test_a_stream_without_a_byte_for_the_limit_is_lost(api, server, recording, answer_of):
    seed = recording("1.12.1", "run/seed-streaming")
    hanging = answer_of(seed).but(hang_at=len(b"".join(seed.events[:3])))
    told = []

    with pytest.raises(ConnectionLost) as caught:
        for event in stream_of(api, server, hanging, stream_s=0.4):
            told.append(event)

    assert len(told) == 3 and caught.value.code == "timeout" and caught.value.may_have_run


def test_pings_keep_a_silent_stream_alive(api, server, recording, answer_of):
    slow = recording("0.15.3", "service/24-run-streaming-slow-with-pings")
    chunks = [slow.events[0], *[b"event: ping\n\n"] * 8, *slow.events[1:]]
    answer = answer_of(slow).but(chunks=paced(chunks, 9, 0.06))

    events = list(stream_of(api, server, answer, stream_s=0.4))

    assert (
        isinstance(events[-1], ev.WorkflowFinished) and sum(isinstance(one, ev.Ping) for one in events) >= 8
    )


def paced(chunks, slow, seconds):
    """The chunks, with a pause before each of the first ones."""
    pause = threading.Event()
    for number, chunk in enumerate(chunks):
        if number < slow:
            pause.wait(seconds)
        yield chunk


def test_duplicate_events_are_told_and_make_one_node(api, server, recording, answer_of):
    seed = recording("1.12.1", "run/seed-streaming")
    twice = [event for event in seed.events for _ in range(2)]

    result = Tally().add_all(stream_of(api, server, answer_of(seed).but(chunks=twice))).result()

    assert len(result.nodes) == 5 and result.outputs["text"]


def test_one_bad_line_is_skipped_with_a_short_log_line(api, server, recording, caplog, answer_of):
    seed = recording("1.12.1", "run/seed-streaming")
    bad = [b"data: {" + b"x" * 5000 + b"\n\n", b"data: \xe4\xb8\n\n"]
    chunks = [*seed.events[:2], *bad, *seed.events[2:]]

    with stream_of(api, server, answer_of(seed).but(chunks=chunks)) as stream:
        events = list(stream)

    assert len(events) == len(seed.events) and len(stream.bad_lines) == 2
    assert 0 < len(caplog.text) < 2000


def test_three_bad_lines_in_a_row_give_the_stream_up(api, server, recording, answer_of):
    seed = recording("1.12.1", "run/seed-streaming")
    chunks = [*seed.events[:2], *[b"data: nonsense\n\n"] * 3, *seed.events[2:]]

    with pytest.raises(ConnectionLost) as caught:
        list(stream_of(api, server, answer_of(seed).but(chunks=chunks)))

    assert caught.value.code == "garbled-stream" and caught.value.may_have_run


def test_an_unknown_event_and_unknown_fields_are_kept(api, server, recording, answer_of):
    seed = recording("1.12.1", "run/seed-streaming")
    new = b'data: {"event":"brand_new","task_id":"t","data":{"a":1},"more":2}\n\n'
    field = b'data: {"event":"text_chunk","data":{"text":"x","shade":"blue"}}\n\n'

    events = list(stream_of(api, server, answer_of(seed).but(chunks=[new, field])))

    assert events[0] == ev.UnknownEvent(name="brand_new", task_id="t", extra={"data": {"a": 1}, "more": 2})
    assert events[1].text == "x" and events[1].extra == {"shade": "blue"}


def test_a_run_record_gives_fresh_links_each_time(api, server, loopback):
    url = "/v1/workflows/run/00000000-0000-4000-8000-000000000001"
    records = [
        loopback.Answer.json({"id": "r", "status": "succeeded", "outputs": {"file": f"http://x/?sign={n}"}})
        for n in (1, 2)
    ]
    server.on("GET", url, *records)
    client = api(server.url)

    links = [client.run_record(url.rpartition("/")[2]).outputs["file"] for _ in range(2)]

    assert links[0] != links[1]


# The table itself


def test_the_table_names_a_test_for_every_row():
    table = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| `([^:`]+)::([^`]+)` \|$", table, re.MULTILINE)
    tests = {file: names_of_tests(ROOT / file) for file in {file for _, file, _ in rows}}

    assert len(rows) >= 50 and len(rows) == table.count("\n| ") - 2
    assert [row for row in rows if row[2] not in tests[row[1]]] == []


def names_of_tests(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
