"""Many runs of one workflow: nothing lost, and on a server nothing run twice.

`begin` checks all rows and makes the folder of a batch; `go_on` runs it, and runs on what an earlier process
left, however that ended. On servers a run happens at most once; local runs die with their process, so they
happen at least once.

    with new_folder(Path("out")) as folder:
        begin(folder, open_source("rows.csv"), Sheet(plan), ...)
        ending, written = go_on(folder, backend, ...)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from difyflow.client.app_api import AppApi
from difyflow.errors import UsageError
from difyflow.records.result import RunStatus
from difyflow.run.backend import Backend
from difyflow.run.batch.checking import Bad, check_all
from difyflow.run.batch.engine import Engine
from difyflow.run.batch.estimate import Estimate, estimate
from difyflow.run.batch.folder import Folder, Spec, new_folder, old_folder
from difyflow.run.batch.pace import AUTO_MOST, PaceLimits
from difyflow.run.batch.pieces import Cut, Splitter, parse_cut
from difyflow.run.batch.progress import Ending, Limits, Progress
from difyflow.run.batch.recover import Patience
from difyflow.run.batch.results import Written, write_results
from difyflow.run.batch.rows import KINDS, Row, Source, each, one_row, open_source
from difyflow.run.batch.sheet import Plan, Sheet, Volume
from difyflow.run.batch.summary import Case, Summary, summarize

__all__ = [
    "AUTO_MOST",
    "KINDS",
    "Bad",
    "Case",
    "Cut",
    "Ending",
    "Estimate",
    "Folder",
    "Limits",
    "PaceLimits",
    "Patience",
    "Plan",
    "Progress",
    "Row",
    "Sheet",
    "Source",
    "Spec",
    "Splitter",
    "Summary",
    "Volume",
    "Written",
    "begin",
    "check_all",
    "each",
    "estimate",
    "go_on",
    "new_folder",
    "old_folder",
    "one_row",
    "open_source",
    "parse_cut",
    "status",
]


def begin(
    folder: Folder,
    source: Source,
    sheet: Sheet,
    *,
    workflow_sha256: str,
    created_at: float,
    settings: Mapping[str, object],
    repeat: int = 1,
    limit: int | None = None,
    on_bad: Callable[[Bad], None],
    on_checked: Callable[[], None] = lambda: None,
) -> Spec:
    """Checks every row and keeps them; nothing is sent.

    Args:
        folder: new and locked.
        source: the rows.
        sheet: checks them.
        workflow_sha256: of the workflow; `go_on` insists on the same one.
        created_at: Unix seconds.
        settings: kept in `batch.json`; no keys.
        repeat: runs of each row, 1 to 999.
        limit: only so many rows.
        on_bad: told of each row that does not fit; may raise to refuse the batch.
        on_checked: called when all rows were checked; may raise as well.

    Raises:
        UsageError: rows or columns that cannot be used.
    """

    def rows() -> Iterator[bytes | Bad]:
        yield from check_all(source, sheet, limit=limit)
        on_checked()

    return folder.begin(
        rows(),
        source=source.name,
        repeat=repeat,
        workflow_sha256=workflow_sha256,
        created_at=created_at,
        settings=settings,
        on_bad=on_bad,
    )


def go_on(
    folder: Folder,
    backend: Backend,
    *,
    api: AppApi | None,
    sheet: Sheet,
    workflow_sha256: str,
    pace: PaceLimits | None = None,
    limits: Limits | None = None,
    patience: Patience | None = None,
    retry_failed: bool = False,
    rerun_unknown: bool = False,
    output: str = "",
    on_progress: Callable[[Progress], None] = lambda _progress: None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Ending, Written]:
    """Runs what has no result yet, and writes the result files.

    Args:
        folder: locked, with a batch in it.
        backend: where rows run.
        api: the app on a server, for finding lost runs; None for local runs.
        sheet: made of the same plan as when the batch was begun.
        workflow_sha256: of the workflow as it is now.
        pace: how many runs at a time.
        limits: when to stop.
        patience: for finding lost runs.
        retry_failed: run failed and stopped rows anew.
        rerun_unknown: run rows anew whose outcome is unknown, though they may have run.
        output: name of the output for the corpus; empty = the only one.
        on_progress: told about twice a second.
        clock: seconds that never go back, for pauses and limits.

    Raises:
        UsageError: the folder does not hold this batch, or the workflow is another.
    """
    spec = folder.spec()
    if workflow_sha256 != spec.workflow_sha256:
        raise UsageError(
            "the workflow is not the one that the batch was begun with",
            path=str(folder.path),
            code="other-workflow",
            hint="begin a new batch for the changed workflow",
        )
    ledger, places = folder.replay(spec)
    sheet.pieces = folder.pieces
    engine = Engine(
        folder,
        spec,
        ledger,
        places,
        backend=backend,
        api=api,
        sheet=sheet,
        pace=pace or PaceLimits(),
        limits=limits or Limits(),
        patience=patience or Patience(),
        on_progress=on_progress,
        clock=clock,
    )
    if retry_failed:
        engine.begin_again(RunStatus.FAILED, RunStatus.STOPPED)
    if rerun_unknown:
        engine.begin_again(RunStatus.UNKNOWN)
    ending = engine.run()
    if engine.disk_failed:
        ledger, places = folder.replay(spec)
    try:
        return ending, write_results(folder, spec, ledger, places, output=output)
    except OSError as err:
        if ending.fault is not None:  # the same disk, most likely, and told as the first of its faults
            return ending, Written()
        raise UsageError(
            f"the result files cannot be written: {err.strerror or err}",
            path=str(folder.path),
            code="not-writable",
            hint=f"no result is lost: make room, then difyflow batch --resume {folder.path}",
        ) from err


def status(path: Path) -> Summary:
    """How the batch in a folder stands, also while a process works on it; nothing is changed.

    Raises:
        UsageError: there is none, or its files are damaged.
    """
    folder = old_folder(path)
    spec = folder.spec()
    ledger, places = folder.replay(spec, mend=False)
    return summarize(folder, spec, ledger, places)
