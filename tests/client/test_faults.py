from datetime import UTC, datetime

import pytest

from difyflow.client.faults import (
    UNREACHABLE,
    Retries,
    classify,
    retry_after_s,
    retry_delay,
    stops_everything,
)
from difyflow.errors import ApiError, AuthError, ConnectionLost, RateLimited, ServerError

DIFY = {"X-Version": "1.12.1", "Content-Type": "application/json"}
PAGE = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("version", "name", "cls", "code", "transient"),
    [
        ("0.15.3", "service-errors/10-wrong-key", AuthError, "unauthorized", False),
        ("1.12.1", "errors/wrong-key-streaming", AuthError, "unauthorized", False),
        ("0.15.3", "service-errors/71-run-api-disabled", AuthError, "api-access-off", False),
        ("1.12.1", "errors/api-disabled", AuthError, "api-access-off", False),
        ("0.15.3", "service-errors/73-run-app-deleted", AuthError, "app-deleted", False),
        ("0.15.3", "service-errors/01-run-unpublished", ApiError, "not-published", False),
        ("0.15.3", "service-errors/03-parameters-unpublished", ApiError, "not-published", False),
        ("1.12.1", "errors/parameters-unpublished", ApiError, "not-published", False),
        ("0.15.3", "other-apps/02-workflows-run-with-chat-key", ApiError, "wrong-app-mode", False),
        ("1.12.1", "errors/chat-on-workflow-app", ApiError, "wrong-app-mode", False),
        ("0.15.3", "service-errors/14-missing-inputs", ApiError, "invalid-param", False),
        ("0.15.3", "service-errors/16-missing-required-trigger", ApiError, "invalid-param", False),
        ("1.12.1", "errors/inputs-missing", ApiError, "invalid-param", False),
        ("1.12.1", "errors/rate-limited-blocking", RateLimited, "rate-limited", True),
        ("1.12.1", "errors/rate-limited-streaming", RateLimited, "rate-limited", True),
        ("1.15-dev", "errors/rate-limit-1-streaming-alone", RateLimited, "rate-limited", True),
        ("1.12.1", "chat/blocking-llm-fail", ApiError, "run-failed", False),
        ("1.15-dev", "chat/blocking-llm-fail", ApiError, "run-failed", False),
        ("1.12.1", "errors/run-draft-by-id", ApiError, "bad-request", False),
        ("1.12.1", "errors/workflow-id-unknown", ApiError, "not-found", False),
        ("1.15-dev", "errors/run-detail-unknown", ApiError, "not-found", False),
        ("1.12.1", "errors/unknown-route", ApiError, "no-such-route", False),
        ("1.12.1", "errors/wrong-method", ApiError, "method-not-allowed", False),
        ("0.15.3", "service-errors/50-upload-too-large", ApiError, "too-large", False),
        ("1.15-dev", "files/upload-too-large", ApiError, "too-large", False),
        ("0.15.3", "service-errors/58-upload-no-content-type", ApiError, "unsupported-media-type", False),
        ("1.12.1", "errors/body-wrong-content-type", ApiError, "unsupported-media-type", False),
        ("1.15-dev", "human-input/form-submit-again", ApiError, "form-closed", False),
        ("1.15-dev", "human-input/expired-form-get", ApiError, "form-closed", False),
        ("1.15-dev", "human-input/form-submit-unknown-action", ApiError, "invalid-form-data", False),
        ("0.15.3", "service-errors/43-run-detail-not-uuid", ServerError, "server-error", True),
        ("1.12.1", "errors/number-is-a-list", ServerError, "server-error", True),
    ],
)
def test_every_recorded_error_is_what_it_means(recording, version, name, cls, code, transient):
    one = recording(version, name)

    fault = classify(one.status, one.headers, one.body, url="http://h/v1/x")

    assert (type(fault), fault.code, fault.transient) == (cls, code, transient)
    assert fault.status == one.status and fault.server_version == one.headers["x-version"]
    assert (
        "\n" not in fault.message and "{message}" not in fault.message and "pydantic.dev" not in fault.message
    )
    assert fault.path == "http://h/v1/x"


def test_every_error_of_the_table_has_a_hint_except_what_the_message_says_itself(recording):
    for version, name in [
        ("1.12.1", "errors/wrong-key"),
        ("1.12.1", "errors/run-unpublished-streaming"),
        ("1.12.1", "errors/run-on-chat-app"),
        ("1.12.1", "errors/rate-limited-streaming"),
        ("1.12.1", "errors/unknown-route"),
    ]:
        one = recording(version, name)
        assert classify(one.status, one.headers, one.body).hint


def test_the_field_of_an_argument_error_is_named(recording):
    one = recording("0.15.3", "service-errors/14-missing-inputs")

    assert "(inputs)" in classify(one.status, one.headers, one.body).message


def test_a_refused_key_is_named_by_its_last_characters_only(recording):
    one = recording("1.12.1", "errors/wrong-key")

    assert "...WXYZ" in str(classify(one.status, one.headers, one.body, key="...WXYZ"))


def test_only_a_call_that_starts_runs_may_have_run():
    for starts_run in (True, False):
        assert classify(500, DIFY, b"{}", starts_run=starts_run).may_have_run is starts_run
        assert classify(504, PAGE, b"<html>", starts_run=starts_run).may_have_run is starts_run


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (401, DIFY, b'{"code":"unauthorized","message":"no"}'),
        (429, PAGE, b"<html></html>"),
        (429, DIFY, b'{"code":"too_many_requests","message":""}'),
        (400, DIFY, b'{"code":"invalid_param","message":"Too many requests. Please"}'),
        (400, DIFY, b'{"code":"invalid_param","message":"x is required in input form"}'),
        (413, PAGE, b"<html></html>"),
        (404, PAGE, b"<html></html>"),
        (301, {"Location": "https://h/v1/workflows/run"}, b""),
        (200, PAGE, b"<html></html>"),
    ],
)
def test_a_run_that_was_refused_does_not_exist(status, headers, body):
    assert not classify(status, headers, body, starts_run=True).may_have_run


@pytest.mark.parametrize("code", ["completion_request_error", "invalid_param"])
def test_a_run_that_failed_inside_exists(code):
    body = f'{{"code":"{code}","message":"Run failed: model down","status":400}}'.encode()

    assert classify(400, DIFY, body, starts_run=True).may_have_run


def test_a_quota_that_is_used_up_is_not_waited_for():
    fault = classify(429, DIFY, b'{"code":"rate_limit_error","message":"quota"}')

    assert isinstance(fault, RateLimited) and not fault.transient and stops_everything(fault)


def test_a_page_never_gets_into_the_message():
    page = b"<html><head><TITLE>\n 502   Bad\tGateway </TITLE></head>" + b"<p>internal-host-17</p>" * 999

    fault = classify(502, PAGE, page)

    assert "502 Bad Gateway" in fault.message and "internal-host" not in str(fault) and len(str(fault)) < 200


def test_text_of_a_proxy_is_shown_as_one_short_line_without_control_characters():
    fault = classify(502, {}, b"upstream \x1b[31mconnect error\nsecond line")

    assert "upstream" in fault.message and "second" not in fault.message and "\x1b" not in fault.message


def test_a_redirect_names_the_base_url_to_use():
    fault = classify(308, {"Location": "https://dify.example.com/v1/workflows/run?x=1"}, b"")

    assert fault.code == "redirected" and fault.hint == "use https://dify.example.com/v1 as the base URL"


@pytest.mark.parametrize(
    ("status", "headers", "code"),
    [
        (200, PAGE, "wrong-base-url"),
        (404, PAGE, "wrong-base-url"),
        (405, PAGE, "wrong-base-url"),
        (404, {**PAGE, "X-Version": "0.15.3"}, "no-such-route"),
    ],
)
def test_html_tells_a_wrong_address_from_an_old_server(status, headers, code):
    assert classify(status, headers, b"<html></html>").code == code


@pytest.mark.parametrize(
    ("code", "stops"),
    [("unauthorized", True), ("not-published", True), ("wrong-app-mode", True), ("invalid-param", False)],
)
def test_what_fails_for_every_row_stops_a_batch(code, stops):
    assert stops_everything(ApiError("x", code=code)) is stops


def test_deeply_nested_or_huge_json_is_an_error_like_any_other():
    assert isinstance(classify(500, DIFY, b'{"a":' * 100_000), ServerError)


# Retrying


def delay(fault, attempt=1, *, repeatable=True, jitter=1.0, **retries):
    return retry_delay(fault, attempt, repeatable=repeatable, jitter=jitter, retries=Retries(**retries))


LIMITED = RateLimited("x", transient=True)
GATEWAY = ServerError("x", transient=True)
LOST = ConnectionLost("x")
NEVER = ConnectionLost("x", code=UNREACHABLE)


def test_what_must_not_happen_twice_is_repeated_only_if_refused_or_never_sent():
    assert delay(LIMITED, repeatable=False) is not None
    assert delay(NEVER, repeatable=False) is not None
    assert delay(GATEWAY, repeatable=False) is None
    assert delay(LOST, repeatable=False) is None


def test_what_may_have_run_is_never_repeated():
    assert delay(ServerError("x", transient=True, may_have_run=True)) is None
    assert delay(ConnectionLost("x", may_have_run=True)) is None


def test_reads_are_repeated_when_the_fault_may_pass():
    assert delay(GATEWAY) == 0.5 and delay(LOST) == 0.5
    assert delay(ApiError("x")) is None and delay(AuthError("x")) is None


def test_tries_are_counted_by_kind_of_fault():
    assert [delay(LIMITED, n, rate_limited=3) is None for n in (1, 2, 3)] == [False, False, True]
    assert [delay(NEVER, n, unreachable=2) is None for n in (1, 2)] == [False, True]
    assert [delay(LOST, n, broken=2) is None for n in (1, 2)] == [False, True]


def test_the_delay_doubles_up_to_a_cap_and_has_full_jitter():
    assert [delay(LIMITED, n, rate_limited=99) for n in (1, 2, 3, 6, 7, 20)] == [1, 2, 4, 32, 60, 60]
    assert delay(LIMITED, 3, jitter=0.0) == 0 and delay(LIMITED, 3, jitter=0.5) == 2


def test_retry_after_is_waited_for_in_full_unless_it_is_too_long():
    asked = RateLimited("x", transient=True, retry_after_s=30)
    assert delay(asked, jitter=0.0) == 30 and delay(asked, jitter=1.0) == 31
    assert delay(RateLimited("x", transient=True, retry_after_s=3600)) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0.5", 0.5),
        (" 3 ", 3.0),
        ("Sun, 22 Nov 2026 11:00:10 GMT", 10.0),
        ("Sun, 22 Nov 2026 10:00:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value, seconds):
    assert retry_after_s(value, now=datetime(2026, 11, 22, 11, tzinfo=UTC)) == seconds
