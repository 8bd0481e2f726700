"""What `difyflow batch` does between its options and its exit code."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from difyflow.cli import _exit, _run, _show
from difyflow.cli._batch_view import open_view
from difyflow.cli._targets import open_local, server_url
from difyflow.client.app_api import AppApi
from difyflow.client.faults import Retries
from difyflow.errors import InputError, UsageError
from difyflow.run import batch
from difyflow.run.backend import Backend
from difyflow.run.inputs import parse_pairs

_SHOWN = 20  # rows that do not fit
_KEPT = (
    "target", "mapping", "pairs", "query", "output_name", "timeout", "key_env", "ca_file", "insecure",
    "model_endpoint", "model_config", "code_runner", "code_endpoint", "allow_private_network", "env",
    "document_encoding", "max_file_size",
)  # fmt: skip
_LOCAL_ONLY = (
    "model_endpoint",
    "model_config",
    "code_endpoint",
    "allow_private_network",
    "env",
    "document_encoding",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `difyflow batch`, as the command line names them."""

    target: str | None = None
    rows: str | None = None
    out: str | None = None
    resume: str | None = None
    retry_failed: bool = False
    rerun_unknown: bool = False
    each: str | None = None
    mapping: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    query: str = ""
    encoding: str = ""
    repeat: int = 1
    limit: int | None = None
    dry_run: bool = False
    skip_invalid: bool = False
    output_name: str = ""
    concurrency: str = "auto"
    max_concurrency: int | None = None
    rpm: float | None = None
    timeout: float = 1200
    max_time: float | None = None
    stop_after: int = 10
    key_env: str = "DIFY_API_KEY"
    ca_file: str | None = None
    insecure: bool = False
    model_endpoint: str | None = None
    model_config: str | None = None
    code_runner: str = "auto"
    code_endpoint: str | None = None
    allow_private_network: bool = False
    env: tuple[str, ...] = ()
    document_encoding: str | None = None
    max_file_size: float | None = None
    format_: str = "text"
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """An open target; `api` only on a server."""

    backend: Backend
    api: AppApi | None
    sheet: batch.Sheet
    workflow_sha256: str


def run(options: Options) -> int:
    """Begins a batch, goes on with one, or tells how it stands; returns the exit code."""
    if options.target == "status" and options.rows:
        return _status(Path(options.rows), options)
    pace = _pace(options)
    if options.resume:
        return _resume(options, pace)
    if options.retry_failed or options.rerun_unknown:
        raise UsageError("--retry-failed and --rerun-unknown go with --resume OUT")
    if not options.target:
        raise UsageError(
            "no target", hint="difyflow batch TARGET ROWS -o OUT; difyflow batch --help shows examples"
        )
    if options.dry_run:
        return _dry_run(options)
    if not options.out:
        raise UsageError("no folder for the batch", hint="name one with -o OUT")
    source = _source(options)
    options = _absolute(options)
    target = _open(options)
    try:
        return _new(options, source, target, pace)
    finally:
        target.backend.close()


def _new(options: Options, source: batch.Source, target: _Open, pace: batch.PaceLimits) -> int:
    with batch.new_folder(Path(options.out or "")) as folder:
        bad = _Refusal(skip=options.skip_invalid)
        spec = batch.begin(
            folder,
            bad.checking(source),
            target.sheet,
            workflow_sha256=target.workflow_sha256,
            created_at=time.time(),
            settings={name: getattr(options, name) for name in _KEPT},
            repeat=options.repeat,
            limit=options.limit,
            on_bad=bad,
        )
        _tell_columns(target.sheet, options)
        return _go_on(folder, target, options, pace, total=(spec.rows - spec.invalid) * spec.repeat)


def _resume(options: Options, pace: batch.PaceLimits) -> int:
    if options.target or options.out:
        raise UsageError("--resume takes target and rows from the folder; give no others")
    with batch.old_folder(Path(options.resume or "")) as folder:
        spec = folder.spec()
        kept = {
            name: tuple(value) if isinstance(value, list) else value for name, value in spec.settings.items()
        }
        options = replace(options, **kept)  # type: ignore[arg-type]  # written from these fields
        target = _open(options)
        try:
            return _go_on(folder, target, options, pace, total=(spec.rows - spec.invalid) * spec.repeat)
        finally:
            target.backend.close()


def _go_on(
    folder: batch.Folder, target: _Open, options: Options, pace: batch.PaceLimits, *, total: int
) -> int:
    header = target.backend.header()
    with open_view(quiet=options.quiet) as view:
        view.begin(header, folder.path, total)
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
    return _code(ending)


def _code(ending: batch.Ending) -> int:
    if ending.fault is not None:
        raise ending.fault
    counts = ending.progress.counts
    if ending.interrupted:
        return _exit.INTERRUPTED
    if counts.get("unknown"):
        return _exit.UNKNOWN
    bad = any(counts.get(state) for state in ("failed", "stopped", "invalid"))
    return _exit.FINDINGS if bad or not ending.complete else _exit.FINE


def _dry_run(options: Options) -> int:
    """Checks all rows as a batch would."""
    source = _source(options)
    target = _open(_absolute(options))
    try:
        good, bad = 0, _Refusal(skip=True)
        for row in batch.check_all(source, target.sheet, limit=options.limit):
            if isinstance(row, batch.Bad):
                bad(row)
            else:
                good += 1
    finally:
        target.backend.close()
    _tell_columns(target.sheet, options)
    bad.tell(source.name)
    if options.format_ == "json":
        _show.write_text(
            _json({"rows": good + bad.count, "invalid": bad.count, "runs": good * options.repeat})
        )
    else:
        _show.write_text(f"{good} rows fit, {bad.count} do not; {good * options.repeat} runs would be sent\n")
    return _exit.FINDINGS if bad.count else _exit.FINE


class _Refusal:
    """Gathers rows that do not fit, and refuses the batch when all were seen."""

    def __init__(self, *, skip: bool) -> None:
        self.count = 0
        self._skip = skip
        self._shown: list[str] = []

    def __call__(self, bad: batch.Bad) -> None:
        self.count += 1
        if len(self._shown) < _SHOWN:
            where = f"line {bad.line}" if bad.line else f"row {bad.number}"
            self._shown += [f"{where}: {problem}" for problem in bad.problems]

    def checking(self, source: batch.Source) -> batch.Source:
        """The source, which ends with an error if a row did not fit and that is not allowed."""

        def rows() -> object:
            yield from source.rows()
            if self.count and not self._skip:
                raise InputError(
                    f"{source.name}: {self.count} rows do not fit, nothing was sent",
                    problems=self._lines(),
                    hint="mend them, or leave them out with --skip-invalid",
                )

        return replace(source, rows=rows)  # type: ignore[arg-type]  # a generator of the same rows

    def tell(self, name: str) -> None:
        """Lists them."""
        if self.count:
            _show.note("\n  ".join([f"{name}: {self.count} rows do not fit:", *self._lines()]))

    def _lines(self) -> list[str]:
        more = self.count - _SHOWN
        return [*self._shown, *([f"and {more} more"] if more > 0 else [])]


def _tell_columns(sheet: batch.Sheet, options: Options) -> None:
    if sheet.left_out and not options.quiet:
        _show.note(f"columns that are no input are left out: {', '.join(sheet.left_out)}")


def _source(options: Options) -> batch.Source:
    if options.each:
        if options.rows:
            raise UsageError("give rows or --each, not both")
        variable, sign, pattern = options.each.partition("=")
        if not sign or not variable or not pattern:
            raise UsageError(
                f"--each {options.each!r} is not INPUT=GLOB", hint="--each attachments='docs/*.pdf'"
            )
        return batch.each(variable, pattern)
    if not options.rows:
        raise UsageError("no rows", hint="give a .csv, .tsv or .jsonl file, - for standard input, or --each")
    return batch.open_source(options.rows, encoding=options.encoding, stdin=sys.stdin.buffer)


def _absolute(options: Options) -> Options:
    """Paths made absolute, so that the batch can be resumed from another folder."""

    def absolute(path: str | None) -> str | None:
        return str(Path(path).absolute()) if path else path

    target = options.target or ""
    url = server_url(target, os.environ)
    pairs = []
    for pair in options.pairs:
        name, sign, value = pair.partition("=")
        if value.startswith("@") and not value.startswith("@@"):
            value = f"@{Path(value[1:]).absolute()}" if "://" not in value else value
        pairs.append(f"{name}{sign}{value}")
    return replace(
        options,
        target=url or (str(Path(target).absolute()) if Path(target).exists() else target),
        pairs=tuple(pairs),
        ca_file=absolute(options.ca_file),
        model_config=absolute(options.model_config),
    )


def _open(options: Options) -> _Open:
    target = options.target or ""
    url = server_url(target, os.environ)
    backend, api, digest = _server(url, options) if url else _local(target, options)
    try:
        chat = backend.header().mode in ("advanced-chat", "chat")
        plan = batch.Plan(
            form=backend.form(),
            limits=backend.limits(),
            max_file_mb=options.max_file_size,
            renamed=_renamed(options.mapping),
            constants=parse_pairs(options.pairs),
            query=options.query,
            chat=chat,
        )
        return _Open(backend=backend, api=api, sheet=batch.Sheet(plan), workflow_sha256=digest())
    except BaseException:
        backend.close()
        raise


def _server(url: str, options: Options) -> tuple[Backend, AppApi, Callable[[], str]]:
    from difyflow.run.backends.dify import open_backend

    named = [name for name in _LOCAL_ONLY if getattr(options, name)]
    if named:
        raise UsageError(f"--{named[0].replace('_', '-')} is for local runs, and {url} is a server")
    key = os.environ.get(options.key_env, "").strip()
    if not key:
        raise UsageError(
            f"no key: {options.key_env} is not set",
            code="no-key",
            hint="an app's key is made in Dify under API Access > API Key; keys are never arguments",
        )
    # Waiting after "too many" is the pace's own business.
    backend = open_backend(
        base_url=url,
        key=key,
        ca_file=options.ca_file,
        insecure=options.insecure,
        run_limit_s=options.timeout,
        retries=Retries(unreachable=2, rate_limited=1),
    )

    def digest() -> str:
        """Of what a server says of an app; its graph is not shown to a key."""
        form = [asdict(one) for one in backend.form()]
        text = json.dumps([backend.header().mode, form], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    return backend, backend.api, digest


def _local(target: str, options: Options) -> tuple[Backend, None, Callable[[], str]]:
    same = (
        "timeout",
        "model_endpoint",
        "model_config",
        "code_runner",
        "code_endpoint",
        "allow_private_network",
        "env",
    )
    settings: Mapping[str, object] = {name: getattr(options, name) for name in same}
    one = _run.Options(target=target, encoding=options.document_encoding, **settings)  # type: ignore[arg-type]  # the same types
    backend, app = open_local(target, one, os.environ)
    text = app.render().encode("utf-8", "surrogatepass")
    return backend, None, lambda: hashlib.sha256(text).hexdigest()


def _renamed(mapping: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in mapping:
        column, sign, name = pair.rpartition("=")
        if not sign or not column:
            raise UsageError(f"--map {pair!r} is not COLUMN=INPUT", hint="for example --map 问题=trigger")
        found[column] = name
    return found


def _pace(options: Options) -> batch.PaceLimits:
    concurrency = None
    if options.concurrency != "auto":
        if not options.concurrency.isdecimal() or int(options.concurrency) < 1:
            raise UsageError(f"--concurrency {options.concurrency!r} is neither auto nor a number from 1 on")
        concurrency = int(options.concurrency)
    return batch.PaceLimits(
        concurrency=concurrency, most=options.max_concurrency or batch.AUTO_MOST, rpm=options.rpm
    )


def _status(path: Path, options: Options) -> int:
    summary = batch.status(path)
    if options.format_ == "json":
        _show.write_text(_json(summary.to_json()))
        return _exit.FINE
    lines = [f"batch {summary.batch} of {summary.source}: {summary.total} runs"]
    lines += [f"  {state}: {count}" for state, count in summary.counts.items()]
    if summary.median_s is not None and summary.p95_s is not None:
        lines.append(f"a run took {summary.median_s:.2f} s (median), {summary.p95_s:.2f} s (95 %)")
    lines.append(f"tokens: {summary.tokens}; found again: {summary.recovered}")
    lines += [f"  failed {count} times: {cause}" for cause, count in summary.failures.items()]
    _show.write_text("\n".join(lines) + "\n")
    return _exit.FINE


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
