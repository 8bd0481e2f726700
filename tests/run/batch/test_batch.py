"""Batches over a server that behaves like Dify: what is sent, what is found again, what is written."""

import json
from types import SimpleNamespace

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


def leave(out, *lines):
    """The journal of a process that died: `lines` are added to it."""
    with (out / "journal.jsonl").open("ab") as file:
        for line in lines:
            file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")


def digests(out):
    return [json.loads(line)["digest"] for line in (out / "rows.jsonl").read_text().splitlines()]


def sending(out, row, attempt=1):
    return {"k": [row, 1], "s": "sending", "a": attempt, "d": digests(out)[row - 1], "t": 1.0}


def lost_run(server, out, spec, row, *, left=True, logged=True):
    """A run that a dead process had sent: it is on the server, its `sending` line in the journal."""
    from difyflow.run.batch.ledger import Key, user_of

    user = user_of(spec.id, Key(row), 1)
    body = {"inputs": {"trigger": "x"}, "user": user, "response_mode": "streaming" if logged else "blocking"}
    server.start_run(SimpleNamespace(json=lambda: body))
    server.runs[-1].client_left = left
    leave(out, sending(out, row))
    return server.runs[-1]


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


@pytest.mark.parametrize("version", ["1.12.1", "1.15-dev"])
def test_a_run_whose_process_died_is_found_by_its_user(driver, dify, rows, out, version):
    server = dify(version)
    spec = driver.begin(out, rows)
    run = lost_run(server, out, spec, 2)
    driver.go_on(out, server.url)
    assert statuses(out) == ["succeeded"] * 6
    assert (results(out)[1]["run_id"], results(out)[1]["recovered"]) == (run.id, True)
    assert results(out)[1]["outputs"]
    assert len(server.runs) == 6


@pytest.mark.parametrize("version", ["1.12.1", "1.15-dev"])
def test_a_run_whose_process_died_is_polled_by_its_id_until_it_ends(driver, dify, rows, out, version):
    server = dify(version, step_s=0.002)
    spec = driver.begin(out, rows, limit=1)
    run = lost_run(server, out, spec, 1)
    leave(out, {"k": [1, 1], "s": "started", "run": run.id, "task": run.task_id, "t": 1.0})
    driver.go_on(out, server.url)
    assert (statuses(out), len(server.runs)) == (["succeeded"], 1)
    assert server.calls("GET", "/v1/workflows/logs") == []


def test_on_0_15_a_streaming_run_whose_process_died_is_unknown_and_never_sent_again(driver, dify, rows, out):
    server = dify("0.15.3")
    spec = driver.begin(out, rows)
    run = lost_run(server, out, spec, 1)
    lost_run(server, out, spec, 2)
    leave(out, {"k": [1, 1], "s": "started", "run": run.id, "task": run.task_id, "t": 1.0})
    leave(out, sending(out, 3))
    driver.go_on(out, server.url)
    assert statuses(out) == ["unknown"] * 3 + ["succeeded"] * 3
    assert len(server.runs) == 5
    assert "may" not in results(out)[3]["error"]


def test_on_0_15_a_blocking_run_whose_process_died_is_found_through_the_logs(driver, dify, rows, out):
    server = dify("0.15.3")
    spec = driver.begin(out, rows, limit=1)
    lost_run(server, out, spec, 1, logged=False)
    driver.go_on(out, server.url)
    assert (statuses(out), len(server.runs)) == (["succeeded"], 1)


def test_on_1_12_a_run_that_the_logs_never_show_was_not_begun_and_is_sent(driver, dify, rows, out):
    server = dify("1.12.1")
    driver.begin(out, rows)
    leave(out, sending(out, 1), sending(out, 4))
    driver.go_on(out, server.url)
    assert statuses(out) == ["succeeded"] * 6
    assert len({run.user for run in server.runs}) == len(server.runs) == 6


def test_on_1_15_absence_counts_when_later_runs_have_begun(driver, dify, rows, out):
    server = dify("1.15-dev")
    driver.begin(out, rows)
    leave(out, sending(out, 1))
    driver.go_on(out, server.url)
    assert statuses(out) == ["succeeded"] * 6
    assert len({run.user for run in server.runs}) == len(server.runs) == 6


def test_on_1_15_a_run_that_may_still_wait_in_the_queue_is_unknown_and_found_later(driver, dify, rows, out):
    server = dify("1.15-dev")
    spec = driver.begin(out, rows, limit=1)
    leave(out, sending(out, 1))
    driver.go_on(out, server.url)
    assert (statuses(out), len(server.runs)) == (["unknown"], 0)
    lost_run(server, out, spec, 1)  # a worker takes it at last
    (out / "journal.jsonl").write_bytes(b"".join((out / "journal.jsonl").read_bytes().splitlines(True)[:-1]))
    driver.go_on(out, server.url)
    assert (statuses(out), len(server.runs)) == (["succeeded"], 1)


def test_a_run_that_we_stopped_on_1_12_is_stopped_though_its_record_says_running(driver, dify, rows, out):
    server = dify("1.12.1", step_s=0.5)
    spec = driver.begin(out, rows, limit=1)
    run = lost_run(server, out, spec, 1)
    run.stop.set()
    leave(out, {"k": [1, 1], "s": "started", "run": run.id, "task": run.task_id, "t": 1.0})
    leave(out, {"k": [1, 1], "s": "stopping", "t": 2.0})
    driver.go_on(out, server.url)
    assert statuses(out) == ["stopped"]


def test_unknown_rows_are_run_anew_only_when_the_user_says_so(driver, dify, rows, out):
    server = dify("0.15.3")
    spec = driver.begin(out, rows, limit=1)
    lost_run(server, out, spec, 1)
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
