"""The console client over consoles that behave as recorded: login schemes, imports, exports, versions."""

import base64
import logging
import traceback
from functools import partial

import pytest
import yaml

from difyflow.errors import ApiError, AuthError, ConnectionLost, DifyflowError, RateLimited, UsageError
from loopback.console import EMAIL, PASSWORD

VERSIONS = [
    pytest.param("0.15.3", marks=pytest.mark.long),
    "1.12.1",
    pytest.param("1.15-dev", marks=pytest.mark.long),
]
dumped = partial(yaml.dump, Dumper=yaml.CSafeDumper)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("version", "release", "cookies", "coded"),
    [
        ("0.15.3", None, False, False),
        ("0.15.3", "1.9.1", False, False),
        ("1.12.1", "1.9.2", True, False),
        ("1.12.1", "1.11.1", True, False),
        ("1.12.1", "1.11.2", True, True),
        ("1.12.1", None, True, True),
        ("1.15-dev", None, True, True),
    ],
)
def test_each_release_is_logged_in_to_in_its_own_way_at_the_first_try(
    console, connect, version, release, cookies, coded
):
    server = console(version, release=release)
    api = connect(server)

    api.login()
    assert api.workspace().role == "owner"

    assert server.logins == [base64.b64encode(PASSWORD.encode()).decode() if coded else PASSWORD]
    headers = server.seen[-1].headers
    assert ("authorization" in headers) is not cookies
    assert ("x-csrf-token" in headers) is cookies
    assert api.server_version == server.release


def test_where_a_proxy_hides_the_version_both_spellings_are_tried_once(console, connect):
    server = console("1.12.1")
    server.says_version = False
    api = connect(server)

    api.login()

    assert server.logins == [PASSWORD, base64.b64encode(PASSWORD.encode()).decode()]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_wrong_password_is_tried_once_and_shown_nowhere(console, connect, version):
    server = console(version)

    with pytest.raises(AuthError) as caught:
        connect(server, password="Geheim-42-wrong").login()

    assert caught.value.code == "login-refused"
    assert len(server.logins) == 1
    assert "Geheim-42" not in str(caught.value)


def test_a_locked_account_is_not_waited_for(console, connect):
    server = console("1.12.1")
    server.wrong = 5

    with pytest.raises(RateLimited) as caught:
        connect(server).login()

    assert caught.value.code == "login-locked"
    assert len(server.logins) == 1


def test_a_server_without_password_login_says_so_and_gets_no_password(console, connect, loopback):
    server = console("1.12.1")
    server.on(
        "GET", "/console/api/system-features", loopback.Answer.json({"enable_email_password_login": False})
    )

    with pytest.raises(AuthError, match="single sign-on"):
        connect(server).login()

    assert server.logins == []


def test_a_server_that_cannot_be_asked_before_a_login_is_logged_in_to(console, connect, loopback):
    server = console("0.15.3")
    server.on("GET", "/console/api/system-features", loopback.Answer.html(404, "404 Not Found"))

    connect(server).login()

    assert len(server.logins) == 1


def test_a_login_that_says_fail_with_http_200_is_refused(console, connect, loopback):
    server = console("0.15.3")
    answer = {"result": "fail", "data": "workspace not found, please contact system admin"}
    server.on("POST", "/console/api/login", loopback.Answer.json(answer))

    with pytest.raises(AuthError, match="workspace not found"):
        connect(server).login()


def test_a_server_that_was_never_set_up_says_so(console, connect, loopback, recording):
    server = console("1.12.1")
    server.on(
        "POST", "/console/api/login", loopback.Answer.of(recording("1.12.1", "auth/login-before-setup"))
    )

    with pytest.raises(ApiError, match="not_setup"):
        connect(server).login()


def test_the_web_front_end_is_not_taken_for_a_console(server, connect, loopback):
    server.on("GET", "/console/api/system-features", loopback.Answer.html(200, "Dify"))

    with pytest.raises(ApiError) as caught:
        connect(server).login()

    assert "address" in caught.value.hint and "secret page" not in str(caught.value)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_expired_session_is_refreshed_once_and_the_call_sent_again(console, connect, version):
    server = console(version)
    api = connect(server)
    api.login()
    server.expire()

    assert api.workspace().name

    assert len(server.logins) == 1
    assert len(server.calls("POST", "/console/api/refresh-token")) == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_a_dead_refresh_token_means_one_login_and_then_an_error(console, connect, version):
    server = console(version)
    api = connect(server)
    api.login()
    server.forget()
    assert api.workspace().name
    assert len(server.logins) == 2

    server._known = lambda _seen: False  # nothing is accepted any more
    with pytest.raises(AuthError) as caught:
        api.workspace()

    assert caught.value.status == 401 and EMAIL in caught.value.hint
    assert len(server.logins) == 3


@pytest.mark.parametrize("version", VERSIONS)
def test_an_app_is_imported_exported_published_and_given_a_key(console, connect, flow, version):
    server = console(version)
    api = connect(server)
    api.login()

    said = api.import_app(dumped(flow(version)))
    app_id = said.app_id
    api.publish(app_id, comment="first")
    key = api.make_key(app_id)

    assert said.status == "completed"
    assert api.app(app_id).mode == "workflow"
    assert [one.id for one in api.apps_named("Line rewriter")] == [app_id]
    assert yaml.load(api.export(app_id), yaml.CSafeLoader)["app"]["name"] == "Line rewriter"
    assert api.published(app_id).content == api.draft(app_id).content
    assert server.apps[app_id].keys == [key]


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_published_before_the_first_time(console, connect, flow, version):
    server = console(version)
    api = connect(server)
    app = server.add(flow(version))

    assert api.published(app.id).id == ""


@pytest.mark.parametrize("version", VERSIONS)
def test_secrets_are_exported_only_when_asked_for(console, connect, flow, version):
    server = console(version)
    app = server.add(flow(version))
    value = app.secrets()["TOKEN"]
    api = connect(server)

    assert value and value not in api.export(app.id)
    assert value in api.export(app.id, include_secret=True)
    assert value not in repr(api.draft(app.id))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_newer_file_is_pending_until_it_is_confirmed_once(console, connect, flow, version):
    api = connect(console(version))

    said = api.import_app(dumped(flow(version, version="0.9.0")))
    done = api.confirm(said.id)

    assert (said.status, done.status) == ("pending", "completed")
    with pytest.raises(ApiError, match="expired or does not exist"):
        api.confirm(said.id)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_refused_import_gives_difys_reason_on_one_line(console, connect, flow, version):
    api = connect(console(version))

    with pytest.raises(ApiError) as caught:
        api.import_app("app: [unclosed")
    with pytest.raises(ApiError, match="App not found"):
        api.import_app(dumped(flow(version)), app_id=UNKNOWN)

    assert caught.value.code == "import-failed"
    assert "\n" not in caught.value.message and "Invalid YAML" in caught.value.message


def test_another_400_of_an_import_is_not_taken_for_its_outcome(console, connect, loopback):
    server = console("1.12.1")
    wrong = {"code": "invalid_param", "message": "Invalid import_mode: file", "status": 400}
    server.on("POST", "/console/api/apps/imports", loopback.Answer.json(wrong, 400))

    with pytest.raises(ApiError, match="Invalid import_mode") as caught:
        connect(server).import_app("x")

    assert caught.value.server_code == "invalid_param"


def test_missing_plugins_are_named_as_recorded(console, connect, loopback, recording):
    server = console("1.12.1")
    found = recording("1.12.1", "import/dependencies-check")
    server.on("GET", ".*/check-dependencies", loopback.Answer.of(found))

    (one,) = connect(server).missing_plugins(UNKNOWN)

    assert one.startswith("langgenius/tongyi:0.0.20@")


def test_a_server_without_plugins_misses_none(console, connect):
    assert connect(console("0.15.3")).missing_plugins(UNKNOWN) == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_app_is_named_as_such(console, connect, version):
    with pytest.raises(ApiError) as caught:
        connect(console(version)).export(UNKNOWN)

    assert caught.value.code == "not-found" and "workspace" in caught.value.hint


def test_what_makes_something_is_not_sent_again_when_its_answer_is_lost(console, connect, loopback):
    server = console("1.12.1")
    api = connect(server)
    api.login()
    for path in ("apps/imports", f"apps/{UNKNOWN}/api-keys", f"apps/{UNKNOWN}/workflows/publish"):
        server.on("POST", f"/console/api/{path}", loopback.Answer(reset=True))

    for call in (lambda: api.import_app("x"), lambda: api.make_key(UNKNOWN), lambda: api.publish(UNKNOWN)):
        with pytest.raises(ConnectionLost):
            call()

    made = [
        one
        for one in server.seen
        if one.method == "POST" and one.path.endswith(("imports", "keys", "publish"))
    ]
    assert len(made) == 3


def test_a_stale_draft_is_a_conflict_that_is_not_forced(server, api, loopback, recording):
    for version, name in (
        ("1.12.1", "draft/sync-stale-hash"),
        ("0.15.3", "console/28-draft-sync-wrong-hash"),
    ):
        server.on("POST", "/v1/workflows/run", loopback.Answer.of(recording(version, name)))
        with pytest.raises(ApiError) as caught:
            api(server.url).run({}, user="u")
        assert caught.value.code == "conflict" and not caught.value.transient


def test_an_app_with_ten_keys_gets_no_more(console, connect, flow):
    server = console("0.15.3")
    app = server.add(flow("0.15.3"))
    app.keys = ["app-x"] * 10
    api = connect(server)

    with pytest.raises(ApiError) as caught:
        api.make_key(app.id)

    assert caught.value.code == "too-many-keys" and "10" in caught.value.hint


@pytest.mark.parametrize("version", [pytest.param("0.15.3", marks=pytest.mark.long), "1.12.1"])
def test_password_tokens_and_keys_are_in_no_repr_error_log_or_dump(
    console, connect, flow, version, loopback, caplog
):
    caplog.set_level(logging.DEBUG)
    server = console(version)
    api = connect(server, read_s=0.1)
    api.login()
    app = server.add(flow(version))
    key = api.make_key(app.id)
    tokens = [server._access, server._refresh, *([server._csrf] if server.in_cookies else [])]
    echo = loopback.Answer.json({"code": "invalid_param", "message": f"bad {PASSWORD} {tokens}"}, 400)
    slow, reset = loopback.Answer(headers_after_s=1), loopback.Answer(reset=True)
    texts = [repr(api), repr(api.transport), repr(vars(api.transport)), repr(api._auth.tokens)]

    for path, call in (("login", api.login), ("apps/imports", lambda: api.import_app("x"))):
        for answer in (echo, slow, reset):
            server.on("POST", f"/console/api/{path}", answer)
            with pytest.raises(DifyflowError) as caught:
                call()
            texts += _dump(caught.value)

    said = "\n".join([*texts, caplog.text])
    coded = base64.b64encode(PASSWORD.encode()).decode()
    for secret in (PASSWORD, coded, key, *tokens):
        assert secret not in said


def _dump(error):
    """Whatever somebody might print of an error, and of the requests that hang on it."""
    parts = ["".join(traceback.format_exception(error))]
    while error is not None:
        request = getattr(error, "request", None)
        parts += [str(error), repr(error), repr(vars(error))]
        parts += [repr(getattr(request, "headers", None)), repr(getattr(request, "body", None))]
        error = error.__cause__ or error.__context__
    return parts


def test_an_address_may_be_that_of_any_page_of_the_server(console, connect):
    server = console("1.12.1")
    for path in ("", "/", "/v1", "/apps", f"/app/{UNKNOWN}/workflow", "/console/api", "/signin"):
        assert connect(server, url=server.url + path).base_url == f"{server.url}/console/api"
    with pytest.raises(UsageError):
        connect(server, url="dify.example.com")
