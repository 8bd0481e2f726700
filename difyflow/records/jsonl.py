r"""The tolerant collector: from what a language model printed to clean chat samples.

What a model prints is not yet JSONL. `collect` reads fences, prose around, thinking, pretty-printed
objects, arrays and wrappers, several objects on a line, full-width and curly signs, Python literals,
unescaped quotes and more; each liberty is a named repair, and what cannot be read in exactly one way is a
`Reject`. It invents nothing:

- No content differs by a character from what the model wrote, once the escapes of JSON are undone. Where
  two readings are possible the sample is rejected.
- A sample is never closed by us where the text ends. In the middle of a text, a closing sign may be missing
  behind messages that are complete.
- Full-width signs are syntax only where JSON expects a sign, never inside a string.
- What stands inside of thinking tags are drafts, not samples. `</think>` without an opening tag, as some
  chat templates leave it, makes all before it thinking.
- A sample's members besides its messages are kept in `Sample.extra` and left out of the line (repair
  `extra-keys`); those of a message besides role and content are dropped (`extra-message-keys`).

A valid sample has an optional system message first, then user and assistant in turn, in pairs, and no
blank content: the rules that SiliconFlow documents for training data (autumn 2026).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from difyflow.records._jsonl_assemble import Entry, assemble
from difyflow.records._jsonl_scan import scan
from difyflow.records._jsonl_shape import conversations, shape_of
from difyflow.records._jsonl_signs import Unreadable
from difyflow.records._jsonl_strict import DECODER
from difyflow.records._jsonl_thinking import ANY_TAG, is_closing

_SPLITS_LINES = re.compile("[\u0085\u2028\u2029\ud800-\udfff]")
_TAG = re.compile(ANY_TAG)
_CALM_LINES = 8
"""So many clean lines in a row end a stretch that is not clean."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a sample."""

    role: str
    """`system`, `user` or `assistant`."""
    content: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One chat sample."""

    messages: tuple[Message, ...]
    line: int = 1
    """Line of the text in which it begins, counted from 1."""
    repairs: tuple[str, ...] = ()
    """Names of what had to be mended, sorted; kebab-case, stable."""
    extra: Mapping[str, object] = field(default_factory=dict, hash=False)
    """What the model wrote beside the messages; not part of the line."""

    def to_line(self) -> str:
        r"""The sample as one line of JSONL, without the line break.

        Signs that some readers take for a line break (U+0085, U+2028, U+2029) are escaped, and so are
        lone surrogates, which UTF-8 cannot hold.
        """
        messages = [{"role": message.role, "content": message.content} for message in self.messages]
        line = json.dumps({"messages": messages}, ensure_ascii=False)
        return _SPLITS_LINES.sub(lambda sign: f"\\u{ord(sign.group()):04x}", line)


@dataclass(frozen=True, slots=True)
class Reject:
    """Something that looks like a sample and was not taken."""

    reason: str
    """Stable name in kebab-case."""
    detail: str
    """What was found, in one line."""
    line: int
    """Line of the text in which it begins, counted from 1."""
    raw: str
    """The text as it stands."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What was found in one text."""

    samples: tuple[Sample, ...]
    repairs: Mapping[str, int]
    """How many samples needed each repair."""
    rejects: tuple[Reject, ...]


def collect(text: str, *, truncated: bool = False) -> Collection:
    """Collects the samples in what a model printed.

    Args:
        text: the whole output.
        truncated: the model was cut (`finish_reason` `length` or null): the sample that is not finished
            is rejected as `cut-off`.

    Returns:
        Samples and rejects, each in the order of the text. Never raises for any text; takes time in
        proportion to its length.
    """
    if "{" not in text and "｛" not in text:
        return Collection((), {}, ())
    found = list(_collect(text, truncated=truncated, first_line=1))
    samples = tuple(one for one in found if isinstance(one, Sample))
    counts = Counter(name for sample in samples for name in sample.repairs)
    rejects = tuple(one for one in found if isinstance(one, Reject))
    return Collection(samples, dict(sorted(counts.items())), rejects)


def collect_lines(lines: Iterable[str], *, truncated: bool = False) -> Iterator[Sample | Reject]:
    r"""Collects from lines, holding no more than a stretch of them that is not clean JSONL.

    Args:
        lines: physical lines, split at `\n` only (`open(..., newline="\n")`, never `str.splitlines`), with
            or without their line break.
        truncated: as for `collect`, about the last line.

    Yields:
        What `collect` finds in the text as a whole; except that `</think>` without an opening tag does
        not reach back to clean lines that have already gone out.
    """
    stretch = _Stretch()
    for number, line in enumerate(lines, start=1):
        clean = _clean_sample(line, number)
        if clean and not stretch.lines:
            yield clean
            continue
        stretch.add(line, number, clean=clean is not None)
        if stretch.calm >= _CALM_LINES and not stretch.thinking:
            yield from _collect("".join(stretch.lines), truncated=False, first_line=stretch.first)
            stretch = _Stretch()
    if stretch.lines:
        yield from _collect("".join(stretch.lines), truncated=truncated, first_line=stretch.first)


@dataclass(slots=True)
class _Stretch:
    """Lines that must be read together."""

    lines: list[str] = field(default_factory=list)
    first: int = 1
    calm: int = 0
    """Clean lines at the end."""
    thinking: bool = False

    def add(self, line: str, number: int, *, clean: bool) -> None:
        if not self.lines:
            self.first = number
        self.lines.append(line if line.endswith("\n") else line + "\n")
        self.calm = self.calm + 1 if clean else 0
        if not clean:
            for tag in _TAG.finditer(line):
                self.thinking = not is_closing(tag.group())


def _clean_sample(line: str, number: int) -> Sample | None:
    """The sample if `line` is one and nothing else."""
    if not line.startswith("{"):
        return None
    try:
        shape = shape_of(DECODER.decode(line))
    except (ValueError, RecursionError, Unreadable):
        return None
    if shape.kind != "sample" or len(conversations(shape.turns)) > 1:
        return None
    return _sample(Entry(0, 0, shape.turns, shape.extra, shape.repairs), number)


def _collect(text: str, *, truncated: bool, first_line: int) -> Iterator[Sample | Reject]:
    line, counted = first_line, 0
    for entry in assemble(text, scan(text), truncated=truncated):
        line += text.count("\n", counted, entry.start) if entry.start >= counted else 0
        counted = max(counted, entry.start)
        if entry.reason:
            yield Reject(entry.reason, entry.detail, line, text[entry.start : entry.end])
        else:
            yield _sample(entry, line)


def _sample(entry: Entry, line: int) -> Sample:
    messages = tuple(Message(role, content) for role, content in entry.turns)
    return Sample(messages, line, tuple(sorted(entry.repairs)), dict(entry.extra))
