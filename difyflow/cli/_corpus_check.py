"""What `corpus check` does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from difyflow.cli import _corpus, _exit, _show
from difyflow.cli._corpus_documents import read_documents, read_files
from difyflow.corpus import provenance
from difyflow.corpus.check import Tally, check
from difyflow.corpus.findings import Finding
from difyflow.corpus.fix import fix
from difyflow.corpus.samples import line_digest
from difyflow.corpus.unsigned import Unsigned
from difyflow.errors import UsageError

_TAKES_ARRAYS = "llamafactory"
"""The others take a sample a line and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    file: str
    service: str
    deep: bool
    documents: str | None
    provenance: str | None
    fix: bool
    output: str | None
    allow_demo: bool
    max_: int
    strict: bool
    force: bool
    format_: str
    quiet: bool


@dataclass(slots=True)
class _Seen:
    """Findings counted; the first of each rule kept."""

    most: int
    counts: Counter[str] = field(default_factory=Counter)
    by_rule: Counter[str] = field(default_factory=Counter)
    kept: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> bool:
        """Counts it; True if it is one of the first of its rule."""
        self.counts[finding.severity] += 1
        self.by_rule[finding.id] += 1
        return not self.most or self.by_rule[finding.id] <= self.most


def run(options: Options) -> int:
    """Runs the command; 1 if there are errors, or with `strict` anything but remarks."""
    if options.fix != bool(options.output):
        raise UsageError(
            "--fix and -o go together", hint="the file itself is never changed: --fix -o FIXED.jsonl"
        )
    if options.fix and options.output == "-":
        raise UsageError("--fix writes a file", hint="name one with -o")
    _corpus.check_goes_with(options.documents, "--documents", other=options.deep, needed="--deep")
    seen, tally, fixed = _Seen(options.max_), Tally(), Counter[str]()
    again = options.deep
    with _corpus.Corpus(options.file, quiet=options.quiet, again=again, side=options.provenance) as corpus:
        if options.fix:
            _check_targets(options)
        for finding in _findings(options, corpus, tally, fixed):
            if seen.add(finding):
                _show_finding(finding, options, corpus.name, seen)
    _end(options, corpus, seen, tally, fixed)
    bad = seen.counts["error"] + (seen.counts["warning"] if options.strict else 0)
    return _exit.FINDINGS if bad else _exit.FINE


def _check_targets(options: Options) -> None:
    assert options.output is not None
    side = _corpus.side_outputs(options.output)
    _corpus.check_outputs([Path(options.output), *(side[:1] if side else ())], force=options.force)


def _findings(
    options: Options, corpus: _corpus.Corpus, tally: Tally, fixed: Counter[str]
) -> Iterator[Finding]:
    if not options.allow_demo:
        yield from _demo(corpus)
    unsigned = Unsigned() if not (options.allow_demo or corpus.has_provenance) else None
    if options.fix:
        yield from _fixing(options, corpus, tally, fixed, unsigned)
    else:
        lines = corpus.lines("checking", arrays=options.service == _TAKES_ARRAYS)
        yield from check(_seen(lines, unsigned), service=options.service, tally=tally)
    demo = unsigned.finding() if unsigned is not None else None
    if demo is not None:
        yield demo
    if options.deep and options.output:
        with _corpus.Corpus(options.output, quiet=options.quiet) as mended:
            yield from _deep(options, mended)
    elif options.deep:
        yield from _deep(options, corpus)


def _seen(lines: Iterator[bytes], unsigned: Unsigned | None) -> Iterator[bytes]:
    return lines if unsigned is None else unsigned.passed(lines)


def _demo(corpus: _corpus.Corpus) -> Iterator[Finding]:
    count = provenance.demo_lines(corpus.provenance())
    if count:
        yield Finding(
            0,
            "demo-model",
            "error",
            f"{count} samples were made by the rule-based responder `demo` and teach nothing; "
            "--allow-demo takes them",
        )


def _deep(options: Options, corpus: _corpus.Corpus) -> Iterator[Finding]:
    from difyflow.corpus.deep import deep

    places: set[str] = set()
    sources = provenance.Sources()
    for one in provenance.read(corpus.provenance()):
        sources.add(one)
        places.update(provenance.paths(one))
    if options.documents:
        documents = read_documents(Path(options.documents))
    else:
        documents = read_files(places)
        if documents and not options.quiet:
            _show.note(f"answers are looked up in {len(documents)} documents that the provenance names")
    arrays = options.service == _TAKES_ARRAYS
    yield from deep(
        lambda: corpus.lines("looking deeper", arrays=arrays), sources=sources, documents=documents
    )


def _fixing(
    options: Options,
    corpus: _corpus.Corpus,
    tally: Tally,
    fixed: Counter[str],
    unsigned: Unsigned | None,
) -> Iterator[Finding]:
    """Writes the mended lines and checks them on the way; provenance follows."""
    assert options.output is not None
    became: dict[str, str] = {}
    with _corpus.writing(options.output, force=options.force) as file:

        def mended() -> Iterator[bytes]:
            for before, after in fix(
                corpus.lines("mending", arrays=options.service == _TAKES_ARRAYS), counts=fixed
            ):
                file.write(after)
                if before.rstrip(b"\r\n") != after.rstrip(b"\n"):
                    became[line_digest(before)] = line_digest(after)
                yield after

        yield from check(_seen(mended(), unsigned), service=options.service, tally=tally)
    if corpus.has_provenance:
        entries = provenance.carried(corpus.provenance(), lambda digest: became.get(digest, digest))
        _corpus.write_side(provenance.beside(Path(options.output)), entries, force=options.force)


def _show_finding(finding: Finding, options: Options, name: str, seen: _Seen) -> None:
    if options.format_ == "json":
        seen.kept.append(finding)
        return
    where = f"{options.output or name}:{finding.line}" if finding.line else (options.output or name)
    mendable = " [--fix]" if finding.fixable and not options.fix else ""
    _show.write_text(_shown(f"{where}: {finding.severity} {finding.id}: {finding.message}{mendable}\n"))


def _shown(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _end(options: Options, corpus: _corpus.Corpus, seen: _Seen, tally: Tally, fixed: Counter[str]) -> None:
    if options.format_ == "json":
        _corpus.report(
            {
                "file": corpus.name,
                "service": options.service,
                "lines": tally.lines,
                "samples": tally.samples,
                "has_provenance": corpus.has_provenance,
                "counts": {name: seen.counts[name] for name in ("error", "warning", "info")},
                "rules": dict(sorted(seen.by_rule.items())),
                "fixed": dict(sorted(fixed.items())),
                "findings": [one.to_json() for one in seen.kept],
            }
        )
        return
    for name, count in seen.by_rule.items():
        if seen.most and count > seen.most:
            _show.write_text(f"{corpus.name}: {name}: {count - seen.most} more; --max 0 shows all\n")
    for name, count in sorted(fixed.items()):
        _show.note(f"mended {name}: {count}")
    if not options.quiet:
        errors, warnings = seen.counts["error"], seen.counts["warning"]
        _show.note(
            f"{tally.lines} line{'s' * (tally.lines != 1)}, {tally.samples} sample"
            f"{'s' * (tally.samples != 1)}: "
            f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}"
        )
        if not corpus.has_provenance:
            _show.note("no provenance lies beside it: nothing says who wrote the samples, and from what")
