"""Numbers about a corpus: samples, turns, lengths, tokens, languages, duplicates, coverage, cost."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from difyflow.corpus._digests import DEFAULT_MEMORY, Digests
from difyflow.corpus._near import Near
from difyflow.corpus._normal import normal
from difyflow.corpus.coverage import Coverage, Covered
from difyflow.corpus.dedupe import compared, digest_of
from difyflow.corpus.languages import language
from difyflow.corpus.provenance import Sources
from difyflow.corpus.samples import Sample, read_samples
from difyflow.corpus.tokens import PER_MESSAGE, estimate
from difyflow.corpus.tokens import Counter as Tokens

UNKNOWN = "(unknown)"
"""Stands for a document or language that is not known."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How values are spread. All 0 without values."""

    total: int = 0
    least: int = 0
    median: int = 0
    p95: int = 0
    """95 of 100 are at most this."""
    most: int = 0

    @classmethod
    def of(cls, values: Sequence[int]) -> Spread:
        """From all values."""
        if not values:
            return cls()
        order = sorted(values)
        last = len(order) - 1
        return cls(sum(order), order[0], order[last // 2], order[last * 95 // 100], order[last])

    def to_json(self) -> dict[str, int]:
        """A JSON object."""
        return {name: getattr(self, name) for name in ("total", "least", "median", "p95", "most")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What training costs, as the user says."""

    per_million: float
    """For a million tokens that are trained on."""
    epochs: int = 1
    currency: str = ""

    def of(self, tokens: int) -> float:
        """The cost of a corpus with so many tokens."""
        return tokens * self.epochs * self.per_million / 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What was counted."""

    lines: int
    samples: int
    unread: int
    """Lines that are no sample."""
    pairs: Mapping[int, int]
    """Samples by how often the assistant speaks in them."""
    systems: int
    """Different system texts."""
    trigger: str
    """The commonest system text."""
    lengths: Mapping[str, array[int]]
    """Characters of `question`, `answer` and `sample`, a value a sample."""
    tokens: array[int]
    """Tokens of each sample, those around messages included."""
    learned: int
    """Tokens of the assistant's messages: what is learned."""
    tokens_how: str
    tokens_exact: bool
    languages: Mapping[str, int]
    """Samples by language of the answers."""
    exact: int
    """Lines that were there before."""
    normalised: int
    """Samples that say the same as one before, but for case, spaces and signs; exact ones not counted."""
    near: int | None
    """Samples that nearly say the same; None if not looked for."""
    documents: Mapping[str, int]
    """Samples by document, from their provenance."""
    coverage: tuple[Covered, ...] = ()
    elsewhere: int = 0
    """Samples that stand in none of the given documents."""
    price: Price | None = None

    @property
    def cost(self) -> float | None:
        """By the user's price; None without one."""
        return None if self.price is None else self.price.of(sum(self.tokens))

    @property
    def cost_shown(self) -> str:
        """The cost with its currency, for people; empty without a price."""
        if self.cost is None or self.price is None:
            return ""
        digits = 2 if self.cost >= 1 else 4
        return f"{self.cost:,.{digits}f} {self.price.currency}".rstrip()

    def to_json(self) -> dict[str, object]:
        """A JSON object; lengths and tokens as `Spread`."""
        covered = [
            {
                "document": one.name,
                "characters": one.characters,
                "samples": one.samples,
                "share_covered": round(one.share, 4),
                "parts": [
                    {"start": part.start, "end": part.end, "samples": part.samples, "begins": part.begins}
                    for part in one.parts
                ],
            }
            for one in self.coverage
        ]
        tokens = {"how": self.tokens_how, "exact": self.tokens_exact, "learned": self.learned}
        return {
            "lines": self.lines,
            "samples": self.samples,
            "unread": self.unread,
            "pairs": {str(count): number for count, number in sorted(self.pairs.items())},
            "system_texts": self.systems,
            "trigger": self.trigger,
            "characters": {name: Spread.of(values).to_json() for name, values in self.lengths.items()},
            "tokens": {**tokens, **Spread.of(self.tokens).to_json()},
            "languages": dict(self.languages),
            "duplicates": {"exact": self.exact, "normalised": self.normalised, "near": self.near},
            "documents": dict(self.documents),
            "coverage": covered,
            "in_no_document": self.elsewhere if self.coverage else None,
            "cost": None
            if self.price is None
            else {
                "amount": round(self.cost or 0, 4),
                "currency": self.price.currency,
                "per_million_tokens": self.price.per_million,
                "epochs": self.price.epochs,
            },
        }


def stats(
    lines: Iterable[bytes],
    *,
    tokens: Tokens | None = None,
    sources: Sources | None = None,
    documents: Mapping[str, str] | None = None,
    price: Price | None = None,
    near: bool = False,
) -> Stats:
    """Counts in one pass; memory grows by some 60 bytes a sample, by 350 more with `near`.

    Args:
        lines: physical lines.
        tokens: how tokens are counted; None = estimated.
        sources: documents of the lines, from their provenance.
        documents: text by name, to see which parts of them gave samples.
        price: for the cost.
        near: look for near duplicates too.

    Raises:
        MissingExtra: `near` without `rensa`.
    """
    with ExitStack() as stack:
        return _Count(stack, tokens or estimate(), sources, documents, near=near).all(lines, price)


class _Count:
    def __init__(
        self,
        stack: ExitStack,
        tokens: Tokens,
        sources: Sources | None,
        documents: Mapping[str, str] | None,
        *,
        near: bool,
    ) -> None:
        self._tokens, self._sources = tokens, sources or Sources()
        self._coverage = Coverage(documents) if documents else None
        self._lines, self._texts = (stack.enter_context(Digests(DEFAULT_MEMORY // 2)) for _ in range(2))
        self._near = stack.enter_context(Near()) if near else None
        self._doubles = Counter[str]()
        self._pairs, self._languages, self._documents = Counter[int](), Counter[str](), Counter[str]()
        self._systems = Counter[str]()
        self._lengths = {name: array("L") for name in ("question", "answer", "sample")}
        self._sizes, self._learned = array("L"), 0

    def all(self, lines: Iterable[bytes], price: Price | None) -> Stats:
        number = samples = 0
        for number, sample in enumerate(read_samples(lines), start=1):
            again = self._lines.add(digest_of(sample.raw), number) is not None
            self._doubles["exact"] += again
            if isinstance(sample, Sample):
                samples += 1
                self._add(sample, again=again)
        trigger = self._systems.most_common(1)
        return Stats(
            lines=number,
            samples=samples,
            unread=number - samples,
            pairs=dict(self._pairs),
            systems=len(self._systems) - ("" in self._systems),
            trigger=trigger[0][0] if trigger else "",
            lengths=self._lengths,
            tokens=self._sizes,
            learned=self._learned,
            tokens_how=self._tokens.how,
            tokens_exact=self._tokens.exact,
            languages=dict(self._languages.most_common()),
            exact=self._doubles["exact"],
            normalised=self._doubles["normalised"],
            near=None if self._near is None else self._doubles["near"],
            documents=dict(self._documents.most_common()),
            coverage=self._coverage.result() if self._coverage else (),
            elsewhere=self._coverage.elsewhere if self._coverage else 0,
            price=price,
        )

    def _add(self, sample: Sample, *, again: bool) -> None:
        turns = sample.turns
        self._pairs[len(sample.answers)] += 1
        if len(self._systems) < 10_000 or sample.system in self._systems:
            self._systems[sample.system] += 1
        self._lengths["question"].append(sum(len(one.content or "") for one in turns if one.role == "user"))
        self._lengths["answer"].append(sum(map(len, sample.answers)))
        self._lengths["sample"].append(sum(len(one.content or "") for one in turns))
        sizes = [self._tokens.count(one.content or "") for one in turns]
        self._sizes.append(sum(sizes) + PER_MESSAGE * len(turns))
        self._learned += sum(size for size, one in zip(sizes, turns, strict=True) if one.role == "assistant")
        self._languages[language("\n".join(sample.answers)) or UNKNOWN] += 1
        names = self._sources.of(sample.raw)
        for name in names or (UNKNOWN,):
            self._documents[name] += 1
        if self._coverage:
            self._coverage.add(sample.answers, self._sources.named(sample.raw))
        if not again:
            self._doubled(sample)

    def _doubled(self, sample: Sample) -> None:
        said = compared(sample).encode("utf-8", "surrogatepass")
        if self._texts.add(digest_of(said), sample.line) is not None:
            self._doubles["normalised"] += 1
        elif self._near and self._near.nearest(normal(sample.said), add=sample.line):
            self._doubles["near"] += 1
