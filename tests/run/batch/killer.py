"""Runs a batch in children that are killed one after the other: `killer.py OUT URL ROWS KILLS SEED`.

A child is a fork of this process, so that nothing is imported again; a hundred of them take seconds.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import driver

LEFT = 8  # runs that are to come after the last kill: what is in flight, on a server that queues


def sent(out: Path) -> int:
    """Runs that were sent so far."""
    return (out / "journal.jsonl").read_bytes().count(b'"s":"sending"')


def child(out: Path, url: str) -> int:
    """Goes on with the batch in a process of its own."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            ending, _ = driver.go_on(out, url)
            code = 0 if ending.complete else 2
        finally:
            os._exit(code)
    return pid


def main() -> None:
    out, url = Path(sys.argv[1]), sys.argv[2]
    rows, kills, seed = map(int, sys.argv[3:])
    chance = random.Random(seed)
    killed = 0
    while killed < kills and sent(out) < rows - LEFT:
        pid = child(out, url)
        aim, until = sent(out) + chance.randint(0, 3), time.monotonic() + chance.uniform(0.0, 0.3)
        while sent(out) < aim or time.monotonic() < until:
            time.sleep(chance.uniform(0.0005, 0.01))
            if sent(out) >= min(aim + 4, rows - LEFT):
                break
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        killed += 1
    pid = child(out, url)
    _, status = os.waitpid(pid, 0)
    print(killed, os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
