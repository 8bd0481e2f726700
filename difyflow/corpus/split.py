"""Splits a corpus into train, validation and test so that nothing leaks from one part into another.

What belongs together stays together: samples of one document, samples whose text or question is the same
but for spaces and punctuation, and whatever pairs the caller names (near duplicates). Such a group goes into
one part as a whole, so the sizes are as near to the wish as the groups allow, and `Split` says what they are.

The same lines, sources and seed always give the same parts.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from difyflow.corpus._normal import normal
from difyflow.corpus.dedupe import Dropped, compared, dedupe
from difyflow.corpus.samples import Sample, Unread, read_samples
from difyflow.errors import UsageError

PARTS = ("train", "validation", "test")
"""The parts, in the order of their numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Which part each line goes to."""

    parts: array[int]
    """For each line the number of its part in `names`."""
    names: tuple[str, ...]
    wanted: tuple[float, ...]
    """The share of each part that was asked for; together 1."""
    sizes: tuple[int, ...]
    """Lines in each part."""
    groups: tuple[int, ...]
    """Groups in each part."""
    sources: int
    """Documents that were told apart."""
    unknown: int
    """Lines whose source is not known; each stands for itself."""

    def part(self, index: int) -> str:
        """The part of the line with this index, from 0."""
        return self.names[self.parts[index]]

    def to_json(self) -> dict[str, object]:
        """Sizes as they are, beside the wish."""
        total = sum(self.sizes) or 1
        return {
            "parts": {
                name: {"samples": size, "share": round(size / total, 4), "wanted": wanted, "groups": groups}
                for name, size, wanted, groups in zip(
                    self.names, self.sizes, self.wanted, self.groups, strict=True
                )
            },
            "documents": self.sources,
            "of_unknown_source": self.unknown,
        }


def split(
    keys: Iterable[Sequence[str]],
    *,
    shares: Mapping[str, float] | None = None,
    seed: int = 0,
    together: Iterable[tuple[int, int]] = (),
) -> Split:
    """Decides for each line which part it goes to.

    Args:
        keys: for each line, in order, what it belongs to: its documents, a digest of its text, ... Lines
            that share one key stay together. Without keys a line stands for itself. A key that begins with
            `document:` counts as a source.
        shares: of `validation` and `test`, each from 0 to below 1; the rest is `train`.
        seed: another number gives another split.
        together: pairs of line indices (from 0) that must stay together, beside the keys.

    Raises:
        UsageError: shares that make no sense; or there are fewer groups than parts, so that one would stay
            empty.
    """
    wanted = _wanted(shares or {"validation": 0.1})
    joined = _Joined()
    owners: dict[bytes, int] = {}
    sources: set[bytes] = set()
    unknown = 0
    for index, line_keys in enumerate(keys):
        joined.add()
        known = False
        for key in line_keys:
            mark = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=12).digest()
            if key.startswith("document:"):
                known = True
                sources.add(mark)
            joined.join(index, owners.setdefault(mark, index))
        unknown += not known
    for one, other in together:
        joined.join(one, other)
    groups = joined.groups()
    _check_enough(groups, wanted, len(sources))
    by_group = _assigned(groups, wanted, seed)
    names = tuple(wanted)
    parts = array("B", (by_group[joined.find(index)] for index in range(len(joined))))
    sizes = tuple(parts.count(number) for number in range(len(names)))
    counts = [0] * len(names)
    for number in by_group.values():
        counts[number] += 1
    return Split(
        parts=parts,
        names=names,
        wanted=tuple(wanted.values()),
        sizes=sizes,
        groups=tuple(counts),
        sources=len(sources),
        unknown=unknown,
    )


def in_parts(lines: Iterable[bytes], plan: Split) -> Iterator[tuple[str, bytes]]:
    """Each line with the name of its part.

    Args:
        lines: the same lines that `keys` were made of.
        plan: from `split`.

    Raises:
        UsageError: there are more lines than were planned, or fewer: they changed meanwhile.
    """
    count = 0
    for count, line in enumerate(lines, start=1):
        if count > len(plan.parts):
            break
        yield plan.part(count - 1), line
    if count != len(plan.parts):
        raise UsageError("the corpus changed while it was read", code="changed")


def split_keys(
    lines: Iterable[bytes], documents_of: Callable[[bytes], Sequence[str]]
) -> Iterator[tuple[str, ...]]:
    """For each line what it belongs to: its documents, and its text but for signs.

    Args:
        lines: physical lines.
        documents_of: the documents of a line, as `provenance.Sources.of` tells them.

    Raises:
        UsageError: a line is no sample.
    """
    for sample in read_samples(lines):
        if isinstance(sample, Unread):
            said = sample.faults[0].message if sample.faults else "is no sample"
            raise UsageError(
                said,
                line=sample.line,
                code="no-sample",
                hint="`difyflow corpus check` says more; `collect` and `check --fix` mend what they can",
            )
        yield keys_of(sample, documents_of(sample.raw))


def keys_of(sample: Sample, documents: Iterable[str]) -> tuple[str, ...]:
    """What a sample belongs to: its documents, and its question and text but for signs, as digests."""
    found = [f"document:{name}" for name in documents]
    if len(sample.answers) == 1:  # in a dialogue the first words are often a greeting
        found.append(f"question:{_digest(normal(sample.question))}")
    return (*found, f"text:{_digest(compared(sample))}")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def near_pairs(lines: Iterable[bytes]) -> Iterator[tuple[int, int]]:
    """Pairs of line indices (from 0) whose text is nearly the same; each line with the first such before it.

    Raises:
        MissingExtra: `rensa` is not installed.
    """
    for one in dedupe(lines, kind="near"):
        if isinstance(one, Dropped):
            yield one.of - 1, one.line - 1


def _wanted(shares: Mapping[str, float]) -> dict[str, float]:
    strange = [name for name in shares if name not in PARTS[1:]]
    if strange:
        raise UsageError(f"no part {strange[0]!r}; shares are for: validation, test", code="bad-share")
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise UsageError(
                f"the share of {name} is {share:g}; it must be from 0 to below 1", code="bad-share"
            )
    rest = 1 - sum(shares.values())
    if rest <= 1e-9:
        raise UsageError("nothing would be left to train on", code="bad-share")
    return {"train": rest, **{name: shares[name] for name in PARTS[1:] if shares.get(name)}}


class _Joined:
    """Union-find over line indices; eight bytes a line."""

    def __init__(self) -> None:
        self._up = array("q")

    def __len__(self) -> int:
        return len(self._up)

    def add(self) -> None:
        self._up.append(len(self._up))

    def find(self, index: int) -> int:
        """The first line of the group."""
        up = self._up
        root = index
        while up[root] != root:
            root = up[root]
        while up[index] != root:
            up[index], index = root, up[index]
        return root

    def join(self, one: int, other: int) -> None:
        first, second = self.find(one), self.find(other)
        if first != second:  # the smaller index leads, so that the order of joining does not matter
            self._up[max(first, second)] = min(first, second)

    def groups(self) -> dict[int, int]:
        """The size of each group by its first line."""
        sizes: dict[int, int] = {}
        for index in range(len(self._up)):
            root = self.find(index)
            sizes[root] = sizes.get(root, 0) + 1
        return sizes


def _check_enough(groups: Mapping[int, int], wanted: Mapping[str, float], sources: int) -> None:
    if len(groups) >= len(wanted):
        return
    if not groups:
        raise UsageError("there is no sample to split", code="no-samples")
    parts = f"too few for {len(wanted)} parts"
    if not sources:
        alike = "one text or question" if len(groups) == 1 else f"{len(groups)} texts or questions"
        raise UsageError(
            f"the samples have {alike} among them, {parts}",
            code="one-source",
            hint="add samples, or ask for fewer parts",
        )
    what = f"{sources} document{'s' * (sources != 1)}"
    shared = " that share texts or questions" if sources > len(groups) else ""
    raise UsageError(
        f"the samples come from {what}{shared}, {parts}: samples of one would be in two parts",
        code="one-source",
        hint="add documents, ask for fewer parts, or accept the leak with --by line "
        "(--split-by line of finetune prepare)",
    )


def _assigned(groups: Mapping[int, int], wanted: Mapping[str, float], seed: int) -> dict[int, int]:
    """The part of each group: large ones first, each to the part that is farthest below its share.

    Every part gets a group, the smallest ones if need be; `train` is never left empty.
    """
    total, shares = sum(groups.values()), list(wanted.values())
    filled = [0] * len(shares)
    found: dict[int, int] = {}
    order = sorted(groups, key=lambda root: (-groups[root], _shuffled(root, seed)))
    for at, root in enumerate(order):
        empty = [number for number in range(len(shares)) if not filled[number]]
        if len(order) - at <= len(empty):  # the last groups go to parts that have none
            number = empty[0]
        else:
            number = max(range(len(shares)), key=lambda one: (shares[one] * total - filled[one], -one))
        found[root] = number
        filled[number] += groups[root]
    return found


def _shuffled(root: int, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}:{root}".encode(), digest_size=8).digest()
