"""Nothing lost, nothing run twice: a batch that is killed at random instants, over streams that break off.

The sizes here fit a minute; `DIFYFLOW_SLOGAN="ROWS KILLS"` and `DIFYFLOW_INSTANTS="ROWS KILLS"` set others.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

HERE = Path(__file__).parent
ROWS, KILLS = (int(part) for part in os.environ.get("DIFYFLOW_SLOGAN", "40 3").split())
SMALL, INSTANTS = (int(part) for part in os.environ.get("DIFYFLOW_INSTANTS", "60 20").split())
STEP_S = 0.002
LEFT = 8  # runs that are to come after the last kill: what is in flight, on a server that queues


@contextmanager
def cutting_server(version, seed):
    command = [sys.executable, str(HERE / "server.py"), version, str(seed), str(STEP_S)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def sent_so_far(out):
    return (out / "journal.jsonl").read_bytes().count(b'"s":"sending"')


def run_and_kill(out, url, chance):
    """Runs the batch in a process; kills it at random instants; returns how often it was killed."""
    killed = 0
    while True:
        command = [sys.executable, str(HERE / "driver.py"), str(out), url, "4"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        may_kill = killed < KILLS
        before = sent_so_far(out)
        aim = before + chance.randint(1, max(2, 2 * ROWS // KILLS))
        while may_kill and process.poll() is None:
            try:
                process.wait(chance.uniform(0.001, 0.05))
            except subprocess.TimeoutExpired:
                sent = sent_so_far(out)
                if sent >= ROWS - LEFT:
                    break
                if sent >= aim or chance.random() < 0.01:
                    process.kill()
                    killed += 1
                    break
        said = process.communicate(timeout=600)[0]
        if process.returncode >= 0:
            assert process.returncode == 0
            return killed, said


def check(version, rows, out, url, key):
    """Exactly one result and exactly one run for each row; what is said of it in a line."""
    count = requests.get(f"{url}/count", headers={"Authorization": f"Bearer {key}"}, timeout=10).json()
    results = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    statuses = Counter(one["status"] for one in results)
    assert [one["row"] for one in results] == list(range(1, rows + 1))
    assert count["most"] == 1, "a row was run twice"
    if version == "0.15.3":
        assert set(statuses) <= {"succeeded", "unknown"}
        assert count["runs"] <= rows
    else:
        assert statuses == {"succeeded": rows}
        assert count["runs"] == rows
    return f"{version}: {rows} rows: {dict(statuses)}, {count['runs']} runs"


@pytest.mark.long
@pytest.mark.parametrize("version", ["0.15.3", "1.12.1", "1.15-dev"])
def test_a_batch_that_is_killed_at_random_has_one_result_and_one_run_for_each_row(version, driver, tmp_path):
    out = tmp_path / "out"
    driver.begin(out, driver.write_rows(tmp_path / "rows.csv", ROWS))
    with cutting_server(version, seed=1) as url:
        killed, said = run_and_kill(out, url, random.Random(ROWS))
        print(check(version, ROWS, out, url, driver.KEY), f"killed {killed} times; {said}")
    assert killed > 0


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("version", ["0.15.3", "1.12.1", "1.15-dev"])
def test_a_small_batch_that_is_killed_at_many_instants_has_one_run_for_each_row(version, driver, tmp_path):
    out = tmp_path / "out"
    driver.begin(out, driver.write_rows(tmp_path / "rows.csv", SMALL))
    with cutting_server(version, seed=2) as url:
        command = [sys.executable, HERE / "killer.py", out, url, SMALL, INSTANTS, 3]
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        killed, code = map(int, done.stdout.split())
        assert code == 0, done.stderr
        print(check(version, SMALL, out, url, driver.KEY), f"killed {killed} times")
    assert killed >= INSTANTS // 2
