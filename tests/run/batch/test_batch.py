"""Batches over a server that behaves like Dify: what is sent, what is found again, what is written."""

import json

import pytest

from difyflow.errors import ApiError, DifyflowError, UsageError
from difyflow.run import batch


@pytest.fixture
def rows(driver, tmp_path):
    return driver.write_rows(tmp_path / "rows.csv", 6)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def results(out):
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def statuses(out):
    return [one["status"] for one in results(out)]


@pytest.mark.parametrize("version", ["0.15.3", "1.12.1", "1.15-dev"])
def test_each_row_is_run_once_and_results_stand_in_the_order_of_the_rows(driver, dify, rows, out, version):
    server = dify(version)
    driver.begin(out, rows)
    ending, written = driver.go_on(out, server.url)
    assert ending.complete
    assert [one["row"] for one in results(out)] == [1, 2, 3, 4, 5, 6]
    assert sorted(run.inputs["trigger"] for run in server.runs) == [f"题目 {row}" for row in range(1, 7)]
    assert len({run.user for run in server.runs}) == 6
    assert written.samples > 0
    assert not (out / "errors.csv").exists()


def test_the_runs_of_a_worker_take_one_connection(driver, dify, out, tmp_path):
    server = dify()
    driver.begin(out, driver.write_rows(tmp_path / "rows.csv", 20))
    driver.go_on(out, server.url, concurrency=1, patient=True)
    assert (len(server.runs), server.connections) == (20, 2)  # one is the probe's


def test_a_finished_batch_sends_nothing_more(driver, dify, rows, out):
    server = dify()
    driver.begin(out, rows)
    driver.go_on(out, server.url)
    before = (out / "results.jsonl").read_bytes()
    driver.go_on(out, server.url)
    assert len(server.runs) == 6
    assert (out / "results.jsonl").read_bytes() == before


def test_rows_are_repeated_and_each_repeat_is_a_run(driver, dify, rows, out):
    server = dify()
    driver.begin(out, rows, repeat=2, limit=2)
    driver.go_on(out, server.url)
    assert [(one["row"], one["repeat"]) for one in results(out)] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert len(server.runs) == 4


def test_unknown_rows_are_run_anew_only_when_the_user_says_so(driver, dify, rows, out):
    server = dify("0.15.3")
    spec = driver.begin(out, rows, limit=1)
    driver.lost_run(server, out, spec, 1)
    driver.go_on(out, server.url)
    driver.go_on(out, server.url, retry_failed=True)
    assert (statuses(out), len(server.runs)) == (["unknown"], 1)
    driver.go_on(out, server.url, rerun_unknown=True)
    assert (statuses(out), len(server.runs)) == (["succeeded"], 2)
    assert len({run.user for run in server.runs}) == 2


def test_a_wrong_key_ends_the_batch_at_once_and_no_row_is_spent(driver, dify, rows, out, loopback, recording):
    server = dify()
    driver.begin(out, rows)
    server.on("POST", "/v1/workflows/run", loopback.Answer.of(recording("1.12.1", "errors/wrong-key")))
    ending, _ = driver.go_on(out, server.url, concurrency=1)
    assert isinstance(ending.fault, ApiError)
    assert ending.fault.code == "unauthorized"
    assert len(server.calls("POST", "/v1/workflows/run")) == 1
    server.on("POST", "/v1/workflows/run", server.start_run)
    driver.go_on(out, server.url)
    assert statuses(out) == ["succeeded"] * 6


def test_failures_in_a_row_end_the_batch_and_failed_rows_can_be_retried(driver, dify, rows, out, loopback):
    server = dify()
    driver.begin(out, rows)
    refusal = loopback.Answer.json(
        {"code": "invalid_param", "message": "bad", "status": 400}, 400, X_Version="1.12.1"
    )
    server.on("POST", "/v1/workflows/run", refusal)
    limits = batch.Limits(stop_after=3)
    ending, _ = driver.go_on(out, server.url, concurrency=1, limits=limits)
    assert isinstance(ending.fault, DifyflowError)
    assert ending.fault.code == "too-many-failures"
    assert statuses(out) == ["failed"] * 3
    assert (out / "errors.csv").read_text(encoding="utf-8-sig").count("invalid-param") == 3
    server.on("POST", "/v1/workflows/run", server.start_run)
    driver.go_on(out, server.url, retry_failed=True)
    assert statuses(out) == ["succeeded"] * 6
    assert not (out / "errors.csv").exists()


def test_a_server_that_takes_two_at_a_time_gets_all_rows_in_the_end(driver, dify, rows, out):
    server = dify("1.12.1", step_s=0.001)
    server.most_active = 2
    driver.begin(out, rows)
    ending, _ = driver.go_on(out, server.url, concurrency=4)
    assert (ending.fault, statuses(out), len(server.runs)) == (None, ["succeeded"] * 6, 6)
    assert len(server.calls("POST", "/v1/workflows/run")) > 6


def test_the_inputs_must_be_those_that_were_checked(driver, dify, rows, out):
    server = dify()
    driver.begin(out, rows)
    (out / "rows.jsonl").write_bytes((out / "rows.jsonl").read_bytes().replace(b"row", b"RoW", 1))
    with pytest.raises(UsageError, match="the rows were changed"):
        driver.go_on(out, server.url)
    assert server.runs == []


def test_another_workflow_is_refused(driver, dify, rows, out):
    driver.begin(out, rows)
    with pytest.raises(UsageError, match="not the one that the batch was begun with"):
        driver.go_on(out, dify().url, workflow_sha256="1" * 64)


def test_a_folder_of_another_batch_or_of_something_else_is_refused(driver, rows, out, tmp_path):
    driver.begin(out, rows)
    with pytest.raises(UsageError, match="holds another batch"):
        driver.begin(out, rows)
    with pytest.raises(UsageError, match="is not empty: out"):
        driver.begin(tmp_path, rows)
    with pytest.raises(UsageError, match="there is no batch"):
        batch.old_folder(tmp_path)


def test_a_second_process_is_refused(driver, dify, rows, out):
    driver.begin(out, rows)
    with batch.old_folder(out), pytest.raises(UsageError, match="another process works on this batch"):
        driver.go_on(out, dify().url)


def test_the_status_counts_what_there_is(driver, dify, rows, out):
    driver.begin(out, rows)
    assert batch.status(out).counts == {"new": 6}
    driver.go_on(out, dify().url)
    summary = batch.status(out)
    assert (summary.counts, summary.total) == ({"succeeded": 6}, 6)
    assert summary.tokens > 0
    assert summary.median_s is not None


@pytest.mark.parametrize("version", ["1.12.1"])
def test_a_journal_cut_at_any_byte_resumes_to_the_same_results(driver, dify, tmp_path, version):
    server = dify(version)
    out = tmp_path / "out"
    driver.begin(out, driver.write_rows(tmp_path / "rows.csv", 3))
    driver.go_on(out, server.url, concurrency=1)
    whole = (out / "journal.jsonl").read_bytes()
    log = (out / "results.log").read_bytes()
    wanted = {one["row"]: (one["status"], one["outputs"]) for one in results(out)}
    first = whole.index(b"\n") + 1
    for cut in sorted({0, 5, first, *range(first, len(whole), 37), len(whole) - 1}):
        (out / "journal.jsonl").write_bytes(whole[:cut])
        (out / "results.log").write_bytes(log)
        del server.runs[3:]
        patience = batch.Patience(absent_s=0.0, settle_s=0.0, poll_s=0.01)
        driver.go_on(out, server.url, patience=patience)
        assert {one["row"]: (one["status"], one["outputs"]) for one in results(out)} == wanted, cut
        known = whole[:cut].count(b'"s":"sending"')
        known -= not whole[:cut].endswith(b"\n") and whole[:cut].rpartition(b"\n")[2].count(b'"s":"sending"')
        assert len(server.runs) == 6 - known, cut


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows", "ten"),
        ("rows", True),
        ("repeat", 10**12),
        ("settings", []),
        ("source", None),
        ("created_at", "today"),
        ("more", 1),
    ],
)
def test_a_file_that_says_not_what_a_batch_is_is_told(driver, tmp_path, name, value):
    driver.begin(tmp_path / "out", driver.write_rows(tmp_path / "rows.csv", 2))
    file = tmp_path / "out/batch.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), name: value}))
    with pytest.raises(UsageError, match=r"batch\.json: says not what a batch is"):
        batch.status(tmp_path / "out")


@pytest.mark.parametrize("rows", [1, 3, 10**12])
def test_another_number_of_rows_is_told_before_memory_is_taken_for_them(driver, tmp_path, rows):
    driver.begin(tmp_path / "out", driver.write_rows(tmp_path / "rows.csv", 2))
    file = tmp_path / "out/batch.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "rows": rows}))
    with pytest.raises(UsageError, match="the rows were changed"):
        batch.status(tmp_path / "out")


def test_a_result_that_was_damaged_is_told(driver, dify, tmp_path):
    out = tmp_path / "out"
    driver.begin(out, driver.write_rows(tmp_path / "rows.csv", 2))
    driver.go_on(out, dify().url)
    log = out / "results.log"
    log.write_bytes(log.read_bytes().replace(b'{"row":', b'["row":', 1))
    with pytest.raises(UsageError, match=r"results\.log: a result is damaged"):
        batch.status(out)
