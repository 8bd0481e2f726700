"""`difyflow api` as a user meets it, over servers that behave as recorded."""

import json

import pytest

from difyflow.cli.main import run

KEY = "app-loopback000000000000"
NOBODY = "00000000-0000-4000-8000-000000000000"
VERSIONS = [
    pytest.param("0.15.3", marks=pytest.mark.long),
    "1.12.1",
    pytest.param("1.15-dev", marks=pytest.mark.long),
]


@pytest.fixture(autouse=True)
def key(monkeypatch, tmp_path):
    monkeypatch.setenv("DIFY_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def ran(dify):
    """`ran(version)`: a server with one run that has ended, and one that goes on."""

    def start(version="1.12.1", **options):
        from difyflow.client.app_api import AppApi

        server = dify(version, **options)
        api = AppApi(server.url, KEY)
        for number in (1, 2):
            with api.run({"attachments": [], "trigger": "x"}, user=f"user-{number}") as stream:
                for event in stream:
                    if options:
                        assert event
                        break
        api.close()
        return server

    return start


@pytest.mark.parametrize("version", VERSIONS)
def test_info_says_name_mode_and_version(dify, capsys, version):
    server = dify(version)

    assert run(["api", "info", "--server", server.url]) == 0
    text = capsys.readouterr().out
    assert run(["api", "info", "--server", server.url, "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)

    assert data["mode"] == "workflow" and data["base_url"] == f"{server.url}/v1"
    assert data["server_version"] in text and data["name"] in text
    assert KEY not in text


@pytest.mark.parametrize("version", VERSIONS)
def test_parameters_shows_the_form_with_its_rules(dify, capsys, version):
    server = dify(version)

    assert run(["api", "parameters", "--server", server.url]) == 0
    text = capsys.readouterr().out
    assert run(["api", "parameters", "--server", server.url, "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)

    assert "attachments  file-list" in text and "at most 48" in text and "15" in text
    assert [item["variable"] for item in data["inputs"]] == ["attachments", "trigger"]


@pytest.mark.parametrize("version", VERSIONS)
def test_runs_lists_the_newest_first_and_finds_a_user(ran, capsys, version):
    server = ran(version)
    first, second = server.runs

    assert run(["api", "runs", "--server", server.url]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [second.id, first.id]
    assert "succeeded" in lines[0] and "user-2" in lines[0]

    assert run(["api", "runs", "--server", server.url, "--user", "user-1", "--format", "json"]) == 0
    assert [one["run_id"] for one in json.loads(capsys.readouterr().out)] == [first.id]
    assert run(["api", "runs", "--server", server.url, "--limit", "1"]) == 0
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_show_gives_a_run_with_its_outputs(ran, capsys, version):
    server = ran(version)
    run_id = server.runs[0].id

    assert run(["api", "show", run_id, "--server", server.url]) == 0
    text = capsys.readouterr().out
    assert run(["api", "show", run_id, "--server", server.url, "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)

    assert text.startswith(f"succeeded: run {run_id}") and "outputs.text: " in text
    assert data["id"] == run_id and data["outputs"]["text"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_run_that_nobody_knows_is_named(dify, capsys, version):
    server = dify(version)

    assert run(["api", "show", NOBODY, "--server", server.url]) == 2
    assert run(["api", "show", "x", "--server", server.url]) == 2
    assert "knows no run" in capsys.readouterr().err


def test_show_of_a_failed_run_ends_with_1(server_of, capsys):
    server = server_of("run/failed-run-detail")
    run_id = server.recorded.path.rpartition("/")[2]

    assert run(["api", "show", run_id, "--server", server.url]) == 1
    assert "error: " in capsys.readouterr().out


@pytest.fixture
def server_of(loopback, recording):
    """`server_of(recording of 1.12.1, ...)`: a server that gives these answers."""
    servers = []

    def start(*names):
        server = loopback.Server()
        servers.append(server)
        found = [recording("1.12.1", name) for name in names]
        server.play(*found)
        server.recorded = found[0] if found else None
        return server

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_stop_stops_the_task(ran, capsys, version):
    server = ran(version, step_s=0.05)
    task = server.runs[0].task_id

    words = ["api", "stop", task, "--server", server.url]
    if version == "0.15.3":
        assert run(words) == 2 and "--user" in capsys.readouterr().err
    assert run([*words, "--user", "user-1"]) == 0

    assert server.runs[0].stop.is_set() and not server.runs[1].stop.is_set()
    assert "api show" in capsys.readouterr().err


def test_stop_of_a_chatflow_goes_to_its_own_call_and_wants_the_user(server_of):
    server = server_of("service/info-chat", "chat/stop-request")
    task = server_task(server)

    assert run(["api", "stop", task, "--server", server.url]) == 2
    assert run(["api", "stop", task, "--server", server.url, "--user", "u1"]) == 0
    (call,) = server.calls("POST", "/v1/chat-messages/.*/stop")
    assert call.json() == {"user": "u1"}


def server_task(server):
    """The task id in the recorded stop call."""
    pattern = next(one for method, one, _ in server._routes if method == "POST")
    return pattern.pattern.replace("\\", "").split("/")[3]


@pytest.mark.parametrize("version", VERSIONS)
def test_upload_prints_the_ids_and_the_user(dify, capsys, tmp_path, version):
    server = dify(version)
    (tmp_path / "甲.txt").write_text("x")
    (tmp_path / "b.md").write_text("yy")

    assert run(["api", "upload", "甲.txt", "b.md", "--server", server.url, "--format", "json"]) == 0
    said = capsys.readouterr()
    first, second = json.loads(said.out)
    assert (first["name"], second["size"]) == ("甲.txt", 2)
    assert first["user"] == second["user"] and first["user"] in said.err

    assert run(["api", "upload", "b.md", "--user", "me", "--server", server.url]) == 0
    assert server.seen[-1].parts()["user"].get_content().strip() == "me"


def test_an_uploaded_file_is_run_with_under_the_same_user(dify, capsys, tmp_path):
    server = dify("1.15-dev")  # where a file belongs to the user who sent it
    (tmp_path / "a.txt").write_text("x")
    assert run(["api", "upload", "a.txt", "--user", "me", "--server", server.url, "--format", "json"]) == 0
    (sent,) = json.loads(capsys.readouterr().out)
    inputs = {"attachments": [{"upload_file_id": sent["id"], "name": "a.txt"}], "trigger": "x"}
    (tmp_path / "inputs.json").write_text(json.dumps(inputs))

    words = ["run", server.url, "--inputs", "inputs.json", "-q"]
    assert run([*words, "--user", "other"]) == 4
    assert run([*words, "--user", "me"]) == 0

    assert [one.user for one in server.runs] == ["me"]


@pytest.mark.parametrize("name", ["missing.txt", "."])
def test_a_file_that_cannot_be_read_is_named_and_nothing_is_sent(dify, capsys, name):
    server = dify()

    assert run(["api", "upload", name, "--server", server.url]) == 2
    assert name in capsys.readouterr().err and server.seen == []


@pytest.mark.parametrize("words", [["info"], ["parameters"], ["runs"], ["show", NOBODY], ["stop", NOBODY]])
def test_a_wrong_key_ends_with_4_and_is_not_shown(dify, capsys, monkeypatch, words):
    server = dify()
    monkeypatch.setenv("DIFY_API_KEY", "app-wrong-key-geheim-0000")

    assert run(["api", *words, "--server", server.url]) == 4

    said = capsys.readouterr().err
    assert "geheim" not in said and "0000" in said


def test_server_and_key_have_to_be_there(capsys, monkeypatch, dify):
    assert run(["api", "info"]) == 2 and "DIFY_BASE_URL" in capsys.readouterr().err
    assert run(["api", "info", "--server", "dify.example.com"]) == 2
    server = dify()
    monkeypatch.setenv("DIFY_BASE_URL", server.url)
    assert run(["api", "info"]) == 0
    monkeypatch.delenv("DIFY_API_KEY")
    assert run(["api", "info"]) == 2 and "DIFY_API_KEY is not set" in capsys.readouterr().err
    monkeypatch.setenv("OTHER", KEY)
    assert run(["api", "info", "--key-env", "OTHER"]) == 0


def test_what_a_server_says_cannot_steer_the_terminal(server_of, loopback, capsys):
    server = server_of()
    server.on("GET", "/v1/info", loopback.Answer.json({"name": "a\x1b[2Jb", "mode": "workflow"}))

    assert run(["api", "info", "--server", server.url]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_certificates_are_checked_unless_that_is_switched_off_loudly(loopback, capsys):
    with loopback.Dify("1.12.1", tls=True) as server:
        assert run(["api", "info", "--server", server.url]) == 4
        assert "--ca-file" in capsys.readouterr().err
        certificate = str(loopback.server.CERTIFICATE)
        assert run(["api", "info", "--server", server.url, "--ca-file", certificate]) == 0
        with pytest.warns(Warning, match="Unverified HTTPS"):
            assert run(["api", "info", "--server", server.url, "--insecure"]) == 0
        assert "WARNING: --insecure" in capsys.readouterr().err


def test_the_proxy_of_the_environment_is_used(loopback, capsys, monkeypatch):
    with loopback.Server() as proxy:
        proxy.on("GET", ".*/v1/info", loopback.Answer.json({"name": "by proxy", "mode": "workflow"}))
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert run(["api", "info", "--server", "http://dify.example.test"]) == 0
        assert "by proxy" in capsys.readouterr().out


@pytest.mark.parametrize("task", ["", "nope", "../../files/upload"])
def test_what_is_no_id_of_a_task_is_not_asked_to_stop(dify, capsys, task):
    server = dify()
    assert run(["api", "stop", task, "--server", server.url]) == 2
    assert "not an id (a UUID)" in capsys.readouterr().err
    assert server.seen == []


@pytest.mark.parametrize("option", ["--after", "--before"])
def test_a_moment_that_is_none_is_refused(dify, capsys, option):
    server = dify()
    assert run(["api", "runs", option, "yesterday", "--server", server.url]) == 2
    assert f"{option} 'yesterday' is no moment" in capsys.readouterr().err
    assert run(["api", "runs", option, "2026-01-31", "--server", server.url]) == 0
    assert "no run is listed" in capsys.readouterr().err
