"""`difyflow run` as a user meets it: a process, its files, its two streams and its exit code."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

TRIGGER = "trigger=你是消防系统专家"
KEY = "app-loopback000000000000"  # of the loopback server


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("家用火灾报警器应安装在远离高温的地方。应每月自检一次。", encoding="utf-8")
    return path


@pytest.fixture
def run(in_new_python, root, tmp_path):
    """`run(*arguments, **environment)`: the command in a folder of its own."""

    def call(*arguments, **environment):
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "HOME": str(tmp_path), **environment}
        return in_new_python("-m", "difyflow", "run", *map(str, arguments), cwd=tmp_path, env=env)

    return call


@pytest.fixture
def flow(root):
    return root / "workflows/fine_tune_corpus"


@pytest.mark.parametrize(
    "version",
    ["1.12.1", *(pytest.param(version, marks=pytest.mark.long) for version in ("0.15.3", "1.15-dev"))],
)
def test_the_founding_case_runs_on_a_server_of_each_version(dify, run, flow, document, version):
    server = dify(version)
    done = run(
        server.url,
        *("--input", f"attachments=@{document}", "--input", TRIGGER),
        *("--form", flow / "app.yml", "--format", "json", "-o", "out.json"),
        DIFY_API_KEY=KEY,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["status"], result["backend"]) == ("succeeded", "dify")
    assert result["outputs"]["text"]
    assert result["server_version"] in done.stderr
    assert server.url in done.stderr
    assert KEY not in done.stdout + done.stderr
    assert json.loads((document.parent / "out.json").read_text(encoding="utf-8")) == result["outputs"]


@pytest.mark.long
def test_the_word_server_stands_for_the_url_in_the_environment(dify, run, document):
    server = dify("1.12.1")
    done = run(
        *("server", "-i", f"attachments=@{document}", "-i", TRIGGER, "--key-env", "OTHER", "-q"),
        DIFY_BASE_URL=server.url,
        OTHER=KEY,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert done.stderr == ""


@pytest.mark.long
def test_the_environment_alone_never_sends_a_run_to_a_server(dify, run, flow, document):
    server = dify("1.12.1")
    done = run(
        *(flow, "-i", f"attachments=@{document}", "-i", TRIGGER),
        DIFY_BASE_URL=server.url,
        DIFY_API_KEY=KEY,
    )
    assert done.returncode == 2
    assert server.seen == []


@pytest.mark.local
def test_the_founding_case_runs_here_over_real_documents(run, flow, document):
    samples = flow / "samples"
    done = run(
        *(flow, "--model-endpoint", "demo", "-o", "corpus.jsonl", "-i", TRIGGER),
        *("-i", f"attachments=@{samples / 'lunyu.docx'}", "-i", f"attachments=@{samples / 'lunyu.pdf'}"),
        *("-i", f"attachments=@{document}"),
    )
    assert done.returncode == 0, done.stderr
    lines = (document.parent / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 10
    for line in lines:
        roles = [message["role"] for message in json.loads(line)["messages"]]
        assert roles == ["system", "user", "assistant"]
    assert "model: demo" in done.stderr
    provenance = (document.parent / "corpus.provenance.jsonl").read_text(encoding="utf-8")
    about = [json.loads(line) for line in provenance.splitlines()]
    assert {item["model"] for item in about} == {"demo"}
    assert about[0]["documents"] == ["lunyu.docx", "lunyu.pdf", "a.txt"]
    assert about[0]["paths"][0] == str((samples / "lunyu.docx").absolute())


@pytest.mark.long
@pytest.mark.local
def test_without_a_key_nothing_runs_and_the_message_names_what_is_missing(run, flow, document):
    done = run(flow, "-i", f"attachments=@{document}", "-i", TRIGGER)
    assert done.returncode == 2
    for word in ("LLM", "siliconflow", "SILICONFLOW_API_KEY", "--model-endpoint"):
        assert word in done.stderr


@pytest.mark.long
@pytest.mark.local
@pytest.mark.usefixtures("loopback")
def test_a_model_that_answers_badly_is_a_failed_run_or_a_warning(run, flow, document):
    from loopback.model_server import ModelServer, refuses, says

    with ModelServer(refuses(429, "slow down"), says("half", finish=None)) as server:
        given = (flow, "-i", f"attachments=@{document}", "-i", TRIGGER, "--model-endpoint", server.base_url)
        refused = run(*given, DIFYFLOW_MODEL_KEY="sk-loopback")
        assert refused.returncode == 1
        assert "429" in refused.stderr
        assert "sk-loopback" not in refused.stderr
        cut = run(*given, "--strict", "-o", "x.jsonl", DIFYFLOW_MODEL_KEY="sk-loopback")
        assert "broke off" in cut.stderr
        assert cut.returncode == 1
        assert not (document.parent / "x.jsonl").exists()


def test_wrong_inputs_are_told_before_anything_is_sent(dify, run):
    server = dify("1.12.1")
    done = run(server.url, "-i", "atachments=@x", "-i", "trigger=" + "长" * 49, DIFY_API_KEY=KEY)
    assert done.returncode == 2
    assert "did you mean 'attachments'" in done.stderr
    assert "49 characters, at most 48" in done.stderr
    assert server.calls("POST", "/v1/workflows/run") == []


@pytest.mark.long
def test_a_form_that_differs_from_the_servers_is_told(dify, run, flow, document, tmp_path):
    text = (flow / "app.yml").read_text(encoding="utf-8")
    (tmp_path / "other.yml").write_text(text.replace("max_length: 48", "max_length: 60"), encoding="utf-8")
    done = run(
        *(dify("1.12.1").url, "--form", "other.yml", "-i", f"attachments=@{document}", "-i", TRIGGER),
        DIFY_API_KEY=KEY,
    )
    assert done.returncode == 0, done.stderr
    assert "input 'trigger': max_length is 60 in the file and 48 on the target" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "says"),
    [
        (["server"], {}, 2, "DIFY_BASE_URL"),
        (["http://127.0.0.1:9/v1"], {}, 2, "DIFY_API_KEY"),
        (["http://127.0.0.1:9/v1"], {"DIFY_API_KEY": "app-x"}, 4, "127.0.0.1"),
        (
            ["http://127.0.0.1:9/v1", "--model-endpoint", "demo"],
            {"DIFY_API_KEY": "app-x"},
            2,
            "is for local runs",
        ),
        (["none.yml"], {}, 3, "No such file"),
        pytest.param(["{flow}", "-i", "trigger"], {}, 2, "NAME=VALUE", marks=pytest.mark.local),
        pytest.param(["{flow}", "--inputs", "none.json"], {}, 3, "none.json", marks=pytest.mark.local),
        (["{flow}", "-o", "none/x.jsonl"], {}, 2, "cannot be written"),
        (["{flow}", "-o", "a.txt"], {}, 2, "--force"),
        (["{flow}", "--bogus"], {}, 2, "--bogus"),
    ],
)
@pytest.mark.long
@pytest.mark.usefixtures("document")
def test_a_mistake_is_one_message_and_a_code(run, flow, arguments, environment, code, says):
    arguments = [item.replace("{flow}", str(flow)) for item in arguments]
    if arguments[0] == str(flow):
        arguments += ["--model-endpoint", "demo"]
    done = run(*arguments, **environment)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_a_wrong_key_is_told_without_showing_it(dify, run, document):
    done = run(dify("1.12.1").url, "-i", f"attachments=@{document}", DIFY_API_KEY="app-wrong-and-secret")
    assert done.returncode == 4
    assert "wrong-and-secret" not in done.stderr
    assert "key" in done.stderr


@pytest.mark.long
def test_interrupting_a_run_stops_it_on_the_server(dify, document, root):
    server = dify("1.12.1", step_s=0.5)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "difyflow",
            "run",
            server.url,
            "-i",
            f"attachments=@{document}",
            "-i",
            TRIGGER,
        ],
        env={**os.environ, "PYTHONPATH": str(root), "DIFY_API_KEY": KEY},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    until = time.monotonic() + 20
    while not server.calls("POST", "/v1/workflows/run") and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert "stopped" in errors
    assert [seen for seen in server.seen if seen.path.endswith("/stop")]
