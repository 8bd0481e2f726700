"""Converts samples between formats; what a format cannot hold is told with its line and never dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from difyflow.corpus import formats
from difyflow.corpus._json import Fault
from difyflow.corpus.samples import Sample, Unread, read_samples, to_line


@dataclass(frozen=True, slots=True)
class Converted:
    """A sample in its new format."""

    line: int
    """Of the file that was read."""
    value: dict[str, object]
    raw: bytes
    """The line that it was, without its line break."""
    ranked: bool
    """True if it has a rejected answer."""
    joined: bool = False
    """True if two members of the line are one text now: see `Sample.joined`."""
    lost: tuple[Fault, ...] = ()
    """What of the sample is not in it; empty unless losses were allowed."""

    def to_line(self) -> bytes:
        """As a line with its line break."""
        return to_line(self.value)


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that was not converted, and why."""

    line: int
    faults: tuple[Fault, ...]
    raw: bytes


LOSSES = frozenset({"message-member", "sample-member", "rejected-answer", "empty-system"})
"""Faults that lose something beside the sample; what is left is still a sample."""


def convert(
    lines: Iterable[bytes], *, to: str, from_: str = "", lossy: bool = False
) -> Iterator[Converted | Refused]:
    """Converts line by line.

    Args:
        lines: physical lines.
        to: name of a format.
        from_: name of a format; empty = each line tells by its keys.
        lossy: leave out what the format has no place for (weights, tools, a rejected answer), and tell it.

    Raises:
        UsageError: no such format.
    """
    return _convert(read_samples(lines, format_=from_, careful=True), formats.load(to), lossy=lossy)


def _convert(
    samples: Iterable[Sample | Unread], target: formats.Format, *, lossy: bool
) -> Iterator[Converted | Refused]:
    for sample in samples:
        if isinstance(sample, Unread):
            yield Refused(sample.line, sample.faults, sample.raw)
            continue
        value, faults = target.write(sample)
        if not faults or (lossy and all(one.id in LOSSES for one in faults)):
            ranked = bool(sample.rejected) and not any(one.id == "rejected-answer" for one in faults)
            yield Converted(sample.line, value, sample.raw, ranked, sample.joined, tuple(faults))
        else:
            yield Refused(sample.line, tuple(faults), sample.raw)


def dataset_info(name: str, file_name: str, to: str, *, ranked: bool) -> dict[str, object] | None:
    """The `dataset_info.json` of LLaMA-Factory for one file.

    Args:
        name: of the data set.
        file_name: beside `dataset_info.json`.
        to: name of the file's format.
        ranked: the samples have a rejected answer.

    Returns:
        None if LLaMA-Factory does not read this format.
    """
    info = formats.load(to).info(ranked=ranked)
    return None if info is None else {name: {"file_name": file_name, **info}}
