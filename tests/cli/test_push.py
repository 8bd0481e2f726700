"""`difyflow push` as a user meets it: the plan, the question, what is sent, where the key goes."""

import io
import json
import stat
import sys
from pathlib import Path

import pytest
import yaml

from difyflow.cli.main import run
from loopback.console import EMAIL, PASSWORD

SECRET = "secret-env-value-42"


@pytest.fixture(autouse=True)
def account(monkeypatch, tmp_path):
    monkeypatch.setenv("DIFY_CONSOLE_EMAIL", EMAIL)
    monkeypatch.setenv("DIFY_CONSOLE_PASSWORD", PASSWORD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))


@pytest.fixture
def file(tmp_path, flow):
    """An `app.yml`; `file(title=...)` writes it anew."""

    def write(server="1.12.1", *, title="Start", secret=SECRET, **changes):
        data = flow(server, **changes)
        data["workflow"]["graph"]["nodes"][0]["data"]["title"] = title
        for item in data["workflow"]["environment_variables"]:
            if item["value_type"] == "secret":
                item["value"] = secret
        path = tmp_path / "app.yml"
        path.write_text(yaml.dump(data, Dumper=yaml.CSafeDumper), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def answers(monkeypatch):
    """`answers("y", ...)`: somebody at a terminal."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    return lambda *lines: monkeypatch.setattr(sys, "stdin", Terminal("".join(f"{line}\n" for line in lines)))


@pytest.mark.parametrize(
    "version",
    [
        pytest.param("0.15.3", marks=pytest.mark.long),
        "1.12.1",
        pytest.param("1.15-dev", marks=pytest.mark.long),
    ],
)
def test_a_new_app_is_pushed_published_and_its_key_printed_once(console, file, capsys, version):
    server = console(version)

    code = run(["push", file(version), "--console", server.url, "--publish", "--make-key", "--yes"])

    said = capsys.readouterr()
    (app,) = server.apps.values()
    assert code == 0, said.err
    assert said.out == f"{app.id}\n{app.keys[0]}\n"
    assert app.live is not None and app.secrets() == {"TOKEN": SECRET}
    assert "makes a new app of" in said.err and "publishes it" in said.err
    for secret in (PASSWORD, SECRET, app.keys[0], server._access):
        assert secret not in said.err


def test_a_dry_run_shows_what_differs_and_sends_nothing(console, file, capsys, flow):
    server = console()
    app = server.add(flow())

    code = run(["push", file(title="Neuer Anfang"), "--console", server.url, "--app", app.id, "--dry-run"])

    said = capsys.readouterr()
    assert code == 0 and said.out == ""
    assert "Neuer Anfang" in said.err and "does not publish" in said.err
    assert {one.method for one in server.seen if "/login" not in one.path} == {"GET", "POST"}
    assert not server.calls("POST", ".*(imports|publish|api-keys)")


def test_a_key_that_stands_in_a_node_is_not_shown_in_the_plan(console, file, capsys, flow):
    server = console()
    app = server.add(flow())
    target = Path(file())
    key = "sk-9fK2mQ7xVb4Lr8TzW1cYh6NdJp3Sg5Ea"
    data = flow()
    code = next(node["data"] for node in data["workflow"]["graph"]["nodes"] if node["data"]["type"] == "code")
    code["code"] = f"KEY = '{key}'\n{code['code']}"
    target.write_text(yaml.dump(data, Dumper=yaml.CSafeDumper), encoding="utf-8")

    assert run(["push", str(target), "--console", server.url, "--app", app.id, "--dry-run"]) == 0

    said = capsys.readouterr()
    assert "Split" in said.err and key not in said.err + said.out
    assert "icon" not in said.err and "value_type" not in said.err  # 1.12 exports them otherwise


def test_a_plan_is_also_data(console, file, capsys, flow):
    server = console()
    server.add(flow())

    assert run(["push", file(), "--console", server.url, "--dry-run", "--format", "json", "-q"]) == 0

    said = capsys.readouterr()
    plan = json.loads(said.out)
    assert (plan["action"], plan["done"], plan["namesakes"]) == ("create", False, list(server.apps))
    assert said.err == "" and SECRET not in said.out


def test_the_outcome_is_also_data_with_the_key_only_where_it_goes_nowhere_else(
    console, file, capsys, tmp_path
):
    server = console()
    words = ["push", file(), "--console", server.url, "--yes", "--format", "json", "--make-key"]
    assert run(words) == 0
    shown = json.loads(capsys.readouterr().out)
    assert run([*words, "--key-file", "key.txt"]) == 0
    hidden = json.loads(capsys.readouterr().out)

    first, second = server.apps.values()
    assert shown["key"] == first.keys[0] and shown["app_id"] == first.id
    assert "key" not in hidden
    assert (tmp_path / "key.txt").read_text() == f"{second.keys[0]}\n"
    assert stat.S_IMODE((tmp_path / "key.txt").stat().st_mode) == 0o600


def test_a_key_file_that_exists_is_found_before_anything_is_made(console, file, tmp_path, capsys):
    server = console()
    (tmp_path / "key.txt").write_text("mine")

    code = run(["push", file(), "--console", server.url, "--yes", "--make-key", "--key-file", "key.txt"])

    assert code == 2 and server.seen == [] and (tmp_path / "key.txt").read_text() == "mine"
    assert run(["push", file(), "--console", server.url, "--yes", "--key-file", "other.txt"]) == 2
    assert "--make-key" in capsys.readouterr().err


def test_a_key_that_cannot_be_written_after_all_goes_to_standard_output(console, file, tmp_path, capsys):
    server = console()
    (tmp_path / "keys").mkdir()
    real = server.reply

    def reply(seen):
        if seen.path.endswith("/api-keys"):
            (tmp_path / "keys").rmdir()
        return real(seen)

    server.reply = reply
    words = ["push", file(), "--console", server.url, "--yes", "--make-key", "--key-file", "keys/key.txt"]
    assert run(words) == 2

    (app,) = server.apps.values()
    said = capsys.readouterr()
    assert app.keys[0] in said.out and "not lost" in said.err


def test_without_a_terminal_nobody_agrees(console, file, capsys):
    server = console()

    assert run(["push", file(), "--console", server.url]) == 2
    assert "--yes" in capsys.readouterr().err and server.apps == {}


def test_somebody_at_a_terminal_is_asked(console, file, capsys, answers):
    server = console()
    answers("n")
    assert run(["push", file(), "--console", server.url]) == 1
    assert server.apps == {} and "nothing was pushed" in capsys.readouterr().err

    answers("y")
    assert run(["push", file(), "--console", server.url]) == 0
    assert len(server.apps) == 1


def test_a_newer_file_asks_a_second_time(console, file, capsys, answers):
    server = console()
    answers("y", "n")
    assert run(["push", file(version="0.6.0"), "--console", server.url]) == 1
    assert server.apps == {} and "DSL is 0.5.0, the file's 0.6.0" in capsys.readouterr().err

    answers("y", "y")
    assert run(["push", file(version="0.6.0"), "--console", server.url]) == 0
    assert len(server.apps) == 1


def test_the_app_may_be_named_by_its_page(console, file, flow):
    server = console()
    app = server.add(flow())

    page = f"{server.url}/app/{app.id}/workflow"
    assert run(["push", file(title="Other"), "--console", page, "--app", page, "--yes"]) == 0

    assert len(server.apps) == 1 and app.edits == 2


@pytest.mark.parametrize("secret", ["", "*" * 20, "secret************42"])
def test_a_masked_secret_stays_as_it_is_on_the_server(console, file, capsys, flow, secret):
    server = console()
    app = server.add(flow())

    assert (
        run(["push", file(title="x", secret=secret), "--console", server.url, "--app", app.id, "--yes"]) == 0
    )

    assert app.secrets() == {"TOKEN": SECRET}
    said = capsys.readouterr()
    assert "the server's value is kept" in said.err and SECRET not in said.err + said.out


def test_a_secret_comes_from_the_environment(console, file, monkeypatch, capsys):
    server = console()
    monkeypatch.setenv("OUR_TOKEN", "from-outside")
    target = file(secret="*" * 20)

    assert run(["push", target, "--console", server.url, "--yes"]) == 2
    assert "--env TOKEN" in capsys.readouterr().err and server.apps == {}
    assert run(["push", target, "--console", server.url, "--yes", "--env", "TOKEN=OUR_TOKEN"]) == 0

    (app,) = server.apps.values()
    assert app.secrets() == {"TOKEN": "from-outside"}


def test_pulling_changing_and_pushing_notices_what_others_do(console, flow, capsys, tmp_path):
    server = console()
    app = server.add(flow())
    place = ["--console", server.url, "--app", app.id]
    assert run(["pull", *place, "-o", "app.yml"]) == 0
    text = (tmp_path / "app.yml").read_text(encoding="utf-8")
    (tmp_path / "app.yml").write_text(text.replace("title: ", "title: Our ", 1), encoding="utf-8")

    app.data["workflow"]["graph"]["nodes"][1]["data"]["title"] = "Theirs"
    assert run(["push", "app.yml", *place, "--yes"]) == 2
    assert "has changed since" in capsys.readouterr().err and app.edits == 1

    assert run(["push", "app.yml", *place, "--yes", "--force"]) == 0
    assert run(["push", "app.yml", *place, "--yes"]) == 0
    said = capsys.readouterr()
    assert "nothing to import" in said.err and said.out.endswith(f"{app.id}\n")
    (tmp_path / "app.yml").write_text(text, encoding="utf-8")
    assert run(["push", "app.yml", *place, "--yes"]) == 0
    assert app.edits == 3 and app.secrets() == {"TOKEN": SECRET}

    assert run(["push", "app.yml", "--console", server.url, "--dry-run"]) == 0
    assert f"--app {app.id} updates that" in capsys.readouterr().err


def test_a_flow_in_python_is_pushed(console, root, capsys):
    server = console()

    assert run(["push", str(root / "workflows/fine_tune_corpus"), "--console", server.url, "--yes"]) == 0

    (app,) = server.apps.values()
    assert app.data["app"]["name"] == "Fine-tune 语料构造器"
    assert "with warnings" in capsys.readouterr().err  # DSL 0.1.5 on 1.12


def test_a_version_is_published_with_its_name_and_comment(console, file, capsys):
    server = console()
    words = ["--publish", "--version-name", "第二版", "--comment", "LIMIT 改为 2"]

    assert run(["push", file(), "--console", server.url, "--yes", *words]) == 0

    (app,) = server.apps.values()
    assert (app.name, app.comment) == ("第二版", "LIMIT 改为 2")
    assert "publishes it: 第二版 - LIMIT 改为 2" in capsys.readouterr().err


def test_a_name_for_what_is_published_already_is_told_to_have_no_effect(console, file, capsys):
    server = console()
    path = file()
    assert run(["push", path, "--console", server.url, "--yes", "--publish", "--version-name", "v1"]) == 0
    (app,) = server.apps.values()
    again = ["push", path, "--console", server.url, "--app", app.id, "--yes", "--publish"]

    assert run([*again, "--version-name", "v2"]) == 0

    assert "name and comment go with a new version only" in capsys.readouterr().err
    assert app.name == "v1"


def test_missing_plugins_are_named(console, file, capsys):
    server = console()
    server.missing = ["langgenius/tongyi:0.0.20@1b1b"]

    assert run(["push", file(), "--console", server.url, "--yes"]) == 0

    assert "lacks the plugin langgenius/tongyi:0.0.20" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "word"),
    [
        (["--app", "not-an-id"], 2, "no id of an app"),
        (["--app", ""], 2, "no id of an app"),
        (["--app", "00000000-0000-4000-8000-000000000000"], 4, "has no such app"),
        (["--comment", "x"], 2, "--publish"),
        (["--version-name", "x"], 2, "--publish"),
        (["--ca-file", "none.pem"], 2, "none.pem"),
        (["--env", "TOKEN=NOT_SET"], 2, "NOT_SET is not set"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_made(console, file, capsys, words, code, word):
    server = console()

    assert run(["push", file(), "--console", server.url, "--yes", *words]) == code

    said = capsys.readouterr()
    assert word in said.err and "Traceback" not in said.err and server.apps == {}


def test_a_wrong_password_ends_it_at_once(console, file, capsys, monkeypatch):
    server = console()
    monkeypatch.setenv("DIFY_CONSOLE_PASSWORD", "wrong-Geheim-9")

    assert run(["push", file(), "--console", server.url, "--yes"]) == 4

    said = capsys.readouterr().err
    assert "check the e-mail address and the password" in said and "Geheim" not in said
    assert len(server.logins) == 1


def test_without_an_account_and_a_terminal_the_variables_are_named(console, file, capsys, monkeypatch):
    server = console()
    monkeypatch.delenv("DIFY_CONSOLE_PASSWORD")

    assert run(["push", file(), "--console", server.url, "--yes"]) == 2

    assert "DIFY_CONSOLE_PASSWORD" in capsys.readouterr().err and server.seen == []


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\x02", b"- a list", b"app: {mode: workflow", b"\xff\xfe\x00"]
)
def test_a_file_that_is_no_dsl_is_refused_before_the_login(console, capsys, tmp_path, content):
    server = console()
    (tmp_path / "odd.yml").write_bytes(content)

    assert run(["push", "odd.yml", "--console", server.url, "--yes"]) == 3
    assert run(["push", "missing.yml", "--console", server.url, "--yes"]) == 3

    assert server.seen == [] and "Traceback" not in capsys.readouterr().err


def test_insecure_is_said_loudly(loopback, file, capsys):
    with loopback.Console("1.12.1", tls=True) as server:
        assert run(["push", file(), "--console", server.url, "--yes", "-q"]) == 4
        assert "--ca-file" in capsys.readouterr().err
        with pytest.warns(Warning, match="Unverified HTTPS"):
            assert run(["push", file(), "--console", server.url, "--yes", "-q", "--insecure"]) == 0
        assert "WARNING: --insecure" in capsys.readouterr().err
        certificate = str(loopback.server.CERTIFICATE)
        assert run(["push", file(), "--console", server.url, "--yes", "-q", "--ca-file", certificate]) == 0
