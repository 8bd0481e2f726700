"""Formats of training data: a module a format, found by its name.

A module holds `fits(value)`, which tells its lines by their keys; `read(value)`, which gives a `Sample` or a
`Fault`; and `write(sample)`, which gives the value of a line, with the faults of what it cannot hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias, cast

from difyflow import _catalog
from difyflow.corpus._json import Fault, show
from difyflow.corpus.samples import Sample
from difyflow.errors import UsageError

Reader: TypeAlias = Callable[[object], Sample | Fault]
"""From the value of a line to its sample, or why there is none."""


class Format(Protocol):
    """What a module of this folder holds."""

    def fits(self, value: Mapping[str, object]) -> bool:
        """True if the keys of the line are those of this format."""
        ...

    def read(self, value: Mapping[str, object]) -> Sample | Fault:
        """The sample of a line."""
        ...

    def write(self, sample: Sample) -> tuple[dict[str, object], list[Fault]]:
        """The value of a line, and what of the sample is not in it."""
        ...

    def info(self, *, ranked: bool) -> dict[str, object] | None:
        """The entry of LLaMA-Factory's `dataset_info.json` without `file_name`; None if it has none."""
        ...


def names() -> tuple[str, ...]:
    """The formats that are known."""
    import difyflow.corpus.formats as package

    return _catalog.names(package)


def load(name: str) -> Format:
    """A format.

    Raises:
        UsageError: no such format.
    """
    import difyflow.corpus.formats as package

    try:
        return cast("Format", _catalog.module(package, name))
    except KeyError as err:
        raise UsageError(f"no format {name!r}; there are: {', '.join(names())}", code="no-format") from err


def reader(name: str = "") -> Reader:
    """The reader of a format; without a name one that tells each line's format by its keys."""
    formats = [load(name)] if name else [load(one) for one in _ORDER]

    def read(value: object) -> Sample | Fault:
        if not isinstance(value, dict):
            return Fault("not-an-object", "is no object")
        for one in formats:
            if one.fits(value):
                return one.read(value)
        keys = ", ".join(show(key) for key in list(value)[:5]) or "none"
        return Fault("unknown-format", f"is no sample of {name or 'any known format'}; its keys: {keys}")

    return read


_ORDER = ("openai", "dpo", "sharegpt", "alpaca")
"""Whom to ask first; `messages` is the strict part of `openai`, which reads its lines too."""
