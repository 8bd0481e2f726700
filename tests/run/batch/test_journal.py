"""The journal: torn anywhere, it leads to the same results."""

import errno
import json
import os
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from difyflow.errors import UsageError
from difyflow.run.batch.journal import Journal, begin, replay
from difyflow.run.batch.ledger import Key, Ledger, Sent, user_of

linux = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="asks the system for names of open files"
)


@pytest.fixture
def journal(tmp_path):
    begin(tmp_path / "journal.jsonl", batch="5f2c0d9a1b", rows="r", workflow="w")
    (tmp_path / "results.log").write_bytes(b"")
    return tmp_path / "journal.jsonl", tmp_path / "results.log"


def file_of(handle):
    """The path of an open file."""
    return Path(f"/proc/self/fd/{handle}").readlink()


def finish(written, key, status="succeeded"):
    written.done(key, status, json.dumps({"row": key.row}).encode(), written=lambda _place: None)


def ledger_of(journal, rows=4, repeat=1):
    ledger = Ledger(rows, repeat)
    replay(*journal, ledger, batch="5f2c0d9a1b")
    return ledger


def states(ledger):
    return [ledger.state(index) for index in range(len(ledger))]


def test_what_was_written_is_read_again(journal):
    written = Journal(*journal)
    written.sending(Key(1), Sent(digest="d1", at=1.5))
    written.started(Key(1), "run-1", "task-1")
    written.sending(Key(2), Sent(digest="d2", at=2.5))
    finish(written, Key(2), "failed")
    written.sending(Key(3), Sent(digest="d3", at=3.5))
    written.note(Key(3), "stopping")
    written.close()
    ledger = ledger_of(journal)
    assert states(ledger) == ["sent", "failed", "sent", "new"]
    assert ledger.open == {
        0: Sent(digest="d1", at=1.5, run_id="run-1", task_id="task-1"),
        2: Sent(digest="d3", at=3.5, stopping=True),
    }


def test_a_run_is_on_the_disk_when_it_is_about_to_be_sent(journal):
    written = Journal(*journal)
    written.sending(Key(2), Sent(digest="d", at=1.0))
    assert journal[0].read_bytes().endswith(b'{"k":[2,1],"s":"sending","a":1,"d":"d","t":1.000}\n')
    written.close()


@pytest.fixture
def synced(monkeypatch):
    """What each `fsync` found in its file, in order: (name of the file, bytes)."""
    done = []
    sync = os.fsync

    def watched(handle):
        sync(handle)
        path = file_of(handle)
        done.append((path.name, path.read_bytes()))

    monkeypatch.setattr(os, "fsync", watched)
    return done


@linux
@given(rows=st.lists(st.integers(1, 9), min_size=1, max_size=6, unique=True))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_run_waits_until_the_disk_has_its_line(tmp_path_factory, synced, rows):
    folder = tmp_path_factory.mktemp("synced")
    begin(folder / "journal.jsonl", batch="5f2c0d9a1b", rows="r", workflow="w")
    written = Journal(folder / "journal.jsonl", folder / "results.log")
    for row in rows:
        written.sending(Key(row), Sent(digest="d", at=1.0))
        assert any(b'"k":[%d,1],"s":"sending"' % row in data for _, data in synced)
        written.stopping(Key(row))
        assert any(b'"k":[%d,1],"s":"stopping"' % row in data for _, data in synced)
    written.close()
    synced.clear()


@linux
def test_a_result_is_on_the_disk_before_the_line_that_points_to_it(journal, synced):
    written = Journal(*journal)
    for row in range(1, 5):
        finish(written, Key(row))
        written.sending(Key(row + 4), Sent(digest="d", at=1.0))
    written.close()
    safe = 0
    for name, data in synced:
        if name == "results.log":
            safe = len(data)
        for line in data.splitlines() if name == "journal.jsonl" else ():
            assert json.loads(line).get("at", -1) < safe
    assert safe == len(journal[1].read_bytes())


@linux
def test_no_run_waits_for_the_results_of_others(journal, monkeypatch):
    sent, sync, waited = threading.Event(), os.fsync, []

    def slow_results(handle):
        if file_of(handle).name == "results.log":
            waited.append(sent.wait(20))
        sync(handle)

    monkeypatch.setattr(os, "fsync", slow_results)
    written = Journal(*journal)
    finish(written, Key(1))
    written.sending(Key(2), Sent(digest="d", at=1.0))
    sent.set()
    written.close()
    assert waited == [True]
    assert states(ledger_of(journal)) == ["succeeded", "sent", "new", "new"]


@linux
@pytest.mark.parametrize("broken", ["journal.jsonl", "results.log"])
def test_a_disk_that_cannot_be_synced_lets_no_run_be_sent_and_no_result_count(journal, monkeypatch, broken):
    def failing(handle):
        if file_of(handle).name == broken:
            raise OSError(errno.EIO, "Input/output error")

    written = Journal(*journal)
    monkeypatch.setattr(os, "fsync", failing)
    finish(written, Key(1))
    with pytest.raises(OSError, match="Input/output"):
        for row in range(2, 10_000):
            written.sending(Key(row), Sent(digest="d", at=1.0))
    with pytest.raises(OSError, match="Input/output"):
        written.started(Key(1), "run-1", "task-1")
    with pytest.raises(OSError, match="Input/output"):
        written.close()
    monkeypatch.undo()
    if broken == "results.log":
        assert b'"at":' not in journal[0].read_bytes()


def test_many_threads_write_whole_lines_and_each_knows_its_own_on_the_disk(journal):
    written = Journal(*journal)

    def rows(first):
        for row in range(first, first + 50):
            written.sending(Key(row), Sent(digest="d", at=1.0))
            assert b'"k":[%d,1],"s":"sending"' % row in journal[0].read_bytes()
            written.started(Key(row), f"run-{row}", "task")
            finish(written, Key(row))

    threads = [threading.Thread(target=rows, args=(first,)) for first in range(1, 400, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written.close()
    ledger = ledger_of(journal, rows=400)
    assert ledger.counts() == {"succeeded": 400} and not ledger.open
    log = journal[1].read_bytes()
    for index in range(400):
        assert json.loads(log[ledger.at(index) :].split(b"\n")[0])["row"] == index + 1


def test_every_line_is_json_and_a_result_stands_where_it_says(journal):
    written = Journal(*journal)
    for row in (3, 1, 2):
        finish(written, Key(row))
    written.close()
    log = journal[1].read_bytes()
    lines = [json.loads(line) for line in journal[0].read_bytes().splitlines()[1:]]
    assert [json.loads(log[line["at"] :].split(b"\n")[0])["row"] for line in lines] == [3, 1, 2]


def test_an_unknown_run_keeps_its_ids_until_it_is_run_again(journal):
    written = Journal(*journal)
    written.sending(Key(1), Sent(digest="d", at=1.0))
    written.started(Key(1), "run-1", "")
    finish(written, Key(1), "unknown")
    written.close()
    ledger = ledger_of(journal)
    assert states(ledger)[0] == "unknown"
    assert ledger.open[0].run_id == "run-1"
    written = Journal(*journal)
    written.note(Key(1), "again", attempt=2)
    written.close()
    ledger = ledger_of(journal)
    assert (states(ledger)[0], ledger.attempt(0), ledger.open) == ("new", 2, {})


def test_a_result_that_is_not_on_the_disk_makes_the_run_one_to_be_found(journal):
    written = Journal(*journal)
    finish(written, Key(1))
    finish(written, Key(2))
    written.close()
    journal[1].write_bytes(journal[1].read_bytes()[:-3])
    assert states(ledger_of(journal))[:2] == ["succeeded", "sent"]


def test_damage_before_the_last_line_is_told_by_line(journal):
    written = Journal(*journal)
    finish(written, Key(1))
    finish(written, Key(2))
    written.close()
    lines = journal[0].read_bytes().splitlines(keepends=True)
    journal[0].write_bytes(lines[0] + b"{oops\n" + lines[2])
    with pytest.raises(UsageError, match=r"journal\.jsonl:2: the journal is damaged here"):
        ledger_of(journal)


def test_the_journal_of_another_batch_is_refused(journal):
    with pytest.raises(UsageError, match="journal of another batch"):
        replay(*journal, Ledger(1, 1), batch="ffffffffff")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_lets_no_run_be_sent(journal):
    written = Journal(Path("/dev/full"), journal[1])
    with pytest.raises(OSError, match="No space left"):
        written.sending(Key(1), Sent())
    with pytest.raises(OSError, match="No space left"):
        finish(written, Key(1))
    with pytest.raises(OSError, match="No space left"):
        written.close()


def test_no_two_runs_have_the_same_user_in_the_thirty_characters_that_the_logs_read():
    keys = [Key(1), Key(11), Key(1, 11), Key(99_999_999, 999)]
    users = {user_of("5f2c0d9a1b", key, attempt)[:30] for key in keys for attempt in (1, 11)}
    assert len(users) == 8


@given(cut=st.integers(0, 10_000), states_=st.lists(st.sampled_from(["succeeded", "failed", ""]), max_size=8))
def test_a_journal_that_was_cut_anywhere_knows_a_beginning_of_what_was_written(
    tmp_path_factory, cut, states_
):
    folder = tmp_path_factory.mktemp("cut")
    begin(folder / "journal.jsonl", batch="5f2c0d9a1b", rows="r", workflow="w")
    (folder / "results.log").write_bytes(b"")
    files = folder / "journal.jsonl", folder / "results.log"
    written = Journal(*files)
    for row, state in enumerate(states_, 1):
        written.sending(Key(row), Sent(digest="d", at=1.0))
        if state:
            finish(written, Key(row), state)
    written.close()
    full = states(ledger_of(files, rows=8))
    data = files[0].read_bytes()
    files[0].write_bytes(data[:cut])
    seen = states(ledger_of(files, rows=8))
    assert all(
        one == whole or (one in ("new", "sent") and whole != "new")
        for one, whole in zip(seen, full, strict=True)
    )
    assert files[0].read_bytes() == data[:cut][: data[:cut].rfind(b"\n") + 1]
