"""Samples of the demo responder in a corpus without provenance, told by their wording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from difyflow.corpus.findings import Finding
from difyflow.corpus.samples import Sample, read_samples
from difyflow.records.demo import WORDS, reads_as_demo


def worded_as_demo(sample: Sample) -> bool:
    """True if a sample is worded as the demo responder words its own."""
    return bool(sample.answers) and reads_as_demo(sample.question, sample.answers[0])


_ALL, _EVERY = 256, 32
"""So many lines at the beginning are looked at, then one of so many: it takes longer than to check them."""


class Unsigned:
    """Counts, while the lines of a corpus pass, what its provenance would have told.

    A model may ask one question in these words, so only a corpus of which more than half reads so is said to
    be the responder's.
    """

    def __init__(self) -> None:
        self._looked = self._demo = 0

    def passed(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The lines as they are."""
        for number, line in enumerate(lines):
            if number < _ALL or number % _EVERY == 0:
                self._look(line)
            yield line

    def _look(self, line: bytes) -> None:
        self._looked += 1
        if any(word in line for word in WORDS):
            self._demo += any(isinstance(one, Sample) and worded_as_demo(one) for one in read_samples([line]))

    def finding(self) -> Finding | None:
        """What is to be said of all of them."""
        if self._demo * 2 <= self._looked:
            return None
        return Finding(
            0,
            "demo-model",
            "error",
            f"{self._demo} of {self._looked} lines looked at are worded as the rule-based responder `demo` "
            "words them, and no provenance says that a model wrote them; --allow-demo takes them",
        )
