"""A Dify in its own process that cuts streams at random and counts its runs.

`server.py VERSION SEED STEP_S`; a run takes STEP_S seconds for each of its events.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from loopback import Answer, Dify


def main() -> None:
    version, seed, step_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    chance = random.Random(seed)

    def spoiled() -> dict[str, int]:
        if chance.random() < 0.7:
            return {}
        return {chance.choice(["cut_at", "end_at"]): chance.randrange(0, 60_000)}

    with Dify(version, step_s=step_s) as server:
        server.spoil = [spoiled() for _ in range(20_000)]

        def count(_seen: object) -> Answer:
            users = Counter(run.user for run in server.runs)
            return Answer.json({"runs": len(server.runs), "most": max(users.values(), default=0)})

        server.on("GET", "/v1/count", count)
        print(f"{server.url}/v1", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
