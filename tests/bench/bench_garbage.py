"""The collector over garbage, four times the text beside once: `python tests/bench/bench_garbage.py`.

The suite counts calls; only a clock sees work inside one call, as a pattern that looks back. About 4 is
linear, 16 is quadratic. CPU seconds, the best of 3; ends with 1 if any is above 9.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from difyflow.records.jsonl import collect

sys.path.insert(0, str(Path(__file__).parent.parent / "records"))
from test_jsonl_garbage import INSIDE, OPEN, UNITS

LENGTH = 100_000


def seconds(text: str) -> float:
    taken = []
    for _ in range(3):
        start = time.process_time()
        collect(text)
        taken.append(time.process_time() - start)
    return min(taken)


def main() -> int:
    worst = 0.0
    for head, units in (("", UNITS), (OPEN, INSIDE)):
        for name, unit in units.items():
            small, large = (seconds(head + unit * (times * LENGTH // len(unit))) for times in (1, 4))
            worst = max(worst, large / small)
            print(f"{name:32} {small:8.4f} s  x4: {large / small:5.1f}", flush=True)
    return int(worst > 9)


if __name__ == "__main__":
    sys.exit(main())
