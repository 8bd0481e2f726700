"""Collects chat samples out of what runs left behind: results, batch folders, text files, standard input.

The reading itself is the tolerant collector of `records.jsonl`; here is only where texts come from, and what
is known about them.
"""

from __future__ import annotations

import codecs
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from difyflow.corpus import provenance
from difyflow.corpus._json import dump
from difyflow.corpus._rows import Rows, json_object, workflow_of
from difyflow.corpus.samples import LONGEST, LongLine, line_digest, long_fault, opened, read_lines
from difyflow.errors import UsageError
from difyflow.records import jsonl

_ABOUT = ("run_id", "model", "target", "batch", "row", "repeat", "digest", "workflow_id", "workflow_sha256")
"""What of a result goes into the provenance."""

_GOOD = ("succeeded", "partial-succeeded", "paused")
_WHOLE = 64 * 1024 * 1024
"""Bytes of a `.json` file that is read at once."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_RESULT = re.compile(rb'\s*\{[^{]*?"status"\s*:\s*"[a-z-]+"\s*,\s*"outputs"\s*:\s*\{')
"""How the JSON of a run's result begins (`run --format json`, and the lines of `results.jsonl`)."""
_START = 8192


@dataclass(frozen=True, slots=True)
class Text:
    """What a model printed, line by line, and what is known about it."""

    lines: Iterable[bytes]
    truncated: bool = False
    about: Mapping[str, object] = field(default_factory=dict)
    encoding: str = "utf-8"
    known: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """What is known about single lines, by their digest, where the text has a side file of provenance."""
    failed: str = ""
    """Status of a run that did not end well: it gives no text."""
    unread: tuple[Rejected, ...] = ()
    """A result that cannot be read: it gives no text, and this is said."""


@dataclass(frozen=True, slots=True)
class Collected:
    """A sample, ready to be written."""

    line: bytes
    """With its line break."""
    repairs: tuple[str, ...]
    about: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something that looks like a sample and was not taken."""

    reason: str
    detail: str
    line: int
    raw: str
    about: Mapping[str, object]

    def to_line(self) -> bytes:
        """As a line of the file of rejects."""
        said = {"reason": self.reason, "detail": self.detail, "line": self.line, "raw": self.raw}
        return dump({**self.about, **said}).encode() + b"\n"


@dataclass(slots=True)
class Counts:
    """What came of a collection."""

    texts: int = 0
    samples: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """Runs that gave no text, by their status."""
    rejects: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    """How many samples needed each repair."""

    def to_json(self) -> dict[str, object]:
        """A JSON object."""
        return {
            "texts": self.texts,
            "samples": self.samples,
            "failed_runs": dict(sorted(self.failed.items())),
            "rejected": self.rejects.total(),
            "rejects": dict(sorted(self.rejects.items())),
            "repairs": dict(sorted(self.repairs.items())),
        }


def collect(texts: Iterable[Text], *, counts: Counts | None = None) -> Iterator[Collected | Rejected]:
    """Collects the samples of all texts, one text after the other.

    Args:
        texts: see `open_texts`.
        counts: is filled on the way.
    """
    counts = counts if counts is not None else Counts()
    for text in texts:
        if text.failed:
            counts.failed[text.failed] += 1
            continue
        counts.texts += 1
        for found in text.unread or _of_text(text):
            if isinstance(found, Collected):
                counts.samples += 1
                counts.repairs.update(found.repairs)
            else:
                counts.rejects[found.reason] += 1
            yield found


def _of_text(text: Text) -> Iterator[Collected | Rejected]:
    aside: list[Rejected] = []
    for found in jsonl.collect_lines(_decoded(text, aside), truncated=text.truncated):
        yield from aside
        aside.clear()
        if isinstance(found, jsonl.Sample):
            line = found.to_line().encode() + b"\n"
            yield Collected(
                line,
                found.repairs,
                text.known.get(line_digest(line), text.about) if text.known else text.about,
            )
        else:
            yield Rejected(found.reason, found.detail, found.line, found.raw, text.about)
    yield from aside


def _decoded(text: Text, aside: list[Rejected]) -> Iterator[str]:
    """The lines as text; those that cannot be one are put aside, and blank in their place."""
    for number, line in enumerate(text.lines, start=1):
        if isinstance(line, LongLine):
            fault = long_fault(line)
            aside.append(
                Rejected(fault.id, fault.message, number, line.decode("utf-8", "replace"), text.about)
            )
            yield "\n"
            continue
        try:
            yield line.decode(text.encoding)
        except UnicodeDecodeError as err:
            raw = line.decode("utf-8", "backslashreplace").rstrip("\n")
            said = f"byte {err.start + 1} is not {text.encoding}"
            aside.append(Rejected("bad-encoding", said, number, raw, text.about))
            yield "\n"


def open_texts(
    sources: Iterable[str], *, stdin: BinaryIO, output: str = "", encoding: str = ""
) -> Iterator[Text]:
    """The texts of files and folders.

    Args:
        sources: a batch folder, a file of results (`run --format json`, `results.jsonl`), any other file as
            the text that a model printed, `-` for standard input.
        stdin: what `-` reads.
        output: which output of a result; empty = the only one.
        encoding: of text files; empty = UTF-8, or what a byte order mark says.

    Raises:
        UsageError: a source that cannot be read, or a result with several outputs and none named.
    """
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError as err:
        raise UsageError(f"no such encoding: {encoding!r}", hint="for example utf-8, gb18030") from err
    for source in sources:
        path = Path(source)
        if source == "-":
            yield from _of_stream(stdin, "standard input", output, encoding)
        elif path.is_dir():
            yield from _of_batch(path, output)
        elif path.name == "results.jsonl" and path.with_name("rows.jsonl").is_file():
            yield from _of_batch(path.parent, output)
        else:
            with opened(path) as file:
                yield from _of_stream(file, path.name, output, encoding, _known(path))


def _known(path: Path) -> dict[str, Mapping[str, object]]:
    side = provenance.beside(path)
    if path.suffix != ".jsonl" or not side.is_file():
        return {}
    with opened(side) as file:
        return {
            str(one[provenance.KEY]): {key: value for key, value in one.items() if key != provenance.KEY}
            for one in provenance.read(read_lines(file))
        }


def _of_batch(folder: Path, output: str) -> Iterator[Text]:
    results = folder / "results.jsonl"
    if not results.is_file():
        raise UsageError(
            "is no batch folder: it has no results.jsonl",
            path=str(folder),
            code="no-batch",
            hint="name the files in it, for example with *.txt",
        )
    workflow = workflow_of(folder / "batch.json")
    with opened(results) as file, Rows(folder / "rows.jsonl") as rows:
        for number, line in enumerate(read_lines(file), start=1):
            value = _result(line)
            if value is not None:
                yield from _of_result(value, output, {**workflow, **rows.of(value)}, f"{results}:{number}")
            elif line.strip() or isinstance(line, LongLine):
                yield Text((), unread=(_no_result(line, number, {**workflow, "source": str(results)}),))


def _no_result(line: bytes, number: int, about: Mapping[str, object]) -> Rejected:
    """A line of a batch's results that cannot be read, as where a disk was full."""
    raw = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
    said = long_fault(line).message if isinstance(line, LongLine) else "is no result of a run"
    return Rejected("no-result", said, number, raw, about)


def _of_stream(
    stream: BinaryIO,
    name: str,
    output: str,
    encoding: str,
    known: Mapping[str, Mapping[str, object]] | None = None,
) -> Iterator[Text]:
    buffered = io.BufferedReader(cast("io.RawIOBase", stream), _START)  # any binary stream will do
    try:
        start = buffered.peek(_START)
        codec = encoding or next((codec for bom, codec in _BOMS if start.startswith(bom)), "utf-8")
        about = {"source": name}
        if codecs.lookup(codec).name.startswith(("utf-16", "utf-32")):
            yield Text(_wide(buffered, codec, name), about=about)
        elif _RESULT.match(start):
            yield from _of_results(buffered, output, name)
        else:
            if start.startswith(codecs.BOM_UTF8):
                buffered.read(len(codecs.BOM_UTF8))
            yield Text(read_lines(buffered), about=about, encoding=codec, known=known or {})
    finally:
        buffered.detach()  # whoever opened the stream closes it


def _wide(buffered: io.BufferedReader[io.RawIOBase], codec: str, name: str) -> Iterator[bytes]:
    text = io.TextIOWrapper(buffered, encoding=codec, newline="\n")
    try:
        for line in iter(partial(text.readline, LONGEST), ""):
            whole = line.endswith("\n") or len(line) < LONGEST
            yield line.encode("utf-8", "surrogatepass") if whole else _cut(line, text)
    except UnicodeError as err:
        raise UsageError(f"is not {codec}: {err}", path=name, code="bad-encoding") from err
    finally:
        text.detach()


def _cut(line: str, rest: io.TextIOWrapper) -> bytes:
    """The line, or its beginning if it goes on; what is behind is read over."""
    more = 0
    for part in iter(partial(rest.readline, 1 << 16), ""):
        more += len(part.encode("utf-8", "surrogatepass"))
        if part.endswith("\n"):
            break
    data = line.encode("utf-8", "surrogatepass")
    if not more:
        return data
    marked = LongLine(data[:256])
    marked.size = len(data) + more
    return marked


def _of_results(buffered: io.BufferedReader[io.RawIOBase], output: str, name: str) -> Iterator[Text]:
    """Results, one a line or one over many lines."""
    whole = buffered.peek(_START)[:_START].lstrip().partition(b"\n")[0].strip() == b"{"
    if whole:
        data = buffered.read(_WHOLE + 1)
        if len(data) > _WHOLE:
            raise UsageError(f"is larger than {_WHOLE:,} bytes; give results one a line", path=name)
        lines: Iterable[bytes] = [data]
    else:
        lines = read_lines(buffered)
    for number, line in enumerate(lines, start=1):
        value = _result(line)
        if value is not None:
            yield from _of_result(value, output, {}, f"{name}:{number}")
        elif line.strip():
            raise UsageError("is no result of a run", path=name, line=number, code="no-result")


def _result(line: bytes) -> Mapping[str, object] | None:
    value = json_object(line)
    return (
        value
        if value is not None and "status" in value and isinstance(value.get("outputs", {}), dict)
        else None
    )


def _of_result(
    value: Mapping[str, object], output: str, more: Mapping[str, object], where: str
) -> Iterator[Text]:
    """The text of a good result; of one that failed, that it did."""
    if value["status"] not in _GOOD:
        yield Text((), failed=str(value["status"]) or "unknown")
        return
    text = _output(value, output, where)
    about = {key: value[key] for key in _ABOUT if value.get(key) not in (None, "")}
    lines = read_lines(io.BytesIO(text.encode("utf-8", "surrogatepass")))
    yield Text(lines, truncated=bool(value.get("truncated")), about={**about, **more}, encoding="utf-8")


def _output(value: Mapping[str, object], output: str, where: str) -> str:
    outputs = value.get("outputs")
    found: Mapping[str, object] = outputs if isinstance(outputs, dict) else {}
    if output:
        if output not in found:
            names = ", ".join(found) or "none"
            raise UsageError(f"{where}: no output {output!r}; the run gave: {names}", code="no-output")
        return _text(found[output])
    answer = value.get("answer")
    if isinstance(answer, str) and answer:
        return answer
    if len(found) > 1:
        raise UsageError(
            f"{where}: the run gave several outputs: {', '.join(found)}",
            code="several-outputs",
            hint="name one with --output-name",
        )
    return _text(next(iter(found.values()))) if found else ""


def _text(value: object) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    return value if isinstance(value, str) else dump(value)
