"""`difyflow batch status` and `report`: how a batch stands, also while it runs."""

from __future__ import annotations

import json
from pathlib import Path

from difyflow.cli import _exit, _show
from difyflow.cli._batch_options import Options
from difyflow.errors import UsageError
from difyflow.records.files import check_writable
from difyflow.run import batch

_CAUSES = 10


def tell(options: Options) -> int:
    """Says how the batch in a folder stands; a report also names rows, and can be a page.

    Raises:
        UsageError: no folder, no batch in it, or the page cannot be written.
    """
    full = options.target == "report"
    if not options.rows:
        raise UsageError("no folder", hint=f"difyflow batch {options.target} OUT")
    if options.html and not full:
        raise UsageError("--html goes with: difyflow batch report OUT --html report.html")
    if options.html and options.html != "-":
        check_writable(Path(options.html), force=options.force)
    summary = batch.status(Path(options.rows))
    if options.html:
        from difyflow.pages.batch import report

        _show.write_text(report(summary), options.html)
    elif options.format_ == "json":
        said = summary.to_json()
        if not full:
            said = {name: value for name, value in said.items() if name not in ("slowest", "bad")}
        _show.write_text(json.dumps(said, ensure_ascii=False, indent=2) + "\n")
    else:
        _show.write_text("\n".join([*_status(summary), *(_rows(summary) if full else [])]) + "\n")
    return _exit.FINE


def _status(summary: batch.Summary) -> list[str]:
    lines = [f"batch {summary.batch} of {summary.source}: {summary.total} runs"]
    lines += [f"  {state}: {count}" for state, count in summary.counts.items()]
    if summary.median_s is not None and summary.p95_s is not None:
        lines.append(f"a run took {summary.median_s:.2f} s (median), {summary.p95_s:.2f} s (95 %)")
    lines.append(f"tokens: {summary.tokens}; found again: {summary.recovered}")
    causes = list(summary.failures.items())
    lines += [f"  failed {count} times: {_line(cause)}" for cause, count in causes[:_CAUSES]]
    if len(causes) > _CAUSES:
        lines.append(f"  and {len(causes) - _CAUSES} other causes")
    return lines


def _rows(summary: batch.Summary) -> list[str]:
    lines = []
    if summary.samples is not None:
        lines.append(f"samples collected: {summary.samples}; could not be saved: {summary.rejected or 0}")
    if summary.slowest:
        lines.append("slowest runs:")
        lines += [
            f"  {_where(one)}: {one.took_s:.2f} s, {one.tokens} tokens, run {one.run_id}"
            for one in summary.slowest
        ]
    if summary.bad:
        lines.append("rows without a good result:")
        lines += [f"  {_where(one)}: {one.status}: {_line(one.said or one.cause)}" for one in summary.bad]
        left = sum(summary.failures.values()) - len(summary.bad)
        lines += [f"  and {left} more; errors.csv has them all"] if left > 0 else []
    return lines


def _where(case: batch.Case) -> str:
    repeat = f", repeat {case.repeat}" if case.repeat > 1 else ""
    return f"row {case.row}{repeat}" + (f" (line {case.line})" if case.line else "")


def _line(text: str) -> str:
    return " ".join(text.split())
