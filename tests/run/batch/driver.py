"""A batch as users have one, but for shorter waits; as a process: `driver.py OUT URL CONCURRENCY`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from difyflow.client.app_api import AppApi
from difyflow.client.faults import Retries
from difyflow.client.transport import Connection, Timeouts
from difyflow.run import batch
from difyflow.run.backends._dify_run import Waits
from difyflow.run.backends.dify import DifyBackend
from difyflow.run.batch.ledger import Key, user_of
from difyflow.terms.form import FormField

KEY = "app-loopback000000000000"
FORM = (FormField(variable="trigger", type="text-input", required=True),)
WORKFLOW = "0" * 64
PATIENCE = batch.Patience(run_limit_s=5, absent_s=0.6, settle_s=0.2, poll_s=0.05, poll_longest_s=0.2)


def plain_sheet() -> batch.Sheet:
    return batch.Sheet(batch.Plan(form=FORM))


def begin(out: Path, rows: Path, sheet: batch.Sheet | None = None, **options: Any) -> batch.Spec:
    with batch.new_folder(out) as folder:
        return batch.begin(
            folder,
            batch.open_source(str(rows)),
            sheet or plain_sheet(),
            workflow_sha256=WORKFLOW,
            created_at=0,
            settings={},
            **{"on_bad": lambda _bad: None, **options},
        )


def go_on(
    out: Path,
    url: str,
    *,
    concurrency: int | None = 4,
    key: str = KEY,
    mode: Any = "streaming",
    run_limit_s: float = 10,
    patient: bool = False,
    **options: Any,
) -> tuple[batch.Ending, batch.Written]:
    """Goes on with a batch; `patient` keeps connections however slow the machine is."""
    end_s, clock = (20.0, lambda: 0.0) if patient else (Timeouts().end_s, time.monotonic)
    connection = Connection(
        timeouts=Timeouts(connect_s=2, read_s=3, stream_s=3, blocking_s=3, end_s=end_s),
        retries=Retries(unreachable=1, rate_limited=1),
        clock=clock,
    )
    waits = Waits(run_limit_s=run_limit_s, poll_s=0.05, poll_longest_s=0.2, search_s=0.5, settle_s=0.2)
    backend = DifyBackend(AppApi(url, key, connection=connection), waits=waits, response_mode=mode)
    defaults = {
        "sheet": plain_sheet(),
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


def leave(out: Path, *lines: dict[str, Any]) -> None:
    """The journal of a process that died: `lines` are added to it."""
    with (out / "journal.jsonl").open("ab") as file:
        for line in lines:
            file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")


def digests(out: Path) -> list[str]:
    return [json.loads(line)["digest"] for line in (out / "rows.jsonl").read_text().splitlines()]


def sending(out: Path, row: int, *, at: float = 1.0, blocking: bool = False) -> dict[str, Any]:
    """The journal's line before a run is sent."""
    mode = {"b": 1} if blocking else {}
    return {"k": [row, 1], "s": "sending", "a": 1, "d": digests(out)[row - 1], **mode, "t": at}


def lost_run(server: Any, out: Path, spec: batch.Spec, row: int, *, blocking: bool = False) -> Any:
    """A run that a dead process had sent: it is on the server, its `sending` line in the journal."""
    user = user_of(spec.id, Key(row), 1)
    mode = "blocking" if blocking else "streaming"
    body = {"inputs": {"trigger": "x"}, "user": user, "response_mode": mode}
    server.start_run(SimpleNamespace(json=lambda: body))
    server.runs[-1].client_left = True
    leave(out, sending(out, row, at=time.time(), blocking=blocking))
    return server.runs[-1]


def results(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def statuses(out: Path) -> list[str]:
    return [one["status"] for one in results(out)]


if __name__ == "__main__":
    ending, _ = go_on(Path(sys.argv[1]), sys.argv[2], concurrency=int(sys.argv[3]))
    print(ending.complete, dict(ending.progress.counts), ending.fault or "")
