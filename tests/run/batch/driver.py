"""A batch as users have one, but for shorter waits; as a process: `driver.py OUT URL CONCURRENCY`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from difyflow.client.faults import Retries
from difyflow.client.transport import Timeouts
from difyflow.run import batch
from difyflow.run.backends.dify import open_backend
from difyflow.terms.form import FormField

KEY = "app-loopback000000000000"
FORM = (FormField(variable="trigger", type="text-input", required=True),)
WORKFLOW = "0" * 64
PATIENCE = batch.Patience(run_limit_s=5, absent_s=0.6, settle_s=0.2, poll_s=0.05, poll_longest_s=0.2)


def sheet() -> batch.Sheet:
    return batch.Sheet(batch.Plan(form=FORM))


def begin(out: Path, rows: Path, **options: Any) -> batch.Spec:
    with batch.new_folder(out) as folder:
        return batch.begin(
            folder,
            batch.open_source(str(rows)),
            sheet(),
            workflow_sha256=WORKFLOW,
            created_at=0,
            settings={},
            **{"on_bad": lambda _bad: None, **options},
        )


def go_on(
    out: Path, url: str, *, concurrency: int | None = 4, key: str = KEY, **options: Any
) -> tuple[batch.Ending, batch.Written]:
    backend = open_backend(
        base_url=url,
        key=key,
        run_limit_s=10,
        timeouts=Timeouts(connect_s=2, read_s=3, stream_s=3),
        retries=Retries(unreachable=1, rate_limited=1),
    )
    defaults = {
        "sheet": sheet(),
        "workflow_sha256": WORKFLOW,
        "pace": batch.PaceLimits(concurrency=concurrency),
        "patience": PATIENCE,
    }
    try:
        backend.api.probe()
        with batch.old_folder(out) as folder:
            return batch.go_on(folder, backend, api=backend.api, **{**defaults, **options})
    finally:
        backend.close()


def write_rows(path: Path, count: int) -> Path:
    lines = ["trigger", *(f"题目 {number}" for number in range(1, count + 1))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    ending, _ = go_on(Path(sys.argv[1]), sys.argv[2], concurrency=int(sys.argv[3]))
    print(ending.complete, dict(ending.progress.counts), ending.fault or "")
