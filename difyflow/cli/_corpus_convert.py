"""What `corpus convert` does."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from difyflow.cli import _corpus, _exit, _show
from difyflow.corpus import provenance
from difyflow.corpus._json import Fault
from difyflow.corpus.convert import Refused, convert, dataset_info
from difyflow.corpus.samples import line_digest
from difyflow.errors import UsageError
from difyflow.records.files import check_writable, write_whole

SHOWN = 20
"""Lines that are named; of more, only the number is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command; see its help."""

    file: str
    output: str | None
    from_: str
    to: str
    dataset_info: str | None
    name: str
    lossy: bool
    skip: bool
    lines: bool
    force: bool
    format_: str
    quiet: bool


@dataclass(slots=True)
class _Done:
    """What came of it."""

    converted: int = 0
    refused: int = 0
    ranked: int = 0
    joined: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)
    became: dict[str, str] = field(default_factory=dict)

    def tell(self, what: str) -> None:
        if len(self.said) < SHOWN:
            self.said.append(what)


def run(options: Options) -> int:
    """Runs the command; 1 if lines were refused, and without `skip` nothing is written then."""
    _corpus.check_report(options.format_, options.output)
    _corpus.check_goes_with(options.name, "--name", other=options.dataset_info, needed="--dataset-info")
    side = _corpus.side_outputs(options.output)
    if options.output and side:
        _corpus.check_outputs([Path(options.output), side[0]], force=options.force)
        if options.dataset_info and Path(options.dataset_info).resolve() == Path(options.output).resolve():
            raise UsageError("-o and --dataset-info name one file", path=options.output)
    info = _Info(options) if options.dataset_info else None
    done = _Done()
    with _corpus.Corpus(options.file, quiet=options.quiet, again=True) as corpus:
        if not options.skip:
            for _ in _lines(options, corpus, done, "trying"):
                pass  # whether all can be converted is known before anything is written
            if done.refused:
                return _end(options, done)
            done = _Done()
        with _corpus.writing(options.output, force=options.force) as file:
            for number, line in enumerate(_lines(options, corpus, done, "converting")):
                file.write(line if options.lines else _element(line, first=not number))
            if not options.lines:
                file.write(b"\n]\n" if done.converted else b"[]\n")
        if side and corpus.has_provenance:
            entries = provenance.carried(corpus.provenance(), done.became.get)
            _corpus.write_side(side[0], entries, force=options.force)
    if info is not None:
        info.write(ranked=done.ranked > 0)
    return _end(options, done)


def _lines(options: Options, corpus: _corpus.Corpus, done: _Done, doing: str) -> Iterator[bytes]:
    """The converted lines; what is refused or lost is told."""
    keeps = corpus.has_provenance
    found = convert(corpus.lines(doing), to=options.to, from_=options.from_, lossy=options.lossy)
    for one in found:
        if isinstance(one, Refused):
            done.refused += 1
            for fault in one.faults:
                done.reasons[fault.id] += 1
                done.tell(f"{corpus.name}:{one.line}: not converted: {_said(fault, options.to)}")
            continue
        done.converted += 1
        done.ranked += one.ranked
        done.joined += one.joined
        for fault in one.lost:
            done.reasons[fault.id] += 1
            done.tell(f"{corpus.name}:{one.line}: left out: {_said(fault, options.to)}")
        line = one.to_line()
        if keeps:
            done.became[line_digest(one.raw)] = line_digest(line)
        yield line


def _element(line: bytes, *, first: bool) -> bytes:
    return (b"[\n" if first else b",\n") + line.rstrip(b"\n")


def _said(fault: Fault, to: str) -> str:
    """Faults of a format begin with what it does; the others with what the line does."""
    return (
        f"{to} {fault.message}" if fault.message.startswith(("has no", "takes", "needs")) else fault.message
    )


class _Info:
    """LLaMA-Factory's `dataset_info.json`: entries of other data sets in it stay."""

    def __init__(self, options: Options) -> None:
        if options.output in (None, "-"):
            raise UsageError("--dataset-info names the file that -o writes", hint="use -o FILE")
        self._path, self._to = Path(str(options.dataset_info)), options.to
        target = Path(str(options.output))
        self._file = os.path.relpath(target.absolute(), self._path.absolute().parent)
        self._name = options.name or target.stem
        if dataset_info(self._name, "", self._to, ranked=False) is None:
            raise UsageError(
                f"LLaMA-Factory does not read {self._to}", hint="it reads alpaca, sharegpt, openai"
            )
        self._known = self._read()
        if self._name in self._known and not options.force:
            raise UsageError(
                f"has an entry {self._name!r} already",
                path=str(self._path),
                code="exists",
                hint="overwrite it with --force, or give another name with --name",
            )
        check_writable(self._path, force=True)

    def _read(self) -> dict[str, object]:
        if not self._path.exists():
            return {}
        try:
            value = json.loads(self._path.read_bytes())
        except (OSError, ValueError, RecursionError) as err:
            raise UsageError(f"cannot be read: {err}", path=str(self._path), code="not-readable") from err
        if not isinstance(value, dict):
            raise UsageError("is no object", path=str(self._path), code="not-readable")
        return value

    def write(self, *, ranked: bool) -> None:
        """Adds the entry."""
        entry = dataset_info(self._name, self._file, self._to, ranked=ranked) or {}
        text = json.dumps({**self._known, **entry}, ensure_ascii=False, indent=2)
        write_whole(self._path, text.encode("utf-8", "backslashreplace") + b"\n")


def _end(options: Options, done: _Done) -> int:
    wrote = options.skip or not done.refused
    if options.format_ == "json":
        _corpus.report(
            {
                "output": options.output if wrote else None,
                "to": options.to,
                "converted": done.converted if wrote else 0,
                "refused": done.refused,
                "ranked": done.ranked if wrote else 0,
                "input_joined": done.joined if wrote else 0,
                "reasons": dict(sorted(done.reasons.items())),
                "first": done.said,
            }
        )
    else:
        for line in done.said:
            _show.note(line)
        if done.reasons.total() > len(done.said):
            _show.note(f"and {done.reasons.total() - len(done.said)} more")
        if not wrote:
            lines = "1 line does" if done.refused == 1 else f"{done.refused} lines do"
            _show.note(f"nothing was written: {lines} not fit; --skip leaves them out")
        elif not options.quiet:
            _tell(done, options)
    return _exit.FINDINGS if done.refused else _exit.FINE


def _tell(done: _Done, options: Options) -> None:
    _show.note(f"{done.converted} samples converted to {options.to}")
    if done.joined:
        _show.note(
            f"  in {done.joined} of them `input` stands on the line below `instruction`, where LLaMA-Factory "
            "puts it: where one ends is not kept"
        )
    if 0 < done.ranked < done.converted:
        _show.note(
            f"  warning: {done.ranked} of them have a rejected answer and the others none; "
            "a trainer reads one kind from a file"
        )
