"""What `corpus stats` does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from difyflow.cli import _corpus, _exit, _show
from difyflow.cli._corpus_documents import read_documents
from difyflow.corpus import provenance
from difyflow.corpus.check import check
from difyflow.corpus.deep import deep
from difyflow.corpus.findings import Finding
from difyflow.corpus.samples import Sample, read_samples
from difyflow.corpus.stats import UNKNOWN, Price, Spread, Stats, stats
from difyflow.corpus.tokens import estimate, from_file
from difyflow.errors import UsageError
from difyflow.records.files import write_whole

if TYPE_CHECKING:
    from difyflow.pages.corpus import Shown


_NAMED = 10  # languages or documents


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    file: str
    tokenizer: str | None
    documents: str | None
    provenance: str | None
    price: float | None
    epochs: int
    currency: str
    near: bool
    html: str | None
    service: str | None
    page_samples: int
    force: bool
    format_: str
    quiet: bool


def run(options: Options) -> int:
    """Runs the command; 1 if there is no sample."""
    _check(options)
    if options.html:
        if options.html == "-":
            raise UsageError("the page is a file", hint="--html corpus.html")
        _corpus.check_outputs([Path(options.html)], force=options.force)
    tokens = from_file(Path(options.tokenizer)) if options.tokenizer else estimate()
    price = None
    if options.price is not None:
        price = Price(per_million=options.price, epochs=options.epochs, currency=options.currency)
    again = bool(options.html)
    with _corpus.Corpus(options.file, quiet=options.quiet, again=again, side=options.provenance) as corpus:
        sources = provenance.Sources(provenance.read(corpus.provenance()))
        documents = read_documents(Path(options.documents)) if options.documents else {}
        found = stats(
            corpus.lines("counting"),
            tokens=tokens,
            sources=sources,
            documents=documents,
            price=price,
            near=options.near,
        )
        if options.html:
            _write_page(options, corpus, found, sources, documents)
    if options.format_ == "json":
        _corpus.report({"file": corpus.name, **found.to_json()})
    else:
        _show.write_text("".join(f"{line}\n" for line in _text(found)).encode("utf-8", "replace").decode())
    return _exit.FINE if found.samples else _exit.FINDINGS


def _check(options: Options) -> None:
    priced = options.price is not None
    _corpus.check_goes_with(options.epochs != 1, "--epochs", other=priced, needed="--price")
    _corpus.check_goes_with(options.currency, "--currency", other=priced, needed="--price")
    _corpus.check_goes_with(options.service, "--for", other=options.html, needed="--html")
    if options.price is not None and not math.isfinite(options.price):
        raise UsageError(f"a price of {options.price} is none", hint="--price 3.5")


def _write_page(
    options: Options,
    corpus: _corpus.Corpus,
    found: Stats,
    sources: provenance.Sources,
    documents: dict[str, str],
) -> None:
    from difyflow.pages.corpus import report

    by_line: dict[int, list[Finding]] = {}
    for finding in _findings(options, corpus, sources, documents):
        if finding.line == 0 or finding.line in by_line or len(by_line) < options.page_samples:
            by_line.setdefault(finding.line, []).append(finding)
    whole = [one for one in by_line.pop(0, []) if one.id != "rule-skipped"]
    shown = list(_shown(options, corpus, by_line, sources))
    text = report(
        found, shown, title=Path(corpus.name).name, whole=whole, left_out=max(0, found.samples - len(shown))
    )
    write_whole(Path(str(options.html)), text.encode("utf-8", "replace"))
    if not options.quiet:
        _show.note(f"wrote {options.html}")


def _findings(
    options: Options, corpus: _corpus.Corpus, sources: provenance.Sources, documents: dict[str, str]
) -> Iterator[Finding]:
    if options.service:
        yield from check(corpus.lines("checking"), service=options.service)
    yield from deep(lambda: corpus.lines("looking deeper"), sources=sources, documents=documents)


def _shown(
    options: Options, corpus: _corpus.Corpus, by_line: dict[int, list[Finding]], sources: provenance.Sources
) -> Iterator[Shown]:
    """The samples of the page in file order: those with findings, and others as far as there is room."""
    from difyflow.pages.corpus import Shown

    room = options.page_samples - len(by_line)
    for one in read_samples(corpus.lines("writing the page")):
        findings = by_line.get(one.line, ())
        if not findings:
            room -= 1
        if not isinstance(one, Sample) or (not findings and room < 0):
            continue
        yield Shown(one.line, one.turns, one.rejected, tuple(findings), sources.of(one.raw))


def _text(found: Stats) -> Iterator[str]:
    about = "" if found.tokens_exact else "about "
    yield f"samples     {found.samples:,} in {found.lines:,} lines" + (
        f" ({found.unread:,} are none)" if found.unread else ""
    )
    pairs = ", ".join(f"{count}: {number:,}" for count, number in sorted(found.pairs.items()))
    yield f"answers     {pairs or 'none'}   (in a sample: samples)"
    yield f"system      {found.systems} different text{'s' * (found.systems != 1)}" + (
        f"; of most: {found.trigger[:60]}" if found.trigger else ""
    )
    yield "                  least   median      p95     most"
    for name, values in found.lengths.items():
        yield f"  {name:<10}  {_spread(Spread.of(values))}   characters"
    yield f"  {'sample':<10}  {_spread(Spread.of(found.tokens))}   tokens ({found.tokens_how})"
    yield f"tokens      {about}{sum(found.tokens):,}, of them {found.learned:,} learned"
    yield f"languages   {_counts(found.languages)}"
    near = "not looked for" if found.near is None else f"{found.near:,}"
    yield f"duplicates  {found.exact:,} exact, {found.normalised:,} normalised, near: {near}"
    if set(found.documents) - {UNKNOWN}:
        yield f"documents   {_counts(found.documents)}"
    for one in found.coverage:
        marks = "".join("#" if part.samples > 2 else "+" if part.samples else "." for part in one.parts)
        yield f"covered     {one.name}: [{marks}] {one.samples} samples, {one.share:.0%} of the parts"
    if found.coverage and found.elsewhere:
        yield f"            {found.elsewhere:,} samples stand in none of the documents"
    if found.price is not None:
        epochs = f"{found.price.epochs} epoch{'s' * (found.price.epochs != 1)}"
        price = f"{found.price.per_million:g} a million tokens, {epochs}"
        yield f"cost        {about}{found.cost_shown} ({price})"


def _spread(spread: Spread) -> str:
    return " ".join(f"{value:>8,}" for value in (spread.least, spread.median, spread.p95, spread.most))


def _counts(values: Mapping[str, int]) -> str:
    items = list(values.items())
    shown = ", ".join(f"{name} {count:,}" for name, count in items[:_NAMED])
    return shown + (f" and {len(items) - _NAMED} more" if len(items) > _NAMED else "") or "none"
