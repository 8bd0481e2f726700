"""What may go wrong around a batch: a full disk, a network that is gone, files that change or are torn."""

import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.errors import DifyflowError, UsageError
from difyflow.run import batch
from difyflow.terms.form import FormField

resource = pytest.importorskip("resource", reason="limits of a process are a matter of Unix")


@pytest.fixture
def out(driver, tmp_path):
    """The folder of a batch of eight rows that has begun."""
    driver.begin(tmp_path / "out", driver.write_rows(tmp_path / "rows.csv", 8))
    return tmp_path / "out"


@pytest.fixture
def full_disk():
    """`full_disk(bytes)`: from here on no file of this process grows beyond so many bytes; 0 lifts that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size or before[0], before[1]))

    yield limit
    limit(0)


def once_each(server, rows=8):
    return len(server.runs) == len({run.user for run in server.runs}) == rows


@pytest.mark.parametrize("version", ["1.12.1", "1.15-dev"])
@pytest.mark.parametrize("size", [1_000, 1_500, 5_000, 12_000])
def test_a_full_disk_ends_the_batch_and_resume_goes_on(driver, dify, out, full_disk, version, size):
    server = dify(version)
    full_disk(size)
    ending, _ = driver.go_on(out, server.url, concurrency=2)
    full_disk(0)
    assert isinstance(ending.fault, OSError)
    assert len(server.runs) < 8
    if (out / "results.jsonl").exists():
        rows = [one["row"] for one in driver.results(out)]
        assert rows == sorted(set(rows)), "a result stands for a row that has none"
    driver.go_on(out, server.url)
    assert driver.statuses(out) == ["succeeded"] * 8
    assert once_each(server)


def test_result_files_that_do_not_fit_on_the_disk_are_made_by_resume(driver, dify, out, full_disk):
    server = dify()
    driver.go_on(out, server.url)
    results = (out / "results.jsonl").read_bytes()
    full_disk(len(results) - 1)
    with pytest.raises(UsageError, match="the result files cannot be written") as caught:
        driver.go_on(out, server.url)
    full_disk(0)
    assert "--resume" in caught.value.hint
    assert (out / "results.jsonl").read_bytes() == results
    assert not list(out.glob(".*.part"))
    driver.go_on(out, server.url)
    assert once_each(server)


def minutes():
    """A clock on which a minute passes at each look."""
    counter = itertools.count(0, 60)
    return lambda: float(next(counter))


@pytest.fixture
def flaky(dify, loopback):
    """`flaky(version)`: a server whose third run is its last; `back()` starts it again where it was."""

    def start(version):
        server = dify(version)
        reset = loopback.Answer(reset=True)

        def run(seen):
            answer = server.start_run(seen)
            if len(server.runs) < 3:
                return answer
            server.runs[-1].client_left = True
            threading.Thread(target=server.close).start()
            return reset

        def back():
            again = dify(version, port=server.port)
            again.runs = server.runs
            return again

        server.on("POST", "/v1/workflows/run", run)
        return server, back

    return start


@pytest.mark.parametrize("version", ["1.12.1", "1.15-dev"])
def test_a_network_that_is_gone_ends_the_batch_and_resume_goes_on(driver, flaky, out, version):
    server, back = flaky(version)
    ending, _ = driver.go_on(
        out,
        server.url,
        concurrency=1,
        run_limit_s=1,
        limits=batch.Limits(stop_after=3),
        clock=minutes(),
    )
    assert isinstance(ending.fault, DifyflowError)
    assert ending.fault.code == "too-many-failures"
    assert driver.statuses(out) == ["succeeded", "succeeded", "unknown"]
    driver.go_on(out, back().url)
    assert driver.statuses(out) == ["succeeded"] * 8
    assert once_each(server)


def test_a_network_that_is_gone_for_an_hour_is_waited_for_if_the_user_wants_that(driver, flaky, out):
    server, back = flaky("1.12.1")
    there: list[object] = []

    def after_an_hour(progress):
        if progress.elapsed_s > 3600 and not there and server.closing.is_set():
            there.append(back())

    ending, _ = driver.go_on(
        out,
        server.url,
        concurrency=1,
        run_limit_s=1,
        limits=batch.Limits(stop_after=0),
        clock=minutes(),
        on_progress=after_an_hour,
    )
    assert (ending.fault, ending.progress.counts) == (None, {"succeeded": 7, "unknown": 1})
    driver.go_on(out, server.url)
    assert driver.statuses(out) == ["succeeded"] * 8
    assert once_each(server)


def test_a_file_that_was_changed_since_it_was_checked_fails_its_row_and_is_not_sent(driver, dify, tmp_path):
    server = dify()
    form = (*driver.FORM, FormField(variable="file", type="file", allowed_file_types=("document",)))
    sheet = batch.Sheet(batch.Plan(form=form))
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "rows.csv").write_text("trigger,file\n1,a.txt\n2,b.txt\n")
    driver.begin(tmp_path / "out", tmp_path / "rows.csv", sheet=sheet)
    (tmp_path / "b.txt").write_text("another text")
    driver.go_on(tmp_path / "out", server.url, sheet=sheet)
    assert driver.statuses(tmp_path / "out") == ["succeeded", "failed"]
    assert "changed since the batch was begun" in driver.results(tmp_path / "out")[1]["error"]
    assert len(server.runs) == 1


@pytest.mark.parametrize("name", ["rows.jsonl", "journal.jsonl", "results.log", "batch.json"])
def test_a_file_of_the_batch_that_is_gone_or_broken_is_told(driver, dify, out, name):
    server = dify()
    (out / name).unlink()
    with pytest.raises(UsageError):
        driver.go_on(out, server.url)
    (out / name).write_bytes(b"\x00{broken\n")
    if name != "results.log":  # what stands there is asked of the journal only
        with pytest.raises(UsageError):
            driver.go_on(out, server.url)
    assert server.runs == []


@given(cut=st.integers(0, 200), tail=st.binary(max_size=40))
def test_a_torn_last_line_is_dropped_whatever_it_holds(driver, tmp_path_factory, cut, tail):
    folder = tmp_path_factory.mktemp("torn")
    driver.begin(folder / "out", driver.write_rows(folder / "rows.csv", 2))
    journal = folder / "out/journal.jsonl"
    driver.leave(folder / "out", driver.sending(folder / "out", 1))
    whole = journal.read_bytes()
    line = whole[whole.rindex(b"\n", 0, -1) + 1 :]
    journal.write_bytes(whole + (line[: cut % len(line)] + tail).replace(b"\n", b""))
    assert batch.status(folder / "out").counts == {"new": 1, "sent": 1}
