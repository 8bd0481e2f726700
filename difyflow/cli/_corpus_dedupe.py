"""What `corpus dedupe` does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from difyflow.cli import _corpus, _exit, _show
from difyflow.corpus import provenance
from difyflow.corpus._digests import Digests
from difyflow.corpus.dedupe import KINDS, NEAR, Dropped, Kept, Kind, dedupe, digest_of
from difyflow.corpus.samples import line_digest, to_line
from difyflow.errors import UsageError

SHOWN = 20
"""Dropped lines that are named; of more, only the number is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    file: str
    output: str | None
    kind: Kind
    threshold: float | None
    memory: int
    report: str | None
    force: bool
    format_: str
    quiet: bool


def run(options: Options) -> int:
    """Runs the command."""
    _corpus.check_report(options.format_, options.output)
    _corpus.check_goes_with(
        options.threshold is not None, "--threshold", other=options.kind == "near", needed="--near"
    )
    side = _corpus.side_outputs(options.output)
    _check_outputs(options, side)
    counts, dropped = Counter[str](), list[Dropped]()
    with _corpus.Corpus(options.file, quiet=options.quiet) as corpus, Digests(options.memory << 20) as kept:
        found = dedupe(
            corpus.lines("looking for duplicates"),
            kind=options.kind,
            threshold=NEAR if options.threshold is None else options.threshold,
            memory=options.memory << 20,
        )
        carries = side is not None and corpus.has_provenance
        with _corpus.writing(options.output, force=options.force) as file:
            for line in _said(found, options, counts, dropped):
                file.write(line if line.endswith(b"\n") else line + b"\n")
                if carries:
                    kept.add(digest_of(line_digest(line).encode()))
        if carries and side is not None:
            entries = provenance.carried(
                corpus.provenance(),
                lambda digest: (
                    None if kept.get(digest_of(digest.encode("utf-8", "surrogatepass"))) is None else digest
                ),
            )
            _corpus.write_side(side[0], entries, force=options.force)
    _end(options, counts, dropped)
    return _exit.FINE


def _check_outputs(options: Options, side: tuple[Path, Path] | None) -> None:
    wrote = [Path(options.output), side[0]] if options.output and side else []
    if options.report:
        wrote.append(Path(options.report))
        if options.file != "-" and wrote[-1].resolve() == Path(options.file).resolve():
            raise UsageError("the report would overwrite the corpus", path=options.report)
    _corpus.check_outputs(wrote, force=options.force)


def _said(
    found: Iterator[Kept | Dropped], options: Options, counts: Counter[str], dropped: list[Dropped]
) -> Iterator[bytes]:
    """The lines that stay; those that go are counted and, if asked for, written to the report."""
    with ExitStack() as stack:
        report = (
            stack.enter_context(_corpus.writing(options.report, force=options.force))
            if options.report
            else None
        )
        for one in found:
            if isinstance(one, Kept):
                counts["kept"] += 1
                yield one.raw
                continue
            counts[one.kind] += 1
            if len(dropped) < SHOWN:
                dropped.append(one)
            if report is not None:
                report.write(to_line(_entry(one)))


def _entry(one: Dropped) -> dict[str, object]:
    raw = one.raw.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
    near = {"similarity": round(one.similarity, 4)} if one.kind == "near" else {}
    return {"line": one.line, "same_as": one.of, "kind": one.kind, **near, "raw": raw}


def _end(options: Options, counts: Counter[str], dropped: list[Dropped]) -> None:
    gone = {kind: counts[kind] for kind in KINDS if counts[kind]}
    if options.format_ == "json":
        first = [{key: value for key, value in _entry(one).items() if key != "raw"} for one in dropped]
        _corpus.report(
            {
                "output": options.output,
                "kept": counts["kept"],
                "dropped": gone,
                "rule": "the first of its kind in the file is kept",
                "first_dropped": first,
            }
        )
        return
    if options.quiet:
        return
    said = ", ".join(f"{count} {kind}" for kind, count in gone.items()) or "none"
    _show.note(
        f"kept {counts['kept']} of {counts.total()} lines, each the first of its kind; dropped: {said}"
    )
    for one in dropped:
        near = f", {one.similarity:.0%} of the text the same" if one.kind == "near" else ""
        _show.note(f"  line {one.line}: {one.kind} duplicate of line {one.of}{near}")
    if sum(gone.values()) > len(dropped):
        _show.note(f"  and {sum(gone.values()) - len(dropped)} more; --report FILE names all")
