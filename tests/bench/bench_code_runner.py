"""A call of the isolated code runner beside a plain subprocess: `python tests/bench/bench_code_runner.py`.

The same trivial `main` through each, in turns, so that a busy machine slows both. Prints the median and the
95th percentile in milliseconds and the ratio of the medians; ends with 1 if isolation costs more than the
plain subprocess does.
"""

from __future__ import annotations

import statistics
import sys
import time

from difyflow.errors import NotRunnable
from difyflow.run.backends.local.code import CodeRunner, open_runner

ROUNDS = 60
CALLS_PER_ROUND = {"sandbox": 5, "bwrap": 1, "unsafe-subprocess": 1}
SOURCE = "def main(text: str):\n    return {'result': text.strip().upper()}"


def measure(runner: CodeRunner) -> float:
    """Seconds that one call took."""
    began = time.perf_counter()
    outcome = runner.run("python3", SOURCE, {"text": " abc "})
    elapsed_s = time.perf_counter() - began
    assert outcome.result == {"result": "ABC"}, outcome
    return elapsed_s


def main() -> int:
    """Measures every runner of this machine."""
    runners: dict[str, CodeRunner] = {}
    for name in CALLS_PER_ROUND:
        began = time.perf_counter()
        try:
            runners[name] = open_runner(name)
        except NotRunnable as err:
            print(f"{name}: {err}")
            continue
        print(f"{name:18} opened (and probed) in {1000 * (time.perf_counter() - began):.0f} ms")
    times: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(ROUNDS):
        for name, runner in runners.items():
            times[name] += [measure(runner) for _ in range(CALLS_PER_ROUND[name])]
    for runner in runners.values():
        runner.close()
    plain_s = statistics.median(times["unsafe-subprocess"])
    for name, seconds in times.items():
        p50, p95 = statistics.median(seconds), sorted(seconds)[int(0.95 * len(seconds))]
        print(f"{name:18} p50 {1000 * p50:7.2f} ms   p95 {1000 * p95:7.2f} ms   {plain_s / p50:5.1f} x plain")
    return 0 if "sandbox" in times and statistics.median(times["sandbox"]) <= plain_s else 1


if __name__ == "__main__":
    sys.exit(main())
