"""The table of `recover`, row by row: what becomes of a run whose process died, on each kind of server."""

import itertools
import re
from pathlib import Path

import pytest

from difyflow.run import batch

STARTED = {"k": [1, 1], "s": "started", "t": 1.0}


@pytest.fixture
def lost(driver, dify, tmp_path):
    """`lost(version, ...)`: a server with the run of a dead process, and the batch that it was of."""

    def make(version, *, rows=1, blocking=False, known=False, step_s=0.0, release=None):
        server = dify(version, step_s=step_s, release=release)
        out = tmp_path / "out"
        spec = driver.begin(out, driver.write_rows(tmp_path / "rows.csv", rows))
        run = driver.lost_run(server, out, spec, 1, blocking=blocking)
        if known:
            driver.leave(out, {**STARTED, "run": run.id, "task": run.task_id})
        return server, out, run

    return make


@pytest.fixture
def never_sent(driver, dify, tmp_path):
    """`never_sent(version, ...)`: the journal says that a run was to be sent, and the server has none."""

    def make(version, *, rows=1, blocking=False):
        server = dify(version)
        out = tmp_path / "out"
        driver.begin(out, driver.write_rows(tmp_path / "rows.csv", rows))
        driver.leave(out, driver.sending(out, 1, blocking=blocking))
        return server, out

    return make


def first(driver, out):
    return driver.results(out)[0]


# 0.15


@pytest.mark.parametrize("known", [True, False])
def test_on_0_15_a_streaming_run_is_unknown_and_never_sent_again(driver, lost, known):
    server, out, _run = lost("0.15.3", known=known, rows=2)
    driver.go_on(out, server.url, mode="streaming")
    assert (driver.statuses(out), len(server.runs)) == (["unknown", "succeeded"], 2)
    driver.go_on(out, server.url, mode="streaming", retry_failed=True)
    assert (driver.statuses(out), len(server.runs)) == (["unknown", "succeeded"], 2)


def test_many_lost_runs_that_nobody_knows_the_end_of_do_not_end_the_batch(driver, dify, tmp_path):
    server = dify("0.15.3")
    out = tmp_path / "out"
    spec = driver.begin(out, driver.write_rows(tmp_path / "rows.csv", 6))
    for row in range(1, 5):
        driver.lost_run(server, out, spec, row)
    ending, _ = driver.go_on(out, server.url, limits=batch.Limits(stop_after=2))
    assert (ending.fault, ending.complete) == (None, True)
    assert driver.statuses(out) == ["unknown"] * 4 + ["succeeded"] * 2


def test_on_0_15_a_streaming_run_that_ended_in_time_has_its_result(driver, lost):
    server, out, run = lost("0.15.3", known=True)
    run.client_left = False
    driver.go_on(out, server.url)
    assert (driver.statuses(out), len(server.runs)) == (["succeeded"], 1)


def test_on_0_15_a_blocking_run_is_found_through_the_logs_once_it_has_ended(driver, lost):
    server, out, run = lost("0.15.3", blocking=True, step_s=1000)
    shown = []

    def look(seen):
        """It ends while it is looked for."""
        answer = server._logs(seen)
        shown.append(run.ended)
        run.step_s = 0.0
        return answer

    server.on("GET", "/v1/workflows/logs", look)
    driver.go_on(out, server.url)
    assert (driver.statuses(out), len(server.runs)) == (["succeeded"], 1)
    assert first(driver, out)["run_id"] == run.id
    assert shown == [False, True]


def test_on_0_15_a_blocking_run_that_the_logs_never_show_is_unknown(driver, never_sent):
    server, out = never_sent("0.15.3", blocking=True)
    driver.go_on(out, server.url)
    assert (driver.statuses(out), len(server.runs)) == (["unknown"], 0)


# 1.0 to 1.9.1: not recorded; reports say that records stay `running` there, too


BETWEEN = pytest.mark.parametrize("release", ["1.0.0", "1.9.1"])


@BETWEEN
@pytest.mark.parametrize(
    ("known", "said"), [(True, "its record stays `running`"), (False, "the logs do not show it")]
)
def test_from_1_0_to_1_9_1_a_streaming_run_is_asked_for_and_may_be_unknown(
    driver, lost, release, known, said
):
    server, out, _run = lost("0.15.3", release=release, known=known)
    patience = batch.Patience(run_limit_s=0.3, absent_s=0.3, settle_s=0.1, poll_s=0.05)
    driver.go_on(out, server.url, mode="streaming", patience=patience)
    assert (driver.statuses(out), len(server.runs)) == (["unknown"], 1)
    assert said in first(driver, out)["error"]


@BETWEEN
def test_from_1_0_to_1_9_1_a_streaming_run_whose_record_ended_has_its_result(driver, lost, release):
    server, out, run = lost("0.15.3", release=release, known=True)
    run.client_left = False
    driver.go_on(out, server.url, mode="streaming")
    assert (driver.statuses(out), len(server.runs)) == (["succeeded"], 1)


@BETWEEN
def test_from_1_0_to_1_9_1_a_blocking_run_is_found_through_the_logs(driver, lost, release):
    server, out, run = lost("0.15.3", release=release, blocking=True)
    driver.go_on(out, server.url)
    assert (driver.statuses(out), len(server.runs)) == (["succeeded"], 1)
    assert first(driver, out)["run_id"] == run.id


# 1.9.2 to 1.12


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize("version", ["1.12.1", "1.15-dev"])
def test_a_run_is_found_by_its_user_and_its_record_has_the_outputs(driver, lost, version, blocking):
    server, out, run = lost(version, blocking=blocking, rows=2)
    driver.go_on(out, server.url)
    assert (driver.statuses(out), len(server.runs)) == (["succeeded", "succeeded"], 2)
    found = first(driver, out)
    assert (found["run_id"], found["recovered"]) == (run.id, True)
    assert found["outputs"]


@pytest.mark.parametrize("version", ["1.12.1", "1.15-dev"])
def test_a_run_that_goes_on_is_polled_by_its_id_until_it_ends(driver, lost, version):
    server, out, run = lost(version, known=True, step_s=0.01)
    assert not run.ended
    driver.go_on(out, server.url)
    assert (driver.statuses(out), len(server.runs)) == (["succeeded"], 1)
    assert server.calls("GET", "/v1/workflows/logs") == []


def test_on_1_12_a_run_that_does_not_end_is_unknown_after_the_time_limit(driver, lost):
    server, out, _run = lost("1.12.1", known=True, step_s=100)
    clock = itertools.count(time_of_sending(out), 40)  # each look at it costs forty seconds
    patience = batch.Patience(
        clock=lambda: float(next(clock)), poll_s=0.01, poll_longest_s=0.01, run_limit_s=1260
    )
    driver.go_on(out, server.url, patience=patience)
    assert (driver.statuses(out), len(server.runs)) == (["unknown"], 1)
    assert "its record stays `running`" in first(driver, out)["error"]
    assert len(server.calls("GET", "/v1/workflows/run/[^/]+")) > 10


def time_of_sending(out):
    line = next(line for line in (out / "journal.jsonl").read_text().splitlines() if '"sending"' in line)
    return int(float(line.rpartition('"t":')[2].rstrip("}")))


def test_on_1_12_a_run_that_we_stopped_is_stopped_though_its_record_says_running(driver, lost):
    server, out, run = lost("1.12.1", known=True, step_s=0.5)
    run.stop.set()
    driver.leave(out, {"k": [1, 1], "s": "stopping", "t": 2.0})
    driver.go_on(out, server.url)
    assert server.status(run) == "running"
    assert (driver.statuses(out), len(server.runs)) == (["stopped"], 1)


@pytest.mark.parametrize("blocking", [False, True])
def test_on_1_12_a_run_that_the_logs_never_show_was_not_begun_and_is_sent(driver, never_sent, blocking):
    server, out = never_sent("1.12.1", rows=2, blocking=blocking)
    driver.go_on(out, server.url)
    assert (driver.statuses(out), len(server.runs)) == (["succeeded"] * 2, 2)
    assert len({run.user for run in server.runs}) == 2


# 1.13 and later


def test_on_1_15_a_stopped_run_has_a_record_that_says_so(driver, lost):
    server, out, run = lost("1.15-dev", known=True, step_s=0.5)
    run.stop.set()
    driver.go_on(out, server.url)
    assert (driver.statuses(out), len(server.runs)) == (["stopped"], 1)


def test_on_1_15_absence_counts_when_later_runs_have_begun(driver, never_sent):
    server, out = never_sent("1.15-dev", rows=3)
    driver.go_on(out, server.url)
    assert (driver.statuses(out), len(server.runs)) == (["succeeded"] * 3, 3)
    assert len({run.user for run in server.runs}) == 3


def test_on_1_15_a_blocking_run_does_not_wait_in_the_queue_so_absence_counts_at_once(driver, never_sent):
    server, out = never_sent("1.15-dev", blocking=True)
    driver.go_on(out, server.url)
    assert (driver.statuses(out), len(server.runs)) == (["succeeded"], 1)


def test_on_1_15_blocking_runs_that_were_sent_later_prove_nothing_of_the_queue(driver, never_sent):
    server, out = never_sent("1.15-dev", rows=3)
    driver.go_on(out, server.url, mode="blocking")
    assert (driver.statuses(out), len(server.runs)) == (["unknown", "succeeded", "succeeded"], 2)


def test_on_1_15_a_run_that_may_still_wait_in_the_queue_is_unknown_and_found_later(driver, lost):
    server, out, run = lost("1.15-dev")
    server.runs.clear()  # no worker has taken it
    driver.go_on(out, server.url)
    assert (driver.statuses(out), len(server.runs)) == (["unknown"], 0)
    server.runs.append(run)
    driver.go_on(out, server.url)
    assert (driver.statuses(out), len(server.runs)) == (["succeeded"], 1)


# The mode


@pytest.mark.parametrize(
    ("version", "release", "mode"),
    [
        ("0.15.3", None, "blocking"),
        ("0.15.3", "1.0.0", "blocking"),
        ("0.15.3", "1.9.1", "blocking"),
        ("1.12.1", "1.9.2", "streaming"),
        ("1.12.1", None, "streaming"),
        ("1.15-dev", None, "streaming"),
    ],
)
def test_auto_sends_blocking_runs_where_streaming_ones_are_lost_with_their_client(
    driver, dify, tmp_path, version, release, mode
):
    server = dify(version, release=release)
    out = tmp_path / "out"
    driver.begin(out, driver.write_rows(tmp_path / "rows.csv", 2))
    driver.go_on(out, server.url, mode="auto")
    assert driver.statuses(out) == ["succeeded"] * 2
    posts = server.calls("POST", "/v1/workflows/run")
    assert {one.json()["response_mode"] for one in posts} == {mode}
    journal = (out / "journal.jsonl").read_text()
    assert journal.count('"b":1') == (2 if mode == "blocking" else 0)
    assert first(driver, out)["outputs"]


def test_on_1_15_with_a_limit_of_one_auto_says_so_and_goes_on_with_blocking_runs(driver, dify, tmp_path):
    server = dify("1.15-dev")
    server.most_active = 1
    out = tmp_path / "out"
    said = []
    driver.begin(out, driver.write_rows(tmp_path / "rows.csv", 3))
    # A clock that runs fast: the pauses after a refusal are not waited for.
    ending, _ = driver.go_on(
        out, server.url, mode="auto", on_progress=lambda one: said.extend(one.said), clock=fast_clock()
    )
    assert (ending.fault, driver.statuses(out), len(server.runs)) == (None, ["succeeded"] * 3, 3)
    assert any("refuses streaming runs; going on with blocking ones" in one for one in said)


def test_on_1_15_with_a_limit_of_one_a_batch_of_streaming_runs_ends_with_advice(driver, dify, tmp_path):
    server = dify("1.15-dev")
    server.most_active = 1
    out = tmp_path / "out"
    driver.begin(out, driver.write_rows(tmp_path / "rows.csv", 3))
    ending, _ = driver.go_on(out, server.url, mode="streaming", clock=fast_clock())
    assert "--response-mode blocking" in ending.fault.hint
    assert server.runs == []


def fast_clock():
    """A minute for each look at it."""
    counter = itertools.count(0, 60)
    return lambda: float(next(counter))


@pytest.mark.parametrize("version", ["0.15.3", "1.12.1", "1.15-dev"])
def test_a_blocking_run_whose_answer_a_gateway_cut_is_found_and_not_sent_again(
    driver, dify, loopback, tmp_path, version
):
    server = dify(version)
    out = tmp_path / "out"
    driver.begin(out, driver.write_rows(tmp_path / "rows.csv", 1))
    gateway = loopback.Answer(status=504, headers={"Content-Type": "text/html"}, chunks=(b"<html>504",))
    server.on("POST", "/v1/workflows/run", server.start_then(gateway))
    driver.go_on(out, server.url, mode="blocking")
    assert (driver.statuses(out), len(server.runs)) == (["succeeded"], 1)


def test_the_table_names_a_test_for_every_row():
    table = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    named = [re.fullmatch(r"\| .+ \| `test_recovery\.py::(test_\w+)` \|", line) for line in lines[2:]]
    assert len(named) >= 15
    assert [line for line, found in zip(lines[2:], named, strict=True) if not found] == []
    assert [found[1] for found in named if found and found[1] not in globals()] == []
