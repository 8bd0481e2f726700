"""`difyflow batch` as a user meets it: its folder, its streams and its exit code."""

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from difyflow.cli import main
from difyflow.cli._batch_rows import told
from difyflow.client.app_api import AppApi
from difyflow.run.batch import Row, Source, old_folder
from loopback import Answer

KEY = "app-loopback000000000000"  # of the loopback server


@pytest.fixture
def run(capfd, monkeypatch, tmp_path):
    """`run(*arguments, **environment)`: the command in a folder of its own, with `input` on its stdin."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, input="", **environment):
        capfd.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(input.encode())))
            for name, value in environment.items():
                patch.setenv(name, value)
            code = main.run(["batch", *map(str, arguments)])
        said = capfd.readouterr()
        return SimpleNamespace(returncode=code, stdout=said.out, stderr=said.err)

    return call


@pytest.fixture
def table(tmp_path):
    """Four rows with a document each; the third does not fit."""
    (tmp_path / "a.txt").write_text("应每月自检一次。", encoding="utf-8")
    lines = ["id,文件,trigger", "1,a.txt,一", "2,a.txt,二", "3,none.txt,三", "4,a.txt,四"]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return tmp_path / "rows.csv"


REFUSED = Answer.json({"code": "invalid_param", "message": "no", "status": 400}, 400, X_Version="1.12.1")
MAP = ("--map", "文件=attachments")


def test_rows_that_do_not_fit_are_listed_with_their_lines_and_nothing_is_sent(dify, run, table):
    server = dify()
    done = run(server.url, table, "-o", "out", *MAP, DIFY_API_KEY=KEY)
    assert done.returncode == 2
    assert "1 rows do not fit, nothing was sent" in done.stderr
    assert "line 4: column 2 (文件): attachments:" in done.stderr
    assert server.runs == []


def test_rows_within_the_limit_that_do_not_fit_refuse_the_batch_too(dify, run, table):
    server = dify()
    done = run(server.url, table, "-o", "out", *MAP, "--limit", "3", DIFY_API_KEY=KEY)
    assert (done.returncode, server.runs) == (2, [])
    assert "1 rows do not fit, nothing was sent" in done.stderr
    done = run(server.url, table, "-o", "out", *MAP, "--limit", "2", DIFY_API_KEY=KEY)
    assert (done.returncode, len(server.runs)) == (0, 2)


def test_a_lost_answer_is_told_while_the_server_is_asked_how_the_run_ended(dify, run, table):
    server = dify("1.12.1", step_s=0.001)
    server.spoil = [{"cut_at": 9000}]
    done = run(server.url, table, "-o", "out", *MAP, "--limit", "2", DIFY_API_KEY=KEY)
    assert "the answer of a run was lost (" in done.stderr
    assert "the server is asked how it ended" in done.stderr
    assert (done.returncode, len(server.runs)) == (0, 2)


def test_a_message_for_a_workflow_is_refused_before_there_is_a_batch(dify, run, table, tmp_path):
    done = run(dify().url, table, "-o", "out", *MAP, "--query", "hi", DIFY_API_KEY=KEY)
    assert (done.returncode, "--query is for chatflows" in done.stderr) == (2, True)
    assert not (tmp_path / "out").exists()


def test_the_others_are_run_with_skip_invalid(dify, run, table, tmp_path):
    server = dify()
    done = run(
        *(server.url, table, "-o", "out", *MAP, "--skip-invalid", "--format", "json"), DIFY_API_KEY=KEY
    )
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    assert said["counts"] == {"invalid": 1, "succeeded": 3}
    lines = [json.loads(line) for line in (tmp_path / "out/results.jsonl").read_text().splitlines()]
    assert [(one["line"], one["status"]) for one in lines] == [
        (2, "succeeded"),
        (3, "succeeded"),
        (4, "invalid"),
        (5, "succeeded"),
    ]
    assert "columns that are no input are left out: id" in done.stderr
    assert KEY not in done.stdout + done.stderr + (tmp_path / "out/batch.json").read_text()
    status = run("status", "out", "--format", "json")
    assert json.loads(status.stdout)["counts"] == said["counts"]


def test_a_dry_run_checks_and_sends_nothing(dify, run, table, tmp_path):
    server = dify()
    done = run(server.url, table, *MAP, "--dry-run", "--repeat", "2", DIFY_API_KEY=KEY)
    assert (done.returncode, done.stdout) == (1, "3 rows fit, 1 do not; 6 runs would be sent\n")
    assert server.runs == []
    assert not (tmp_path / "out").exists()


def test_a_table_without_rows_is_told_by_a_dry_run_too(dify, run, tmp_path):
    (tmp_path / "rows.csv").write_text("attachments,trigger\n")
    server = dify()
    for how in (("--dry-run",), ("-o", "out")):
        done = run(server.url, "rows.csv", *how, DIFY_API_KEY=KEY)
        assert (done.returncode, "rows.csv: there are no rows to run" in done.stderr) == (2, True)


def test_a_column_that_is_missing_is_named_with_those_that_there_are(dify, run, table):
    done = run(dify().url, table, "-o", "out", DIFY_API_KEY=KEY)
    assert done.returncode == 2
    assert "no column for the input 'attachments', which is required" in done.stderr
    assert "columns: id, 文件, trigger; inputs: attachments, trigger" in done.stderr


def test_rows_come_from_a_glob_with_constants_for_all(dify, run, tmp_path):
    server = dify()
    (tmp_path / "a.txt").write_text("x")
    done = run(
        *(server.url, "--each", "attachments=*.txt", "-i", "trigger=一", "-o", "out", "-q"), DIFY_API_KEY=KEY
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(server.runs) == 1


def test_a_finished_batch_is_resumed_from_anywhere_without_its_rows(dify, run, table, tmp_path):
    server = dify()
    first = run(server.url, table, "-o", "out", *MAP, "--skip-invalid", DIFY_API_KEY=KEY)
    table.unlink()
    again = run("--resume", tmp_path / "out", DIFY_API_KEY=KEY)
    assert (first.returncode, again.returncode) == (1, 1)
    assert len(server.runs) == 3


@pytest.mark.parametrize(
    "option",
    [
        ("--input", "trigger=x"),
        ("--map", "a=b"),
        ("--repeat", "2"),
        ("--limit", "1"),
        ("--user", "me"),
        ("--dry-run",),
    ],
)
def test_what_makes_the_rows_cannot_be_changed_by_resume(dify, run, table, option):
    server = dify()
    run(server.url, table, "-o", "out", *MAP, "--limit", "1", DIFY_API_KEY=KEY)
    done = run("--resume", "out", *option, DIFY_API_KEY=KEY)
    assert (done.returncode, len(server.runs)) == (2, 1)
    assert f"{option[0]} cannot be changed by --resume" in done.stderr


def test_how_it_is_reached_and_what_is_collected_can_be_changed_by_resume(dify, run, table, tmp_path):
    server = dify()
    begin = (server.url, table, "-o", "out", *MAP, "--limit", "2", "--output-name", "none")
    done = run(*begin, DIFY_API_KEY=KEY)
    assert "no output 'none'; the run gave: text" in done.stderr
    done = run("--resume", "out", "--output-name", "text", "--key-env", "OTHER", OTHER=KEY)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/outputs.jsonl").exists()
    assert len(server.runs) == 2


def test_the_response_mode_can_be_changed_by_resume(dify, run, table):
    server = dify("1.15-dev")
    server.on("POST", "/v1/workflows/run", REFUSED)
    options = ("--concurrency", "1", "--stop-after", "1", "--response-mode", "streaming")
    run(server.url, table, "-o", "out", *MAP, "--skip-invalid", *options, DIFY_API_KEY=KEY)
    server.on("POST", "/v1/workflows/run", server.start_run)
    run("--resume", "out", "--response-mode", "blocking", "--retry-failed", DIFY_API_KEY=KEY)
    modes = [one.json()["response_mode"] for one in server.calls("POST", "/v1/workflows/run")]
    assert modes == ["streaming", "blocking", "blocking", "blocking"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("news", 1), ("pairs", [7]), ("timeout", "x"), ("insecure", 1)],
)
def test_options_that_another_version_kept_are_told(dify, run, table, tmp_path, name, value):
    run(dify().url, table, "-o", "out", *MAP, "--skip-invalid", DIFY_API_KEY=KEY)
    file = tmp_path / "out/batch.json"
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "settings": {**said["settings"], name: value}}))
    done = run("--resume", "out", DIFY_API_KEY=KEY)
    assert done.returncode == 2
    assert f"out/batch.json: an option of the batch is not understood: {name}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no target"),
        (("x.yml",), "no folder for the batch"),
        (("-", "rows.csv", "-o", "out"), "a batch must find its target again"),
        (("x.yml", "rows.csv", "--retry-failed"), "go with --resume"),
        (("x.yml", "rows.csv", "-o", "out", "--html", "x.html"), "go with: difyflow batch report"),
        (("x.yml", "rows.csv", "-o", "out", "--concurrency", "many"), "neither auto nor a number"),
        (("--resume", "nothing"), "there is no batch in this folder"),
        (("status", "nothing"), "there is no batch in this folder"),
        (("x.yml", "rows.csv", "--each", "a=b", "-o", "out"), "give rows or --each, not both"),
    ],
)
def test_options_that_make_no_batch_are_refused(run, arguments, said):
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.local
def test_rows_run_here_on_the_local_engine(run, table, root, tmp_path):
    flow = root / "workflows/fine_tune_corpus"
    done = run(
        *(flow, table, "-o", "out", *MAP, "--skip-invalid", "--model-endpoint", "demo", "--limit", "2"), "-q"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/outputs.jsonl").read_bytes().count(b"\n") > 0


@pytest.mark.long
def test_a_full_disk_is_told_with_the_folder_and_what_to_do(dify, run, root, tmp_path):
    server = dify()
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "rows.csv").write_text("attachments,trigger\na.txt,1\na.txt,2\na.txt,3\n")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "DIFY_API_KEY": KEY}
    env["PYTHONDONTWRITEBYTECODE"] = "1"  # half a file of it would break others
    full = f"ulimit -f 4; exec {sys.executable} -m difyflow batch {server.url} rows.csv -o out"
    done = subprocess.run(
        ["bash", "-c", full], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "error: out: the batch's files cannot be written: File too large" in done.stderr
    assert "make room, then difyflow batch --resume out" in done.stderr
    done = run("--resume", "out", DIFY_API_KEY=KEY)
    assert (done.returncode, len(server.runs)) == (0, 3), done.stderr


def test_how_many_rows_were_checked_is_told_now_and_then():
    said, times = [], iter(range(0, 100, 4))
    rows = [Row(number, number, {}) for number in range(1, 8)]
    source = told(Source("rows", Path(), lambda: iter(rows)), said.append, lambda: float(next(times)))
    assert list(source.rows()) == rows
    assert said == ["checking: 2 rows so far", "checking: 5 rows so far"]


@pytest.mark.long
def test_one_interrupt_finishes_what_runs_and_resume_does_the_rest(dify, run, root, tmp_path):
    server = dify("1.12.1", step_s=0.003)
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "rows.csv").write_text(
        "attachments,trigger\n" + "".join(f"a.txt,{number}\n" for number in range(8))
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "DIFY_API_KEY": KEY}
    command = [sys.executable, "-m", "difyflow", "batch", server.url, "rows.csv", "-o", "out"]
    process = subprocess.Popen(
        [*command, "--concurrency", "2"], cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True
    )
    while not server.runs:
        with suppress(subprocess.TimeoutExpired):
            pytest.fail(f"ended by itself with {process.wait(0.05)}")
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert "go on with: difyflow batch --resume out" in said
    assert 0 < len(server.runs) < 8
    done = run("--resume", "out", DIFY_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    assert len(server.runs) == 8
    assert (tmp_path / "out/results.jsonl").read_bytes().count(b'"status":"succeeded"') == 8


@pytest.mark.long
def test_two_interrupts_stop_the_runs_on_the_server_and_the_journal_remembers(dify, root, tmp_path):
    server = dify("1.12.1", step_s=0.1)
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "rows.csv").write_text("attachments,trigger\na.txt,1\na.txt,2\na.txt,3\n")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "DIFY_API_KEY": KEY}
    command = [sys.executable, "-m", "difyflow", "batch", server.url, "rows.csv", "-o", "out"]
    process = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
    journal = tmp_path / "out/journal.jsonl"
    while not journal.exists() or journal.read_bytes().count(b'"started"') < 2:
        with suppress(subprocess.TimeoutExpired):
            pytest.fail(f"ended by itself with {process.wait(0.05)}")
    process.send_signal(signal.SIGINT)
    assert "finishing what runs" in next(line for line in process.stderr if "finishing" in line)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert [run.stop.is_set() for run in server.runs] == [True, True]
    assert journal.read_bytes().count(b'"s":"stopping"') == 2
    assert journal.read_bytes().count(b'"s":"stopped"') == 2


def test_a_report_names_the_slowest_rows_and_can_be_a_page(dify, run, table, tmp_path):
    done = run(dify().url, table, "-o", "out", *MAP, "--skip-invalid", DIFY_API_KEY=KEY)
    assert done.returncode == 1, done.stderr
    text = run("report", "out")
    assert "slowest runs:\n  row " in text.stdout
    assert "rows without a good result:\n  row 3 (line 4): invalid: column 2 (文件): " in text.stdout
    said = json.loads(run("report", "out", "--format", "json").stdout)
    assert (said["bad"][0]["line"], said["samples"]) == (4, 30)
    page = run("report", "out", "--html", "page.html")
    assert (page.returncode, page.stdout) == (0, "")
    assert "<!doctype html>" in (tmp_path / "page.html").read_text(encoding="utf-8")
    again = run("report", "out", "--html", "page.html")
    assert (again.returncode, "exists already" in again.stderr) == (2, True)
    assert run("report", "out", "--html", "page.html", "--force").returncode == 0


def test_a_batch_that_another_process_works_on_can_be_looked_at(dify, run, table, tmp_path):
    run(dify().url, table, "-o", "out", *MAP, "--skip-invalid", DIFY_API_KEY=KEY)
    journal = tmp_path / "out/journal.jsonl"
    torn = journal.read_bytes() + b'{"k":[1'
    journal.write_bytes(torn)
    with old_folder(tmp_path / "out"):
        status = run("status", "out")
    assert (status.returncode, "succeeded: 3" in status.stdout) == (0, True)
    assert journal.read_bytes() == torn


LONG = "# 总则\n应每月自检一次。\n\n# 附则\n本规范自发布之日起施行。\n"


def test_documents_are_cut_and_each_piece_is_uploaded_for_a_row_of_its_own(dify, run, tmp_path):
    server = dify()
    (tmp_path / "a.md").write_text(LONG, encoding="utf-8")
    done = run(
        *(server.url, "--each", "attachments=*.md", "-i", "trigger=一", "-o", "out"),
        *("--split", "attachments=20", "--overlap", "5"),
        DIFY_API_KEY=KEY,
    )
    assert done.returncode == 0, done.stderr
    assert "cut: 1 documents into 2 pieces" in done.stderr
    uploads = [one.parts()["file"] for one in server.calls("POST", "/v1/files/upload")]
    assert sorted(one.get_filename() for one in uploads) == ["a.part-01-of-02.md", "a.part-02-of-02.md"]
    assert len(server.runs) == 2
    lines = (tmp_path / "out/outputs.provenance.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["piece"]["headings"][0] for line in lines} == {"总则", "附则"}
    assert run("--resume", "out", DIFY_API_KEY=KEY).returncode == 0
    assert len(server.runs) == 2


def test_the_corpus_of_a_batch_says_from_which_document_each_sample_is(dify, run, tmp_path):
    server = dify()
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(LONG, encoding="utf-8")
    rows = ("--each", "attachments=*.md", "-i", "trigger=一", "-o", "out")
    assert run(server.url, *rows, DIFY_API_KEY=KEY).returncode == 0
    lines = (tmp_path / "out/outputs.provenance.jsonl").read_text(encoding="utf-8").splitlines()
    found = {(*one["documents"], *one["paths"]) for one in map(json.loads, lines)}
    assert found == {(name, str(tmp_path / name)) for name in ("a.md", "b.md")}


def test_a_document_that_is_the_same_for_all_rows_is_cut_also_without_rows(dify, run, tmp_path):
    server = dify()
    (tmp_path / "a.md").write_text(LONG, encoding="utf-8")
    split = ("-i", "attachments=@a.md", "--split", "attachments=20")
    done = run(server.url, *split, "-i", "trigger=一", "-o", "out", DIFY_API_KEY=KEY)
    assert (done.returncode, len(server.runs)) == (0, 2), done.stderr
    (tmp_path / "rows.csv").write_text("trigger\n一\n二\n", encoding="utf-8")
    done = run(server.url, "rows.csv", *split, "-o", "more", DIFY_API_KEY=KEY)
    assert (done.returncode, len(server.runs)) == (0, 6), done.stderr
    assert [run.inputs["trigger"] for run in server.runs[2:]].count("二") == 2


def test_a_batch_that_was_moved_still_has_its_pieces(dify, run, tmp_path):
    server = dify()
    server.on("POST", "/v1/workflows/run", REFUSED)
    (tmp_path / "a.md").write_text(LONG, encoding="utf-8")
    run(
        *(server.url, "--each", "attachments=*.md", "-i", "trigger=一", "--split", "attachments=20"),
        *("--document-encoding", "utf-8", "-o", "out", "--concurrency", "1", "--stop-after", "1"),
        DIFY_API_KEY=KEY,
    )
    server.on("POST", "/v1/workflows/run", server.start_run)
    (tmp_path / "out").rename(tmp_path / "moved")
    (tmp_path / "a.md").unlink()
    done = run("--resume", "moved", "--retry-failed", DIFY_API_KEY=KEY)
    assert (done.returncode, len(server.runs)) == (0, 2), done.stderr


def uploaded(server, tmp_path):
    """Two rows with the id of an upload of the user `me`, and one with a file; mapped by name."""
    (tmp_path / "a.txt").write_text("x")
    api = AppApi(f"{server.url}/v1", KEY)
    file = api.upload("a.txt", b"x", user="me").id
    api.close()
    (tmp_path / "rows.csv").write_text(f"trigger,attachments\n1,{file}\n2,{file}\n3,a.txt\n")
    return "rows.csv"


def test_uploads_of_another_user_are_told_before_anything_is_sent(dify, run, tmp_path):
    server = dify("1.15-dev")
    done = run(server.url, uploaded(server, tmp_path), "-o", "out", DIFY_API_KEY=KEY)
    assert (done.returncode, server.runs) == (2, [])
    assert "line 3: column 2: attachments: this server lets only the user of an upload use it" in done.stderr
    assert "2 rows do not fit" in done.stderr


@pytest.mark.parametrize(("version", "options"), [("1.15-dev", ("--user", "me")), ("1.12.1", ())])
def test_rows_with_uploads_run_as_the_user_that_uploaded_them(dify, run, tmp_path, version, options):
    server = dify(version)
    done = run(server.url, uploaded(server, tmp_path), "-o", "out", *options, DIFY_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    users = {run.inputs["trigger"]: run.user for run in server.runs}
    assert {users["1"], users["2"]} == ({"me"} if options else {users["1"], users["2"]})
    assert users["3"].startswith("df-")


def test_a_lost_run_of_a_shared_user_is_unknown_and_not_taken_for_another(dify, run, tmp_path):
    server = dify("1.15-dev")
    rows = uploaded(server, tmp_path)
    run(server.url, rows, "-o", "first", "--user", "me", DIFY_API_KEY=KEY)
    server.on("POST", "/v1/workflows/run", server.start_then(Answer.html(502, "Bad Gateway")))
    options = ("--user", "me", "--limit", "1", "--response-mode", "blocking")
    done = run(server.url, rows, "-o", "out", *options, DIFY_API_KEY=KEY)
    assert (done.returncode, len(server.runs)) == (5, 4), done.stderr
    assert run("--resume", "out", DIFY_API_KEY=KEY).returncode == 5
    assert len(server.runs) == 4
    (result,) = map(json.loads, (tmp_path / "out/results.jsonl").read_text().splitlines())
    assert (result["status"], result["user"]) == ("unknown", "me")
    assert (tmp_path / "out/errors.csv").read_text("utf-8-sig").splitlines()[1].endswith(",me")


def test_the_user_of_uploads_means_nothing_here(run, root, tmp_path):
    (tmp_path / "rows.csv").write_text("trigger\n1\n")
    done = run(root / "workflows/fine_tune_corpus", "rows.csv", "-o", "out", "--user", "me")
    assert (done.returncode, "--user is for servers" in done.stderr) == (2, True)


def test_a_dry_run_says_how_many_pieces_there_would_be(dify, run, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text(LONG, encoding="utf-8")
    (tmp_path / "docs/none.txt").write_bytes(b"")
    done = run(
        *(dify().url, "docs", "-i", "trigger=一", "--split", "attachments=20", "--dry-run"), DIFY_API_KEY=KEY
    )
    assert (done.returncode, done.stdout) == (1, "2 rows fit, 1 do not; 2 runs would be sent\n")
    assert "row 3: attachments: none.txt: the file is empty (0 bytes)" in done.stderr


@pytest.mark.local
def test_pieces_run_here_on_the_local_engine(run, root, tmp_path):
    (tmp_path / "a.md").write_text(LONG, encoding="utf-8")
    done = run(
        *(root / "workflows/fine_tune_corpus", "a.m?", "-i", "trigger=一", "--split", "attachments=20"),
        *("-o", "out", "--model-endpoint", "demo", "-q"),
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/results.jsonl").read_bytes().count(b'"status":"succeeded"') == 2


def test_rows_come_from_standard_input(dify, run, tmp_path):
    server = dify()
    (tmp_path / "a.txt").write_text("x")
    row = json.dumps({"attachments": "a.txt", "trigger": "一"})
    done = run(server.url, "-", "-o", "out", "-q", DIFY_API_KEY=KEY, input=row + "\n")
    assert done.returncode == 0, done.stderr
    assert [one.inputs["trigger"] for one in server.runs] == ["一"]


@pytest.fixture
def chatflow(dify, recording):
    """A server with a chatflow."""
    server = dify("1.12.1", stream="chat/streaming")
    server.play(recording("1.12.1", "service/info-chat"))
    parameters = recording("1.12.1", "service/parameters-seed").json()
    parameters["user_input_form"] = []
    server.on("GET", "/v1/parameters", loopback_json(parameters))
    return server


def loopback_json(value):
    from loopback import Answer

    return Answer.json(value, X_Version="1.12.1")


@pytest.mark.parametrize("options", [(), ("--map", "问=query")])
def test_messages_to_a_chatflow_come_from_a_column(chatflow, run, tmp_path, options):
    column = "问" if options else "query"
    (tmp_path / "rows.csv").write_text(f"{column}\n一\n二\n", encoding="utf-8")
    done = run(chatflow.url, "rows.csv", "-o", "out", "-q", *options, DIFY_API_KEY=KEY)
    assert (done.returncode, done.stderr) == (0, "")
    sent = [one.json() for one in chatflow.calls("POST", "/v1/chat-messages")]
    assert sorted(one["query"] for one in sent) == ["一", "二"]
    assert len({one["user"] for one in sent}) == 2
    lines = [json.loads(line) for line in (tmp_path / "out/results.jsonl").read_text().splitlines()]
    assert all(one["answer"] and one["conversation_id"] for one in lines)


def test_a_chatflow_needs_a_message_for_each_row(chatflow, run, tmp_path):
    (tmp_path / "rows.csv").write_text("a\nx\n")
    done = run(chatflow.url, "rows.csv", "-o", "out", DIFY_API_KEY=KEY)
    assert done.returncode == 2
    assert "a chatflow needs a message: a column 'query' or --query" in done.stderr
    assert run(chatflow.url, "rows.csv", "-o", "out", "-q", "--query", "hi", DIFY_API_KEY=KEY).returncode == 0


def test_progress_can_be_read_by_programs(dify, run, table):
    done = run(dify().url, table, "-o", "out", *MAP, "--skip-invalid", "--progress", "json", DIFY_API_KEY=KEY)
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [told[0]["event"], told[-1]["event"]] == ["begin", "end"]
    last = next(one for one in reversed(told) if one["event"] == "progress")
    assert (last["done"], last["tokens"] > 0, last["counts"]) == (4, True, {"invalid": 1, "succeeded": 3})
    assert told[-1]["complete"] is True


def test_what_is_expected_is_told_from_the_latest_runs(dify, run, table, recording):
    server = dify()
    server.play(recording("1.12.1", "logs/page-2-limit-5"))
    done = run(server.url, table, "-o", "out", *MAP, "--skip-invalid", "--dry-run", DIFY_API_KEY=KEY)
    assert "expected from the latest 5 runs of" in done.stderr
    assert done.stdout.startswith("3 rows fit")


@pytest.mark.local
def test_of_a_batch_here_it_is_told_what_its_rows_hold(run, root, table):
    flow = root / "workflows/fine_tune_corpus"
    options = (flow, table, *MAP, "--dry-run", "--model-endpoint", "demo")
    done = run(*options)
    assert "the rows hold 3 characters of text and 3 files of 72 bytes" in done.stderr
    assert "how long it takes is told after the first runs: none of its runs are kept here" in done.stderr
    said = json.loads(run(*options, "--format", "json").stdout)
    assert said["volume"] == {"characters": 3, "files": 3, "bytes": 72}


def test_a_batch_begins_no_run_after_its_time(dify, run, table):
    server = dify("1.12.1", step_s=0.005)
    done = run(
        *(server.url, table, "-o", "out", *MAP, "--skip-invalid", "--concurrency", "1"),
        *("--max-time", "0.2"),
        DIFY_API_KEY=KEY,
    )
    assert done.returncode == 1, done.stderr
    assert "the time of --max-time is over" in done.stderr
    assert "go on with: difyflow batch --resume out" in done.stderr
    assert len(server.runs) == 1
    assert run("--resume", "out", "-q", DIFY_API_KEY=KEY).returncode == 1
    assert len(server.runs) == 3


@pytest.mark.long
def test_two_interrupts_leave_blocking_runs_which_are_found_by_resume(dify, root, run, tmp_path):
    server = dify("0.15.3", step_s=0.1)
    (tmp_path / "rows.csv").write_text("trigger\n1\n2\n3\n")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "DIFY_API_KEY": KEY}
    command = [sys.executable, "-m", "difyflow", "batch", server.url, "rows.csv", "-o", "out"]
    server.on(
        "GET", "/v1/parameters", loopback_json({"user_input_form": [{"text-input": {"variable": "trigger"}}]})
    )
    process = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
    while len(server.runs) < 2:
        with suppress(subprocess.TimeoutExpired):
            pytest.fail(f"ended by itself with {process.wait(0.05)}")
    process.send_signal(signal.SIGINT)
    assert any("finishing what runs" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert not any(run.ended for run in server.runs)
    assert "stopping" not in (tmp_path / "out/journal.jsonl").read_text()
    done = run("--resume", "out", DIFY_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    assert len(server.runs) == 3
