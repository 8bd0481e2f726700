"""What `corpus split` does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from difyflow.cli import _corpus, _exit, _show
from difyflow.corpus import provenance
from difyflow.corpus._digests import Digests
from difyflow.corpus.dedupe import digest_of
from difyflow.corpus.samples import line_digest
from difyflow.corpus.split import PARTS, Split, in_parts, near_pairs, split, split_keys
from difyflow.errors import UsageError
from difyflow.records.files import open_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    file: str
    output: str
    validation: float
    test: float
    seed: int
    by: str
    near: bool
    provenance: str | None
    force: bool
    format_: str
    quiet: bool


def run(options: Options) -> int:
    """Runs the command."""
    with _corpus.Corpus(options.file, quiet=options.quiet, again=True, side=options.provenance) as corpus:
        sources = provenance.Sources(provenance.read(corpus.provenance()))
        plan = _plan(options, corpus, sources)
        folder = Path(options.output)
        _write(folder, corpus, plan, force=options.force)
    if options.format_ == "json":
        _corpus.report({"output": str(folder), **plan.to_json()})
    elif not options.quiet:
        _tell(options, plan)
    return _exit.FINE


def _plan(options: Options, corpus: _corpus.Corpus, sources: provenance.Sources) -> Split:
    shares = {"validation": options.validation, "test": options.test}
    if options.by == "line":
        sources = provenance.Sources()
    keys = split_keys(corpus.lines("reading"), sources.of)
    pairs = list(near_pairs(corpus.lines("looking for near duplicates"))) if options.near else []
    return split(keys, shares=shares, seed=options.seed, together=pairs)


def _write(folder: Path, corpus: _corpus.Corpus, plan: Split, *, force: bool) -> None:
    """Writes a file for each part, and its provenance; all are whole or as they were."""
    if folder.exists() and not folder.is_dir():
        raise UsageError("is no folder", path=str(folder), code="exists")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise UsageError(
            f"cannot be made: {err.strerror or err}", path=str(folder), code="not-writable"
        ) from err
    paths = {name: folder / f"{name}.jsonl" for name in PARTS}
    _corpus.check_outputs([*paths.values(), *map(provenance.beside, paths.values())], force=force)
    with Digests() as part_of:
        with ExitStack() as stack:
            files = {name: stack.enter_context(open_whole(paths[name])) for name in plan.names}
            for name, line in in_parts(corpus.lines("writing"), plan):
                files[name].write(line if line.endswith(b"\n") else line + b"\n")
                part_of.add(digest_of(line_digest(line).encode()), PARTS.index(name) + 1)
        for name in plan.names:
            entries = provenance.carried(corpus.provenance(), _of_part(part_of, name))
            _corpus.write_side(provenance.beside(paths[name]), entries, force=force)
    for name in set(PARTS) - set(plan.names):
        for old in (paths[name], provenance.beside(paths[name])):
            old.unlink(missing_ok=True)  # of an earlier split; `force` was given


def _of_part(part_of: Digests, name: str) -> Callable[[str], str | None]:
    return lambda digest: (
        digest
        if part_of.get(digest_of(digest.encode("utf-8", "surrogatepass"))) == PARTS.index(name) + 1
        else None
    )


def _tell(options: Options, plan: Split) -> None:
    total = sum(plan.sizes)
    for name, size, wanted, groups in zip(plan.names, plan.sizes, plan.wanted, plan.groups, strict=True):
        _show.note(
            f"{name}: {size} samples ({size / total:.1%}; wanted {wanted:.0%}) in {groups} "
            f"group{'s' * (groups != 1)}"
        )
    if options.by == "line":
        _show.note("split by line: samples of one document may be in two parts")
    else:
        if plan.sources:
            _show.note(f"{plan.sources} document{'s' * (plan.sources != 1)}, none in two parts")
        if plan.unknown:
            _show.note(
                f"warning: the source of {plan.unknown} samples is not known; those of one document may be "
                "in two parts (only the same text or question stays together)"
            )
