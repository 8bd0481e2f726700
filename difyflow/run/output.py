"""What a run's result leaves on disk: the text as it is, or a checked JSONL corpus with its side files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from difyflow.errors import UsageError
from difyflow.records.files import check_writable, write_whole
from difyflow.records.result import Result

if TYPE_CHECKING:
    from difyflow.records.jsonl import Collection


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a result goes.

    Attributes:
        path: `.jsonl` is collected and checked, `.json` gets all outputs, anything else the text as it is.
        output: name of the output to write; empty = the only one.
    """

    path: Path
    output: str = ""
    force: bool = False

    @property
    def collects(self) -> bool:
        """True if the output is read as a corpus."""
        return self.path.suffix == ".jsonl"

    @property
    def rejected(self) -> Path:
        """`x.rejected.jsonl` beside `x.jsonl`: what could not be saved, with reason and raw text."""
        return self.path.with_suffix(".rejected.jsonl")

    @property
    def provenance(self) -> Path:
        """`x.provenance.jsonl` beside `x.jsonl`: where each line comes from, keyed by its digest."""
        return self.path.with_suffix(".provenance.jsonl")

    def check(self) -> None:
        """Makes sure before the run that everything can be written.

        Raises:
            UsageError: it cannot.
        """
        check_writable(self.path, force=self.force)
        if self.collects:
            check_writable(self.rejected, force=self.force)
            check_writable(self.provenance, force=self.force)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written.

    Attributes:
        files: in the order of writing.
        collection: samples, repairs and rejects of a collected corpus.
    """

    files: tuple[Path, ...] = ()
    collection: Collection | None = field(default=None)

    @property
    def empty(self) -> bool:
        """True if a corpus was asked for and no sample could be read."""
        return self.collection is not None and not self.collection.samples


def text_of(result: Result, *, output: str = "") -> str:
    """The text that a run gave: its answer, the named output, or the only one; other values as JSON.

    Raises:
        UsageError: no output of that name, or several and none is named.
    """
    outputs: Mapping[str, object] = result.outputs
    if output:
        if output not in outputs:
            raise UsageError(f"no output {output!r}; the run gave: {', '.join(outputs) or 'none'}")
        return _as_text(outputs[output])
    if result.answer:
        return result.answer
    if len(outputs) > 1:
        raise UsageError(
            f"the run gave several outputs: {', '.join(outputs)}",
            hint="name one with --output NAME, or write them all with -o FILE.json",
        )
    return _as_text(next(iter(outputs.values()))) if outputs else ""


def write(result: Result, plan: Plan, *, source: Mapping[str, object]) -> Written:
    """Writes a result as planned; each file is complete or absent.

    Args:
        result: a run that gave outputs.
        plan: where to.
        source: goes into each line of the provenance: documents, digest of the workflow.

    Raises:
        UsageError: a file cannot be written, or the output is not there.
    """
    if plan.collects:
        return _write_corpus(result, plan, source)
    if plan.path.suffix == ".json" and not plan.output:
        text = _json(dict(result.outputs) or {"answer": result.answer}, indent=2) + "\n"
    else:
        text = text_of(result, output=plan.output)
    write_whole(plan.path, text.encode("utf-8", "surrogatepass"))
    return Written(files=(plan.path,))


def _write_corpus(result: Result, plan: Plan, source: Mapping[str, object]) -> Written:
    from difyflow.records.jsonl import collect  # compiles many patterns: only where a corpus is made

    collection = collect(text_of(result, output=plan.output), truncated=result.truncated)
    lines = [sample.to_line() for sample in collection.samples]
    rejects = [
        _json({"reason": item.reason, "detail": item.detail, "line": item.line, "raw": item.raw})
        for item in collection.rejects
    ]
    about = {"run_id": result.run_id, "model": ", ".join(result.models), "target": result.target, **source}
    provenance = [_json({"line_sha256": _digest(line), **about}) for line in lines]
    files = [
        path
        for path, content in (
            (plan.rejected, rejects),
            (plan.provenance, provenance),
            (plan.path, lines),  # last: where it stands, the others stand too
        )
        if _write_lines(path, content)
    ]
    return Written(files=tuple(files), collection=collection)


def _write_lines(path: Path, lines: Sequence[str]) -> bool:
    """Writes lines; with none the file is absent, also one of an earlier run."""
    if not lines:
        path.unlink(missing_ok=True)
        return False
    write_whole(path, "".join(f"{line}\n" for line in lines).encode())
    return True


def _digest(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: object, *, indent: int | None = None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate: written as an escape
        return json.dumps(value, indent=indent)
    return text
