"""`difyflow doctor`: what it finds, what it does not show, and its exit code.

Each call tries out the code runner of this machine, so only the first tests are in the quick set.
"""

import io
import json
import sys
import time
from email.utils import formatdate

import pytest

from difyflow.cli.main import run
from loopback.console import EMAIL, PASSWORD

KEY = "app-loopback000000000000"
VERSIONS = [
    pytest.param("0.15.3", marks=pytest.mark.long),
    "1.12.1",
    pytest.param("1.15-dev", marks=pytest.mark.long),
]


@pytest.fixture
def doctor(capsys, monkeypatch):
    """`doctor(*arguments)`: exit code and checks by name; `doctor.text` is all that was said."""
    monkeypatch.setenv("DIFY_API_KEY", KEY)

    def call(*arguments):
        code = run(["doctor", *arguments, "--format", "json"])
        said = capsys.readouterr()
        call.text = said.out + said.err
        data = json.loads(said.out)
        assert data["ok"] is (code == 0)
        return code, {check["name"]: check for check in data["checks"]}

    return call


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_is_reached_and_its_app_is_published(doctor, dify, version):
    server = dify(version)

    code, checks = doctor("--server", server.url)

    assert code == 0
    assert checks["server"]["status"] == "ok"
    assert {"0.15.3": "0.15.3", "1.12.1": "1.12.1", "1.15-dev": "1.14.2"}[version] in checks["server"]["text"]
    assert "(workflow)" in checks["app"]["text"]
    assert checks["published"]["text"] == "yes; inputs: attachments, trigger"
    assert KEY not in doctor.text and "is set" in checks["key"]["text"]
    assert not [one for one in server.seen if one.method != "GET" and "/stop" not in one.path]


def test_this_machine_is_looked_at_without_a_server(doctor):
    code, checks = doctor()

    assert code == 0
    assert sys.executable in checks["python"]["text"]
    assert checks["server"]["status"] == "info" and "--server" in checks["server"]["hint"]
    assert {"difyflow", "code runner", "proxy"} <= checks.keys()


@pytest.mark.long
def test_the_text_has_a_line_for_each_check(capsys, dify, monkeypatch):
    monkeypatch.setenv("DIFY_API_KEY", KEY)
    server = dify()

    assert run(["doctor", "--server", server.url]) == 0

    said = capsys.readouterr().out
    for line in ("✓ difyflow", "✓ server", "✓ published", "· clock"):
        assert f"{line} " in said
    assert KEY not in said


def test_an_app_that_is_not_published_is_a_fault(doctor, dify, loopback, recording):
    server = dify("1.12.1")
    answer = loopback.Answer.of(recording("1.12.1", "errors/parameters-unpublished"))
    server.on("GET", "/v1/parameters", answer)

    code, checks = doctor("--server", server.url)

    assert code == 1
    assert checks["published"]["status"] == "fault" and "Publish" in checks["published"]["hint"]


def test_a_wrong_key_is_a_fault_and_not_shown(doctor, dify, monkeypatch):
    server = dify("1.12.1")
    monkeypatch.setenv("DIFY_API_KEY", "app-wrong-geheim-0000")

    code, checks = doctor("--server", server.url)

    assert code == 1 and checks["server"]["status"] == "ok"
    assert checks["app"]["status"] == "fault" and "geheim" not in doctor.text


@pytest.mark.long
def test_without_a_key_the_server_is_still_looked_at(doctor, dify, monkeypatch):
    monkeypatch.delenv("DIFY_API_KEY")

    code, checks = doctor("--server", dify("1.12.1").url)

    assert code == 0 and checks["server"]["status"] == "ok" and "app" not in checks
    assert "not set" in checks["key"]["text"]


@pytest.mark.long
def test_an_app_of_another_kind_is_a_warning(doctor, dify, loopback):
    server = dify("1.12.1")
    server.on("GET", "/v1/info", loopback.Answer.json({"name": "x", "mode": "agent-chat"}))

    code, checks = doctor("--server", server.url)

    assert code == 0 and checks["app"]["status"] == "warning"


@pytest.mark.long
@pytest.mark.parametrize(("off_s", "status"), [(-30, "ok"), (4000, "warning"), (-4000, "warning")])
def test_the_servers_clock_is_compared(doctor, dify, loopback, off_s, status):
    server = dify("1.12.1")
    answer = loopback.Answer.json({}, X_Version="1.12.1", Date=formatdate(time.time() + off_s, usegmt=True))
    server.on("GET", "/v1/", answer)

    code, checks = doctor("--server", server.url)

    assert code == 0 and checks["clock"]["status"] == status
    assert ("ahead" in checks["clock"]["text"]) is (off_s > 1000)


@pytest.mark.long
def test_a_newer_dify_than_is_known_is_a_warning(doctor, dify, loopback):
    server = dify("1.12.1")
    server.on("GET", "/v1/", loopback.Answer.json({}, X_Version="2.3.4"))

    code, checks = doctor("--server", server.url)

    assert code == 0 and checks["server"]["status"] == "warning" and "2.3.4" in checks["server"]["text"]


@pytest.mark.long
def test_what_is_no_dify_is_a_fault(doctor, loopback):
    with loopback.Server() as server:
        server.on("GET", ".*", loopback.Answer.html(200, "A web page"))
        code, checks = doctor("--server", server.url)
    assert code == 1 and "is no Dify" in checks["server"]["text"] and "secret page" not in doctor.text

    for address in (f"http://127.0.0.1:{loopback.server.unused_port()}", "dify.example.com", "http://u:pw@h"):
        code, checks = doctor("--server", address)
        assert code == 1 and checks["server"]["status"] == "fault"


@pytest.mark.long
def test_the_address_of_the_environment_is_looked_at(doctor, dify, monkeypatch):
    monkeypatch.setenv("DIFY_BASE_URL", dify("1.12.1").url)

    assert doctor()[1]["server"]["status"] == "ok"


def test_keys_are_named_and_never_shown(doctor, monkeypatch):
    for name in ("SILICONFLOW_API_KEY", "DIFY_CONSOLE_PASSWORD", "DIFYFLOW_MODEL_KEY"):
        monkeypatch.setenv(name, "streng-geheim")
    monkeypatch.setenv("SOMETHING_ELSE", "streng-geheim")

    _, checks = doctor()

    assert (
        checks["other keys"]["text"] == "set: DIFYFLOW_MODEL_KEY, DIFY_CONSOLE_PASSWORD, SILICONFLOW_API_KEY"
    )
    assert "geheim" not in doctor.text


@pytest.mark.long
def test_the_proxy_is_told_without_its_password(doctor, dify, monkeypatch, loopback):
    with loopback.Server() as proxy:
        proxy.on("GET", ".*/v1/.*", loopback.Answer.json({"mode": "workflow"}, X_Version="1.12.1"))
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//me:geheim@"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        _, checks = doctor("--server", "http://dify.example.test")
        assert "through http://...@127.0.0.1" in checks["proxy"]["text"] and "geheim" not in doctor.text
        assert proxy.seen[0].headers["host"] == "dify.example.test"
        _, checks = doctor("--server", dify("1.12.1").url)
        assert "reached directly" in checks["proxy"]["text"]


@pytest.mark.long
def test_a_certificate_that_is_not_trusted_is_a_fault_unless_named(doctor, loopback):
    with loopback.Dify("1.12.1", tls=True) as server:
        code, checks = doctor("--server", server.url)
        assert code == 1 and "--ca-file" in checks["server"]["hint"]
        certificate = str(loopback.server.CERTIFICATE)
        assert doctor("--server", server.url, "--ca-file", certificate)[0] == 0
        with pytest.warns(Warning, match="Unverified HTTPS"):
            assert doctor("--server", server.url, "--insecure")[0] == 0
        assert "WARNING: --insecure" in doctor.text


@pytest.fixture
def account(monkeypatch):
    """Sets the account of the console; `account(password)` another password."""

    def set_to(password=PASSWORD):
        monkeypatch.setenv("DIFY_CONSOLE_EMAIL", EMAIL)
        monkeypatch.setenv("DIFY_CONSOLE_PASSWORD", password)

    set_to()
    return set_to


@pytest.mark.parametrize(
    ("version", "release"),
    [
        pytest.param("0.15.3", None, marks=pytest.mark.long),
        pytest.param("1.12.1", "1.9.2", marks=pytest.mark.long),
        ("1.12.1", None),
        pytest.param("1.15-dev", None, marks=pytest.mark.long),
    ],
)
@pytest.mark.usefixtures("account")
def test_a_console_is_logged_in_to_and_the_account_may_push(doctor, console, version, release):
    server = console(version, release=release)

    code, checks = doctor("--console", server.url)

    assert code == 0
    assert checks["console"]["text"] == f"{server.url}/console/api, Dify {server.release}"
    assert "logged in, owner in the workspace" in checks["account"]["text"]
    for secret in (PASSWORD, server._access, server._refresh):
        assert secret not in doctor.text


@pytest.mark.long
@pytest.mark.usefixtures("account")
def test_an_account_that_may_not_push_is_told(doctor, console):
    code, checks = doctor("--console", console(role="normal").url)

    assert (code, checks["account"]["status"]) == (0, "warning")
    assert "editor" in checks["account"]["hint"]


@pytest.mark.long
@pytest.mark.parametrize("password", ["wrong-Geheim-9", ""])
def test_a_login_that_fails_is_a_fault_and_shows_no_password(doctor, console, account, monkeypatch, password):
    account(password)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))

    code, checks = doctor("--console", console().url)

    assert (code, checks["console"]["status"]) == (1, "fault")
    assert checks["console"]["hint"] and "Geheim" not in doctor.text


@pytest.mark.long
@pytest.mark.parametrize("url", ["", "no address", "ftp://x", "http://127.0.0.1:9"])
@pytest.mark.usefixtures("account")
def test_a_console_that_is_none_is_a_fault(doctor, url):
    code, checks = doctor("--console", url)

    assert (code, checks["console"]["status"]) == (1, "fault")
