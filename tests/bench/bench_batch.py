"""What a batch costs: throughput, own CPU, memory, and reading the journal again.

    python tests/bench/bench_batch.py [throughput|memory|replay]

The server is a process of its own on the loopback interface; a run takes 250 ms.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from difyflow.run.batch.journal import _Line
    from difyflow.run.batch.ledger import Key, Sent

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE.parent / "run" / "batch")]

RUN_S, CONCURRENCY, ROUNDS = 0.25, 32, 5


def serve() -> None:
    """A server with one short answer a run, so that its own work does not count."""
    from loopback import Answer, Dify

    with Dify("1.12.1") as server:
        finished = {"id": "r", "status": "succeeded", "outputs": {"text": "x" * 500}, "total_tokens": 7}
        ids = {"task_id": "t", "workflow_run_id": "r"}
        events = [
            {"event": "workflow_started", **ids, "data": {"id": "r"}},
            *({"event": "text_chunk", **ids, "data": {"text": "x" * 50}} for _ in range(10)),
            {"event": "workflow_finished", **ids, "data": finished},
        ]
        body = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in events)
        head = {"Content-Type": "text/event-stream", "X-Version": "1.12.1"}

        answer = Answer(headers=head, chunks=(body,), stream=True, headers_after_s=RUN_S)
        server.on("POST", "/v1/workflows/run", answer)
        print(f"{server.url}/v1", flush=True)
        sys.stdin.read()


def cpu_s() -> float:
    """User and system time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def bare(url: str, count: int) -> tuple[float, float]:
    """Seconds and CPU seconds of POST and a loop over lines with `requests`."""
    import requests
    from driver import KEY

    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=CONCURRENCY))

    def one(number: int) -> None:
        body = {"inputs": {"trigger": "x"}, "user": str(number), "response_mode": "streaming"}
        head = {"Authorization": f"Bearer {KEY}"}
        with session.post(f"{url}/workflows/run", json=body, headers=head, stream=True) as answer:
            for line in answer.iter_lines():
                if line.startswith(b"data: "):
                    json.loads(line[6:])

    began, used = time.perf_counter(), cpu_s()
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(one, range(count)))
    return time.perf_counter() - began, cpu_s() - used


def ours(url: str, count: int) -> tuple[float, float]:
    """The same as a batch."""
    import driver

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        driver.begin(out, driver.write_rows(Path(folder) / "rows.csv", count))
        began, used = time.perf_counter(), cpu_s()
        ending, _ = driver.go_on(out, url, concurrency=CONCURRENCY)
        assert ending.complete
        return time.perf_counter() - began, cpu_s() - used


def throughput(count: int = 1280) -> None:
    """Rows a second against concurrency / delay, and CPU a row against `requests` alone.

    The two take turns, so that both meet the same load of the machine. A batch reads its rows, keeps its
    journal and writes its result files in that time, too.
    """
    command = [sys.executable, __file__, "serve"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin is not None
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    best = count * RUN_S / CONCURRENCY
    rounds: dict[str, list[tuple[float, float]]] = {"requests": [], "batch": []}
    for number in range(ROUNDS + 1):
        for name, run in (("requests", bare), ("batch", ours)):
            if number:
                rounds[name].append(run(url, count))
            else:
                run(url, CONCURRENCY)
    for name, times in rounds.items():
        took = statistics.median(one for one, _ in times)
        cpu = statistics.median(one for _, one in times)
        print(f"{name}: {best / took:.1%} of concurrency/delay, {cpu / count * 1000:.2f} ms CPU a row")
    server.stdin.close()
    server.wait()


def finished_batch(folder: Path, count: int) -> Path:
    """A batch in which every row has a result."""
    import driver

    from difyflow.run.batch.journal import Journal
    from difyflow.run.batch.ledger import Key, Sent

    out = folder / "out"
    driver.begin(out, driver.write_rows(folder / "rows.csv", count))
    journal = Journal(out / "journal.jsonl", out / "results.log")
    sample = '{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}'
    result = {"status": "succeeded", "outputs": {"text": sample}, "answer": "", "elapsed_s": 1.0}
    result |= {"truncated": False, "run_id": "r", "model": "m", "digest": "d", "repeat": 1}
    for row in range(1, count + 1):
        key = Key(row)
        journal._put(_sending(key, Sent(digest="0123456789abcdef", at=1795345366.123)))
        journal.started(key, "14d0323b-3d05-4bd7-b1a6-706b23002d13", "78356c4e-a387-48b4-b87e-88e785e8a12f")
        journal.done(
            key,
            "succeeded",
            json.dumps({"row": row, "line": row + 1, **result}).encode(),
            written=lambda _place: None,
        )
    journal.close()
    return out


def _sending(key: Key, sent: Sent) -> _Line:
    """A `sending` line that is not waited for: a hundred thousand waits would be the bench."""
    from difyflow.run.batch.journal import _Line, _line

    text = f',"a":{sent.attempt},"d":"{sent.digest}","t":{sent.at:.3f}'
    return _Line(_line(key, "sending", text.encode()))


def replay(count: int = 100_000) -> None:
    """Reading a journal against `orjson.loads` over its lines."""
    import orjson

    from difyflow.run.batch import journal
    from difyflow.run.batch.ledger import Ledger

    with tempfile.TemporaryDirectory() as folder:
        out = finished_batch(Path(folder), count)
        batch = json.loads((out / "batch.json").read_text())["id"]
        times: dict[str, list[float]] = {"orjson": [], "journal": []}
        for _ in range(ROUNDS):
            began = time.perf_counter()
            with (out / "journal.jsonl").open("rb") as file:
                for line in file:
                    orjson.loads(line)
            times["orjson"].append(time.perf_counter() - began)
            began = time.perf_counter()
            ledger = Ledger(count, 1)
            journal.replay(out / "journal.jsonl", out / "results.log", ledger, batch=batch)
            times["journal"].append(time.perf_counter() - began)
        orjson_s, journal_s = (statistics.median(one) for one in times.values())
        print(f"journal of {count} rows: {journal_s:.2f} s, {orjson_s / journal_s:.0%} of orjson's speed")


def memory() -> None:
    """Highest memory of a process that resumes and writes the results of 1,000 and of 100,000 rows."""
    for count in (1_000, 100_000):
        done = subprocess.run(
            [sys.executable, __file__, "resume", str(count)], capture_output=True, text=True, check=True
        )
        print(f"{count} rows: {done.stdout.strip()}")


def resume(count: int) -> None:
    """Reads a finished batch again and writes its result files; prints the highest memory."""
    with tempfile.TemporaryDirectory() as folder:
        code = f"import bench_batch as b, pathlib; b.finished_batch(pathlib.Path({folder!r}), {count})"
        path = f"import sys; sys.path[:0] = [{str(HERE)!r}]; "
        subprocess.run([sys.executable, "-c", path + code], check=True)
        import driver

        from loopback import Dify

        with Dify("1.12.1") as server:
            driver.go_on(Path(folder) / "out", server.url)
        print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f} MB at most")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            serve()
        case ["resume", count]:
            resume(int(count))
        case [name]:
            {"throughput": throughput, "memory": memory, "replay": replay}[name]()
        case _:
            throughput()
            replay()
            memory()
