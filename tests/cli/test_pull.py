"""`difyflow pull` as a user meets it: the bytes of Dify's export, and no file lost."""

import json
import stat

import pytest

from difyflow.cli.main import run
from loopback.console import EMAIL, PASSWORD

SECRET = "secret-env-value-42"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def account(monkeypatch, tmp_path):
    monkeypatch.setenv("DIFY_CONSOLE_EMAIL", EMAIL)
    monkeypatch.setenv("DIFY_CONSOLE_PASSWORD", PASSWORD)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "version",
    [
        pytest.param("0.15.3", marks=pytest.mark.long),
        "1.12.1",
        pytest.param("1.15-dev", marks=pytest.mark.long),
    ],
)
def test_the_recorded_export_arrives_byte_for_byte(
    console, loopback, recording, flow, capsysbinary, version, tmp_path
):
    server = console(version)
    app = server.add(flow(version))
    names = {"0.15.3": "export/05-export-env-without-secret"}
    recorded = recording(version, names.get(version, "export/flow"))
    server.on("GET", f"/console/api/apps/{app.id}/export", loopback.Answer.of(recorded))

    assert run(["pull", "--console", server.url, "--app", app.id]) == 0
    assert run(["pull", "--console", server.url, "--app", app.id, "-o", "app.yml"]) == 0

    said = capsysbinary.readouterr()
    assert said.out == recorded.json()["data"].encode()
    assert (tmp_path / "app.yml").read_bytes() == said.out
    note = json.loads((tmp_path / "app.pulled.json").read_text())
    assert (note["console"], note["app_id"]) == (f"{server.url}/console/api", app.id)


def test_secrets_come_only_when_asked_for_and_for_the_owner_only(console, flow, tmp_path, capsys):
    server = console()
    app = server.add(flow())
    words = ["pull", "--console", server.url, "--app", app.id, "-o"]

    assert run([*words, "plain.yml"]) == 0
    assert run([*words, "secret.yml", "--include-secret"]) == 0

    assert SECRET not in (tmp_path / "plain.yml").read_text()
    assert SECRET in (tmp_path / "secret.yml").read_text()
    assert stat.S_IMODE((tmp_path / "secret.yml").stat().st_mode) == 0o600
    assert "plain text" in capsys.readouterr().err
    assert SECRET not in (tmp_path / "secret.pulled.json").read_text()


def test_only_a_file_that_is_as_it_was_pulled_is_overwritten_unasked(console, flow, tmp_path, capsys):
    server = console()
    app = server.add(flow())
    words = ["pull", "--console", server.url, "--app", app.id, "-o", "app.yml"]
    assert run(words) == 0 and run(words) == 0

    (tmp_path / "app.yml").write_text("mine")
    assert run(words) == 2 and (tmp_path / "app.yml").read_text() == "mine"
    assert "--force" in capsys.readouterr().err
    assert run([*words, "--force"]) == 0 and "mine" not in (tmp_path / "app.yml").read_text()

    (tmp_path / "other.yml").write_text("mine")
    assert run([*words[:-1], "other.yml"]) == 2
    assert run([*words[:-1], str(tmp_path)]) == 2
    assert run([*words[:-1], "none/app.yml"]) == 2
    assert (tmp_path / "other.yml").read_text() == "mine"


def test_a_published_version_is_asked_for_where_the_server_has_that(console, flow, tmp_path, capsys):
    new, old = console("1.12.1"), console("0.15.3")
    for server, code in ((new, 0), (old, 2)):
        app = server.add(flow(server.version))
        words = ["--console", server.url, "--app", app.id, "--version", NOBODY, "-o", f"{server.version}.yml"]
        assert run(["pull", *words]) == code

    assert new.seen[-1].query["workflow_id"] == NOBODY
    assert "1.8.1" in capsys.readouterr().err
    # no note: a version is not what a push would replace
    assert [path.name for path in tmp_path.iterdir()] == ["1.12.1.yml"]


def test_a_note_that_cannot_be_read_is_named(console, flow, tmp_path, capsys):
    server = console()
    app = server.add(flow())
    words = ["pull", "--console", server.url, "--app", app.id, "-o", "app.yml"]
    assert run(words) == 0
    for content in ("", "[]", "{}", '{"console": 1}'):
        (tmp_path / "app.pulled.json").write_text(content)
        assert run(words) == 2
    assert "app.pulled.json" in capsys.readouterr().err


def test_an_unknown_app_and_a_server_that_is_not_there_write_nothing(console, tmp_path, capsys):
    server = console()
    assert run(["pull", "--console", server.url, "--app", NOBODY, "-o", "app.yml"]) == 4
    assert run(["pull", "--console", server.url, "--app", "x", "-o", "app.yml"]) == 2
    assert run(["pull", "--console", "dify", "--app", NOBODY, "-o", "app.yml"]) == 2
    assert list(tmp_path.iterdir()) == []
    assert "Traceback" not in capsys.readouterr().err
