"""What `difyflow batch` does between its options and its exit code."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from difyflow.cli import _exit, _show
from difyflow.cli._batch_options import KEPT, Options, with_kept
from difyflow.cli._batch_rows import Refusal, open_rows, tell_columns, tell_pieces
from difyflow.cli._batch_target import OpenTarget, absolute_paths, open_target, split_constants
from difyflow.cli._batch_view import Expected, in_words, open_view
from difyflow.errors import UsageError
from difyflow.run import batch


def run(options: Options) -> int:
    """Begins a batch, goes on with one, or tells how it stands; returns the exit code."""
    if options.target in ("status", "report"):
        from difyflow.cli import _batch_report

        return _batch_report.tell(options)
    pace = _pace(options)
    if options.resume:
        return _resume(options, pace)
    if options.retry_failed or options.rerun_unknown:
        raise UsageError("--retry-failed and --rerun-unknown go with --resume OUT")
    if options.html or options.force:
        raise UsageError("--html and --force go with: difyflow batch report OUT --html report.html")
    if not options.target:
        raise UsageError(
            "no target", hint="difyflow batch TARGET ROWS -o OUT; difyflow batch --help shows examples"
        )
    if options.target == "-":
        raise UsageError(
            "a batch must find its target again", hint="give a file, a folder or a server, not standard input"
        )
    if options.dry_run:
        return _dry_run(options, pace)
    if not options.out:
        raise UsageError("no folder for the batch", hint="name one with -o OUT")
    rows = open_rows(options)
    options = absolute_paths(options)
    target = open_target(options)
    try:
        return _new(options, rows(target.sheet), target, pace)
    finally:
        target.backend.close()


def _new(options: Options, source: batch.Source, target: OpenTarget, pace: batch.PaceLimits) -> int:
    with batch.new_folder(Path(options.out or "")) as folder:
        bad = Refusal(skip=options.skip_invalid)
        splitter = _splitter(options, target.sheet, folder.pieces)
        spec = batch.begin(
            folder,
            splitter.source(source) if splitter else source,
            target.sheet,
            workflow_sha256=target.workflow_sha256,
            created_at=time.time(),
            settings={name: getattr(options, name) for name in KEPT},
            repeat=options.repeat,
            limit=options.limit,
            on_bad=bad,
            on_checked=lambda: bad.decide(source.name),
        )
        tell_columns(target.sheet, options)
        tell_pieces(splitter, options)
        total = (spec.rows - spec.invalid) * spec.repeat
        expected = batch.estimate(target.api, total, pace)
        what = _expected(expected, target)
        return _go_on(folder, target, options, pace, total=total, expected=what)


def _resume(options: Options, pace: batch.PaceLimits) -> int:
    if options.target or options.out:
        raise UsageError("--resume takes target and rows from the folder; give no others")
    with batch.old_folder(Path(options.resume or "")) as folder:
        spec = folder.spec()
        options = with_kept(options, spec.settings, str(folder.path))
        target = open_target(options)
        try:
            return _go_on(folder, target, options, pace, total=(spec.rows - spec.invalid) * spec.repeat)
        finally:
            target.backend.close()


def _go_on(
    folder: batch.Folder,
    target: OpenTarget,
    options: Options,
    pace: batch.PaceLimits,
    *,
    total: int,
    expected: Expected | None = None,
) -> int:
    header = target.backend.header()
    with open_view("none" if options.quiet else options.progress) as view:
        view.begin(header, folder.path, total, expected)
        ending, written = batch.go_on(
            folder,
            target.backend,
            api=target.api,
            sheet=target.sheet,
            workflow_sha256=target.workflow_sha256,
            pace=pace,
            limits=batch.Limits(max_time_s=options.max_time, stop_after=options.stop_after),
            patience=batch.Patience(run_limit_s=max(1260.0, options.timeout + 60)),
            retry_failed=options.retry_failed,
            rerun_unknown=options.rerun_unknown,
            output=options.output_name,
            on_progress=view.progress,
        )
    view.end(ending, written, folder.path)
    if options.format_ == "json":
        progress = ending.progress
        said = {
            "folder": str(folder.path),
            "complete": ending.complete,
            "total": progress.total,
            "counts": dict(progress.counts),
            "failures": dict(progress.failures),
            "tokens": progress.tokens,
            "elapsed_s": progress.elapsed_s,
            "files": [str(path) for path in written.files],
            "samples": written.samples,
            "rejected": written.rejected,
        }
        _show.write_text(_json(said))
    return _code(ending, folder.path)


def _expected(runs: batch.Estimate, target: OpenTarget) -> Expected:
    return Expected(runs=runs, volume=target.sheet.volume, here=target.api is None)


def _code(ending: batch.Ending, folder: Path) -> int:
    if isinstance(ending.fault, OSError):
        raise UsageError(
            f"the batch's files cannot be written: {ending.fault.strerror or ending.fault}",
            path=str(folder),
            code="not-writable",
            hint=f"no result is lost: make room, then difyflow batch --resume {folder}",
        ) from ending.fault
    if ending.fault is not None:
        raise ending.fault
    counts = ending.progress.counts
    if ending.interrupted:
        return _exit.INTERRUPTED
    if counts.get("unknown"):
        return _exit.UNKNOWN
    bad = any(counts.get(state) for state in ("failed", "stopped", "invalid"))
    return _exit.FINDINGS if bad or not ending.complete else _exit.FINE


def _splitter(options: Options, sheet: batch.Sheet, folder: Path) -> batch.Splitter | None:
    if not options.split:
        if options.overlap:
            raise UsageError("--overlap goes with --split")
        return None
    cut = batch.parse_cut(options.split, overlap=options.overlap, encoding=options.document_encoding)
    return batch.Splitter(cut, sheet, folder, documents=split_constants(options)[1])


def _dry_run(options: Options, pace: batch.PaceLimits) -> int:
    """Checks all rows as a batch would."""
    rows = open_rows(options)
    target = open_target(absolute_paths(options))
    good, bad = 0, Refusal(skip=True)
    with closing(target.backend), TemporaryDirectory(prefix="difyflow-") as folder:
        source = rows(target.sheet)
        splitter = _splitter(options, target.sheet, Path(folder) / "pieces")
        checked = splitter.source(source) if splitter else source
        for row in batch.check_all(checked, target.sheet, limit=options.limit):
            if isinstance(row, batch.Bad):
                bad(row)
            else:
                good += 1
        if not good and not bad.count:
            raise UsageError("there are no rows to run", path=source.name, code="no-rows")
        runs = good * options.repeat
        expected = batch.estimate(target.api, runs, pace)
    tell_columns(target.sheet, options)
    tell_pieces(splitter, options)
    bad.tell(source.name)
    if options.format_ == "json":
        said = {"rows": good + bad.count, "invalid": bad.count, "runs": runs, "expected": asdict(expected)}
        said["volume"] = asdict(target.sheet.volume)
        _show.write_text(_json(said))
    else:
        _show.write_text(f"{good} rows fit, {bad.count} do not; {runs} runs would be sent\n")
        if not options.quiet:
            for line in in_words(_expected(expected, target)):
                _show.note(line)
    return _exit.FINDINGS if bad.count else _exit.FINE


def _pace(options: Options) -> batch.PaceLimits:
    concurrency = None
    if options.concurrency != "auto":
        if not options.concurrency.isdecimal() or int(options.concurrency) < 1:
            raise UsageError(f"--concurrency {options.concurrency!r} is neither auto nor a number from 1 on")
        concurrency = int(options.concurrency)
    return batch.PaceLimits(
        concurrency=concurrency, most=options.max_concurrency or batch.AUTO_MOST, rpm=options.rpm
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
